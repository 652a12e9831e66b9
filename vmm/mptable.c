/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mptable.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/base/err.h"
#include "vmm/boot_x86.h"
#include "vmm/mem.h"

#define TABLE_SIZE 1024 /* up to LOW_RAM_END + 1 KiB, the last kilobyte below 640 KiB */
#define IOAPIC_ADDRESS 0xfec00000
#define LAPIC_ADDRESS 0xfee00000
#define ISA_LINES 16

enum { MP_CPU, MP_BUS, MP_IOAPIC, MP_IRQ, MP_LINT };

struct floating {
    char signature[4];
    uint32_t table;
    uint8_t length, version, checksum, features[5];
} __attribute__((packed));

struct header {
    char signature[4];
    uint16_t length;
    uint8_t version, checksum;
    char oem[8], product[12];
    uint32_t oem_table;
    uint16_t oem_size, entries;
    uint32_t lapic;
    uint16_t ext_length;
    uint8_t ext_checksum, reserved;
} __attribute__((packed));

struct cpu {
    uint8_t type, id, version, flags; /* flags: 1 enabled, 2 boot CPU */
    uint32_t signature, features, reserved[2];
} __attribute__((packed));

struct bus {
    uint8_t type, id;
    char name[6];
} __attribute__((packed));

struct ioapic {
    uint8_t type, id, version, flags;
    uint32_t address;
} __attribute__((packed));

struct interrupt {
    uint8_t type, kind; /* kind: 0 INT, 1 NMI, 3 ExtINT */
    uint16_t flags;
    uint8_t bus, line, to_id, to_pin;
} __attribute__((packed));

struct table {
    uint8_t bytes[TABLE_SIZE];
    size_t len;
    uint16_t entries;
};

static void append(struct table *t, const void *entry, size_t len)
{
    memcpy(t->bytes + t->len, entry, len);
    t->len += len;
    t->entries++;
}

static uint8_t checksum(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint8_t sum = 0;

    while (len--)
        sum += *p++;
    return (uint8_t)-sum;
}

static void append_all(struct table *t, unsigned cpus)
{
    uint8_t ioapic_id = (uint8_t)cpus;

    for (unsigned i = 0; i < cpus; i++)
        append(t, &(struct cpu){MP_CPU, (uint8_t)i, 0x14, (uint8_t)(1 | (i == 0) << 1), 0x600, 0x201,
                                {0, 0}},
               sizeof(struct cpu));
    append(t, &(struct bus){MP_BUS, 0, {'I', 'S', 'A', ' ', ' ', ' '}}, sizeof(struct bus));
    append(t, &(struct ioapic){MP_IOAPIC, ioapic_id, 0x11, 1, IOAPIC_ADDRESS}, sizeof(struct ioapic));
    for (unsigned i = 0; i < ISA_LINES; i++)
        append(t, &(struct interrupt){MP_IRQ, 0, 0, 0, (uint8_t)i, ioapic_id, (uint8_t)i},
               sizeof(struct interrupt));
    append(t, &(struct interrupt){MP_LINT, 3, 0, 0, 0, 0, 0}, sizeof(struct interrupt));
    append(t, &(struct interrupt){MP_LINT, 1, 0, 0, 0, 0xff, 1}, sizeof(struct interrupt));
}

int mptable_write(const struct mem *m, unsigned cpus, struct err *e)
{
    struct table t = {.len = sizeof(struct floating) + sizeof(struct header)};
    struct floating f = {{'_', 'M', 'P', '_'}, BOOT_MPTABLE_AT + sizeof(f), 1, 4, 0, {0}};
    struct header h = {.signature = {'P', 'C', 'M', 'P'}, .version = 4, .lapic = LAPIC_ADDRESS};

    append_all(&t, cpus);
    memcpy(h.oem, "LXTOP   ", sizeof(h.oem));
    memcpy(h.product, "MACHINE     ", sizeof(h.product));
    h.length = (uint16_t)(t.len - sizeof(f));
    h.entries = t.entries;
    f.checksum = checksum(&f, sizeof(f));
    memcpy(t.bytes, &f, sizeof(f));
    memcpy(t.bytes + sizeof(f), &h, sizeof(h));
    h.checksum = checksum(t.bytes + sizeof(f), h.length);
    memcpy(t.bytes + sizeof(f), &h, sizeof(h));
    if (!mem_write(m, GPA(BOOT_MPTABLE_AT), t.bytes, t.len))
        return err_set(e, ENOMEM, "the guest's memory is too small for the MP table");
    return 0;
}

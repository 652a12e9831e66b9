/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/acpi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "vmm/boot_x86.h"
#include "vmm/mem.h"

#define IOAPIC_ADDRESS 0xfec00000
#define LAPIC_ADDRESS 0xfee00000
#define AREA_SIZE 8192

struct sdt {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision;
    char creator[4];
    uint32_t creator_revision;
} __attribute__((packed));

struct gas { /* generic address structure, 5.2.3.2 */
    uint8_t space, width, offset, access;
    uint64_t address;
} __attribute__((packed));

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt, length;
    uint64_t xsdt;
    uint8_t ext_checksum, reserved[3];
} __attribute__((packed));

/* 5.2.9; only what a hardware-reduced platform has is named. */
struct fadt {
    struct sdt head;
    uint8_t before_arch[109 - sizeof(struct sdt)];
    uint16_t arch;
    uint8_t reserved1;
    uint32_t flags;
    struct gas reset_reg;
    uint8_t reset_value;
    uint16_t arm_arch;
    uint8_t minor;
    uint64_t x_firmware_ctrl, x_dsdt;
    struct gas blocks[8];
    struct gas sleep_control, sleep_status;
    uint64_t hypervisor;
} __attribute__((packed));
_Static_assert(sizeof(struct fadt) == 276, "ACPI 6.4, table 5.9");

#define FADT_WBINVD 1
#define FADT_PWR_BUTTON (1 << 4) /* no fixed power button */
#define FADT_SLP_BUTTON (1 << 5)
#define FADT_RESET_REG_SUP (1 << 10)
#define FADT_HW_REDUCED (1 << 20)
#define FADT_NO_VGA (1 << 2) /* in arch, with no 8042 (bit 1 clear) and no legacy devices */
#define FADT_NO_CMOS_RTC (1 << 5)

/* The tables as they grow from BOOT_ACPI_AT; `full` once something did not fit. */
struct area {
    uint8_t bytes[AREA_SIZE];
    size_t len;
    int full;
};

static void put(struct area *a, const void *bytes, size_t len)
{
    if (len > AREA_SIZE - a->len) {
        a->full = 1;
        return;
    }
    memcpy(a->bytes + a->len, bytes, len);
    a->len += len;
}

static void put_byte(struct area *a, uint8_t b)
{
    put(a, &b, 1);
}

static uint8_t checksum(const uint8_t *p, size_t len)
{
    uint8_t sum = 0;

    while (len--)
        sum += *p++;
    return (uint8_t)-sum;
}

static size_t table_begin(struct area *a, const char *signature, uint8_t revision)
{
    struct sdt h = {.revision = revision, .oem_revision = 1, .creator_revision = 1};
    size_t at;

    a->len = (a->len + 15) & ~15UL;
    at = a->len;
    memcpy(h.signature, signature, 4);
    memcpy(h.oem, "LXTOP ", 6);
    memcpy(h.oem_table, "LXTOPMCH", 8);
    memcpy(h.creator, "LXTP", 4);
    put(a, &h, sizeof(h));
    return at;
}

/* Length and checksum are known only now; returns the table's guest address. */
static uint64_t table_end(struct area *a, size_t at)
{
    uint32_t length = (uint32_t)(a->len - at);

    if (!a->full) {
        memcpy(a->bytes + at + offsetof(struct sdt, length), &length, sizeof(length));
        a->bytes[at + offsetof(struct sdt, checksum)] = checksum(a->bytes + at, length);
    }
    return BOOT_ACPI_AT + at;
}

/* --- AML (ACPI 6.4, chapter 20) --- */

/* A package length always in its two-byte form, filled in by aml_close. */
static size_t aml_open(struct area *a)
{
    put(a, "\0\0", 2);
    return a->len - 2;
}

static void aml_close(struct area *a, size_t at)
{
    size_t len = a->len - at;

    if (len > 0xfff)
        a->full = 1;
    if (a->full)
        return;
    a->bytes[at] = (uint8_t)(0x40 | (len & 0xf));
    a->bytes[at + 1] = (uint8_t)(len >> 4);
}

static void aml_name(struct area *a, const char *name4)
{
    put_byte(a, 0x08); /* NameOp */
    put(a, name4, 4);
}

static void aml_dword(struct area *a, uint32_t value)
{
    put_byte(a, 0x0c); /* DWordPrefix */
    put(a, &value, 4);
}

/* Memory32Fixed (ReadWrite, ...), 6.4.3.4: 12 bytes. */
static void aml_memory(struct area *a, const struct acpi_device *d)
{
    uint32_t address = (uint32_t)d->address, size = (uint32_t)d->size;

    put(a, "\x86\x09\x00\x01", 4);
    put(a, &address, 4);
    put(a, &size, 4);
}

/* IO (Decode16, ...), 6.4.2.5: 8 bytes. */
static void aml_ports(struct area *a, const struct acpi_device *d)
{
    uint16_t address = (uint16_t)d->address;

    put(a, "\x47\x01", 2);
    put(a, &address, 2); /* least */
    put(a, &address, 2); /* greatest */
    put_byte(a, 1);
    put_byte(a, (uint8_t)d->size);
}

/* ResourceTemplate () { the window, Interrupt (Edge, ActiveHigh) {irq} }, chapter 6.4 */
static void aml_resources(struct area *a, const struct acpi_device *d)
{
    bool ports = strcmp(d->id, ACPI_ID_SERIAL) == 0;
    size_t buffer;

    aml_name(a, "_CRS");
    put_byte(a, 0x11); /* BufferOp */
    buffer = aml_open(a);
    put_byte(a, 0x0a); /* BufferSize: the window, 9 bytes of interrupt, 2 of the end */
    put_byte(a, (ports ? 8 : 12) + 9 + 2);
    if (ports)
        aml_ports(a, d);
    else
        aml_memory(a, d);
    put(a, "\x89\x06\x00\x03\x01", 5); /* consumer, edge; one interrupt */
    put(a, &d->irq, 4);
    put(a, "\x79\x00", 2); /* end tag */
    aml_close(a, buffer);
}

static void aml_device(struct area *a, unsigned index, const struct acpi_device *d)
{
    char name[5];
    size_t device;

    snprintf(name, sizeof(name), "V%03u", index % 1000);
    put(a, "\x5b\x82", 2); /* DeviceOp */
    device = aml_open(a);
    put(a, name, 4);
    aml_name(a, "_HID");
    put_byte(a, 0x0d); /* StringPrefix */
    put(a, d->id, strlen(d->id) + 1);
    aml_name(a, "_UID");
    aml_dword(a, index);
    aml_name(a, "_CCA");
    put_byte(a, 0x01); /* OneOp: coherent */
    aml_resources(a, d);
    aml_close(a, device);
}

static uint64_t put_dsdt(struct area *a, const struct acpi_device *devices, unsigned n)
{
    size_t at = table_begin(a, "DSDT", 2), scope;

    put_byte(a, 0x10); /* ScopeOp */
    scope = aml_open(a);
    put(a, "_SB_", 4);
    for (unsigned i = 0; i < n; i++)
        aml_device(a, i, &devices[i]);
    aml_close(a, scope);
    aml_name(a, "_S5_");
    put(a, "\x12\x07\x04", 3); /* PackageOp, length 7 with itself, 4 elements */
    put(a, "\x0a\x05\x00\x00\x00", 5);
    return table_end(a, at);
}

static uint64_t put_madt(struct area *a, unsigned cpus)
{
    struct {
        uint32_t lapic, flags;
    } head = {LAPIC_ADDRESS, 0}; /* no PC-AT 8259 pair */
    struct {
        uint8_t type, length, id, reserved;
        uint32_t address, first_gsi;
    } __attribute__((packed)) ioapic = {1, 12, (uint8_t)cpus, 0, IOAPIC_ADDRESS, 0};
    size_t at = table_begin(a, "APIC", 5);

    put(a, &head, sizeof(head));
    for (unsigned i = 0; i < cpus; i++) {
        struct {
            uint8_t type, length, processor, apic;
            uint32_t flags;
        } __attribute__((packed)) lapic = {0, 8, (uint8_t)i, (uint8_t)i, 1};

        put(a, &lapic, sizeof(lapic));
    }
    put(a, &ioapic, sizeof(ioapic));
    return table_end(a, at);
}

static struct gas port(uint16_t number)
{
    return (struct gas){.space = 1, .width = 8, .access = 1, .address = number};
}

static uint64_t put_fadt(struct area *a, uint64_t dsdt)
{
    struct fadt f = {
        .arch = FADT_NO_VGA | FADT_NO_CMOS_RTC,
        .flags = FADT_WBINVD | FADT_PWR_BUTTON | FADT_SLP_BUTTON | FADT_RESET_REG_SUP |
                 FADT_HW_REDUCED,
        .reset_reg = port(ACPI_RESET_PORT),
        .reset_value = ACPI_RESET_VALUE,
        .minor = 4,
        .x_dsdt = dsdt,
        .sleep_control = port(ACPI_SLEEP_CONTROL_PORT),
        .sleep_status = port(ACPI_SLEEP_STATUS_PORT),
    };
    size_t at = table_begin(a, "FACP", 6);

    put(a, (uint8_t *)&f + sizeof(f.head), sizeof(f) - sizeof(f.head));
    return table_end(a, at);
}

static void fill_rsdp(struct area *a, uint64_t xsdt)
{
    struct rsdp r = {.signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '},
                     .oem = {'L', 'X', 'T', 'O', 'P', ' '},
                     .revision = 2,
                     .length = sizeof(r),
                     .xsdt = xsdt};

    r.checksum = checksum((uint8_t *)&r, 20); /* the first version's length */
    r.ext_checksum = checksum((uint8_t *)&r, sizeof(r));
    memcpy(a->bytes, &r, sizeof(r));
}

int acpi_write(const struct mem *m, unsigned cpus, const struct acpi_device *devices,
               unsigned ndevices, struct err *e)
{
    struct area a = {.len = sizeof(struct rsdp)};
    uint64_t dsdt = put_dsdt(&a, devices, ndevices);
    uint64_t tables[] = {put_fadt(&a, dsdt), put_madt(&a, cpus)};
    size_t xsdt = table_begin(&a, "XSDT", 1);

    put(&a, tables, sizeof(tables));
    fill_rsdp(&a, table_end(&a, xsdt));
    if (a.full)
        return err_set(e, ENOSPC, "too many devices for the ACPI tables");
    if (!mem_write(m, GPA(BOOT_ACPI_AT), a.bytes, a.len))
        return err_set(e, ENOMEM, "the guest's memory is too small for the ACPI tables");
    return 0;
}

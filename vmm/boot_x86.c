/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/boot_x86.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/kernel_image.h"
#include "vmm/mem.h"

#define GDT_AT 0x500
#define BOOT_PARAMS_AT 0x7000
#define PAGE_TABLES_AT 0x9000 /* PML4, PDPT, 4 page directories */
#define SETUP_DATA_AT 0x10000
#define COMMAND_LINE_AT 0x20000
#define STACK_AT 0x8ff0
#define LOW_RAM_END 0x9fc00
#define HIGH_RAM_START 0x100000
#define RESET_VECTOR_PAGE 0xff000
#define RESET_VECTOR_AT 0xffff0 /* F000:FFF0 */
#define INITRD_MAX_ADDRESS 0x7fffffffULL
#define RNG_SEED_SIZE 32
#ifndef SETUP_RNG_SEED
#define SETUP_RNG_SEED 9
#endif

enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3 };
enum { SELECTOR_CODE = 0x10, SELECTOR_DATA = 0x18, SELECTOR_TSS = 0x20 };

static void add_e820(struct boot_params *p, uint64_t start, uint64_t end, uint32_t type)
{
    if (end > start)
        p->e820_table[p->e820_entries++] =
            (struct boot_e820_entry){.addr = start, .size = end - start, .type = type};
}

static void fill_e820(struct boot_params *p, const struct mem *m, bool acpi)
{
    add_e820(p, 0, LOW_RAM_END, E820_RAM);
    add_e820(p, LOW_RAM_END, 0xa0000, E820_RESERVED);
    if (acpi)
        add_e820(p, BOOT_ACPI_AT, BOOT_ACPI_AT + BOOT_ACPI_SIZE, E820_ACPI);
    add_e820(p, RESET_VECTOR_PAGE, HIGH_RAM_START, E820_RESERVED);
    add_e820(p, HIGH_RAM_START, m->region[0].size, E820_RAM);
    if (m->regions > 1)
        add_e820(p, m->region[1].start.at, m->region[1].start.at + m->region[1].size, E820_RAM);
}

/* Identity map of the first 4 GiB in 2 MiB pages: boot_params, kernel and initrd are all below. */
static bool fill_page_tables(const struct mem *m)
{
    uint64_t *pml4 = mem_at(m, GPA(PAGE_TABLES_AT), 6 * 4096);

    if (!pml4)
        return false;
    pml4[0] = (PAGE_TABLES_AT + 4096) | 3; /* present, writable */
    for (uint64_t i = 0; i < 4; i++)
        pml4[512 + i] = (PAGE_TABLES_AT + (2 + i) * 4096) | 3;
    for (uint64_t i = 0; i < 4 * 512; i++)
        pml4[1024 + i] = i << 21 | 0x83; /* present, writable, 2 MiB */
    return true;
}

static bool fill_gdt(const struct mem *m)
{
    static const uint64_t gdt[] = {
        [SELECTOR_CODE / 8] = 0x00af9b000000ffff,
        [SELECTOR_DATA / 8] = 0x00cf93000000ffff,
        [SELECTOR_TSS / 8] = 0x008f8b000000ffff,
    };

    return mem_write(m, GPA(GDT_AT), gdt, sizeof(gdt));
}

/* A seed in a setup_data node: the guest's random numbers are there from its first instruction. */
static bool fill_rng_seed(const struct mem *m, struct boot_params *p)
{
    struct {
        struct setup_data head;
        uint8_t seed[RNG_SEED_SIZE];
    } __attribute__((packed)) node = {.head = {.type = SETUP_RNG_SEED, .len = RNG_SEED_SIZE}};

    if (getrandom(node.seed, sizeof(node.seed), GRND_NONBLOCK) != sizeof(node.seed))
        return true; /* the guest then gathers its own */
    p->hdr.setup_data = SETUP_DATA_AT;
    return mem_write(m, GPA(SETUP_DATA_AT), &node, sizeof(node));
}

static int load_initrd(const struct boot_x86 *b, const struct mem *m, uint64_t kernel_end,
                       struct boot_params *p, struct err *e)
{
    uint64_t top = m->region[0].size, at;
    struct stat st;
    uint8_t *to;

    if (b->initrd_fd < 0)
        return 0;
    if (fstat(b->initrd_fd, &st) < 0)
        return err_sys(e, errno, "initrd");
    if (st.st_size == 0)
        return err_set(e, EINVAL, "initrd: the file is empty");
    if (top > INITRD_MAX_ADDRESS + 1)
        top = INITRD_MAX_ADDRESS + 1;
    if ((uint64_t)st.st_size > top || (at = (top - (uint64_t)st.st_size) & ~4095ULL) < kernel_end)
        return err_set(e, ENOMEM, "kernel and initrd do not fit into the guest's memory; give it more");
    to = mem_at(m, GPA(at), (uint64_t)st.st_size);
    if (!to || lseek(b->initrd_fd, 0, SEEK_SET) < 0)
        return err_sys(e, to ? errno : ENOMEM, "initrd");
    if (file_read_all(b->initrd_fd, to, (size_t)st.st_size, e) < 0)
        return err_wrap(e, "initrd");
    p->hdr.ramdisk_image = (uint32_t)at;
    p->hdr.ramdisk_size = (uint32_t)st.st_size;
    return 0;
}

static int fill_command_line(const struct boot_x86 *b, const struct mem *m, struct boot_params *p,
                             struct err *e)
{
    size_t len = strlen(b->command_line);

    if (len > BOOT_COMMAND_LINE_MAX)
        return err_set(e, E2BIG, "kernel command line of %zu bytes: at most %d", len,
                       BOOT_COMMAND_LINE_MAX);
    mem_write(m, GPA(COMMAND_LINE_AT), b->command_line, len + 1);
    p->hdr.cmd_line_ptr = COMMAND_LINE_AT;
    return 0;
}

static void fill_header(const struct boot_x86 *b, struct boot_params *p)
{
    if (!kernel_image_setup_header(b->kernel, (uint8_t *)&p->hdr, sizeof(p->hdr)))
        p->hdr = (struct setup_header){.boot_flag = 0xaa55, .header = 0x53726448,
                                       .kernel_alignment = 0x1000000, .version = 0x20f};
    p->hdr.type_of_loader = 0xff; /* undefined */
    p->hdr.loadflags |= 1;        /* LOADED_HIGH */
    if (b->acpi)
        p->acpi_rsdp_addr = BOOT_ACPI_AT;
}

/*
 * Where a firmware would begin.  Linux jumps there in real mode to restart a machine with
 * hardware-reduced ACPI and no EFI (arch/x86/kernel/reboot.c), whatever the tables offer.
 */
static bool fill_reset_vector(const struct mem *m)
{
    static const uint8_t code[] = {
        0xb0, 0xfe, /* mov al, 0xfe */
        0xe6, 0x64, /* out 0x64, al: the keyboard controller's reset (platform.c) */
        0xf4,       /* hlt */
        0xeb, 0xfd, /* jmp to the hlt */
    };

    return mem_write(m, GPA(RESET_VECTOR_AT), code, sizeof(code));
}

int boot_x86_load(const struct boot_x86 *b, const struct mem *m, uint64_t *entry, struct err *e)
{
    struct boot_params p = {0};
    uint64_t kernel_end;
    int r = kernel_image_load(b->kernel, m, entry, &kernel_end, e);

    if (r < 0)
        return r;
    fill_header(b, &p);
    fill_e820(&p, m, b->acpi);
    r = fill_command_line(b, m, &p, e);
    if (r == 0)
        r = load_initrd(b, m, kernel_end, &p, e);
    if (r < 0)
        return r;
    if (!fill_rng_seed(m, &p) || !fill_gdt(m) || !fill_page_tables(m) || !fill_reset_vector(m) ||
        !mem_write(m, GPA(BOOT_PARAMS_AT), &p, sizeof(p)))
        return err_set(e, ENOMEM, "the guest's memory is too small to boot");
    return 0;
}

void boot_x86_registers(uint64_t entry, struct kvm_regs *regs)
{
    *regs = (struct kvm_regs){
        .rip = entry, .rsi = BOOT_PARAMS_AT, .rsp = STACK_AT, .rbp = STACK_AT, .rflags = 2};
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, uint8_t long_mode)
{
    return (struct kvm_segment){.limit = 0xffffffff, .selector = selector, .type = type,
                                .present = 1, .s = selector != SELECTOR_TSS, .l = long_mode,
                                .db = selector == SELECTOR_DATA, .g = 1};
}

void boot_x86_special_registers(struct kvm_sregs *s)
{
    s->cs = segment(SELECTOR_CODE, 11, 1);
    s->ds = s->es = s->fs = s->gs = s->ss = segment(SELECTOR_DATA, 3, 0);
    s->tr = segment(SELECTOR_TSS, 11, 0);
    s->gdt = (struct kvm_dtable){.base = GDT_AT, .limit = 5 * 8 - 1};
    s->idt = (struct kvm_dtable){0};
    s->cr0 |= 1 | 1UL << 31; /* PE, PG */
    s->cr4 |= 1 << 5;        /* PAE */
    s->cr3 = PAGE_TABLES_AT;
    s->efer |= 1 << 8 | 1 << 10; /* LME, LMA */
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/boot_x86.h"

#include "tests/unit/fixture.h"

#include <asm/bootparam.h>
#include <errno.h>

#include "tests/unit/elf.h"
#include "vmm/kernel_image.h"
#include "vmm/mem.h"

#define MIB (1ULL << 20)

struct world {
    struct elf elf;
    struct kernel_image kernel;
    struct mem mem;
    FILE *initrd;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    elf_init(&w->elf);
    w->kernel = (struct kernel_image){.bytes = (const uint8_t *)&w->elf, .size = sizeof(w->elf)};
    assert_non_null(w->initrd = tmpfile());
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    fclose(w->initrd);
    mem_release(&w->mem);
    free(w);
    return 0;
}

static int load(struct world *w, uint64_t memory, const char *line, bool initrd, bool acpi,
                struct err *e)
{
    struct boot_x86 b = {.kernel = &w->kernel, .command_line = line,
                         .initrd_fd = initrd ? fileno(w->initrd) : -1, .acpi = acpi};
    uint64_t entry = 0;
    int r;

    *e = (struct err){0};
    mem_release(&w->mem);
    assert_int_equal(mem_init(&w->mem, memory, NULL), 0);
    r = boot_x86_load(&b, &w->mem, &entry, e);
    if (r == 0)
        assert_true(entry == w->elf.h.e_entry);
    return r;
}

/* The zero page, found as the kernel finds it: by rsi. */
static const struct boot_params *params(struct world *w)
{
    struct kvm_regs regs;
    const void *p;

    boot_x86_registers(0, &regs);
    p = mem_at(&w->mem, GPA(regs.rsi), sizeof(struct boot_params));
    assert_non_null(p);
    return p;
}

static void test_load__zero_page_follows_the_boot_protocol(void **state)
{
    struct world *w = *state;
    const struct boot_params *p;
    struct err e;

    assert_ok(load(w, 128 * MIB, "console=hvc0", false, true, &e), e);
    p = params(w);
    assert_int_equal(p->hdr.boot_flag, 0xaa55);
    assert_int_equal(p->hdr.header, 0x53726448);
    assert_int_equal(p->hdr.type_of_loader, 0xff);
    assert_int_equal(p->hdr.loadflags & 1, 1);
    assert_int_equal(p->hdr.ramdisk_size, 0);
    assert_true(p->acpi_rsdp_addr == BOOT_ACPI_AT);
    assert_string_equal(mem_at(&w->mem, GPA(p->hdr.cmd_line_ptr), 13), "console=hvc0");
    assert_ok(load(w, 128 * MIB, "", false, false, &e), e);
    assert_true(params(w)->acpi_rsdp_addr == 0);
}

struct range {
    uint64_t start, end;
    uint32_t type;
};

static void assert_e820(struct world *w, const struct range *expected, unsigned n)
{
    const struct boot_params *p = params(w);

    assert_int_equal(p->e820_entries, n);
    for (unsigned i = 0; i < n; i++) {
        assert_true(p->e820_table[i].addr == expected[i].start);
        assert_true(p->e820_table[i].addr + p->e820_table[i].size == expected[i].end);
        assert_int_equal(p->e820_table[i].type, expected[i].type);
    }
}

static void test_load__e820_names_ram_and_leaves_the_hole_out(void **state)
{
    struct world *w = *state;
    const struct range small[] = {{0, 0x9fc00, 1}, {0x9fc00, 0xa0000, 2},
                                  {0xff000, MIB, 2}, {MIB, 128 * MIB, 1}};
    const struct range big[] = {{0, 0x9fc00, 1},
                                {0x9fc00, 0xa0000, 2},
                                {BOOT_ACPI_AT, BOOT_ACPI_AT + BOOT_ACPI_SIZE, 3},
                                {0xff000, MIB, 2},
                                {MIB, MEM_HOLE_START, 1},
                                {MEM_HOLE_END, MEM_HOLE_END + 512 * MIB, 1}};
    struct err e;

    assert_ok(load(w, 128 * MIB, "", false, false, &e), e);
    assert_e820(w, small, 4);
    assert_ok(load(w, MEM_HOLE_START + 512 * MIB, "", false, true, &e), e);
    assert_e820(w, big, 6);
    assert_ok(load(w, MEM_HOLE_START, "", false, true, &e), e);
    assert_e820(w, big, 5);
}

/* A jump to F000:FFF0 resets: mov al, 0xfe; out 0x64, al. */
static void test_load__reset_vector_asks_the_keyboard_controller(void **state)
{
    struct world *w = *state;
    const uint8_t expected[] = {0xb0, 0xfe, 0xe6, 0x64};
    struct err e;

    assert_ok(load(w, 128 * MIB, "", false, true, &e), e);
    assert_memory_equal(mem_at(&w->mem, GPA(0xffff0), 4), expected, 4);
}

/* Walks the tables as the CPU does: each address of the first 4 GiB is itself. */
static uint64_t translate(const struct mem *m, uint64_t cr3, uint64_t address)
{
    uint64_t table = cr3, entry = 0;

    for (int shift = 39; shift >= 21; shift -= 9) {
        assert_true(mem_read(m, GPA(table + 8 * (address >> shift & 511)), &entry, 8));
        if (!(entry & 1))
            return UINT64_MAX;
        assert_int_equal(entry & 2, 2);
        table = entry & 0xffffffffff000;
    }
    assert_int_equal(entry & 0x80, 0x80); /* 2 MiB */
    return table | (address & 0x1fffff);
}

static void test_load__page_tables_map_4_gib_onto_themselves(void **state)
{
    struct world *w = *state;
    struct kvm_sregs s = {0};
    struct err e;

    boot_x86_special_registers(&s);
    assert_ok(load(w, 128 * MIB, "", false, false, &e), e);
    for (uint64_t at = 0; at < 1ULL << 32; at += 2 * MIB)
        assert_true(translate(&w->mem, s.cr3, at + 0x12345) == at + 0x12345);
    assert_true(translate(&w->mem, s.cr3, 1ULL << 32) == UINT64_MAX);
    assert_true(translate(&w->mem, s.cr3, 1ULL << 39) == UINT64_MAX);
}

static void test_registers__long_mode_with_flat_segments(void **state)
{
    struct world *w = *state;
    struct kvm_sregs s = {0};
    struct kvm_regs r;
    uint64_t gdt[5];
    struct err e;

    boot_x86_registers(0x1234567, &r);
    boot_x86_special_registers(&s);
    assert_ok(load(w, 128 * MIB, "", false, false, &e), e);
    assert_true(r.rip == 0x1234567);
    assert_int_equal(r.rflags, 2); /* interrupts off */
    assert_int_equal(s.cr0 & 0x80000001, 0x80000001);
    assert_int_equal(s.cr4 & 0x20, 0x20);
    assert_int_equal(s.efer & 0x500, 0x500);
    assert_int_equal(s.cs.l, 1);
    assert_int_equal(s.cs.db, 0);
    assert_int_equal(s.gdt.limit, sizeof(gdt) - 1);
    assert_true(mem_read(&w->mem, GPA(s.gdt.base), gdt, sizeof(gdt)));
    assert_int_equal(gdt[0], 0);
    assert_int_equal(gdt[s.cs.selector / 8] >> 40 & 0x9f, 0x9b); /* code, as s.cs.type says */
    assert_int_equal(gdt[s.ds.selector / 8] >> 40 & 0x9f, 0x93);
    assert_int_equal(gdt[s.tr.selector / 8] >> 40 & 0x9f, 0x8b);
    assert_true(gdt[s.cs.selector / 8] & 1ULL << 53);
}

static void test_load__command_line_has_a_limit(void **state)
{
    struct world *w = *state;
    char line[BOOT_COMMAND_LINE_MAX + 2];
    const char *at;
    struct err e;

    memset(line, 'x', sizeof(line));
    line[BOOT_COMMAND_LINE_MAX] = '\0';
    assert_ok(load(w, 128 * MIB, line, false, false, &e), e);
    at = mem_at(&w->mem, GPA(params(w)->hdr.cmd_line_ptr), sizeof(line));
    assert_int_equal(strnlen(at, sizeof(line)), BOOT_COMMAND_LINE_MAX);
    line[BOOT_COMMAND_LINE_MAX] = 'x';
    line[BOOT_COMMAND_LINE_MAX + 1] = '\0';
    assert_int_equal(load(w, 128 * MIB, line, false, false, &e), -E2BIG);
    assert_says(e, "2048");
}

static void fill_initrd(struct world *w, size_t size)
{
    rewind(w->initrd);
    assert_int_equal(ftruncate(fileno(w->initrd), 0), 0);
    for (size_t i = 0; i < size; i++)
        fputc('0' + (int)(i % 10), w->initrd);
    fflush(w->initrd);
}

static void test_load__initrd_lies_whole_at_the_top_of_low_ram(void **state)
{
    struct world *w = *state;
    const struct boot_params *p;
    struct err e;

    fill_initrd(w, 10001);
    assert_ok(load(w, 128 * MIB, "", true, false, &e), e);
    p = params(w);
    assert_int_equal(p->hdr.ramdisk_size, 10001);
    assert_int_equal(p->hdr.ramdisk_image, 128 * MIB - 12288);
    assert_memory_equal(mem_at(&w->mem, GPA(p->hdr.ramdisk_image + 9990), 11), "01234567890", 11);
    assert_ok(load(w, MEM_HOLE_START + 64 * MIB, "", true, false, &e), e);
    assert_true(params(w)->hdr.ramdisk_image + 10001ULL <=
                0x80000000); /* boot.rst, initrd_addr_max */
}

static void test_load__initrd_that_does_not_fit_is_refused(void **state)
{
    struct world *w = *state;
    struct err e;

    fill_initrd(w, 4096);
    w->elf.p[0].p_memsz = 64 * MIB - ELF_LOAD_AT - 4096; /* leaves one page */
    assert_ok(load(w, 64 * MIB, "", true, false, &e), e);
    fill_initrd(w, 4097);
    assert_int_equal(load(w, 64 * MIB, "", true, false, &e), -ENOMEM);
    assert_int_equal(ftruncate(fileno(w->initrd), 1LL << 40), 0);
    assert_int_equal(load(w, 64 * MIB, "", true, false, &e), -ENOMEM);
}

static void test_load__empty_initrd_is_refused(void **state)
{
    struct world *w = *state;
    struct err e;

    assert_int_equal(load(w, 128 * MIB, "", true, false, &e), -EINVAL);
    assert_says(e, "initrd");
}

static void test_load__setup_data_is_a_list_that_ends(void **state)
{
    struct world *w = *state;
    const struct setup_data *node;
    struct err e;

    assert_ok(load(w, 128 * MIB, "x", false, false, &e), e);
    assert_true(params(w)->hdr.setup_data != 0);
    node = mem_at(&w->mem, GPA(params(w)->hdr.setup_data), sizeof(*node) + 32);
    assert_non_null(node);
    assert_int_equal(node->type, 9); /* SETUP_RNG_SEED */
    assert_int_equal(node->len, 32);
    assert_true(node->next == 0);
    assert_memory_not_equal(node->data, (uint8_t[32]){0}, 32);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_load__zero_page_follows_the_boot_protocol),
        TEST(test_load__reset_vector_asks_the_keyboard_controller),
        TEST(test_load__e820_names_ram_and_leaves_the_hole_out),
        TEST(test_load__page_tables_map_4_gib_onto_themselves),
        TEST(test_registers__long_mode_with_flat_segments),
        TEST(test_load__command_line_has_a_limit),
        TEST(test_load__initrd_lies_whole_at_the_top_of_low_ram),
        TEST(test_load__initrd_that_does_not_fit_is_refused),
        TEST(test_load__empty_initrd_is_refused),
        TEST(test_load__setup_data_is_a_list_that_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

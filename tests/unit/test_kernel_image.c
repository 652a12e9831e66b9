/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kernel_image.h"

#include "tests/unit/fixture.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "tests/unit/elf.h"
#include "tests/unit/pack.h"
#include "vmm/mem.h"

#define MEMORY (64ULL << 20)
#define HEADER_AT 0x1f1
#define PROTECTED_AT 1024 /* setup_sects 1 */
#define PAYLOAD_AT 0x240  /* in the protected-mode part */
#define BZIMAGE_LOAD_AT 0x1000000ULL

struct world {
    char *folder, *path, *cache;
    struct elf elf;
    struct mem mem;
    struct setup_header h; /* of the next bzImage */
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_folder();
    w->path = file_path("%s/kernel", w->folder);
    w->cache = file_path("%s/cache", w->folder);
    elf_init(&w->elf);
    assert_int_equal(mem_init(&w->mem, MEMORY, NULL), 0);
    w->h = (struct setup_header){.setup_sects = 1, .header = 0x53726448, .version = 0x20f,
                                 .payload_offset = PAYLOAD_AT, .xloadflags = XLF_KERNEL_64};
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    mem_release(&w->mem);
    fixture_remove(w->folder);
    free(w->path);
    free(w->cache);
    free(w);
    return 0;
}

static void write_file(struct world *w, const void *bytes, size_t len)
{
    assert_int_equal(elf_write_file(w->path, bytes, len), 0);
}

/* A bzImage with w->h and that payload; payload_length is set unless the test did. */
static void write_bzimage(struct world *w, const void *payload, size_t len)
{
    size_t size = PROTECTED_AT + PAYLOAD_AT + len < 8192 ? 8192 : PROTECTED_AT + PAYLOAD_AT + len;
    auto_free uint8_t *image = calloc(1, size);

    if (!w->h.payload_length)
        w->h.payload_length = (uint32_t)len;
    memcpy(image + HEADER_AT, &w->h, sizeof(w->h));
    memcpy(image + PROTECTED_AT, "protected", 9);
    memcpy(image + PROTECTED_AT + PAYLOAD_AT, payload, len);
    write_file(w, image, size);
}

static void write_packed_elf(struct world *w)
{
    size_t len;
    auto_free uint8_t *packed = pack_gzip((const uint8_t *)&w->elf, ELF_SIZE, &len);

    w->h.payload_length = 0;
    w->h.xloadflags = 0; /* a payload that cannot be unpacked is then an error */
    write_bzimage(w, packed, len);
}

static int open_and_load(struct world *w, const char *cache, uint64_t *entry, uint64_t *end,
                         struct err *e)
{
    struct kernel_image k;
    int r;

    *e = (struct err){0};
    r = kernel_image_open(&k, w->path, cache, e);
    if (r < 0)
        return r;
    r = kernel_image_load(&k, &w->mem, entry, end, e);
    kernel_image_close(&k);
    return r;
}

/* The ELF kernel of elf.h is in memory as its program header says. */
static void assert_loads(struct world *w, const char *cache)
{
    uint8_t *at = mem_at(&w->mem, GPA(ELF_LOAD_AT), ELF_MEMORY + 1);
    uint64_t entry = 0, end = 0;
    struct err e;

    memset(at, 0, ELF_MEMORY + 1);
    assert_ok(open_and_load(w, cache, &entry, &end, &e), e);
    assert_true(entry == ELF_LOAD_AT + 0x40);
    assert_true(end == ELF_LOAD_AT + ELF_MEMORY);
    assert_memory_equal(at, (uint8_t *)&w->elf + ELF_TEXT_AT, ELF_TEXT);
    assert_int_equal(at[ELF_TEXT], 0);
}

static void assert_refused(struct world *w, int code, const char *says)
{
    uint64_t entry, end;
    struct err e;

    assert_int_equal(open_and_load(w, NULL, &entry, &end, &e), -code);
    assert_says(e, says);
}

/* --- ELF --- */

static void test_elf__is_loaded_by_its_program_headers(void **state)
{
    struct world *w = *state;

    w->elf.h.e_phnum = 2;
    w->elf.p[1] = w->elf.p[0];
    w->elf.p[1].p_type = PT_NOTE; /* what is not PT_LOAD is not looked at */
    w->elf.p[1].p_paddr = UINT64_MAX;
    w->elf.p[1].p_offset = UINT64_MAX;
    write_file(w, &w->elf, ELF_SIZE);
    assert_loads(w, NULL);
}

static void test_open__refuses_what_is_no_kernel(void **state)
{
    struct world *w = *state;
    uint64_t entry, end;
    struct err e;

    write_file(w, &w->elf, 4095);
    assert_refused(w, EINVAL, "not a kernel image");
    w->elf.h.e_ident[EI_CLASS] = ELFCLASS32;
    write_file(w, &w->elf, ELF_SIZE);
    assert_refused(w, EINVAL, "not a kernel image");
    elf_init(&w->elf);
    w->elf.h.e_machine = EM_AARCH64;
    write_file(w, &w->elf, ELF_SIZE);
    assert_refused(w, EINVAL, "not a kernel image");
    w->h.version = 0x207; /* before the payload's place was told */
    write_bzimage(w, "", 0);
    assert_refused(w, EINVAL, "not a kernel image");
    free(w->path);
    w->path = strdup(w->folder);
    assert_refused(w, EINVAL, "not a kernel image");
    free(w->path);
    w->path = file_path("%s/none", w->folder);
    assert_int_equal(open_and_load(w, NULL, &entry, &end, &e), -ENOENT);
}

static const struct {
    const char *what;
    Elf64_Phdr p;
    int code;
} hostile_segments[] = {
    {"offset behind the file", {.p_offset = ELF_SIZE + 1, .p_filesz = 0, .p_memsz = 1}, EBADMSG},
    {"end behind the file", {.p_offset = ELF_SIZE - 8, .p_filesz = 9, .p_memsz = 9}, EBADMSG},
    {"offset + size overflows",
     {.p_offset = 16, .p_filesz = UINT64_MAX - 8, .p_memsz = UINT64_MAX},
     EBADMSG},
    {"offset of 2^64", {.p_offset = UINT64_MAX, .p_filesz = 8, .p_memsz = 8}, EBADMSG},
    {"more in file than in memory", {.p_filesz = 4096, .p_memsz = 4095}, EBADMSG},
    {"end behind memory", {.p_paddr = MEMORY - 4096, .p_filesz = 1, .p_memsz = 4097}, ENOMEM},
    {"behind memory", {.p_paddr = MEMORY, .p_filesz = 1, .p_memsz = 1}, ENOMEM},
    {"in the hole", {.p_paddr = MEM_HOLE_START, .p_filesz = 1, .p_memsz = 1}, ENOMEM},
    {"address + size overflows", {.p_paddr = UINT64_MAX - 7, .p_filesz = 8, .p_memsz = 16}, ENOMEM},
    {"memory of 2^64", {.p_paddr = ELF_LOAD_AT, .p_filesz = 8, .p_memsz = UINT64_MAX}, ENOMEM},
    {"over the zero page", {.p_paddr = 0x7000, .p_filesz = 8, .p_memsz = 8}, ENOMEM},
    {"below 1 MiB", {.p_paddr = 0xfffff, .p_filesz = 8, .p_memsz = 8}, ENOMEM},
};

static void test_elf__hostile_segments_are_refused(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(hostile_segments); i++) {
        uint64_t entry, end;
        struct err e;

        w->elf.p[0] = hostile_segments[i].p;
        w->elf.p[0].p_type = PT_LOAD;
        write_file(w, &w->elf, ELF_SIZE);
        if (open_and_load(w, NULL, &entry, &end, &e) != -hostile_segments[i].code)
            fail_msg("%s: %s", hostile_segments[i].what, e.msg);
    }
}

static void test_elf__hostile_headers_are_refused(void **state)
{
    struct world *w = *state;
    static const struct {
        uint64_t phoff, entry;
        uint16_t phentsize, phnum;
    } bad[] = {
        {ELF_SIZE, ELF_LOAD_AT, 56, 1},       {ELF_SIZE - 55, ELF_LOAD_AT, 56, 1},
        {UINT64_MAX, ELF_LOAD_AT, 56, 1},     {UINT64_MAX - 55, ELF_LOAD_AT, 56, 1},
        {64, ELF_LOAD_AT, 56, 65535},         {64, ELF_LOAD_AT, 55, 1},
        {64, ELF_LOAD_AT, 0, 1},              {64, ELF_LOAD_AT, 56, 0},
        {64, MEMORY, 56, 1},                  {64, UINT64_MAX, 56, 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        elf_init(&w->elf);
        w->elf.h.e_phoff = bad[i].phoff;
        w->elf.h.e_phentsize = bad[i].phentsize;
        w->elf.h.e_phnum = bad[i].phnum;
        w->elf.h.e_entry = bad[i].entry;
        write_file(w, &w->elf, ELF_SIZE);
        assert_refused(w, EBADMSG, "kernel");
    }
}

/* --- bzImage --- */

static void test_bzimage__is_unpacked_whatever_packed_it(void **state)
{
    struct world *w = *state;
    uint8_t *(*const packers[])(const uint8_t *, size_t, size_t *) = {pack_gzip, pack_xz, pack_lz4,
                                                                      pack_zstd};

    for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
        size_t len;
        auto_free uint8_t *packed = packers[i]((const uint8_t *)&w->elf, ELF_SIZE, &len);

        w->h.payload_length = 0;
        write_bzimage(w, packed, len);
        assert_loads(w, NULL);
    }
}

static void test_bzimage__hostile_headers_are_refused(void **state)
{
    struct world *w = *state;
    static const uint32_t bad[][2] = {
        /* offset, length */
        {8192, 1},
        {UINT32_MAX, 1},
        {PAYLOAD_AT, 8192},
        {PAYLOAD_AT, UINT32_MAX},
        {UINT32_MAX, UINT32_MAX},
        {8192 - PROTECTED_AT, 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        w->h.payload_offset = bad[i][0];
        w->h.payload_length = bad[i][1];
        write_bzimage(w, "\x1f\x8b\x08", 3);
        assert_refused(w, EBADMSG, "outside of the file");
    }
}

static void test_bzimage__damaged_payloads_are_refused(void **state)
{
    struct world *w = *state;
    static uint8_t junk[ELF_SIZE];
    size_t len, no_elf_len;
    auto_free uint8_t *packed = pack_xz((const uint8_t *)&w->elf, ELF_SIZE, &len);
    auto_free uint8_t *no_elf = pack_gzip(junk, sizeof(junk), &no_elf_len);

    w->h.payload_length = (uint32_t)(len / 2);
    write_bzimage(w, packed, len);
    assert_refused(w, EBADMSG, "xz");
    w->h.payload_length = 0;
    write_bzimage(w, no_elf, no_elf_len);
    assert_refused(w, EBADMSG, "ELF");
    w->h.xloadflags = 0;
    write_bzimage(w, "BZh91AY&SY", 10);
    assert_refused(w, ENOTSUP, "not gzip");
}

static void test_bzimage__unknown_payload_is_entered_as_it_is(void **state)
{
    struct world *w = *state;
    struct kernel_image k;
    struct setup_header h;
    uint64_t entry, end;
    struct err e;

    w->h.init_size = 0x100000;
    write_bzimage(w, "BZh91AY&SY", 10);
    assert_ok(kernel_image_open(&k, w->path, w->cache, &e), e);
    assert_ok(kernel_image_load(&k, &w->mem, &entry, &end, &e), e);
    assert_true(entry == BZIMAGE_LOAD_AT + 0x200);
    assert_true(end == BZIMAGE_LOAD_AT + 0x100000);
    assert_memory_equal(mem_at(&w->mem, GPA(BZIMAGE_LOAD_AT), 9), "protected", 9);
    assert_true(kernel_image_setup_header(&k, (uint8_t *)&h, sizeof(h)));
    assert_memory_equal(&h, &w->h, sizeof(h));
    assert_false(kernel_image_setup_header(&k, (uint8_t *)&h, sizeof(h) - 1));
    kernel_image_close(&k);
    w->h.init_size = UINT32_MAX;
    write_bzimage(w, "BZh91AY&SY", 10);
    assert_refused(w, ENOMEM, "give it more");
    w->h.setup_sects = 255; /* the protected-mode part would begin behind the file */
    w->h.payload_offset = 0;
    write_bzimage(w, "BZh91AY&SY", 10);
    assert_refused(w, EBADMSG, "outside");
}

/* --- the cache --- */

/* Other bytes in the same file with the same times: only the cache can still know the kernel. */
static void spoil(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(
        shell("dd if=/dev/urandom of=%s bs=1 seek=%d count=300 conv=notrunc status=none", path,
              PROTECTED_AT + PAYLOAD_AT),
        0);
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){st.st_atim, st.st_mtim}, 0), 0);
}

static void test_cache__knows_an_unpacked_kernel_again(void **state)
{
    struct world *w = *state;
    uint64_t entry, end;
    struct err e;

    write_packed_elf(w);
    assert_loads(w, w->cache);
    spoil(w->path);
    assert_loads(w, w->cache);
    assert_true(open_and_load(w, NULL, &entry, &end, &e) < 0);
}

static void test_cache__a_changed_file_is_another_kernel(void **state)
{
    struct world *w = *state;

    write_packed_elf(w);
    assert_loads(w, w->cache);
    memset((uint8_t *)&w->elf + ELF_TEXT_AT, 0x90, ELF_TEXT);
    assert_int_equal(unlink(w->path), 0);
    write_packed_elf(w);
    assert_int_equal(shell("touch -d '2001-02-03 04:05:06' %s", w->path), 0);
    assert_loads(w, w->cache);
}

static void test_cache__damaged_is_made_again(void **state)
{
    struct world *w = *state;

    write_packed_elf(w);
    assert_loads(w, w->cache);
    assert_int_equal(
        shell("for f in %s/unpacked/*.vmlinux; do truncate -s 0 $f; truncate -s 8192 $f; done",
              w->cache),
        0);
    assert_loads(w, w->cache);
    spoil(w->path);
    assert_loads(w, w->cache);
}

static void test_cache__that_cannot_be_written_costs_time_only(void **state)
{
    struct world *w = *state;

    write_packed_elf(w);
    assert_loads(w, "/proc/nowhere");
}

static void test_has_acpi__looks_into_the_text(void **state)
{
    struct world *w = *state;
    struct kernel_image k;

    for (int acpi = 0; acpi < 2; acpi++) {
        if (acpi)
            memcpy((uint8_t *)&w->elf + ELF_SIZE - 17, "RSDP 0x%8.8X%8.8X", 17);
        write_file(w, &w->elf, ELF_SIZE);
        assert_int_equal(kernel_image_open(&k, w->path, NULL, NULL), 0);
        assert_int_equal(kernel_image_has_acpi(&k), acpi);
        kernel_image_close(&k);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_elf__is_loaded_by_its_program_headers),
        TEST(test_open__refuses_what_is_no_kernel),
        TEST(test_elf__hostile_segments_are_refused),
        TEST(test_elf__hostile_headers_are_refused),
        TEST(test_bzimage__is_unpacked_whatever_packed_it),
        TEST(test_bzimage__hostile_headers_are_refused),
        TEST(test_bzimage__damaged_payloads_are_refused),
        TEST(test_bzimage__unknown_payload_is_entered_as_it_is),
        TEST(test_cache__knows_an_unpacked_kernel_again),
        TEST(test_cache__a_changed_file_is_another_kernel),
        TEST(test_cache__damaged_is_made_again),
        TEST(test_cache__that_cannot_be_written_costs_time_only),
        TEST(test_has_acpi__looks_into_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

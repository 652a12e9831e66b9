/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mem_file.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "vmm/mem.h"

#define SIZE (8ULL << 20)

struct world {
    struct mem mem;
    FILE *file;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, SIZE, NULL), 0);
    w->file = tmpfile();
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    mem_release(&w->mem);
    fclose(w->file);
    free(w);
    return 0;
}

static void put(struct mem *m, uint64_t at, const char *text)
{
    assert_true(mem_write(m, GPA(at), text, strlen(text) + 1));
}

static void has(const struct mem *m, uint64_t at, const char *text)
{
    char found[32] = "";

    assert_true(mem_read(m, GPA(at), found, sizeof(found)));
    assert_string_equal(found, text);
}

/* Whole, as a snapshot has it in the end: the bytes that were written while the machine stood still. */
static uint64_t save(struct world *w)
{
    struct err e = {0};
    uint64_t bytes = 0;

    assert_ok(mem_save(&w->mem, fileno(w->file), &bytes, &e), e);
    assert_ok(mem_save_rest(&w->mem.base, SIZE, fileno(w->file), &e), e);
    return bytes;
}

static void fresh_file(struct world *w)
{
    fclose(w->file);
    assert_non_null(w->file = tmpfile());
}

/* The machine ends, and another one goes on from the file. */
static void restore(struct world *w)
{
    struct err e = {0};

    mem_release(&w->mem);
    assert_ok(mem_init_file(&w->mem, SIZE, fileno(w->file), &e), e);
    fresh_file(w);
}

/* The machine goes on: its next snapshot is over this one. */
static void go_on(struct world *w)
{
    struct mem_base before;
    struct err e = {0};

    assert_ok(mem_rebase(&w->mem, fileno(w->file), &before, &e), e);
    mem_base_release(&before);
    fresh_file(w);
}

/* What KVM's log would tell of the guest's writes. */
static void guest_writes(struct world *w, uint64_t at, int byte, uint64_t len)
{
    memset(mem_at(&w->mem, GPA(at), len), byte, len);
    mem_base_note(&w->mem.base, at / MEM_PAGE, (at % MEM_PAGE + len - 1) / MEM_PAGE + 1);
}

static uint64_t data_in(FILE *f)
{
    off_t data = 0, hole = 0;
    uint64_t sum = 0;

    while ((data = lseek(fileno(f), hole, SEEK_DATA)) >= 0) {
        hole = lseek(fileno(f), data, SEEK_HOLE);
        sum += (uint64_t)(hole - data);
    }
    return sum;
}

static void test_save__leaves_out_what_is_zero_untouched_or_given_back(void **state)
{
    struct world *w = *state;
    struct stat st;

    put(&w->mem, 0x1000, "one");
    put(&w->mem, SIZE - 4096, "last");
    put(&w->mem, 0x300000, "given back");
    memset(mem_at(&w->mem, GPA(0x200000), 0x10000), 0, 0x10000);
    mem_give_back(&w->mem, mem_at(&w->mem, GPA(0x300000), 4096), 4096);
    assert_int_equal(save(w), 2 * 4096);
    assert_int_equal(fstat(fileno(w->file), &st), 0);
    assert_int_equal(st.st_size, SIZE);
    assert_true((uint64_t)st.st_blocks * 512 <= 8 * 4096);
}

static void test_restore__is_private_and_the_file_stays(void **state)
{
    struct world *w = *state;
    struct mem one, two;
    struct err e = {0};

    put(&w->mem, 0x1000, "saved");
    save(w);
    assert_ok(mem_init_file(&one, SIZE, fileno(w->file), &e), e);
    assert_ok(mem_init_file(&two, SIZE, fileno(w->file), &e), e);
    has(&one, 0x1000, "saved");
    has(&one, 0x5000, "");
    put(&one, 0x1000, "changed");
    has(&two, 0x1000, "saved");
    mem_release(&one);
    mem_release(&two);
}

/* Its pages that were never touched are still in the file: a second snapshot has them all the same. */
static void test_save__of_a_restored_machine_is_whole(void **state)
{
    struct world *w = *state;

    put(&w->mem, 0x1000, "untouched");
    put(&w->mem, 0x400000, "to be changed");
    save(w);
    restore(w);
    put(&w->mem, 0x400000, "changed");
    assert_int_equal(save(w), 4096);
    restore(w);
    has(&w->mem, 0x1000, "untouched");
    has(&w->mem, 0x400000, "changed");
}

/* What the guest has given back since is not in the new file from the old one. */
static void test_save__of_a_restored_machine_shrinks(void **state)
{
    struct world *w = *state;

    memset(mem_at(&w->mem, GPA(0), SIZE), 9, SIZE);
    assert_int_equal(save(w), SIZE);
    restore(w);
    mem_give_back(&w->mem, mem_at(&w->mem, GPA(0x200000), 0x400000), 0x400000);
    has(&w->mem, 0x200000, "");
    assert_int_equal(save(w), 0);
    assert_int_equal(data_in(w->file), SIZE - 0x400000);
}

/* Every page, as the machine reads it, is what a file of all of them would have held. */
static void assert_as_file(const struct mem *m, int fd)
{
    uint8_t page[4096];

    for (uint64_t at = 0; at < SIZE; at += sizeof(page)) {
        assert_int_equal(pread(fd, page, sizeof(page), (off_t)at), sizeof(page));
        if (memcmp(page, mem_at(m, GPA(at), sizeof(page)), sizeof(page)) != 0)
            fail_msg("page 0x%llx differs", (unsigned long long)at);
    }
}

/* Written, zeroed, given back in pieces of every size, written by a device, read only. */
static void work_on(struct world *w)
{
    for (int i = 0; i < 200; i++) {
        uint64_t at = (uint64_t)(rand() % (int)(SIZE / 4096)) * 4096, len = (uint64_t)(1 + rand() % 8) * 4096;
        uint8_t *host = mem_at(&w->mem, GPA(at), 1);

        len = len < SIZE - at ? len : SIZE - at;
        if (i % 50 == 0 && at < SIZE / 2)
            mem_give_back(&w->mem, host, 3 << 20);
        else if (i % 5 == 0)
            mem_give_back(&w->mem, host, len);
        else if (i % 5 == 1)
            guest_writes(w, at, 0, len);
        else if (i % 5 == 2)
            guest_writes(w, at + 1, 1 + rand() % 255, len - 1);
        else if (i % 5 == 3)
            put(&w->mem, at + 4096 - 4, i % 2 ? "dev" : "");
        else
            assert_true(*(volatile uint8_t *)host < 256); /* there, but as it was */
    }
}

/* Generation over generation, of machines that went on and of ones that were restored. */
static void test_save__of_what_changed_equals_all_of_it(void **state)
{
    struct world *w = *state;

    srand(7);
    for (int generation = 0; generation < 16; generation++) {
        work_on(w);
        assert_true(save(w) < SIZE);
        assert_as_file(&w->mem, fileno(w->file));
        if (generation % 3 == 1)
            restore(w);
        else
            go_on(w);
    }
}

static uint64_t resident(void)
{
    auto_free char *kb = shell_line("awk '/^RssFile/ {print $2}' /proc/%d/status", (int)getpid());

    return strtoull(kb, NULL, 10) * 1024;
}

/* What was never touched is not fetched to be saved. */
static void test_save__of_what_changed_touches_nothing_else(void **state)
{
    struct world *w = *state;
    uint64_t before;

    memset(mem_at(&w->mem, GPA(0), SIZE), 9, SIZE);
    save(w);
    restore(w);
    put(&w->mem, 0x400000, "changed");
    before = resident();
    assert_int_equal(save(w), 4096);
    assert_true(resident() < before + SIZE / 2);
    assert_as_file(&w->mem, fileno(w->file));
}

/* A second snapshot of one run: small, and whole without the first. */
static void test_save__of_a_machine_that_went_on(void **state)
{
    struct world *w = *state;

    guest_writes(w, 0, 9, SIZE / 2);
    assert_int_equal(save(w), SIZE / 2);
    go_on(w);
    guest_writes(w, 0x1000, 7, 1);
    guest_writes(w, 0x500000, 7, 4096);
    guest_writes(w, 0x2000, 0, 4096);
    assert_int_equal(save(w), 2 * 4096);
    assert_int_equal(data_in(w->file), SIZE / 2 - 4096 + 4096);
    assert_as_file(&w->mem, fileno(w->file));
    go_on(w);
    assert_int_equal(save(w), 0);
    assert_as_file(&w->mem, fileno(w->file));
}

/* The disk was full while it was synced: the next is over the file before, and misses nothing of either time. */
static void test_save__after_one_that_was_given_up(void **state)
{
    struct world *w = *state;
    struct mem_base before;

    guest_writes(w, 0, 9, SIZE / 2);
    save(w);
    go_on(w);
    guest_writes(w, 0x1000, 7, 4096);
    save(w);
    assert_int_equal(mem_rebase(&w->mem, fileno(w->file), &before, NULL), 0);
    fresh_file(w);
    guest_writes(w, 0x3000, 8, 4096);
    w->mem.base = mem_base_join(&before, &w->mem.base, SIZE);
    assert_null(before.changed);
    assert_int_equal(save(w), 2 * 4096);
    assert_as_file(&w->mem, fileno(w->file));
}

/* ... and of the first one nothing is left: the next is of all, as the first was. */
static void test_save__after_the_first_was_given_up(void **state)
{
    struct world *w = *state;
    struct mem_base before;

    guest_writes(w, 0, 9, 0x3000);
    assert_int_equal(mem_rebase(&w->mem, fileno(w->file), &before, NULL), 0);
    w->mem.base = mem_base_join(&before, &w->mem.base, SIZE);
    assert_null(w->mem.base.changed);
    assert_int_equal(save(w), 0x3000);
}

/* Without KVM's log nobody knows what the guest wrote: what was noted is not enough. */
static void test_join__with_one_that_was_not_logged_is_none(void **state)
{
    struct world *w = *state;
    struct mem_base before;

    go_on(w);
    assert_int_equal(mem_rebase(&w->mem, fileno(w->file), &before, NULL), 0);
    mem_base_release(&w->mem.base);
    w->mem.base = mem_base_join(&before, &w->mem.base, SIZE);
    assert_null(w->mem.base.changed);
}

static void test_note__marks_each_page_it_touches(void **state)
{
    struct world *w = *state;

    mem_note(&w->mem, mem_at(&w->mem, GPA(0), 1), 1); /* no base: nothing to mark */
    go_on(w);
    mem_note(&w->mem, mem_at(&w->mem, GPA(0x1fff), 1), 2);
    mem_note(&w->mem, mem_at(&w->mem, GPA(0x4000), 1), 4096);
    mem_note(&w->mem, mem_at(&w->mem, GPA(0x6000), 1), 0);
    for (uint64_t page = 0; page < 9; page++)
        assert_int_equal(mem_base_is_changed(&w->mem.base, page), page == 1 || page == 2 || page == 4);
    assert_false(mem_write(&w->mem, GPA(SIZE - 1), "ab", 2));
    assert_true(mem_write(&w->mem, GPA(SIZE - 2), "ab", 2));
    assert_true(mem_base_is_changed(&w->mem.base, SIZE / MEM_PAGE - 1));
}

static void test_restore__of_another_size_is_refused(void **state)
{
    struct world *w = *state;
    struct mem m;
    struct err e = {0};

    save(w);
    assert_int_equal(mem_init_file(&m, SIZE * 2, fileno(w->file), &e), -EINVAL);
    assert_says(e, "or was cut");
    assert_int_equal(ftruncate(fileno(w->file), SIZE - 1), 0);
    assert_int_equal(mem_init_file(&m, SIZE, fileno(w->file), &e), -EINVAL);
}

static void test_save__to_a_full_disk_is_told(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    uint64_t bytes;
    int full = open("/dev/full", O_RDWR);

    put(&w->mem, 0, "x");
    assert_true(mem_save(&w->mem, full, &bytes, &e) < 0);
    assert_true(*e.msg);
    close(full);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_save__leaves_out_what_is_zero_untouched_or_given_back),
        TEST(test_restore__is_private_and_the_file_stays),
        TEST(test_save__of_a_restored_machine_is_whole),
        TEST(test_save__of_a_restored_machine_shrinks),
        TEST(test_save__of_what_changed_equals_all_of_it),
        TEST(test_save__of_what_changed_touches_nothing_else),
        TEST(test_save__of_a_machine_that_went_on),
        TEST(test_save__after_one_that_was_given_up),
        TEST(test_save__after_the_first_was_given_up),
        TEST(test_join__with_one_that_was_not_logged_is_none),
        TEST(test_note__marks_each_page_it_touches),
        TEST(test_restore__of_another_size_is_refused),
        TEST(test_save__to_a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

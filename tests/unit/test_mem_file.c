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

static uint64_t save(struct world *w)
{
    struct err e = {0};
    uint64_t bytes = 0;

    assert_ok(mem_save(&w->mem, fileno(w->file), &bytes, &e), e);
    return bytes;
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
    struct err e = {0};

    put(&w->mem, 0x1000, "untouched");
    put(&w->mem, 0x400000, "to be changed");
    save(w);
    mem_release(&w->mem);
    assert_ok(mem_init_file(&w->mem, SIZE, fileno(w->file), &e), e);
    w->file = (fclose(w->file), tmpfile());
    put(&w->mem, 0x400000, "changed");
    assert_int_equal(save(w), 2 * 4096);
    mem_release(&w->mem);
    assert_ok(mem_init_file(&w->mem, SIZE, fileno(w->file), &e), e);
    has(&w->mem, 0x1000, "untouched");
    has(&w->mem, 0x400000, "changed");
}

/* What the guest has given back since is not written again from the old file. */
static void test_save__of_a_restored_machine_shrinks(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    memset(mem_at(&w->mem, GPA(0), SIZE), 9, SIZE);
    assert_int_equal(save(w), SIZE);
    mem_release(&w->mem);
    assert_ok(mem_init_file(&w->mem, SIZE, fileno(w->file), &e), e);
    w->file = (fclose(w->file), tmpfile());
    mem_give_back(&w->mem, mem_at(&w->mem, GPA(0x200000), 0x400000), 0x400000);
    has(&w->mem, 0x200000, "");
    assert_int_equal(save(w), SIZE - 0x400000);
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

/* Generation over generation: written, zeroed, given back in pieces of every size, read only. */
static void test_save__of_what_changed_equals_all_of_it(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    srand(7);
    for (int generation = 0; generation < 8; generation++) {
        for (int i = 0; i < 200; i++) {
            uint64_t at = (uint64_t)(rand() % (int)(SIZE / 4096)) * 4096, len = (uint64_t)(1 + rand() % 8) * 4096;
            uint8_t *host = mem_at(&w->mem, GPA(at), 1);

            len = len < SIZE - at ? len : SIZE - at;
            if (i % 50 == 0 && at < SIZE / 2)
                mem_give_back(&w->mem, host, 3 << 20);
            else if (i % 4 == 0)
                mem_give_back(&w->mem, host, len);
            else if (i % 4 == 1)
                memset(host, 0, len);
            else if (i % 4 == 2)
                memset(host, 1 + rand() % 255, len);
            else
                assert_true(*(volatile uint8_t *)host < 256); /* there, but the file's */
        }
        save(w);
        assert_as_file(&w->mem, fileno(w->file));
        mem_release(&w->mem);
        assert_ok(mem_init_file(&w->mem, SIZE, fileno(w->file), &e), e);
        assert_as_file(&w->mem, fileno(w->file));
        fclose(w->file);
        assert_non_null(w->file = tmpfile());
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
    struct err e = {0};
    uint64_t before;

    memset(mem_at(&w->mem, GPA(0), SIZE), 9, SIZE);
    save(w);
    mem_release(&w->mem);
    assert_ok(mem_init_file(&w->mem, SIZE, fileno(w->file), &e), e);
    w->file = (fclose(w->file), tmpfile());
    put(&w->mem, 0x400000, "changed");
    before = resident();
    assert_int_equal(save(w), SIZE);
    assert_true(resident() < before + SIZE / 2);
    assert_as_file(&w->mem, fileno(w->file));
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
        TEST(test_restore__of_another_size_is_refused),
        TEST(test_save__to_a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

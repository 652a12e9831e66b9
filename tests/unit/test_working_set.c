/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/working_set.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"
#include "vmm/mem.h"

#define SIZE (8ULL << 20)
#define PAGE 4096

struct world {
    char *folder;
    FILE *file;
    struct mem mem;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    auto_free char *bytes = calloc(1, SIZE);

    w->folder = fixture_folder();
    w->file = tmpfile();
    memset(bytes, 7, SIZE);
    assert_int_equal(fwrite(bytes, 1, SIZE, w->file), SIZE);
    fflush(w->file);
    assert_int_equal(mem_init_file(&w->mem, SIZE, fileno(w->file), NULL), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    mem_release(&w->mem);
    fclose(w->file);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static void touch(struct world *w, unsigned page)
{
    volatile uint8_t *at = mem_at(&w->mem, GPA(page * PAGE), 1);

    *at = 1; /* a write brings in this page and no neighbours */
}

static bool has(const struct working_set *w, unsigned page)
{
    for (unsigned i = 0; i < w->n; i++)
        if (page >= w->range[i].page && page < w->range[i].page + w->range[i].count)
            return true;
    return false;
}

static void test_record__pages_that_were_touched_and_back_from_the_file(void **state)
{
    struct world *w = *state;
    struct working_set s, back;
    atomic_bool stop = false;
    struct err e = {0};

    touch(w, 0);
    touch(w, 3);
    touch(w, 1500);
    assert_ok(working_set_record(&s, &w->mem, &e), e);
    assert_true(has(&s, 0) && has(&s, 3) && has(&s, 1500));
    assert_false(has(&s, 700));
    assert_ok(working_set_write(&s, w->folder, &e), e);
    assert_ok(working_set_read(&back, w->folder, SIZE, &e), e);
    assert_int_equal(back.n, s.n);
    assert_memory_equal(back.range, s.range, s.n * sizeof(s.range[0]));
    assert_true(working_set_fetch(&back, &w->mem, &stop) >= 3 * PAGE);
    stop = true;
    assert_int_equal(working_set_fetch(&back, &w->mem, &stop), 0);
    working_set_release(&s);
    working_set_release(&back);
}

static void test_read__what_is_not_within_memory_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\0\0\0\0\1\0\0", 7},                                  /* cut */
        {"\0\0\0\0\0\0\0\0", 8},                                /* no page */
        {"\0\x08\0\0\1\0\0\0", 8},                              /* the first behind the end */
        {"\0\0\0\0\xff\xff\xff\xff", 8},                        /* as long as can be */
        {"\xff\xff\xff\xff\xff\xff\xff\xff", 8},
        {"\5\0\0\0\1\0\0\0\5\0\0\0\1\0\0\0", 16},               /* twice */
    };
    struct world *w = *state;
    auto_free char *path = file_path("%s/" WORKING_SET_FILE, w->folder);
    struct working_set s;
    struct err e = {0};

    assert_int_equal(working_set_read(&s, w->folder, SIZE, &e), -ENOENT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(file_write_atomic(path, rows[i].bytes, rows[i].len, 0600, NULL), 0);
        assert_int_equal(working_set_read(&s, w->folder, SIZE, &e), -EINVAL);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_record__pages_that_were_touched_and_back_from_the_file),
        TEST(test_read__what_is_not_within_memory_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

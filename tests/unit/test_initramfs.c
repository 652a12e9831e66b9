/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read back by cpio(1). */
#include "core/initramfs.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/base/auto.h"

struct world {
    char *folder;
    struct paths paths;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    assert_non_null(w->paths.cache = file_path("%s/cache", w->folder));
    assert_int_equal(shell("printf '#!guest' > guest && mkdir m && echo module-zz > m/zz.ko && "
                           "echo module-aa | xz > m/aa.ko.xz && echo module-mm | zstd -q > m/mm-x.ko.zst && "
                           "echo module-gg | gzip > m/gg.ko.gz"), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    paths_release(&w->paths);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static char *make(struct world *w, char *const *modules)
{
    char *path = NULL;
    struct err e = {0};

    assert_ok(initramfs_make(&w->paths, "guest", modules, &path, &e), e);
    return path;
}

#define MODULES(...) (char *const[]){__VA_ARGS__, NULL}
#define ALL MODULES("m/zz.ko", "m/aa.ko.xz", "m/mm-x.ko.zst", "m/gg.ko.gz")

static void test_initramfs_make__cpio_reads_it_back(void **state)
{
    auto_free char *path = make(*state, ALL);

    assert_int_equal(shell("cpio -it --quiet < %s > list && printf '%%s\\n' dev proc sys root modules init "
                           "modules/000-zz.ko modules/001-aa.ko modules/002-mm-x.ko modules/003-gg.ko | "
                           "cmp - list", path), 0);
    assert_int_equal(shell("mkdir out && cd out && cpio -i --quiet < %s && test -x init && "
                           "cmp init ../guest && test -d dev -a -d proc -a -d sys -a -d root", path), 0);
}

/* The kernel takes modules as they are only unpacked, and in the order of their needs. */
static void test_initramfs_make__modules_are_unpacked_in_load_order(void **state)
{
    auto_free char *path = make(*state, ALL);

    assert_int_equal(shell("mkdir out && cd out && cpio -i --quiet < %s && "
                           "test \"$(cat modules/* | tr '\\n' ' ')\" = 'module-zz module-aa module-mm module-gg '",
                           path), 0);
}

static void test_initramfs_make__no_modules_at_all(void **state)
{
    auto_free char *path = make(*state, MODULES(NULL));

    assert_int_equal(shell("test \"$(cpio -it --quiet < %s | tr '\\n' ' ')\" = 'dev proc sys root modules init '",
                           path), 0);
}

static void test_initramfs_make__same_inputs_are_made_once(void **state)
{
    auto_free char *path = make(*state, ALL);
    auto_free char *again = NULL;
    struct stat first, second;

    assert_int_equal(stat(path, &first), 0);
    again = make(*state, ALL);
    assert_string_equal(again, path);
    assert_int_equal(stat(path, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    assert_int_equal(shell("cp %s one && rm %s", path, path), 0);
    free(make(*state, ALL));
    assert_int_equal(shell("cmp one %s", path), 0); /* the same bytes */
}

static void test_initramfs_make__other_inputs_are_another_file(void **state)
{
    auto_free char *path = make(*state, ALL);
    auto_free char *order = make(*state, MODULES("m/aa.ko.xz", "m/zz.ko", "m/mm-x.ko.zst", "m/gg.ko.gz"));
    auto_free char *changed = NULL;

    assert_string_not_equal(order, path);
    assert_int_equal(shell("printf '#!guest 2' > guest.new && mv guest.new guest"), 0);
    changed = make(*state, ALL);
    assert_string_not_equal(changed, path);
    assert_int_equal(shell("cd m && mkdir ../out && cd ../out && cpio -i --quiet < %s && cmp init ../guest",
                           changed), 0);
}

static void test_initramfs_make__errors_name_the_file_and_leave_nothing(void **state)
{
    static const struct {
        const char *module, *says;
    } cases[] = {{"m/none.ko", "module m/none.ko"}, {"m/cut.ko.xz", "module m/cut.ko.xz"},
                 {"m/empty.ko", "module m/empty.ko"}, {"./m", "module ./m"}};
    struct world *w = *state;
    char *path = NULL;

    assert_int_equal(shell("head -c 1M /dev/urandom | xz | head -c 500000 > m/cut.ko.xz; : > m/empty.ko"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};

        assert_true(initramfs_make(&w->paths, "guest", MODULES((char *)cases[i].module), &path, &e) < 0);
        assert_says(e, cases[i].says);
        assert_null(path);
    }
    {
        struct err e = {0};

        assert_true(initramfs_make(&w->paths, "no-guest", MODULES(NULL), &path, &e) < 0);
        assert_says(e, "no-guest");
        assert_null(path);
    }
    assert_int_equal(shell("test -z \"$(ls -A cache/initramfs)\""), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_initramfs_make__cpio_reads_it_back),
        TEST(test_initramfs_make__modules_are_unpacked_in_load_order),
        TEST(test_initramfs_make__no_modules_at_all),
        TEST(test_initramfs_make__same_inputs_are_made_once),
        TEST(test_initramfs_make__other_inputs_are_another_file),
        TEST(test_initramfs_make__errors_name_the_file_and_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

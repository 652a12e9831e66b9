/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where root mounts in a distro whose users lay links in the way. */
#include "vmm/guest/mount_point.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "tests/unit/fixture.h"

#define EVE "65432"

/* A folder as / is, below which another is eve's. */
static int set_up(void **state)
{
    char *folder = fixture_folder();

    if (geteuid() == 0)
        assert_int_equal(shell("cd %s && mkdir -p etc mnt home/eve && chown " EVE " home/eve && chmod 755 . home",
                               folder), 0);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    fixture_remove(*state);
    return 0;
}

/* Is what opens as `path` the folder `expected`? */
static void expect_folder(const char *folder, const char *path, const char *expected)
{
    auto_free char *at = file_path("%s/%s", folder, path);
    auto_free char *is = file_path("%s/%s", folder, expected);
    struct err e = {0};
    auto_close int fd = mount_point_open(at, &e);
    struct stat got, want;

    assert_string_equal(e.msg, "");
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &got), 0);
    assert_int_equal(stat(is, &want), 0);
    assert_int_equal(got.st_ino, want.st_ino);
}

static void expect_refused(const char *folder, const char *path, const char *says, int rc)
{
    auto_free char *at = file_path("%s/%s", folder, path);
    struct err e = {0};

    assert_int_equal(mount_point_open(at, &e), rc);
    assert_says(e, says);
}

static void test_mount_point__what_is_not_there_is_made(void **state)
{
    if (geteuid() != 0)
        skip();
    expect_folder(*state, "mnt/host", "mnt/host");
    expect_folder(*state, "home/eve/src//deep/", "home/eve/src/deep");
    expect_folder(*state, "mnt/./host/../other", "mnt/other");
    assert_int_equal(shell("touch %s/etc/passwd", (char *)*state), 0);
    expect_refused(*state, "etc/passwd/x", "passwd: Not a directory", -ENOTDIR);
}

static void test_mount_point__roots_links_are_followed(void **state)
{
    const char *folder = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(shell("cd %s && ln -s etc relative && ln -s %s/etc absolute && ln -s a b && ln -s b a", folder,
                           folder), 0);
    expect_folder(folder, "relative/sub", "etc/sub");
    expect_folder(folder, "absolute/sub", "etc/sub");
    expect_refused(folder, "a", "Too many levels", -ELOOP);
}

static void test_mount_point__others_links_are_not(void **state)
{
    const char *folder = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(shell("cd %s/home/eve && ln -s ../../etc hers && chown -h " EVE " hers && ln -s ../../etc roots && "
                           "ln -s ../../etc ../hers && chown -h " EVE " ../hers", folder), 0);
    expect_refused(folder, "home/eve/hers", "others than root may have laid", -EPERM);
    expect_refused(folder, "home/eve/hers/sub", "others than root may have laid", -EPERM);
    expect_refused(folder, "home/eve/roots", "others than root may have laid", -EPERM);
    expect_refused(folder, "home/hers", "others than root may have laid", -EPERM);
    assert_int_equal(shell("test -z \"$(ls %s/etc)\"", folder), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_mount_point__what_is_not_there_is_made),
        T(test_mount_point__roots_links_are_followed),
        T(test_mount_point__others_links_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

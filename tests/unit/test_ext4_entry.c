/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry carries: attributes, device numbers, targets, other names, extended attributes. */
#include "core/image/ext4.h"

#include "tests/unit/fixture_ext4.h"

#include <errno.h>
#include <limits.h>
#include <sys/sysmacros.h>

/* --- kinds of entries --- */

static void test_ext4_add__attributes_are_kept(void **state)
{
    struct ext4_attr a = {.mode = S_IFREG | 06754, .uid = 4000000000, .gid = 70000,
                          .atime = {1, 2}, .mtime = {4294967296LL + 5, 999999999}};
    struct world *w = *state;
    struct err e = {0};

    assert_ok(ext4_add(w->x, "f", &a, NULL, &e), e);
    finish(w);
    assert_debugfs("stat f", "Mode:  06754");
    /* debugfs prints 32 bits as signed */
    assert_debugfs("stat f", "User: -294967296 +Group: 70000 ");
    assert_debugfs("stat f", "mtime: 0x00000005:ee6b27fd"); /* epoch 1, 999999999 << 2 */
    assert_debugfs("stat f", "atime: 0x00000001:00000008");
}

/* What the 34 bits of an ext4 time cannot hold becomes the nearest time that they can. */
static void test_ext4_add__times_out_of_range_are_clamped(void **state)
{
    static const struct {
        const char *name;
        struct timespec t;
        const char *expected;
    } cases[] = {
        {"max", {INT64_MAX, 999999999}, "mtime: 0x7fffffff:ee6b27ff"},
        {"min", {INT64_MIN, 0}, "mtime: 0x80000000:00000000"},
        {"last", {0x37fffffff, 0}, "mtime: 0x7fffffff:00000003"},
        {"first", {-0x80000000LL, 0}, "mtime: 0x80000000:00000000"},
        {"minus", {-1, 0}, "mtime: 0xffffffff:00000000"},
        {"2038", {0x80000000LL, 0}, "mtime: 0x80000000:00000001"},
        {"nsec", {7, LONG_MAX}, "mtime: 0x00000007:00000000"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ext4_attr a = {.mode = S_IFREG | 0644, .mtime = cases[i].t};
        struct err e = {0};

        assert_ok(ext4_add(w->x, cases[i].name, &a, NULL, &e), e);
    }
    finish(w);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *request = file_path("stat %s", cases[i].name);

        assert_debugfs(request, cases[i].expected);
    }
}

static void test_ext4_add__device_nodes_fifos_and_sockets(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
        unsigned major, minor;
        const char *type, *number;
    } cases[] = {
        {"null", S_IFCHR | 0666, 1, 3, "Type: character special", "number: 01:03"},
        {"sda", S_IFBLK | 0660, 8, 255, "Type: block special", "number: 08:255"},
        {"large", S_IFBLK | 0660, 259, 70000, "Type: block special", "number: 259:70000"},
        {"minor", S_IFCHR | 0660, 4, 256, "Type: character special", "number: 04:256"},
        {"fifo", S_IFIFO | 0600, 0, 0, "Type: FIFO", "Size: 0"},
        {"socket", S_IFSOCK | 0755, 0, 0, "Type: socket", "Size: 0"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ext4_attr a = {.mode = cases[i].mode, .device = makedev(cases[i].major, cases[i].minor)};
        struct err e = {0};

        assert_ok(ext4_add(w->x, cases[i].name, &a, NULL, &e), e);
    }
    finish(w);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *request = file_path("stat %s", cases[i].name);

        assert_debugfs(request, cases[i].type);
        assert_debugfs(request, cases[i].number);
    }
}

static void test_ext4_add__links_short_and_long(void **state)
{
    struct world *w = *state;
    char target[4000];

    for (size_t len = 1; len < sizeof(target); len = len * 2 - len / 3 + 1) {
        auto_free char *name = file_path("l%zu", len);

        memset(target, 't', len);
        target[len] = '\0';
        add_link(w, name, target);
    }
    memset(target, 't', 61);
    target[59] = '\0';
    add_link(w, "fast", target); /* fits the inode */
    target[59] = 't', target[60] = '\0';
    add_link(w, "slow", target);
    finish(w);
    for (size_t len = 1; len < sizeof(target); len = len * 2 - len / 3 + 1) {
        auto_free char *request = file_path("stat l%zu", len);
        auto_free char *size = file_path("Size: %zu$", len);

        assert_debugfs(request, size);
    }
    assert_debugfs("stat fast", "Fast link dest");
    assert_debugfs("stat slow", "Size: 60$");
    assert_debugfs("stat slow", "EXTENTS");
}

/* --- hard links --- */

static void test_ext4_link__counts_names(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    add_file(w, "a", "data"); /* still open for writing when it is linked */
    assert_ok(ext4_link(w->x, "sub/b", "a", &e), e);
    assert_ok(ext4_write(w->x, 4, "more", 4, &e), e);
    assert_ok(ext4_link(w->x, "c", "sub/b", &e), e);
    add_file(w, "c", "other"); /* takes one of the names away */
    add_link(w, "l", "a");
    assert_ok(ext4_link(w->x, "m", "l", &e), e); /* of the link itself */
    finish(w);
    assert_debugfs("stat a", "Links: 2 ");
    assert_debugfs("cat sub/b", "^datamore$");
    assert_debugfs("cat c", "^other$");
    assert_debugfs("stat m", "Type: symlink");
    assert_debugfs("stat m", "Links: 2 ");
}

static void test_ext4_link__to_itself_by_any_spelling_changes_nothing(void **state)
{
    static const char *const spellings[] = {"d/a", "./d/a", "d//a", "l/a", "d/./a", "l/./a"};
    struct world *w = *state;
    struct err e = {0};

    add_file(w, "d/a", "data");
    add_link(w, "l", "d");
    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++)
        assert_ok(ext4_link(w->x, spellings[i], "d/a", &e), e);
    finish(w);
    assert_debugfs("stat d/a", "Links: 1 ");
    assert_debugfs("cat d/a", "^data$");
}

static void test_ext4_link__needs_a_file_that_is_there(void **state)
{
    static const char *const wrong[] = {"none", "d", ".", "", "../a", "/a", "d/../a", "a/b"};
    struct world *w = *state;

    add_file(w, "a", "data");
    add(w, "d", S_IFDIR | 0755);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err e = {0};

        assert_int_equal(ext4_link(w->x, "new", wrong[i], &e), -EINVAL);
        assert_says(e, "hard link");
    }
    finish(w);
}

/* --- extended attributes --- */

static void test_ext4_set_xattrs__small_many_and_acl(void **state)
{
    /* linux/posix_acl_xattr.h: version 2; u::rw-, u:5:r--, g::r--, m::r--, o::--- */
    static const uint8_t acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 5, 0, 0, 0,
                                  4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255,
                                  32, 0, 0, 0, 255, 255, 255, 255};
    char big[2000];
    const struct ext4_xattr list[] = {
        {"user.small", "v", 1}, {"user.empty", "", 0}, {"security.capability", "\1\0\0\2", 4},
        {"trusted.big", big, sizeof(big)}, {"system.posix_acl_access", acl, sizeof(acl)},
    };
    struct world *w = *state;
    struct err e = {0};

    memset(big, 'B', sizeof(big));
    add_file(w, "f", "data");
    assert_ok(ext4_set_xattrs(w->x, list, ARRAY_SIZE(list), &e), e);
    assert_ok(ext4_write(w->x, 4, "+more", 5, &e), e);
    add(w, "d", S_IFDIR | 0755);
    assert_ok(ext4_set_xattrs(w->x, list, ARRAY_SIZE(list), &e), e);
    add_file(w, "gone", "x");
    assert_ok(ext4_set_xattrs(w->x, list, ARRAY_SIZE(list), &e), e);
    add_file(w, "gone", "replaced"); /* its attribute block is free again */
    finish(w);
    for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
        assert_debugfs("ea_list f", list[i].name);
        assert_debugfs("ea_list d", list[i].name);
    }
    assert_debugfs("cat f", "^data\\+more$");
    assert_debugfs("ea_get f user.small", "^v$|\"v\"");
    assert_int_equal(shell("debugfs -R 'ea_list gone' i 2>/dev/null | grep -q user"), 1);
}

/* As tars of other systems have them. */
static void test_ext4_set_xattrs__in_no_namespace_are_left_out(void **state)
{
    const struct ext4_xattr list[] = {
        {"com.apple.quarantine", "v", 1}, {"syst", "v", 1}, {"system.other", "v", 1}, {"", "v", 1},
        {"system.posix_acl_access.not", "v", 1}, {"user.kept", "v", 1},
    };
    struct world *w = *state;
    struct err e = {0};

    add_file(w, "f", "data");
    assert_ok(ext4_set_xattrs(w->x, list, ARRAY_SIZE(list), &e), e);
    add_file(w, "g", "data");
    assert_ok(ext4_set_xattrs(w->x, list, ARRAY_SIZE(list) - 1, &e), e);
    finish(w);
    assert_debugfs("ea_get f user.kept", "^v$|\"v\"");
    assert_int_equal(shell("debugfs -R 'ea_list f' i 2>/dev/null | grep -q -e apple -e syst"), 1);
    assert_int_equal(shell("debugfs -R 'ea_list g' i 2>/dev/null | grep -q -e apple -e syst"), 1);
}

static void test_ext4_set_xattrs__too_large_is_told(void **state)
{
    struct world *w = *state;
    static char big[70000];
    const struct ext4_xattr list[] = {{"user.big", big, sizeof(big)}};
    struct err e = {0};

    add_file(w, "f", "data");
    assert_true(ext4_set_xattrs(w->x, list, 1, &e) < 0);
    assert_says(e, "f: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ext4_add__attributes_are_kept),
        TEST(test_ext4_add__times_out_of_range_are_clamped),
        TEST(test_ext4_add__device_nodes_fifos_and_sockets),
        TEST(test_ext4_add__links_short_and_long),
        TEST(test_ext4_link__counts_names),
        TEST(test_ext4_link__to_itself_by_any_spelling_changes_nothing),
        TEST(test_ext4_link__needs_a_file_that_is_there),
        TEST(test_ext4_set_xattrs__small_many_and_acl),
        TEST(test_ext4_set_xattrs__in_no_namespace_are_left_out),
        TEST(test_ext4_set_xattrs__too_large_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

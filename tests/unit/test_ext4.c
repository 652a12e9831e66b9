/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judged by e2fsck and debugfs, which know nothing of how the image was made. */
#include "core/ext4.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/auto.h"

#define MIB (1ULL << 20)

struct world {
    char *folder;
    struct ext4 *x;
};

static void new_image(struct world *w, uint64_t size)
{
    struct err e = {0};

    unlink("i");
    w->x = ext4_new("i", size, &e);
    if (!w->x)
        fail_msg("%s", e.msg);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_folder();
    assert_int_equal(chdir(w->folder), 0);
    new_image(w, 64 * MIB);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    ext4_free(w->x);
    assert_int_equal(chdir("/"), 0);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static void finish(struct world *w)
{
    struct err e = {0};

    assert_ok(ext4_finish(w->x, &e), e);
    ext4_free(steal_ptr(&w->x));
    assert_int_equal(shell("e2fsck -fn i > fsck.log 2>&1 || { cat fsck.log; false; }"), 0);
}

static void assert_debugfs(const char *request, const char *expected)
{
    if (shell("debugfs -R '%s' i 2>/dev/null | grep -aqE -- '%s'", request, expected) != 0)
        fail_msg("debugfs -R '%s': no line like '%s'", request, expected);
}

static void add(struct world *w, const char *path, mode_t mode)
{
    struct ext4_attr a = {.mode = mode};
    struct err e = {0};

    assert_ok(ext4_add(w->x, path, &a, NULL, &e), e);
}

static void add_link(struct world *w, const char *path, const char *target)
{
    struct ext4_attr a = {.mode = S_IFLNK | 0777};
    struct err e = {0};

    assert_ok(ext4_add(w->x, path, &a, target, &e), e);
}

static void add_file(struct world *w, const char *path, const char *text)
{
    struct err e = {0};

    add(w, path, S_IFREG | 0644);
    assert_ok(ext4_write(w->x, 0, text, strlen(text), &e), e);
}

/* --- empty file systems --- */

static void test_ext4_new__every_size_is_clean(void **state)
{
    static const uint64_t sizes[] = {16 * MIB, 16 * MIB + 4095, 100 * MIB, 129 * MIB, 8192 * MIB, 32768 * MIB};
    struct world *w = *state;
    struct stat st;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        ext4_free(w->x);
        new_image(w, sizes[i]);
        finish(w);
        assert_int_equal(stat("i", &st), 0);
        assert_int_equal(st.st_size, sizes[i] & ~4095ULL);
        assert_true((uint64_t)st.st_blocks * 512 < 80 * MIB); /* sparse */
    }
}

static void test_ext4_new__replaces_no_file(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(shell("echo keep > other && ln -s other link"), 0);
    assert_null(ext4_new("other", 64 * MIB, &e));
    assert_int_equal(e.code, EEXIST);
    assert_null(ext4_new("link", 64 * MIB, &e));
    assert_null(ext4_new("none/i", 64 * MIB, &e));
    assert_int_equal(e.code, ENOENT);
    assert_int_equal(shell("grep -q keep other"), 0);
}

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
        auto_free char *name = file_path("l%zu", len), *request = file_path("stat l%zu", len);
        auto_free char *size = file_path("Size: %zu$", len);

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
    assert_debugfs("stat fast", "Fast link dest");
    assert_debugfs("stat slow", "Size: 60$");
    assert_debugfs("stat slow", "EXTENTS");
}

/* --- data --- */

static void test_ext4_write__holes_take_no_room(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    add(w, "sparse", S_IFREG | 0644);
    assert_ok(ext4_write(w->x, 3, "a", 1, &e), e);
    assert_ok(ext4_write(w->x, 1ULL << 40, "end", 3, &e), e);
    add(w, "hole", S_IFREG | 0644);
    assert_ok(ext4_set_size(w->x, 5 * MIB, &e), e);
    finish(w);
    assert_debugfs("stat sparse", "Size: 1099511627779$");
    assert_debugfs("stat sparse", "Blockcount: 16$");
    assert_debugfs("stat hole", "Size: 5242880$");
    assert_debugfs("stat hole", "Blockcount: 0$");
}

static void test_ext4_write__bytes_come_back(void **state)
{
    struct world *w = *state;
    auto_free char *bytes = malloc(3000001);
    struct err e = {0};

    srand(1);
    for (size_t i = 0; i < 3000001; i++)
        bytes[i] = (char)rand();
    assert_int_equal(file_write_atomic("expected", bytes, 3000001, 0600, NULL), 0);
    add(w, "f", S_IFREG | 0644);
    for (size_t at = 0; at < 3000001;) { /* pieces that cross blocks at every place */
        size_t len = at + 12345 < 3000001 ? 12345 : 3000001 - at;

        assert_ok(ext4_write(w->x, at, bytes + at, len, &e), e);
        at += len;
    }
    finish(w);
    assert_int_equal(shell("debugfs -R 'dump f got' i 2>/dev/null && cmp got expected"), 0);
}

static void test_ext4_write__a_size_no_file_can_have_is_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    add(w, "f", S_IFREG | 0644);
    assert_int_equal(ext4_write(w->x, 1ULL << 60, "x", 1, &e), -EFBIG);
    assert_says(e, "too large");
    add(w, "g", S_IFREG | 0644);
    assert_true(ext4_set_size(w->x, UINT64_MAX, &e) < 0);
}

static void test_ext4_write__only_to_a_file(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    assert_int_equal(ext4_write(w->x, 0, "x", 1, &e), -EINVAL);
    add(w, "d", S_IFDIR | 0755);
    assert_int_equal(ext4_write(w->x, 0, "x", 1, &e), -EINVAL);
    add_link(w, "l", "d");
    assert_int_equal(ext4_write(w->x, 0, "x", 1, &e), -EINVAL);
    finish(w);
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

/* --- names and folders --- */

static void test_ext4_add__thousands_of_files_and_long_names(void **state)
{
    char name[NAME_MAX + 3] = "d/";
    struct world *w = *state;
    struct err e = {0};

    ext4_free(w->x);
    new_image(w, 256 * MIB); /* 16384 inodes */
    for (int i = 0; i < 3000; i++) {
        snprintf(name + 2, sizeof(name) - 2, "%0*d", i % NAME_MAX + 1 < 5 ? 5 : i % NAME_MAX + 1, i);
        add(w, name, S_IFREG | 0644);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "folders/%d/x", i);
        add(w, name, S_IFDIR | 0700);
    }
    memset(name, 'n', 256);
    name[256] = '\0';
    assert_int_equal(ext4_add(w->x, name, &(struct ext4_attr){.mode = S_IFREG}, NULL, &e), -ENAMETOOLONG);
    finish(w);
    assert_debugfs("stat d/00000", "Type: regular");
    assert_int_equal(shell("test $(debugfs -R 'ls -p d' i 2>/dev/null | grep -c /1006) = 3000"), 0);
    assert_debugfs("stat folders", "Links: 1002 ");
}

static void test_ext4_add__bad_paths_are_refused(void **state)
{
    static const char *const wrong[] = {"/etc", "..", "a/..", "../a", "a/../b", "a//../b", "./.."};
    struct world *w = *state;
    struct ext4_attr a = {.mode = S_IFREG | 0644};

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err e = {0};

        assert_int_equal(ext4_add(w->x, wrong[i], &a, NULL, &e), -EINVAL);
    }
    add(w, "...", S_IFDIR | 0755);
    add(w, ".../..a/b..", S_IFREG | 0644);
    add(w, "./", S_IFDIR | 0700); /* the root itself */
    finish(w);
    assert_debugfs("stat .../..a/b..", "Type: regular");
    assert_debugfs("stat /", "Mode:  0700");
}

static void test_ext4_add__replaces_files_and_keeps_folders(void **state)
{
    struct world *w = *state;
    struct ext4_attr file = {.mode = S_IFREG | 0644};
    struct err e = {0};

    add_file(w, "d/f", "old");
    assert_int_equal(ext4_add(w->x, "d", &file, NULL, &e), -EEXIST);
    assert_int_equal(ext4_add(w->x, "lost+found", &file, NULL, &e), -EEXIST);
    add(w, "d", S_IFDIR | 0711);
    add_link(w, "d/f", "now-a-link");
    add(w, "d/f", S_IFIFO | 0600);
    add(w, "d/f", S_IFDIR | 0700);
    add_file(w, "d/f/g", "deep");
    add_file(w, "lost+found/x", "kept");
    finish(w);
    assert_debugfs("stat d", "Mode:  0711");
    assert_debugfs("cat d/f/g", "^deep$");
    assert_debugfs("cat lost+found/x", "^kept$");
}

static void test_ext4__full_disks_are_told(void **state)
{
    struct world *w = *state;
    static char bytes[MIB];
    struct err e = {0};
    int r = 0, n = 0;

    ext4_free(w->x);
    new_image(w, 16 * MIB);
    add(w, "big", S_IFREG | 0644);
    memset(bytes, 'x', sizeof(bytes));
    for (; r == 0 && n < 32; n++)
        r = ext4_write(w->x, (uint64_t)n * MIB, bytes, sizeof(bytes), &e);
    assert_int_equal(r, -ENOSPC);
    assert_says(e, "it does not fit on a disk of 16 MiB; give a larger disk_size");
    assert_true(n > 8);
    ext4_free(w->x);
    new_image(w, 16 * MIB); /* 1024 inodes */
    for (r = n = 0; r == 0 && n < 2000; n++) {
        auto_free char *name = file_path("f%d", n);

        r = ext4_add(w->x, name, &(struct ext4_attr){.mode = S_IFREG | 0644}, NULL, &e);
    }
    assert_int_equal(r, -ENOSPC);
    assert_says(e, "give a larger disk_size");
    assert_true(n > 900);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ext4_new__every_size_is_clean),
        TEST(test_ext4_new__replaces_no_file),
        TEST(test_ext4_add__attributes_are_kept),
        TEST(test_ext4_add__times_out_of_range_are_clamped),
        TEST(test_ext4_add__device_nodes_fifos_and_sockets),
        TEST(test_ext4_add__links_short_and_long),
        TEST(test_ext4_write__holes_take_no_room),
        TEST(test_ext4_write__bytes_come_back),
        TEST(test_ext4_write__a_size_no_file_can_have_is_refused),
        TEST(test_ext4_write__only_to_a_file),
        TEST(test_ext4_link__counts_names),
        TEST(test_ext4_link__to_itself_by_any_spelling_changes_nothing),
        TEST(test_ext4_link__needs_a_file_that_is_there),
        TEST(test_ext4_set_xattrs__small_many_and_acl),
        TEST(test_ext4_set_xattrs__too_large_is_told),
        TEST(test_ext4_add__thousands_of_files_and_long_names),
        TEST(test_ext4_add__bad_paths_are_refused),
        TEST(test_ext4_add__replaces_files_and_keeps_folders),
        TEST(test_ext4__full_disks_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

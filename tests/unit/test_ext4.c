/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems, data, names and folders; what an entry carries is in test_ext4_entry.c. */
#include "core/image/ext4.h"

#include "tests/unit/fixture_ext4.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>

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

/* RLIMIT_FSIZE stands for a file system whose files end earlier; a real one says EFBIG just so. */
static void test_ext4_new__a_disk_too_large_for_the_host_is_told(void **state)
{
    const struct rlimit small = {MIB, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    struct err e = {0};

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_null(ext4_new("large", 64 * MIB, &e));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(e.code, EFBIG);
    assert_says(e, "give a smaller disk_size");
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
        TEST(test_ext4_new__a_disk_too_large_for_the_host_is_told),
        TEST(test_ext4_new__replaces_no_file),
        TEST(test_ext4_write__holes_take_no_room),
        TEST(test_ext4_write__bytes_come_back),
        TEST(test_ext4_write__a_size_no_file_can_have_is_refused),
        TEST(test_ext4_write__only_to_a_file),
        TEST(test_ext4_add__thousands_of_files_and_long_names),
        TEST(test_ext4_add__bad_paths_are_refused),
        TEST(test_ext4_add__replaces_files_and_keeps_folders),
        TEST(test_ext4__full_disks_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

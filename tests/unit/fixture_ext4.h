/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image for every test, judged by e2fsck and debugfs, which know nothing of how it was made. */
#ifndef TESTS_UNIT_FIXTURE_EXT4_H
#define TESTS_UNIT_FIXTURE_EXT4_H

#include "tests/unit/fixture.h"

#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/image/ext4.h"

#define MIB (1ULL << 20)

struct world {
    char *folder;
    struct ext4 *x;
};

static inline void new_image(struct world *w, uint64_t size)
{
    struct err e = {0};

    unlink("i");
    w->x = ext4_new("i", size, &e);
    if (!w->x)
        fail_msg("%s", e.msg);
}

static inline int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_folder();
    assert_int_equal(chdir(w->folder), 0);
    new_image(w, 64 * MIB);
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;

    ext4_free(w->x);
    assert_int_equal(chdir("/"), 0);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static inline void finish(struct world *w)
{
    struct err e = {0};

    assert_ok(ext4_finish(w->x, &e), e);
    ext4_free(steal_ptr(&w->x));
    assert_int_equal(shell("e2fsck -fn i > fsck.log 2>&1 || { cat fsck.log; false; }"), 0);
}

static inline void assert_debugfs(const char *request, const char *expected)
{
    if (shell("debugfs -R '%s' i 2>/dev/null | grep -aqE -- '%s'", request, expected) != 0)
        fail_msg("debugfs -R '%s': no line like '%s'", request, expected);
}

static inline void add(struct world *w, const char *path, mode_t mode)
{
    struct ext4_attr a = {.mode = mode};
    struct err e = {0};

    assert_ok(ext4_add(w->x, path, &a, NULL, &e), e);
}

static inline void add_link(struct world *w, const char *path, const char *target)
{
    struct ext4_attr a = {.mode = S_IFLNK | 0777};
    struct err e = {0};

    assert_ok(ext4_add(w->x, path, &a, target, &e), e);
}

static inline void add_file(struct world *w, const char *path, const char *text)
{
    struct err e = {0};

    add(w, path, S_IFREG | 0644);
    assert_ok(ext4_write(w->x, 0, text, strlen(text), &e), e);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/seen.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/auto.h"

#define SECOND_NS 1000000000LL

/* The distro's own, and what is known of its machine's last run. */
static const struct {
    bool state;
    const char *file;
} places[] = {
    {false, ""}, {false, "/distro.conf"}, {false, "/root.img"}, {false, "/layers"}, {false, "/memory"}, {true, "/run.json"},
};
_Static_assert(ARRAY_SIZE(places) == SEEN_FILES, "one for each");

static int64_t in_ns(struct timespec t)
{
    return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static struct seen_file look(const struct paths *p, const char *name, unsigned i)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s/%s%s", places[i].state ? p->state : p->data, places[i].state ? "machines" : "distros",
             name, places[i].file);
    if (stat(path, &st) < 0)
        return (struct seen_file){0};
    return (struct seen_file){.inode = st.st_ino, .written_ns = in_ns(st.st_mtim), .changed_ns = in_ns(st.st_ctim),
                              .size = st.st_size, .blocks = st.st_blocks};
}

static bool is_same(const struct seen_file *a, const struct seen_file *b)
{
    return a->inode == b->inode && a->written_ns == b->written_ns && a->changed_ns == b->changed_ns && a->size == b->size &&
           a->blocks == b->blocks;
}

bool seen_same(struct seen *s, const struct paths *p, const char *name, time_t at)
{
    int64_t before = (at - 2) * SECOND_NS;
    bool same = true, folder = false;

    for (unsigned i = 0; i < SEEN_FILES; i++) {
        struct seen_file *then = &s->file[i], now = *then;

        /* Into a folder that is as it was no file has come that was not there. */
        if (now.inode || !folder || places[i].state)
            now = look(p, name, i);
        same &= is_same(&now, then) && now.written_ns < before && now.changed_ns < before;
        folder = i == 0 ? same : folder;
        *then = now;
    }
    return same;
}

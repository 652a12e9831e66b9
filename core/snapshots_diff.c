/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshots_diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/disk/chain.h"
#include "core/image/ext4_disk.h"
#include "core/plain.h"

#define DEPTH_MAX 256
#define LINES_MAX 1000000

/* One of the two disks. */
struct side {
    struct chain *chain;
    ext2_filsys fs;
    ext2fs_inode_bitmap seen; /* folders: each is entered once, wherever hostile entries lead */
};

struct diff {
    struct side a, b;
    const struct snapshots_work *work;
    FILE *out;
    unsigned lines;
};

/* --- a folder's entries --- */

struct entry {
    char *name;
    ext2_ino_t ino;
};
struct entries {
    struct entry *list;
    size_t n, room;
    bool failed;
};

static int keep_entry(struct ext2_dir_entry *d, int offset, int size, char *buf, void *ctx)
{
    struct entries *x = ctx;
    int len = ext2fs_dirent_name_len(d);

    (void)offset;
    (void)size;
    (void)buf;
    if (d->inode == 0 || len == 0 || (d->name[0] == '.' && (len == 1 || (len == 2 && d->name[1] == '.'))))
        return 0;
    if (x->n == x->room) {
        struct entry *more = realloc(x->list, (x->room + 32) * 2 * sizeof(*more));

        if (!more) {
            x->failed = true;
            return DIRENT_ABORT;
        }
        x->list = more;
        x->room = (x->room + 32) * 2;
    }
    x->list[x->n].name = strndup(d->name, (size_t)len);
    x->list[x->n].ino = d->inode;
    x->failed |= !x->list[x->n++].name;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void release(struct entries *x)
{
    for (size_t i = 0; i < x->n; i++)
        free(x->list[i].name);
    free(x->list);
}

/* ino 0: none, an empty folder. */
static void read_folder(struct side *s, ext2_ino_t ino, struct entries *x)
{
    *x = (struct entries){0};
    if (ino == 0 || ext2fs_test_inode_bitmap2(s->seen, ino))
        return;
    ext2fs_mark_inode_bitmap2(s->seen, ino);
    if (ext2fs_dir_iterate(s->fs, ino, 0, NULL, keep_entry, x) != 0 || x->failed) {
        release(x); /* a damaged folder is told as if it were empty */
        *x = (struct entries){0};
        return;
    }
    if (x->n)
        qsort(x->list, x->n, sizeof(*x->list), by_name);
}

/* --- the comparison --- */

static bool read_inode(struct side *s, ext2_ino_t ino, struct ext2_inode_large *i)
{
    memset(i, 0, sizeof(*i));
    return ino && ino <= s->fs->super->s_inodes_count &&
           ext2fs_read_inode_full(s->fs, ino, (struct ext2_inode *)i, sizeof(*i)) == 0;
}

static bool is_same(const struct ext2_inode_large *a, const struct ext2_inode_large *b)
{
    return a->i_mode == b->i_mode && a->i_uid == b->i_uid && a->osd2.linux2.l_i_uid_high == b->osd2.linux2.l_i_uid_high &&
           a->i_gid == b->i_gid && a->osd2.linux2.l_i_gid_high == b->osd2.linux2.l_i_gid_high &&
           a->i_size == b->i_size && a->i_size_high == b->i_size_high && a->i_mtime == b->i_mtime &&
           a->i_mtime_extra == b->i_mtime_extra && a->i_ctime == b->i_ctime && a->i_ctime_extra == b->i_ctime_extra &&
           a->i_generation == b->i_generation;
}

/* A folder's times change with its entries, which are told themselves. */
static bool is_same_folder(const struct ext2_inode_large *a, const struct ext2_inode_large *b)
{
    return a->i_mode == b->i_mode && a->i_uid == b->i_uid && a->i_gid == b->i_gid;
}

static void say(struct diff *d, char kind, const char *path)
{
    auto_free char *plain = plain_dup(path, false);

    if (d->lines++ < LINES_MAX)
        fprintf(d->out, "%c %s\n", kind, plain ? plain : "");
}

static void compare_folders(struct diff *d, ext2_ino_t a, ext2_ino_t b, const char *path, int depth);

/* `a` or `b` 0: the other side has no such name. */
static void compare_entry(struct diff *d, ext2_ino_t a, ext2_ino_t b, const char *path, int depth)
{
    struct ext2_inode_large x, y;
    bool has_a = read_inode(&d->a, a, &x), has_b = read_inode(&d->b, b, &y);
    bool folder_a = has_a && S_ISDIR(x.i_mode), folder_b = has_b && S_ISDIR(y.i_mode);

    if (has_a && has_b && folder_a != folder_b) {
        compare_entry(d, a, 0, path, depth);
        compare_entry(d, 0, b, path, depth);
        return;
    }
    if (has_a && has_b && !(folder_a ? is_same_folder(&x, &y) : a == b && is_same(&x, &y)))
        say(d, 'M', path);
    else if (has_a && !has_b)
        say(d, '-', path);
    else if (has_b && !has_a)
        say(d, '+', path);
    if (folder_a || folder_b)
        compare_folders(d, folder_a ? a : 0, folder_b ? b : 0, path, depth + 1);
}

static void compare_folders(struct diff *d, ext2_ino_t a, ext2_ino_t b, const char *path, int depth)
{
    struct entries x, y;
    size_t i = 0, j = 0;

    if (depth > DEPTH_MAX || (d->work->cancel && *d->work->cancel))
        return;
    read_folder(&d->a, a, &x);
    read_folder(&d->b, b, &y);
    while (i < x.n || j < y.n) {
        int order = i == x.n ? 1 : j == y.n ? -1 : strcmp(x.list[i].name, y.list[j].name);
        auto_free char *full = file_path("%s/%s", path, (order <= 0 ? x.list[i] : y.list[j]).name);

        if (full)
            compare_entry(d, order <= 0 ? x.list[i].ino : 0, order >= 0 ? y.list[j].ino : 0, full, depth);
        i += order <= 0;
        j += order >= 0;
    }
    release(&x);
    release(&y);
}

/* --- the two sides --- */

static struct chain *open_files(char **files, struct err *e)
{
    struct chain_layer layers[SNAPSHOTS_DEPTH_MAX + 2];
    unsigned n = 0;

    for (; files[n] && n < SNAPSHOTS_DEPTH_MAX + 2; n++)
        layers[n] = (struct chain_layer){files[n], strcmp(snapshots_format(files[n]), "qcow2") == 0};
    return chain_open(layers, n, e);
}

static int open_side(struct diff *d, struct side *s, const struct snapshots *tree, const struct snapshot *of,
                     struct err *e)
{
    char **files = snapshots_files(tree, of);

    s->chain = files ? open_files(files, e) : NULL;
    snapshots_free_files(files);
    if (!s->chain || ext4_disk_open(s->chain, &s->fs, e) < 0)
        return -EIO;
    if (ext2fs_has_feature_journal_needs_recovery(s->fs->super))
        fprintf(d->out, "# %s was not unmounted or held still: what only its journal holds is not seen here\n",
                of ? of->name : "the disk");
    return ext2fs_allocate_inode_bitmap(s->fs, "folders seen", &s->seen) ? err_sys(e, ENOMEM, "diff") : 0;
}

static void close_side(struct side *s)
{
    if (s->seen)
        ext2fs_free_inode_bitmap(s->seen);
    if (s->fs)
        ext2fs_free(s->fs);
    chain_close(s->chain);
}

static int compare(struct diff *d, const struct snapshots *s, const char *a, const char *b, struct err *e)
{
    const struct snapshot *first = snapshots_get(s, a, e), *second = b && first ? snapshots_get(s, b, e) : NULL;
    int r = first && (second || !b) ? 0 : -ENOENT;

    if (r == 0)
        r = open_side(d, &d->a, s, first, e);
    if (r == 0)
        r = open_side(d, &d->b, s, second, e);
    if (r == 0)
        compare_folders(d, EXT2_ROOT_INO, EXT2_ROOT_INO, "", 0);
    if (r == 0 && d->lines > LINES_MAX)
        fprintf(d->out, "# and %u more\n", d->lines - LINES_MAX);
    if (r == 0 && d->work->cancel && *d->work->cancel)
        r = err_set(e, ECANCELED, "cancelled");
    close_side(&d->a);
    close_side(&d->b);
    return r;
}

int snapshots_diff(const struct paths *p, const char *distro, const char *a, const char *b,
                   const struct snapshots_work *work, char **text, struct err *e)
{
    struct diff d = {.work = work};
    struct snapshots s;
    size_t len;
    int r = snapshots_load(p, distro, &s, e);

    if (r < 0)
        return r;
    d.out = open_memstream(text, &len);
    r = d.out ? compare(&d, &s, a, b, e) : err_sys(e, ENOMEM, "diff");
    if (d.out)
        fclose(d.out);
    snapshots_release(&s);
    if (r < 0 && d.out)
        free(*text);
    if (r < 0)
        *text = NULL;
    return r;
}

char *snapshots_diff_words(const char *text)
{
    char *words = NULL;
    size_t len;
    FILE *f = open_memstream(&words, &len);

    if (!f)
        return NULL;
    if (!*text)
        fputs("There is no difference.\n", f);
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        if (end - text < 3 || *text == '#')
            fprintf(f, "Note: %.*s.\n", (int)(end - text < 2 ? 0 : end - text - 2), text + 2);
        else
            fprintf(f, "%.*s: %s.\n", (int)(end - text - 2), text + 2,
                    *text == '+' ? "added" : *text == '-' ? "removed" : "changed");
    fclose(f);
    return words;
}

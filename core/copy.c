/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define PIECE (4u << 20)   /* read at once: many messages in flight */
#define HOLE 65536u        /* zeroes that are worth a hole */
#define DEPTH_MAX 256      /* of a folder in folders: a hostile tree could have no end */

static int copy_entry(struct copy *c, int64_t from, int64_t to, const char *name, const char *as,
                      unsigned depth, struct err *e);

/* Of a path, as the person wrote it. */
static int path_error(const struct tree *t, const char *path, int rc, struct err *e)
{
    return err_sys(e, -rc, "%s%s%s", t->distro ? t->distro : "", t->distro ? ":" : "", path);
}

static int cancelled(const struct copy *c, struct err *e)
{
    return c->cancel && *c->cancel ? err_set(e, ECANCELED, "cancelled") : 0;
}

/* --- One file ------------------------------------------------------------------------------------ */

static bool all_zero(const char *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static int write_all(struct copy *c, int64_t to, const char *bytes, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t n = c->to.ops->write(&c->to, to, bytes, len, offset);

        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        bytes += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

/* What is not zero, in as few writes as there are runs of it. */
static int write_piece(struct copy *c, int64_t to, const char *bytes, size_t len, uint64_t offset)
{
    int rc = 0;

    for (size_t at = 0, end; rc == 0 && at < len; at = end) {
        for (end = at; end < len && !all_zero(bytes + end, len - end < HOLE ? len - end : HOLE);)
            end += len - end < HOLE ? len - end : HOLE;
        rc = write_all(c, to, bytes + at, end - at, offset + at);
        while (end < len && all_zero(bytes + end, len - end < HOLE ? len - end : HOLE))
            end += len - end < HOLE ? len - end : HOLE;
    }
    return rc;
}

/* Holes of a file that has any are not read, as far as is known where they are. */
static uint64_t skip_hole(struct copy *c, int64_t from, const struct stat *st, uint64_t offset)
{
    int64_t at = st->st_blocks < st->st_size / 512 ? c->from.ops->next_data(&c->from, from, offset) : 0;

    if (at < 0 || (uint64_t)at <= offset || at > st->st_size)
        return offset;
    c->done += (uint64_t)at - offset;
    return (uint64_t)at;
}

/* Returns the bytes that there were, which may be more or fewer than the file said before. */
static int64_t copy_bytes(struct copy *c, int64_t from, int64_t to, const char *as,
                          const struct stat *st, struct err *e)
{
    uint64_t offset = 0;

    for (;;) {
        ssize_t n = cancelled(c, e);
        int rc;

        if (n < 0)
            return n;
        offset = skip_hole(c, from, st, offset);
        n = c->from.ops->read(&c->from, from, c->buffer, PIECE, offset);
        if (n < 0)
            return err_sys(e, (int)-n, "read %s", as);
        if (n == 0)
            return (int64_t)offset;
        if ((rc = write_piece(c, to, c->buffer, (size_t)n, offset)) < 0)
            return err_sys(e, -rc, "write %s", as);
        offset += (uint64_t)n;
        c->done += (uint64_t)n;
        if (c->progress)
            c->progress(c->ctx, c->done, c->total);
    }
}

/* Under a name of its own, then with the right one. */
static int copy_into(struct copy *c, int64_t from, int64_t dir, const char *as, struct stat *st,
                     struct err *e)
{
    char temporary[TREE_NAME_SIZE];
    int64_t to, size;
    int rc;

    snprintf(temporary, sizeof(temporary), ".lxtop-cp-%ld-%u", (long)getpid(), c->serial++);
    rc = c->to.ops->create(&c->to, dir, temporary, 0600, &to);
    if (rc < 0)
        return err_sys(e, -rc, "create %s", as);
    size = copy_bytes(c, from, to, as, st, e);
    rc = size < 0 ? (int)size : 0;
    if (rc == 0) {
        st->st_size = size;
        rc = c->to.ops->settle(&c->to, to, st, c->preserve);
        if (rc < 0)
            err_sys(e, -rc, "mode and times of %s", as);
    }
    c->to.ops->close(&c->to, to);
    if (rc == 0 && (rc = c->to.ops->rename(&c->to, dir, temporary, as)) < 0)
        err_sys(e, -rc, "rename to %s", as);
    if (rc < 0)
        c->to.ops->unlink(&c->to, dir, temporary);
    return rc;
}

static int copy_file(struct copy *c, int64_t *from, int64_t dir, const char *as, struct stat *st,
                     struct err *e)
{
    int rc = c->from.ops->open(&c->from, from, false);

    if (rc < 0)
        return err_sys(e, -rc, "open %s", as);
    return copy_into(c, *from, dir, as, st, e);
}

static int copy_link(struct copy *c, int64_t from, int64_t dir, const char *as, struct err *e)
{
    char target[TREE_LINK_SIZE];
    int rc = c->from.ops->readlink(&c->from, from, target);

    if (rc == 0)
        rc = c->to.ops->symlink(&c->to, dir, as, target);
    if (rc == -EEXIST && (rc = c->to.ops->unlink(&c->to, dir, as)) == 0)
        rc = c->to.ops->symlink(&c->to, dir, as, target);
    return rc < 0 ? err_sys(e, -rc, "link %s", as) : 0;
}

/* --- Folders ------------------------------------------------------------------------------------- */

/* The folder as it is to be filled: one that is there already is used. */
static int enter_folder(struct copy *c, int64_t dir, const char *as, int64_t *to, struct err *e)
{
    struct stat st = {0};
    int rc = c->to.ops->mkdir(&c->to, dir, as, 0700);

    if (rc == 0 || rc == -EEXIST)
        rc = c->to.ops->look(&c->to, dir, as, to, &st);
    if (rc < 0)
        return err_sys(e, -rc, "make folder %s", as);
    if (S_ISDIR(st.st_mode))
        return 0;
    c->to.ops->close(&c->to, *to);
    return err_set(e, ENOTDIR, "%s is there and is no folder", as);
}

static int list_names(struct copy *c, int64_t parent, const char *name, struct tree_names *l)
{
    struct stat st;
    int64_t handle;
    int rc = c->from.ops->look(&c->from, parent, name, &handle, &st);

    return rc < 0 ? rc : tree_names_read(&c->from, handle, l);
}

/* Mode and times come last: filling the folder changes them, and may need more than they allow. */
static int fill_folder(struct copy *c, int64_t from, int64_t dir, const char *as, const struct tree_names *l,
                       const struct stat *st, unsigned depth, struct err *e)
{
    int64_t to;
    int rc = enter_folder(c, dir, as, &to, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < l->count && rc == 0; i++)
        rc = copy_entry(c, from, to, l->name[i], l->name[i], depth + 1, e);
    if (rc == 0 && (rc = c->to.ops->settle(&c->to, to, st, c->preserve)) < 0)
        err_sys(e, -rc, "mode and times of %s", as);
    c->to.ops->close(&c->to, to);
    return rc;
}

static int copy_folder(struct copy *c, int64_t parent, const char *name, int64_t from, int64_t dir,
                       const char *as, const struct stat *st, unsigned depth, struct err *e)
{
    struct tree_names l = {0};
    int rc;

    if (!c->recursive)
        return err_set(e, EISDIR, "%s is a folder; -r copies folders", as);
    if (depth > DEPTH_MAX)
        return err_set(e, ELOOP, "%s: folders nested too deep", as);
    rc = list_names(c, parent, name, &l);
    rc = rc < 0 ? err_sys(e, -rc, "list %s", as) : fill_folder(c, from, dir, as, &l, st, depth, e);
    tree_names_release(&l);
    return rc;
}

static int copy_entry(struct copy *c, int64_t from, int64_t to, const char *name, const char *as,
                      unsigned depth, struct err *e)
{
    struct stat st;
    int64_t handle;
    int rc = cancelled(c, e);

    if (rc < 0)
        return rc;
    if ((rc = c->from.ops->look(&c->from, from, name, &handle, &st)) < 0)
        return err_sys(e, -rc, "%s", name);
    if (S_ISREG(st.st_mode))
        rc = copy_file(c, &handle, to, as, &st, e);
    else if (S_ISDIR(st.st_mode))
        rc = copy_folder(c, from, name, handle, to, as, &st, depth, e);
    else if (S_ISLNK(st.st_mode))
        rc = copy_link(c, handle, to, as, e);
    else if (c->left_out)
        c->left_out(c->ctx, name);
    c->from.ops->close(&c->from, handle);
    return rc;
}

/* --- The whole ----------------------------------------------------------------------------------- */

/* Where it goes: into the target if that is a folder, else beside it under its name. */
static int find_target(struct copy *c, const char *target, const char *name, int64_t *dir,
                       char as[TREE_NAME_SIZE], struct err *e)
{
    struct stat st;
    int rc = c->to.ops->find(&c->to, target, dir, &st);

    if (rc == 0 && S_ISDIR(st.st_mode)) {
        snprintf(as, TREE_NAME_SIZE, "%s", name);
        return 0;
    }
    if (rc == 0)
        c->to.ops->close(&c->to, *dir);
    if (rc == 0 && !S_ISREG(st.st_mode)) /* renaming would put a file into the place of /dev/null */
        return err_set(e, EEXIST, "%s%s%s is no regular file and stays as it is; `lxtop cat` writes into one",
                       c->to.distro ? c->to.distro : "", c->to.distro ? ":" : "", target);
    rc = c->to.ops->parent(&c->to, target, dir, as);
    return rc < 0 ? path_error(&c->to, target, rc, e) : 0;
}

/* A link that is named is followed, unless trees are copied: then it is one of the tree's names. */
static int copy_named(struct copy *c, int64_t parent, const char *name, const char *source, int64_t dir,
                      const char *as, struct err *e)
{
    struct stat st;
    int64_t handle;
    int rc;

    if (c->recursive)
        return copy_entry(c, parent, dir, name, as, 0, e);
    if ((rc = c->from.ops->find(&c->from, source, &handle, &st)) < 0)
        return path_error(&c->from, source, rc, e);
    if (S_ISREG(st.st_mode)) {
        c->total += (uint64_t)st.st_size;
        rc = copy_file(c, &handle, dir, as, &st, e);
    } else {
        rc = err_set(e, EISDIR, "%s%s%s is %s", c->from.distro ? c->from.distro : "",
                     c->from.distro ? ":" : "", source,
                     S_ISDIR(st.st_mode) ? "a folder; -r copies folders" : "no regular file");
    }
    c->from.ops->close(&c->from, handle);
    return rc;
}

int copy_run(struct copy *c, const char *source, const char *target, struct err *e)
{
    char name[TREE_NAME_SIZE], as[TREE_NAME_SIZE];
    int64_t parent, dir;
    int rc;

    if (!c->buffer && !(c->buffer = malloc(PIECE)))
        return err_sys(e, ENOMEM, "copy");
    if ((rc = c->from.ops->parent(&c->from, source, &parent, name)) < 0)
        return path_error(&c->from, source, rc, e);
    rc = find_target(c, target, name, &dir, as, e);
    if (rc == 0) {
        rc = copy_named(c, parent, name, source, dir, as, e);
        c->to.ops->close(&c->to, dir);
    }
    c->from.ops->close(&c->from, parent);
    return rc;
}

void copy_release(struct copy *c)
{
    free(c->buffer);
    c->buffer = NULL;
}

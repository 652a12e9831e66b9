/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a distro, by 9P: tree.h. */
#include "core/tree.h"

#include <errno.h>
#include <string.h>

#include "p9/path.h"

static uint32_t fid_of(int64_t handle)
{
    return (uint32_t)handle;
}

static struct stat stat_of(const struct p9_attr *a)
{
    return (struct stat){
        .st_ino = a->qid.path, .st_mode = a->mode, .st_nlink = a->nlink, .st_uid = a->uid,
        .st_gid = a->gid, .st_size = (off_t)a->size, .st_blocks = (blkcnt_t)a->blocks,
        .st_atim = {(time_t)a->atime.sec, (long)a->atime.nsec},
        .st_mtim = {(time_t)a->mtime.sec, (long)a->mtime.nsec},
    };
}

static int guest_parent(struct tree *t, const char *path, int64_t *dir, char name[TREE_NAME_SIZE])
{
    uint32_t fid;
    int rc = p9_path_parent(t->client, path, &fid, name);

    *dir = fid;
    return rc;
}

static int guest_find(struct tree *t, const char *path, int64_t *handle, struct stat *st)
{
    struct p9_attr attr;
    uint32_t fid;
    int rc = p9_path_find(t->client, path, true, &fid, &attr);

    if (rc < 0)
        return rc;
    *handle = fid;
    *st = stat_of(&attr);
    return 0;
}

static int guest_look(struct tree *t, int64_t dir, const char *name, int64_t *handle, struct stat *st)
{
    struct p9_attr attr;
    uint32_t fid;
    int rc = p9_client_lookup(t->client, fid_of(dir), name, &fid, &attr);

    if (rc < 0)
        return rc;
    *handle = fid;
    *st = stat_of(&attr);
    return 0;
}

static int guest_open(struct tree *t, int64_t *handle, bool is_dir)
{
    return p9_client_open(t->client, fid_of(*handle), is_dir ? P9_O_DIRECTORY : 0);
}

static int guest_create(struct tree *t, int64_t dir, const char *name, mode_t mode, int64_t *handle)
{
    uint32_t fid;
    int rc = p9_client_create(t->client, fid_of(dir), name, P9_O_RDWR | P9_O_CREAT | P9_O_EXCL,
                              mode, 0, &fid);

    *handle = fid;
    return rc;
}

static ssize_t guest_read(struct tree *t, int64_t handle, void *bytes, size_t len, uint64_t offset)
{
    return p9_client_read(t->client, fid_of(handle), bytes, len, offset);
}

static ssize_t guest_write(struct tree *t, int64_t handle, const void *bytes, size_t len, uint64_t offset)
{
    return p9_client_write(t->client, fid_of(handle), bytes, len, offset);
}

static int64_t guest_next_data(struct tree *t, int64_t handle, uint64_t offset)
{
    return p9_client_next_data(t->client, fid_of(handle), offset);
}

/* A hostile server could list for ever, and fill this machine's memory. */
#define NAMES_MAX (1u << 22)

static int guest_list(struct tree *t, int64_t handle, tree_each *each, void *ctx)
{
    struct p9_listing l = {0};
    struct p9_entry entry = {0};
    unsigned n = 0;
    int rc;

    while ((rc = p9_client_list(t->client, fid_of(handle), entry.next, &l)) > 0)
        for (; p9_listing_next(&l, &entry); n++) {
            rc = p9_is_dots(entry.name) ? 0 : n == NAMES_MAX ? -EOVERFLOW : each(ctx, entry.name);
            if (rc != 0)
                goto out;
        }
out:
    p9_listing_release(&l);
    return rc;
}

static int guest_mkdir(struct tree *t, int64_t dir, const char *name, mode_t mode)
{
    return p9_client_mkdir(t->client, fid_of(dir), name, mode, 0);
}

static int guest_symlink(struct tree *t, int64_t dir, const char *name, const char *target)
{
    return p9_client_symlink(t->client, fid_of(dir), name, target, 0);
}

static int guest_readlink(struct tree *t, int64_t handle, char target[TREE_LINK_SIZE])
{
    return p9_client_readlink(t->client, fid_of(handle), target);
}

static int guest_settle(struct tree *t, int64_t handle, const struct stat *st, bool times)
{
    struct p9_setattr set = {
        .fid = fid_of(handle), .valid = P9_SET_MODE, .mode = st->st_mode & 07777,
        .size = (uint64_t)st->st_size,
        .atime = {(uint64_t)st->st_atim.tv_sec, (uint64_t)st->st_atim.tv_nsec},
        .mtime = {(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec},
    };

    if (S_ISREG(st->st_mode))
        set.valid |= P9_SET_SIZE;
    if (times)
        set.valid |= P9_SET_ATIME | P9_SET_ATIME_TO | P9_SET_MTIME | P9_SET_MTIME_TO;
    return p9_client_setattr(t->client, &set);
}

static int guest_rename(struct tree *t, int64_t dir, const char *old, const char *name)
{
    return p9_client_rename(t->client, fid_of(dir), old, fid_of(dir), name);
}

static int guest_unlink(struct tree *t, int64_t dir, const char *name)
{
    return p9_client_unlink(t->client, fid_of(dir), name, false);
}

static int guest_rmdir(struct tree *t, int64_t dir, const char *name)
{
    return p9_client_unlink(t->client, fid_of(dir), name, true);
}

static void guest_close(struct tree *t, int64_t handle)
{
    p9_client_clunk(t->client, fid_of(handle));
}

static const struct tree_ops guest_ops = {
    .parent = guest_parent, .find = guest_find, .look = guest_look, .open = guest_open,
    .create = guest_create, .read = guest_read, .write = guest_write,
    .next_data = guest_next_data, .list = guest_list, .mkdir = guest_mkdir, .symlink = guest_symlink, .readlink = guest_readlink,
    .settle = guest_settle, .rename = guest_rename, .unlink = guest_unlink, .rmdir = guest_rmdir, .close = guest_close,
};

struct tree tree_guest(struct p9_client *client, const char *distro)
{
    return (struct tree){.ops = &guest_ops, .client = client, .distro = distro};
}

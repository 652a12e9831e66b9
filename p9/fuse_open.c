/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files: their bytes and their locks. */
#include "p9/fuse_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include "core/base/auto.h"
#include "p9/fuse_lock.h"

/*
 * O_APPEND is not among them: the kernel says where to write, and a server that wrote elsewhere would
 * give the file another order than the one its writer saw.
 */
static uint32_t open_flags(int flags)
{
    static const struct {
        int host;
        uint32_t p9;
    } rows[] = {{O_WRONLY, P9_O_WRONLY}, {O_RDWR, P9_O_RDWR},   {O_TRUNC, P9_O_TRUNC},
                {O_EXCL, P9_O_EXCL},     {O_DSYNC, P9_O_DSYNC}, {O_SYNC & ~O_DSYNC, P9_O_SYNC}};
    uint32_t out = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (flags & rows[i].host)
            out |= rows[i].p9;
    return out;
}

/* Takes the fid and the hold on the node, also when it fails. */
static struct handle *handle_new(struct p9_mount *m, struct node *n, uint32_t fid)
{
    struct handle *h = calloc(1, sizeof(*h));

    if (!h) {
        p9_client_clunk(m->client, fid);
        nodes_unhold(&m->nodes, n);
        return NULL;
    }
    h->fid = fid;
    h->node = n;
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

static void handle_free(struct p9_mount *m, struct handle *h)
{
    p9_client_clunk(m->client, h->fid);
    nodes_unhold(&m->nodes, h->node);
    p9_listing_release(&h->listing);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* The node stays held as long as it is open: an unlinked file is found by it alone. */
static int open_node(struct p9_mount *m, struct node *n, uint32_t flags, struct handle **h)
{
    uint32_t open;
    int rc = fuse_open_fid(m, n, flags, &open);

    if (rc == 0 && !(*h = handle_new(m, n, open)))
        rc = -ENOMEM;
    return rc;
}

static void reply_open(fuse_req_t req, struct handle *h, struct fuse_file_info *fi)
{
    fi->fh = (uintptr_t)h;
    if (fuse_reply_open(req, fi) == -ENOENT)
        handle_free(mount_of(req), h);
}

static void open_any(fuse_req_t req, fuse_ino_t ino, uint32_t flags, struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    struct handle *h = NULL;
    int rc = open_node(m, node_of(m, ino), flags, &h);

    if (flags & P9_O_TRUNC)
        fuse_changed(m);
    if (!h)
        fuse_reply_result(req, rc);
    else
        reply_open(req, h, fi);
}

void fuse_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    open_any(req, ino, open_flags(fi->flags), fi);
}

void fuse_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    open_any(req, ino, P9_O_DIRECTORY, fi);
}

static int create(fuse_req_t req, struct node *dir, const char *name, const struct p9_new_file *k,
                  struct fuse_entry_param *entry, struct handle **h)
{
    struct p9_mount *m = mount_of(req);
    uint32_t dir_fid, open, fid;
    struct p9_attr attr;
    int rc = fuse_hold(m, dir, &dir_fid);

    if (rc < 0)
        return rc;
    rc = p9_client_make(m->client, dir_fid, name, k, &open, &fid, &attr);
    fuse_changed(m);
    if (rc == 0 && (rc = fuse_entry_of_new(req, dir, name, fid, &attr, entry)) < 0)
        p9_client_clunk(m->client, open);
    nodes_unhold(&m->nodes, dir);
    if (rc < 0)
        return rc;
    if ((rc = fuse_hold(m, node_of(m, entry->ino), &fid)) < 0)
        p9_client_clunk(m->client, open);
    else if (!(*h = handle_new(m, node_of(m, entry->ino), open)))
        rc = -ENOMEM;
    if (rc < 0)
        nodes_forget(&m->nodes, node_of(m, entry->ino), 1);
    return rc;
}

void fuse_op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                    struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    struct p9_new_file k = {open_flags(fi->flags) | P9_O_CREAT, mode & 07777, fuse_group_of(m, req)};
    struct fuse_entry_param entry = {0};
    struct handle *h = NULL;
    int rc;

    /* What is to be given away must be new.  Where it was not, the kernel looks again at -ESTALE. */
    if (fuse_is_other(req))
        k.flags |= P9_O_EXCL;
    rc = create(req, node_of(m, parent), name, &k, &entry, &h);
    if (rc == -EEXIST && !(fi->flags & O_EXCL))
        rc = -ESTALE;
    if (!h) {
        fuse_reply_result(req, rc);
        return;
    }
    fi->fh = (uintptr_t)h;
    if (fuse_reply_create(req, &entry, fi) == -ENOENT) {
        handle_free(m, h);
        nodes_forget(&m->nodes, node_of(m, entry.ino), 1);
    }
}

void fuse_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    handle_free(mount_of(req), handle_of(fi));
    fuse_reply_result(req, 0);
}

void fuse_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                  struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    auto_free char *bytes = malloc(size);
    uint32_t fid;
    ssize_t n = bytes ? fuse_handle_fid(m, handle_of(fi), &fid) : -ENOMEM;

    (void)ino;
    if (n == 0)
        n = p9_client_read(m->client, fid, bytes, size, (uint64_t)offset);
    if (n < 0)
        fuse_reply_result(req, (int)n);
    else
        fuse_reply_buf(req, bytes, (size_t)n);
}

void fuse_op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                   struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    uint32_t fid;
    ssize_t n = fuse_handle_fid(m, handle_of(fi), &fid);

    (void)ino;
    if (n == 0)
        n = p9_client_write(m->client, fid, bytes, size, (uint64_t)offset);
    fuse_changed(m);
    if (n < 0)
        fuse_reply_result(req, (int)n);
    else
        fuse_reply_write(req, (size_t)n);
}

void fuse_op_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    uint32_t fid;
    int rc = fuse_handle_fid(m, handle_of(fi), &fid);

    (void)ino;
    fuse_reply_result(req, rc < 0 ? rc : p9_client_fsync(m->client, fid, data_only));
}

/* --- Locks --------------------------------------------------------------------------------------- */

void fuse_op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *l)
{
    struct p9_mount *m = mount_of(req);
    uint32_t fid;
    int rc = fuse_handle_fid(m, handle_of(fi), &fid);

    (void)ino;
    if (rc == 0)
        rc = fuse_locks_get(m->locks, fid, fi->lock_owner, l);
    if (rc < 0)
        fuse_reply_result(req, rc);
    else
        fuse_reply_lock(req, l);
}

void fuse_op_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *l,
                   int sleep)
{
    struct p9_mount *m = mount_of(req);
    uint32_t fid;
    int rc = fuse_handle_fid(m, handle_of(fi), &fid);

    if (rc < 0) {
        fuse_reply_result(req, rc);
        return;
    }
    if (l->l_type != F_UNLCK)
        handle_of(fi)->locked = true;
    fuse_locks_set(m->locks, req, ino, fid, fi->lock_owner, l, sleep);
}

void fuse_op_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op)
{
    struct flock whole = {.l_type = op & LOCK_EX ? F_WRLCK : op & LOCK_SH ? F_RDLCK : F_UNLCK};

    fuse_op_setlk(req, ino, fi, &whole, !(op & LOCK_NB));
}

/*
 * close(2), by whoever of those that share the file: POSIX locks of its process go.  Those of a lost
 * connection are gone, which a program that wrote under them is told here at the latest.
 */
void fuse_op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    bool locked = handle_of(fi)->locked; /* once: another thread may lock meanwhile */
    uint32_t fid;
    int rc = fuse_handle_fid(m, handle_of(fi), &fid);

    (void)ino;
    if (locked && rc == 0)
        fuse_locks_drop(m->locks, fid, fi->lock_owner);
    fuse_reply_result(req, locked ? rc : 0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#define FUSE_USE_VERSION 314
#include "p9/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "p9/fuse_lock.h"
#include "p9/fuse_mount.h"

#define VALID_S 1.0    /* how long the kernel believes names and attributes */
#define FIDS_MAX 8192
#define THREADS 16
#define BACKGROUND 64  /* read-aheads and the like under way */

static void reply_result(fuse_req_t req, int rc)
{
    fuse_reply_err(req, -rc);
}

/* --- What files look like ------------------------------------------------------------------------ */

static struct timespec time_of(const struct p9_time *t)
{
    return (struct timespec){(time_t)t->sec, (long)t->nsec};
}

static struct stat stat_of(const struct p9_mount *m, const struct p9_attr *a)
{
    return (struct stat){
        .st_ino = a->qid.path,
        .st_mode = a->mode,
        .st_nlink = a->nlink,
        .st_uid = a->uid == m->uid ? m->own_uid : a->uid,
        .st_gid = a->gid == m->gid ? m->own_gid : a->gid,
        .st_rdev = a->rdev,
        .st_size = (off_t)a->size,
        .st_blksize = 4096,
        .st_blocks = (blkcnt_t)a->blocks,
        .st_atim = time_of(&a->atime),
        .st_mtim = time_of(&a->mtime),
        .st_ctim = time_of(&a->ctime),
    };
}

/* The server's group for new files: ours stands for its own. */
static uint32_t group_of(const struct p9_mount *m, fuse_req_t req)
{
    gid_t gid = fuse_req_ctx(req)->gid;

    return gid == m->own_gid ? m->gid : gid;
}

int fuse_entry_of(struct p9_mount *m, struct node *dir, const char *name, uint32_t fid,
                  const struct p9_attr *attr, struct fuse_entry_param *entry)
{
    struct node *n = nodes_add(&m->nodes, dir, name, fid, &attr->qid);

    if (!n)
        return -ENOMEM;
    *entry = (struct fuse_entry_param){
        .ino = n == &m->nodes.root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)n,
        .attr = stat_of(m, attr),
        .attr_timeout = VALID_S,
        .entry_timeout = VALID_S,
    };
    return 0;
}

/* A name in a folder whose fid is held. */
static int look_up(struct p9_mount *m, struct node *dir, uint32_t dir_fid, const char *name,
                   struct fuse_entry_param *entry)
{
    struct p9_attr attr = {0};
    uint32_t fid;
    int rc = p9_client_lookup(m->client, dir_fid, name, &fid, &attr);

    return rc < 0 ? rc : fuse_entry_of(m, dir, name, fid, &attr, entry);
}

/* What is not told to the kernel is not forgotten by it. */
static void reply_entry(fuse_req_t req, int rc, const struct fuse_entry_param *entry)
{
    struct p9_mount *m = mount_of(req);

    if (rc < 0)
        reply_result(req, rc);
    else if (fuse_reply_entry(req, entry) == -ENOENT)
        nodes_forget(&m->nodes, node_of(m, entry->ino), 1);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct p9_mount *m = mount_of(req);
    struct node *dir = node_of(m, parent);
    struct fuse_entry_param entry = {0};
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, dir, &fid);

    if (rc == 0) {
        rc = look_up(m, dir, fid, name, &entry);
        nodes_unhold(&m->nodes, dir);
    }
    reply_entry(req, rc, &entry);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
    struct p9_mount *m = mount_of(req);

    if (ino != FUSE_ROOT_ID)
        nodes_forget(&m->nodes, node_of(m, ino), lookups);
    fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    struct p9_mount *m = mount_of(req);

    for (size_t i = 0; i < count; i++)
        if (forgets[i].ino != FUSE_ROOT_ID)
            nodes_forget(&m->nodes, node_of(m, forgets[i].ino), forgets[i].nlookup);
    fuse_reply_none(req);
}

/* The end of what answers with attributes: those of `attr`, or the error. */
static void reply_attr(fuse_req_t req, int rc, const struct p9_attr *attr)
{
    struct stat st;

    if (rc < 0) {
        reply_result(req, rc);
        return;
    }
    st = stat_of(mount_of(req), attr);
    fuse_reply_attr(req, &st, VALID_S);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    struct p9_attr attr = {0};
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, n, &fid);

    (void)fi;
    if (rc == 0) {
        rc = p9_client_getattr(m->client, fid, &attr);
        nodes_unhold(&m->nodes, n);
    }
    reply_attr(req, rc, &attr);
}

static struct p9_setattr setattr_of(const struct p9_mount *m, const struct stat *st, int to_set)
{
    static const struct {
        int fuse;
        uint32_t p9;
    } bits[] = {
        {FUSE_SET_ATTR_MODE, P9_SET_MODE},
        {FUSE_SET_ATTR_UID, P9_SET_UID},
        {FUSE_SET_ATTR_GID, P9_SET_GID},
        {FUSE_SET_ATTR_SIZE, P9_SET_SIZE},
        {FUSE_SET_ATTR_ATIME, P9_SET_ATIME | P9_SET_ATIME_TO},
        {FUSE_SET_ATTR_MTIME, P9_SET_MTIME | P9_SET_MTIME_TO},
        {FUSE_SET_ATTR_CTIME, P9_SET_CTIME},
    };
    struct p9_setattr set = {
        .mode = st->st_mode & 07777,
        .uid = st->st_uid == m->own_uid ? m->uid : st->st_uid,
        .gid = st->st_gid == m->own_gid ? m->gid : st->st_gid,
        .size = (uint64_t)st->st_size,
        .atime = {(uint64_t)st->st_atim.tv_sec, (uint64_t)st->st_atim.tv_nsec},
        .mtime = {(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
        if (to_set & bits[i].fuse)
            set.valid |= bits[i].p9;
    if (to_set & FUSE_SET_ATTR_ATIME_NOW)
        set.valid &= ~(uint32_t)P9_SET_ATIME_TO;
    if (to_set & FUSE_SET_ATTR_MTIME_NOW)
        set.valid &= ~(uint32_t)P9_SET_MTIME_TO;
    return set;
}

/* ftruncate of a file that may be written through its handle alone carries the handle. */
static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set,
                       struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    struct p9_setattr set = setattr_of(m, st, to_set);
    struct p9_attr attr = {0};
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, n, &fid);

    if (rc == 0) {
        set.fid = fi ? handle_of(fi)->fid : fid;
        rc = set.valid ? p9_client_setattr(m->client, &set) : 0;
        if (rc == 0)
            rc = p9_client_getattr(m->client, fid, &attr);
        nodes_unhold(&m->nodes, n);
    }
    reply_attr(req, rc, &attr);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    char target[P9_CLIENT_TEXT];
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, n, &fid);

    if (rc == 0) {
        rc = p9_client_readlink(m->client, fid, target);
        nodes_unhold(&m->nodes, n);
    }
    if (rc < 0)
        reply_result(req, rc);
    else
        fuse_reply_readlink(req, target);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    struct p9_statfs s;
    struct statvfs st;
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, n, &fid);

    if (rc == 0) {
        rc = p9_client_statfs(m->client, fid, &s);
        nodes_unhold(&m->nodes, n);
    }
    if (rc < 0) {
        reply_result(req, rc);
        return;
    }
    st = (struct statvfs){.f_bsize = s.bsize, .f_frsize = s.bsize, .f_blocks = s.blocks,
                          .f_bfree = s.bfree, .f_bavail = s.bavail, .f_files = s.files,
                          .f_ffree = s.ffree, .f_favail = s.ffree, .f_namemax = s.namelen};
    fuse_reply_statfs(req, &st);
}

/* --- Names --------------------------------------------------------------------------------------- */

struct making {
    const char *name, *target;
    uint32_t mode, gid;
    dev_t rdev;
    struct node *file; /* link */
};

static int make_dir(struct p9_mount *m, uint32_t dir, const struct making *k)
{
    return p9_client_mkdir(m->client, dir, k->name, k->mode, k->gid);
}

static int make_node(struct p9_mount *m, uint32_t dir, const struct making *k)
{
    return p9_client_mknod(m->client, dir, k->name, k->mode, k->rdev, k->gid);
}

static int make_symlink(struct p9_mount *m, uint32_t dir, const struct making *k)
{
    return p9_client_symlink(m->client, dir, k->name, k->target, k->gid);
}

static int make_link(struct p9_mount *m, uint32_t dir, const struct making *k)
{
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, k->file, &fid);

    if (rc == 0) {
        rc = p9_client_link(m->client, dir, k->name, fid);
        nodes_unhold(&m->nodes, k->file);
    }
    return rc;
}

/* Makes something and looks at it. */
static void make(fuse_req_t req, fuse_ino_t parent, const struct making *k,
                 int (*maker)(struct p9_mount *, uint32_t, const struct making *))
{
    struct p9_mount *m = mount_of(req);
    struct node *dir = node_of(m, parent);
    struct fuse_entry_param entry = {0};
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, dir, &fid);

    if (rc == 0) {
        rc = maker(m, fid, k);
        if (rc == 0)
            rc = look_up(m, dir, fid, k->name, &entry);
        nodes_unhold(&m->nodes, dir);
    }
    reply_entry(req, rc, &entry);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct making k = {.name = name, .mode = mode & 07777, .gid = group_of(mount_of(req), req)};

    make(req, parent, &k, make_dir);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    struct making k = {.name = name, .mode = mode, .rdev = rdev, .gid = group_of(mount_of(req), req)};

    make(req, parent, &k, make_node);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    struct making k = {.name = name, .target = target, .gid = group_of(mount_of(req), req)};

    make(req, parent, &k, make_symlink);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
    struct making k = {.name = name, .file = node_of(mount_of(req), ino)};

    make(req, parent, &k, make_link);
}

static void unlink_name(fuse_req_t req, fuse_ino_t parent, const char *name, bool is_dir)
{
    struct p9_mount *m = mount_of(req);
    struct node *dir = node_of(m, parent);
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, dir, &fid);

    if (rc == 0) {
        rc = p9_client_unlink(m->client, fid, name, is_dir);
        nodes_unhold(&m->nodes, dir);
    }
    reply_result(req, rc);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    unlink_name(req, parent, name, false);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    unlink_name(req, parent, name, true);
}

static void op_rename(fuse_req_t req, fuse_ino_t from, const char *old, fuse_ino_t to,
                      const char *name, unsigned flags)
{
    struct p9_mount *m = mount_of(req);
    struct node *from_dir = node_of(m, from), *to_dir = node_of(m, to);
    uint32_t from_fid, to_fid;
    int rc = flags ? -EINVAL : nodes_hold(&m->nodes, from_dir, &from_fid);

    if (rc < 0) {
        reply_result(req, rc);
        return;
    }
    rc = nodes_hold(&m->nodes, to_dir, &to_fid);
    if (rc == 0) {
        rc = p9_client_rename(m->client, from_fid, old, to_fid, name);
        nodes_unhold(&m->nodes, to_dir);
    }
    nodes_unhold(&m->nodes, from_dir);
    reply_result(req, rc);
}

/* --- Open files ---------------------------------------------------------------------------------- */

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
    uint32_t fid, open;
    int rc = nodes_hold(&m->nodes, n, &fid);

    if (rc < 0)
        return rc;
    if ((rc = p9_client_clone(m->client, fid, &open)) == 0) {
        if ((rc = p9_client_open(m->client, open, flags)) == 0) {
            *h = handle_new(m, n, open);
            return *h ? 0 : -ENOMEM;
        }
        p9_client_clunk(m->client, open);
    }
    nodes_unhold(&m->nodes, n);
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

    if (!h)
        reply_result(req, rc);
    else
        reply_open(req, h, fi);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    open_any(req, ino, open_flags(fi->flags), fi);
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    open_any(req, ino, P9_O_DIRECTORY, fi);
}

static int create(struct p9_mount *m, struct node *dir, const char *name, const struct making *k,
                  uint32_t flags, struct fuse_entry_param *entry, struct handle **h)
{
    uint32_t dir_fid, open, fid;
    int rc = nodes_hold(&m->nodes, dir, &dir_fid);

    if (rc < 0)
        return rc;
    rc = p9_client_create(m->client, dir_fid, name, flags | P9_O_CREAT, k->mode, k->gid, &open);
    if (rc == 0 && (rc = look_up(m, dir, dir_fid, name, entry)) < 0)
        p9_client_clunk(m->client, open);
    nodes_unhold(&m->nodes, dir);
    if (rc < 0)
        return rc;
    if ((rc = nodes_hold(&m->nodes, node_of(m, entry->ino), &fid)) < 0)
        p9_client_clunk(m->client, open);
    else if (!(*h = handle_new(m, node_of(m, entry->ino), open)))
        rc = -ENOMEM;
    if (rc < 0)
        nodes_forget(&m->nodes, node_of(m, entry->ino), 1);
    return rc;
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    struct making k = {.mode = mode & 07777, .gid = group_of(m, req)};
    struct fuse_entry_param entry = {0};
    struct handle *h = NULL;
    int rc = create(m, node_of(m, parent), name, &k, open_flags(fi->flags), &entry, &h);

    if (!h) {
        reply_result(req, rc);
        return;
    }
    fi->fh = (uintptr_t)h;
    if (fuse_reply_create(req, &entry, fi) == -ENOENT) {
        handle_free(m, h);
        nodes_forget(&m->nodes, node_of(m, entry.ino), 1);
    }
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    handle_free(mount_of(req), handle_of(fi));
    reply_result(req, 0);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *fi)
{
    auto_free char *bytes = malloc(size);
    ssize_t n = -ENOMEM;

    (void)ino;
    if (bytes)
        n = p9_client_read(mount_of(req)->client, handle_of(fi)->fid, bytes, size, (uint64_t)offset);
    if (n < 0)
        reply_result(req, (int)n);
    else
        fuse_reply_buf(req, bytes, (size_t)n);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *fi)
{
    ssize_t n = p9_client_write(mount_of(req)->client, handle_of(fi)->fid, bytes, size,
                                (uint64_t)offset);

    (void)ino;
    if (n < 0)
        reply_result(req, (int)n);
    else
        fuse_reply_write(req, (size_t)n);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi)
{
    (void)ino;
    reply_result(req, p9_client_fsync(mount_of(req)->client, handle_of(fi)->fid, data_only));
}

/* --- Extended attributes ------------------------------------------------------------------------- */

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                        size_t size, int flags)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, n, &fid);

    if (rc == 0) {
        rc = p9_client_xattr_set(m->client, fid, name, value ? value : "", size, (uint32_t)flags);
        nodes_unhold(&m->nodes, n);
    }
    reply_result(req, rc);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    uint32_t fid;
    int rc = nodes_hold(&m->nodes, n, &fid);

    if (rc == 0) {
        rc = p9_client_xattr_set(m->client, fid, name, NULL, 0, 0);
        nodes_unhold(&m->nodes, n);
    }
    reply_result(req, rc);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    auto_free char *value = malloc(size + 1);
    uint32_t fid;
    ssize_t len = value ? nodes_hold(&m->nodes, n, &fid) : -ENOMEM;

    if (len == 0) {
        len = p9_client_xattr_get(m->client, fid, name, value, size);
        nodes_unhold(&m->nodes, n);
    }
    if (len < 0)
        reply_result(req, len == -EOPNOTSUPP && *name == '\0' ? 0 : (int)len);
    else if (size == 0)
        fuse_reply_xattr(req, (size_t)len);
    else
        fuse_reply_buf(req, value, (size_t)len);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    op_getxattr(req, ino, "", size);
}

/* --- Locks --------------------------------------------------------------------------------------- */

static void op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *l)
{
    int rc = fuse_locks_get(mount_of(req)->locks, handle_of(fi)->fid, fi->lock_owner, l);

    (void)ino;
    if (rc < 0)
        reply_result(req, rc);
    else
        fuse_reply_lock(req, l);
}

static void op_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *l,
                     int sleep)
{
    (void)ino;
    if (l->l_type != F_UNLCK)
        handle_of(fi)->locked = true;
    fuse_locks_set(mount_of(req)->locks, req, handle_of(fi)->fid, fi->lock_owner, l, sleep);
}

/* close(2), by whoever of those that share the file: POSIX locks of its process go. */
static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    if (handle_of(fi)->locked)
        fuse_locks_drop(mount_of(req)->locks, handle_of(fi)->fid, fi->lock_owner);
    reply_result(req, 0);
}

/* --- Life ---------------------------------------------------------------------------------------- */

/* One write of the kernel is one message: the parts of an append could change places. */
static void op_init(void *userdata, struct fuse_conn_info *conn)
{
    struct p9_mount *m = userdata;
    uint32_t most = p9_client_io_max(m->client) & ~4095u;

    if (conn->max_write > most)
        conn->max_write = most;
    conn->max_background = BACKGROUND;
}

static const struct fuse_lowlevel_ops operations = {
    .init = op_init,           .lookup = op_lookup,       .forget = op_forget,
    .forget_multi = op_forget_multi, .getattr = op_getattr, .setattr = op_setattr,
    .readlink = op_readlink,   .statfs = op_statfs,       .mkdir = op_mkdir,
    .mknod = op_mknod,         .symlink = op_symlink,     .link = op_link,
    .unlink = op_unlink,       .rmdir = op_rmdir,         .rename = op_rename,
    .open = op_open,           .create = op_create,       .read = op_read,
    .write = op_write,         .flush = op_flush,         .release = op_release,
    .fsync = op_fsync,         .opendir = op_opendir,     .readdir = fuse_op_readdir,
    .readdirplus = fuse_op_readdirplus, .releasedir = op_release, .fsyncdir = op_fsync,
    .setxattr = op_setxattr,   .getxattr = op_getxattr,   .listxattr = op_listxattr,
    .removexattr = op_removexattr, .getlk = op_getlk,     .setlk = op_setlk,
};

static int start_session(struct p9_mount *m, const char *source, const char *folder, struct err *e)
{
    auto_free char *options = file_path("fsname=%s,subtype=lxtop,nosuid,nodev", source);
    char *argv[] = {(char *)"lxtop", (char *)"-o", options, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, argv);

    if (!options)
        return err_sys(e, ENOMEM, "mount");
    m->session = fuse_session_new(&args, &operations, sizeof(operations), m);
    if (!m->session)
        return err_set(e, EINVAL, "start FUSE");
    if (fuse_session_mount(m->session, folder) < 0)
        return err_set(e, EIO, "mount on %s: FUSE refuses it; is /dev/fuse there, and fusermount3, "
                       "and %s an empty folder of yours?", folder, folder);
    m->mounted = true;
    m->handlers = fuse_set_signal_handlers(m->session) == 0;
    return 0;
}

struct p9_mount *p9_mount_new(const struct p9_mount_config *config, const char *folder, struct err *e)
{
    struct p9_mount *m = calloc(1, sizeof(*m));
    int rc;

    if (!m) {
        err_sys(e, ENOMEM, "mount");
        return NULL;
    }
    *m = (struct p9_mount){.client = config->client, .uid = config->uid, .gid = config->gid,
                           .own_uid = getuid(), .own_gid = getgid()};
    rc = nodes_init(&m->nodes, m->client, config->fids_max ? config->fids_max : FIDS_MAX);
    if (rc < 0)
        err_sys(e, -rc, "look at the root");
    else if (!(m->locks = fuse_locks_new(m->client, e)))
        rc = -ENOMEM;
    if (rc == 0 && start_session(m, config->source, folder, e) == 0)
        return m;
    p9_mount_free(m);
    return NULL;
}

int p9_mount_run(struct p9_mount *m)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    int rc = -ENOMEM;

    if (config) {
        fuse_loop_cfg_set_clone_fd(config, 1);
        fuse_loop_cfg_set_max_threads(config, THREADS);
        rc = fuse_session_loop_mt(m->session, config);
        fuse_loop_cfg_destroy(config);
    }
    return rc > 0 ? 0 : rc; /* positive: the signal that ended it */
}

void p9_mount_free(struct p9_mount *m)
{
    if (!m)
        return;
    fuse_locks_free(m->locks);
    if (m->handlers)
        fuse_remove_signal_handlers(m->session);
    if (m->mounted)
        fuse_session_unmount(m->session);
    if (m->session)
        fuse_session_destroy(m->session);
    nodes_release(&m->nodes);
    free(m);
}

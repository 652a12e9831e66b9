/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files look like: attributes, their change, extended attributes. */
#include "p9/fuse_ops.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/auto.h"

static struct timespec time_of(const struct p9_time *t)
{
    return (struct timespec){(time_t)t->sec, (long)t->nsec};
}

struct stat fuse_stat_of(const struct p9_mount *m, const struct p9_attr *a)
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

/* The end of what answers with attributes: those of `attr`, or the error. */
static void reply_attr(fuse_req_t req, int rc, const struct p9_attr *attr)
{
    struct stat st;

    if (rc < 0) {
        fuse_reply_result(req, rc);
        return;
    }
    st = fuse_stat_of(mount_of(req), attr);
    fuse_reply_attr(req, &st, FUSE_VALID_S);
}

void fuse_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    struct p9_attr attr = {0};
    uint32_t fid;
    int rc = fuse_hold(m, n, &fid);

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
void fuse_op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set,
                     struct fuse_file_info *fi)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    struct p9_setattr set = setattr_of(m, st, to_set);
    struct p9_attr attr = {0};
    uint32_t fid;
    int rc = fuse_hold(m, n, &fid);

    if (rc == 0) {
        set.fid = fid;
        rc = fi ? fuse_handle_fid(m, handle_of(fi), &set.fid) : 0;
        if (rc == 0 && set.valid)
            rc = p9_client_setattr(m->client, &set);
        fuse_changed(m);
        if (rc == 0)
            rc = p9_client_getattr(m->client, fid, &attr);
        nodes_unhold(&m->nodes, n);
    }
    reply_attr(req, rc, &attr);
}

void fuse_op_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    char target[P9_CLIENT_TEXT];
    uint32_t fid;
    int rc = fuse_hold(m, n, &fid);

    if (rc == 0) {
        rc = p9_client_readlink(m->client, fid, target);
        nodes_unhold(&m->nodes, n);
    }
    if (rc < 0)
        fuse_reply_result(req, rc);
    else
        fuse_reply_readlink(req, target);
}

void fuse_op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    struct p9_statfs s;
    struct statvfs st;
    uint32_t fid;
    int rc = fuse_hold(m, n, &fid);

    if (rc == 0) {
        rc = p9_client_statfs(m->client, fid, &s);
        nodes_unhold(&m->nodes, n);
    }
    if (rc < 0) {
        fuse_reply_result(req, rc);
        return;
    }
    st = (struct statvfs){.f_bsize = s.bsize, .f_frsize = s.bsize, .f_blocks = s.blocks,
                          .f_bfree = s.bfree, .f_bavail = s.bavail, .f_files = s.files,
                          .f_ffree = s.ffree, .f_favail = s.ffree, .f_namemax = s.namelen};
    fuse_reply_statfs(req, &st);
}

/* --- Extended attributes ------------------------------------------------------------------------- */

/* Without a value: removes it. */
static void change_xattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                         size_t size, int flags)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    uint32_t fid;
    int rc = fuse_hold(m, n, &fid);

    if (rc == 0) {
        rc = p9_client_xattr_set(m->client, fid, name, value, size, (uint32_t)flags);
        fuse_changed(m);
        nodes_unhold(&m->nodes, n);
    }
    fuse_reply_result(req, rc);
}

void fuse_op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                      size_t size, int flags)
{
    change_xattr(req, ino, name, value ? value : "", size, flags);
}

void fuse_op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    change_xattr(req, ino, name, NULL, 0, 0);
}

void fuse_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct p9_mount *m = mount_of(req);
    struct node *n = node_of(m, ino);
    auto_free char *value = malloc(size + 1);
    uint32_t fid;
    ssize_t len = value ? fuse_hold(m, n, &fid) : -ENOMEM;

    if (len == 0) {
        len = p9_client_xattr_get(m->client, fid, name, value, size);
        nodes_unhold(&m->nodes, n);
    }
    if (len < 0)
        fuse_reply_result(req, len == -EOPNOTSUPP && *name == '\0' ? 0 : (int)len);
    else if (size == 0)
        fuse_reply_xattr(req, (size_t)len);
    else
        fuse_reply_buf(req, value, (size_t)len);
}

void fuse_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    fuse_op_getxattr(req, ino, "", size);
}

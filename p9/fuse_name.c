/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names: finding files by them, making, renaming and removing them. */
#include "p9/fuse_ops.h"

#include <errno.h>

#include "p9/fuse_ahead.h"

/* The server's group for new files: ours stands for its own. */
uint32_t fuse_group_of(const struct p9_mount *m, fuse_req_t req)
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
        .attr = fuse_stat_of(m, attr),
        .attr_timeout = FUSE_VALID_S,
        .entry_timeout = FUSE_VALID_S,
    };
    return 0;
}

int fuse_entry_of_told(struct p9_mount *m, struct node *dir, const char *name, const struct p9_attr *attr, double left_s,
                       struct fuse_entry_param *entry)
{
    int rc = fuse_entry_of(m, dir, name, P9_NOFID, attr, entry);

    if (rc == 0)
        entry->attr_timeout = entry->entry_timeout = left_s;
    return rc;
}

int fuse_look_up(struct p9_mount *m, struct node *dir, uint32_t dir_fid, const char *name,
                 struct fuse_entry_param *entry)
{
    struct p9_attr attr = {0};
    uint32_t fid;
    int rc = p9_client_lookup(m->client, dir_fid, name, &fid, &attr);

    return rc < 0 ? rc : fuse_entry_of(m, dir, name, fid, &attr, entry);
}

bool fuse_is_other(fuse_req_t req)
{
    return mount_of(req)->everyone && fuse_req_ctx(req)->uid != mount_of(req)->own_uid;
}

/* Only what the server's user has made: another file may have come to the name meanwhile. */
static int give(fuse_req_t req, uint32_t fid, struct p9_attr *attr)
{
    uint32_t uid = fuse_req_ctx(req)->uid;
    struct p9_setattr set = {.fid = fid, .valid = P9_SET_UID, .uid = uid, .mode = attr->mode & 07777};

    if (attr->uid != mount_of(req)->uid || (!S_ISDIR(attr->mode) && attr->nlink != 1))
        return -ESTALE;
    if (attr->mode & (S_ISUID | S_ISGID) && !S_ISLNK(attr->mode))
        set.valid |= P9_SET_MODE; /* which the change of owner takes away */
    attr->uid = uid;
    return p9_client_setattr(mount_of(req)->client, &set);
}

int fuse_entry_of_new(fuse_req_t req, struct node *dir, const char *name, uint32_t fid,
                      struct p9_attr *attr, struct fuse_entry_param *entry)
{
    struct p9_mount *m = mount_of(req);
    int rc = fuse_is_other(req) ? give(req, fid, attr) : 0;

    if (rc == 0)
        return fuse_entry_of(m, dir, name, fid, attr, entry);
    p9_client_clunk(m->client, fid);
    return rc;
}

static int look_up_new(fuse_req_t req, struct node *dir, uint32_t dir_fid, const char *name,
                       struct fuse_entry_param *entry)
{
    struct p9_attr attr = {0};
    uint32_t fid;
    int rc = p9_client_lookup(mount_of(req)->client, dir_fid, name, &fid, &attr);

    return rc < 0 ? rc : fuse_entry_of_new(req, dir, name, fid, &attr, entry);
}

/* What is not told to the kernel is not forgotten by it. */
static void reply_entry(fuse_req_t req, int rc, const struct fuse_entry_param *entry)
{
    struct p9_mount *m = mount_of(req);

    if (rc < 0)
        fuse_reply_result(req, rc);
    else if (fuse_reply_entry(req, entry) == -ENOENT)
        nodes_forget(&m->nodes, node_of(m, entry->ino), 1);
}

void fuse_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct p9_mount *m = mount_of(req);
    struct node *dir = node_of(m, parent);
    struct fuse_entry_param entry = {0};
    struct p9_attr attr;
    double left_s;
    uint32_t fid;
    int rc = fuse_hold(m, dir, &fid);

    if (rc == 0) {
        rc = fuse_ahead_find(m, dir, fid, name, &attr, &left_s)
                 ? fuse_entry_of_told(m, dir, name, &attr, left_s, &entry) : fuse_look_up(m, dir, fid, name, &entry);
        nodes_unhold(&m->nodes, dir);
    }
    reply_entry(req, rc, &entry);
}

void fuse_op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
    struct p9_mount *m = mount_of(req);

    if (ino != FUSE_ROOT_ID)
        nodes_forget(&m->nodes, node_of(m, ino), lookups);
    fuse_reply_none(req);
}

void fuse_op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    struct p9_mount *m = mount_of(req);

    for (size_t i = 0; i < count; i++)
        if (forgets[i].ino != FUSE_ROOT_ID)
            nodes_forget(&m->nodes, node_of(m, forgets[i].ino), forgets[i].nlookup);
    fuse_reply_none(req);
}

/* --- Making and removing ------------------------------------------------------------------------- */

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
    int rc = fuse_hold(m, k->file, &fid);

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
    int rc = fuse_hold(m, dir, &fid);

    if (rc == 0) {
        rc = maker(m, fid, k);
        fuse_changed(m);
        if (rc == 0)
            rc = k->file ? fuse_look_up(m, dir, fid, k->name, &entry)
                         : look_up_new(req, dir, fid, k->name, &entry);
        nodes_unhold(&m->nodes, dir);
    }
    reply_entry(req, rc, &entry);
}

void fuse_op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct making k = {.name = name, .mode = mode & 07777, .gid = fuse_group_of(mount_of(req), req)};

    make(req, parent, &k, make_dir);
}

void fuse_op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    struct making k = {.name = name, .mode = mode, .rdev = rdev, .gid = fuse_group_of(mount_of(req), req)};

    make(req, parent, &k, make_node);
}

void fuse_op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    struct making k = {.name = name, .target = target, .gid = fuse_group_of(mount_of(req), req)};

    make(req, parent, &k, make_symlink);
}

void fuse_op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
    struct making k = {.name = name, .file = node_of(mount_of(req), ino)};

    make(req, parent, &k, make_link);
}

static void unlink_name(fuse_req_t req, fuse_ino_t parent, const char *name, bool is_dir)
{
    struct p9_mount *m = mount_of(req);
    struct node *dir = node_of(m, parent);
    uint32_t fid;
    int rc = fuse_hold(m, dir, &fid);

    if (rc == 0) {
        rc = p9_client_unlink(m->client, fid, name, is_dir);
        fuse_changed(m);
        nodes_unhold(&m->nodes, dir);
    }
    fuse_reply_result(req, rc);
}

void fuse_op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    unlink_name(req, parent, name, false);
}

void fuse_op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    unlink_name(req, parent, name, true);
}

void fuse_op_rename(fuse_req_t req, fuse_ino_t from, const char *old, fuse_ino_t to,
                    const char *name, unsigned flags)
{
    struct p9_mount *m = mount_of(req);
    struct node *from_dir = node_of(m, from), *to_dir = node_of(m, to);
    uint32_t from_fid, to_fid;
    int rc = flags ? -EINVAL : fuse_hold(m, from_dir, &from_fid);

    if (rc < 0) {
        fuse_reply_result(req, rc);
        return;
    }
    rc = fuse_hold(m, to_dir, &to_fid);
    if (rc == 0) {
        rc = p9_client_rename(m->client, from_fid, old, to_fid, name);
        if (rc == 0)
            nodes_renamed(&m->nodes, from_dir, old, to_dir, name);
        fuse_changed(m);
        nodes_unhold(&m->nodes, to_dir);
    }
    nodes_unhold(&m->nodes, from_dir);
    fuse_reply_result(req, rc);
}

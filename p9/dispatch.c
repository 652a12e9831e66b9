/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "core/base/auto.h"
#include "p9/iov.h"

#define XATTR_VALUE_MAX 65536u /* Linux's XATTR_SIZE_MAX and XATTR_LIST_MAX */

static const struct p9_fs_ops *ops(const struct p9_call *c)
{
    return c->s->fs->ops;
}

/* The file opened on the call's fid, held; NULL when it is not open. */
static struct p9_file *opened(struct p9_call *c)
{
    struct p9_file *file;

    pthread_mutex_lock(&c->fid->lock);
    file = c->fid->file ? p9_file_get(c->fid->file) : NULL;
    pthread_mutex_unlock(&c->fid->lock);
    return file;
}

/* A fid's node, held: Twalk with newfid == fid and Tlcreate replace it. */
static struct p9_node *node_of(struct p9_fid *f)
{
    struct p9_node *node;

    pthread_mutex_lock(&f->lock);
    node = p9_node_get(f->node);
    pthread_mutex_unlock(&f->lock);
    return node;
}

/* The node of the other fid that a message names, held; NULL when there is no such fid. */
static struct p9_node *other_node(struct p9_call *c, uint32_t number)
{
    struct p9_fid *f = p9_fids_get(&c->s->fids, number);
    struct p9_node *node = f ? node_of(f) : NULL;

    p9_fid_put(&c->s->fids, f);
    return node;
}

static bool idle_locked(const struct p9_fid *f)
{
    return !f->file && !f->xattr;
}

/* --- Session ------------------------------------------------------------------------------------- */

/* The caller has made sure that no other request runs. */
static int run_version(struct p9_call *c)
{
    const struct p9_str *v = &c->in->version.version;
    uint32_t msize = c->in->version.msize;
    bool ours = v->len >= strlen(P9_VERSION) && memcmp(v->s, P9_VERSION, strlen(P9_VERSION)) == 0;

    if (msize < P9_MSIZE_MIN)
        return -EINVAL;
    p9_fids_clear(&c->s->fids);
    if (msize > c->s->export->limits.msize)
        msize = c->s->export->limits.msize;
    atomic_store(&c->s->msize, ours ? msize : 0);
    c->out->version.msize = msize;
    c->out->version.version = p9_str_of(ours ? P9_VERSION : "unknown");
    return 0;
}

static int run_auth(struct p9_call *c)
{
    (void)c;
    return -EOPNOTSUPP;
}

/* Takes node, parent and name. */
static int add_fid(struct p9_call *c, uint32_t number, uint32_t uid, struct p9_node *node,
                   struct p9_node *parent, char *name)
{
    struct p9_fid *f = p9_fid_new(&c->s->fids, number, uid, node, parent, name);
    int rc = f ? p9_fids_add(&c->s->fids, f) : -ENOMEM;

    p9_fid_put(&c->s->fids, f);
    return rc;
}

static int run_attach(struct p9_call *c)
{
    struct p9_node *root;
    int rc;

    if (c->in->tattach.afid != P9_NOFID)
        return -EOPNOTSUPP;
    if (c->in->fid == P9_NOFID)
        return -EINVAL;
    if ((rc = p9_str_text(&c->in->tattach.aname, c->text, P9_TEXT_SIZE)) < 0 ||
        (rc = ops(c)->attach(c->s->fs, c->text, &root)) < 0)
        return rc;
    c->out->rqid.qid = root->qid;
    return add_fid(c, c->in->fid, c->in->tattach.n_uname, root, NULL, NULL);
}

/* --- Walk ---------------------------------------------------------------------------------------- */

/* Where a walk has come to; owns all three. */
struct place {
    struct p9_node *node, *parent;
    char *name;
};

static void place_release(struct p9_call *c, struct place *p)
{
    p9_node_put(c->s->fs, p->node);
    p9_node_put(c->s->fs, p->parent);
    free(p->name);
}

static int place_of(struct p9_fid *f, struct place *p)
{
    int rc = -EBADF;

    *p = (struct place){0};
    pthread_mutex_lock(&f->lock);
    if (!f->xattr) {
        p->node = p9_node_get(f->node);
        p->parent = f->parent ? p9_node_get(f->parent) : NULL;
        p->name = f->name ? strdup(f->name) : NULL;
        rc = f->name && !p->name ? -ENOMEM : 0;
    }
    pthread_mutex_unlock(&f->lock);
    return rc;
}

static int step(struct p9_call *c, struct place *p, const struct p9_str *name)
{
    char text[P9_NAME_SIZE];
    struct place next = {0};
    int rc = p9_name_check(name, text);

    if (rc < 0 || (rc = ops(c)->walk(c->s->fs, p->node, text, &next.node)) < 0)
        return rc;
    next.parent = p9_node_get(p->node);
    next.name = strdup(text);
    place_release(c, p);
    *p = next;
    return next.name ? 0 : -ENOMEM;
}

/* The fid itself moves on; an open one stays what it was opened as. */
static int move_fid(struct p9_call *c, struct place *to)
{
    struct p9_fid *f = c->fid;
    struct place old = {0};
    int rc = -EINVAL;

    pthread_mutex_lock(&f->lock);
    if (idle_locked(f)) {
        old = (struct place){f->node, f->parent, f->name};
        f->node = to->node;
        f->parent = to->parent;
        f->name = to->name;
        *to = (struct place){0};
        rc = 0;
    }
    pthread_mutex_unlock(&f->lock);
    place_release(c, &old);
    return rc;
}

static int walk_done(struct p9_call *c, struct place *p)
{
    uint32_t newfid = c->in->twalk.newfid;
    struct place end = *p;

    if (newfid == c->in->fid)
        return c->in->twalk.n > 0 ? move_fid(c, p) : 0;
    *p = (struct place){0};
    return add_fid(c, newfid, c->fid->uid, end.node, end.parent, end.name);
}

/* Refused before any work; p9_fids_add decides. */
static bool in_use(struct p9_call *c, uint32_t number)
{
    struct p9_fid *f = p9_fids_get(&c->s->fids, number);

    p9_fid_put(&c->s->fids, f);
    return f != NULL;
}

static int run_walk(struct p9_call *c)
{
    uint32_t newfid = c->in->twalk.newfid;
    struct place p;
    unsigned i;
    int rc;

    if (newfid == P9_NOFID || (newfid != c->in->fid && in_use(c, newfid)))
        return -EINVAL;
    rc = place_of(c->fid, &p);
    for (i = 0; rc == 0 && i < c->in->twalk.n; i++)
        if ((rc = step(c, &p, &c->in->twalk.name[i])) == 0)
            c->out->rwalk.qid[c->out->rwalk.n++] = p.node->qid;
    /* A walk that fails behind its first name answers how far it came, and makes no fid. */
    if (rc < 0 && c->out->rwalk.n > 0 && rc != -ENOMEM)
        rc = 0;
    else if (rc == 0)
        rc = walk_done(c, &p);
    place_release(c, &p);
    return rc;
}

/* --- Opening ------------------------------------------------------------------------------------- */

static bool changes(uint32_t flags)
{
    return (flags & P9_O_ACCMODE) != 0 || (flags & P9_O_TRUNC);
}

static int open_locked(struct p9_call *c)
{
    int rc;

    if (!idle_locked(c->fid))
        return -EINVAL;
    if ((rc = p9_fids_charge_file(&c->s->fids)) < 0)
        return rc;
    rc = ops(c)->open(c->s->fs, c->fid->node, c->in->tlopen.flags, &c->fid->file);
    if (rc < 0)
        p9_fids_uncharge_file(&c->s->fids);
    c->out->ropen.qid = c->fid->node->qid;
    return rc;
}

static int run_lopen(struct p9_call *c)
{
    int rc;

    if (c->s->export->read_only && changes(c->in->tlopen.flags))
        return -EROFS;
    pthread_mutex_lock(&c->fid->lock);
    rc = open_locked(c);
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

static int create_locked(struct p9_call *c, const char *name)
{
    struct p9_make make = {c->fid->uid, c->in->tlcreate.gid, c->in->tlcreate.mode};
    struct p9_fid *f = c->fid;
    auto_free char *copy = strdup(name);
    struct p9_node *node;
    int rc;

    if (!copy || !idle_locked(f))
        return copy ? -EINVAL : -ENOMEM;
    if ((rc = p9_fids_charge_file(&c->s->fids)) < 0)
        return rc;
    rc = ops(c)->create(c->s->fs, f->node, name, c->in->tlcreate.flags, &make, &node, &f->file);
    if (rc < 0) {
        p9_fids_uncharge_file(&c->s->fids);
        return rc;
    }
    p9_node_put(c->s->fs, f->parent);
    free(f->name);
    f->parent = f->node;
    f->node = node;
    f->name = steal_ptr(&copy);
    c->out->ropen.qid = node->qid;
    return 0;
}

static int run_lcreate(struct p9_call *c)
{
    char name[P9_NAME_SIZE];
    int rc = p9_name_check(&c->in->tlcreate.name, name);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&c->fid->lock);
    rc = create_locked(c, name);
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

/* --- Data ---------------------------------------------------------------------------------------- */

static uint32_t payload_room(const struct p9_call *c)
{
    uint32_t most = c->room > P9_READ_HEAD ? c->room - P9_READ_HEAD : 0;

    return c->in->io.count < most ? c->in->io.count : most;
}

static int read_file(struct p9_call *c, struct p9_file *file)
{
    struct iovec piece[P9_PIECES];
    unsigned n = iov_slice(c->req->out, c->req->out_n, P9_READ_HEAD, payload_room(c), piece);
    ssize_t got = ops(c)->read(c->s->fs, file, piece, n, c->in->io.offset);

    if (got < 0)
        return (int)got;
    c->out->rio.count = (uint32_t)got;
    return 0;
}

static int read_xattr(struct p9_call *c)
{
    const struct p9_xattr *x = c->fid->xattr;
    uint64_t offset = c->in->io.offset;
    size_t len = payload_room(c);

    if (!x || x->writing)
        return x ? -EINVAL : -EBADF;
    if (offset >= x->size)
        return 0;
    if (len > x->size - offset)
        len = x->size - (size_t)offset;
    c->out->rio.count = (uint32_t)iov_write(c->req->out, c->req->out_n, P9_READ_HEAD,
                                            x->value + offset, len);
    return 0;
}

static int run_read(struct p9_call *c)
{
    struct p9_file *file = opened(c);
    int rc;

    if (file) {
        rc = read_file(c, file);
        p9_file_put(c->s->fs, file);
        return rc;
    }
    pthread_mutex_lock(&c->fid->lock);
    rc = read_xattr(c);
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

static int write_file(struct p9_call *c, struct p9_file *file)
{
    struct iovec piece[P9_PIECES];
    unsigned n = iov_slice(c->req->in, c->req->in_n, c->payload, c->in->io.count, piece);
    ssize_t put = ops(c)->write(c->s->fs, file, piece, n, c->in->io.offset);

    if (put < 0)
        return (int)put;
    c->out->rio.count = (uint32_t)put;
    return 0;
}

static int write_xattr(struct p9_call *c)
{
    struct p9_xattr *x = c->fid->xattr;
    uint64_t offset = c->in->io.offset;
    uint32_t len = c->in->io.count;

    if (!x || !x->writing)
        return x ? -EINVAL : -EBADF;
    if (offset > x->filled || len > x->size - offset)
        return -EINVAL;
    iov_read(c->req->in, c->req->in_n, c->payload, x->value + offset, len);
    if (offset + len > x->filled)
        x->filled = (size_t)offset + len;
    c->out->rio.count = len;
    return 0;
}

static int run_write(struct p9_call *c)
{
    struct p9_file *file = opened(c);
    int rc;

    if (file) {
        rc = write_file(c, file);
        p9_file_put(c->s->fs, file);
        return rc;
    }
    pthread_mutex_lock(&c->fid->lock);
    rc = write_xattr(c);
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

struct listing {
    const struct p9_request *req;
    size_t len, room;
    bool full;
};

static bool fill_listing(void *ctx, const struct p9_qid *qid, uint64_t next, uint8_t type,
                         const char *name, size_t name_len)
{
    struct listing *l = ctx;
    uint8_t entry[24 + P9_NAME_SIZE];
    size_t len = p9_dirent_encode(qid, next, type, name, name_len, entry, sizeof(entry));

    l->full = len == 0 || len > l->room - l->len;
    if (l->full)
        return false;
    iov_write(l->req->out, l->req->out_n, P9_READ_HEAD + l->len, entry, len);
    l->len += len;
    return true;
}

static int run_readdir(struct p9_call *c)
{
    struct listing l = {.req = c->req, .room = payload_room(c)};
    struct p9_file *file = opened(c);
    int rc;

    if (!file)
        return -EBADF;
    rc = ops(c)->readdir(c->s->fs, file, c->in->io.offset, fill_listing, &l);
    p9_file_put(c->s->fs, file);
    /* An empty answer means the end: say so only when it is. */
    if (rc == 0 && l.len == 0 && l.full)
        return -EINVAL;
    c->out->rio.count = (uint32_t)l.len;
    return rc;
}

static int run_fsync(struct p9_call *c)
{
    struct p9_file *file = opened(c);
    int rc;

    if (!file)
        return -EBADF;
    rc = ops(c)->fsync(c->s->fs, file, c->in->tfsync.datasync != 0);
    p9_file_put(c->s->fs, file);
    return rc;
}

/* --- Locks --------------------------------------------------------------------------------------- */

static struct p9_lock_owner owner_of(const struct p9_call *c)
{
    const struct p9_str *id = &c->in->tlock.client_id;
    struct p9_lock_owner o = {.session = c->s->id, .proc_id = c->in->tlock.proc_id};
    size_t len = id->len < sizeof(o.client_id) - 1 ? id->len : sizeof(o.client_id) - 1;

    memcpy(o.client_id, id->s, len);
    return o;
}

static int lock_status(int rc)
{
    switch (rc) {
    case 0: return P9_LOCK_OK;
    case -EAGAIN: case -EACCES: return P9_LOCK_BLOCKED;
    default: return rc;
    }
}

static int run_lock(struct p9_call *c)
{
    struct p9_lock_owner owner = owner_of(c);
    struct p9_file *file = opened(c);
    int rc;

    if (!file)
        return -EBADF;
    rc = lock_status(ops(c)->lock(c->s->fs, file, &c->in->tlock, &owner));
    p9_file_put(c->s->fs, file);
    c->out->rlock.status = (uint8_t)rc;
    return rc < 0 ? rc : 0;
}

static int run_getlock(struct p9_call *c)
{
    struct p9_lock_owner owner = owner_of(c);
    struct p9_file *file = opened(c);
    int rc;

    if (!file)
        return -EBADF;
    c->out->tlock = c->in->tlock;
    rc = ops(c)->getlock(c->s->fs, file, &c->out->tlock, &owner);
    p9_file_put(c->s->fs, file);
    return rc;
}

/* --- Attributes ---------------------------------------------------------------------------------- */

static int run_getattr(struct p9_call *c)
{
    struct p9_node *node = node_of(c->fid);
    int rc = ops(c)->getattr(c->s->fs, node, &c->out->rgetattr);

    c->out->rgetattr.qid = node->qid;
    p9_node_put(c->s->fs, node);
    return rc;
}

static int run_setattr(struct p9_call *c)
{
    struct p9_node *node = node_of(c->fid);
    struct p9_file *file = opened(c);
    int rc = ops(c)->setattr(c->s->fs, node, file, &c->in->tsetattr);

    p9_file_put(c->s->fs, file);
    p9_node_put(c->s->fs, node);
    return rc;
}

static int run_statfs(struct p9_call *c)
{
    struct p9_node *node = node_of(c->fid);
    int rc = ops(c)->statfs(c->s->fs, node, &c->out->rstatfs);

    p9_node_put(c->s->fs, node);
    return rc;
}

static int run_readlink(struct p9_call *c)
{
    struct p9_node *node = node_of(c->fid);
    ssize_t len = node->qid.type & P9_QID_LINK
                      ? ops(c)->readlink(c->s->fs, node, c->text, P9_TEXT_SIZE)
                      : -EINVAL;

    p9_node_put(c->s->fs, node);
    if (len < 0)
        return (int)len;
    c->out->rreadlink.target = (struct p9_str){c->text, (uint16_t)len};
    return 0;
}

/* --- Extended attributes ------------------------------------------------------------------------- */

/* A snapshot of the value: it may change between the look at its size and the read. */
static int xattr_snapshot(struct p9_call *c, struct p9_node *node, const char *name,
                          struct p9_xattr **x)
{
    for (int tries = 0; tries < 8; tries++) {
        ssize_t got, size = ops(c)->xattr_get(c->s->fs, node, name, NULL, 0);

        if (size < 0 || size > XATTR_VALUE_MAX)
            return size < 0 ? (int)size : -E2BIG;
        if (!(*x = p9_fids_xattr(&c->s->fids, name, (size_t)size)))
            return -ENOSPC;
        got = ops(c)->xattr_get(c->s->fs, node, name, (*x)->value, (size_t)size);
        if (got == size)
            return 0;
        p9_fids_xattr_free(&c->s->fids, *x);
        if (got < 0 && got != -ERANGE)
            return (int)got;
    }
    return -EAGAIN;
}

static int xattr_fid(struct p9_call *c, struct place *p, struct p9_xattr *x)
{
    struct p9_fid *f = p9_fid_new(&c->s->fids, c->in->txattrwalk.newfid, c->fid->uid, p->node,
                                  p->parent, p->name);
    int rc;

    *p = (struct place){0};
    if (!f) {
        p9_fids_xattr_free(&c->s->fids, x);
        return -ENOMEM;
    }
    f->xattr = x;
    c->out->rxattrwalk.size = x->size;
    rc = p9_fids_add(&c->s->fids, f);
    p9_fid_put(&c->s->fids, f);
    return rc;
}

static int run_xattrwalk(struct p9_call *c)
{
    char name[P9_NAME_SIZE];
    struct p9_xattr *x = NULL;
    struct place p;
    int rc = p9_str_text(&c->in->txattrwalk.name, name, sizeof(name));

    if (rc < 0)
        return rc == -ENAMETOOLONG ? -ERANGE : rc;
    if (c->in->txattrwalk.newfid == P9_NOFID || in_use(c, c->in->txattrwalk.newfid))
        return -EINVAL;
    if ((rc = place_of(c->fid, &p)) == 0 && (rc = xattr_snapshot(c, p.node, name, &x)) == 0)
        rc = xattr_fid(c, &p, x);
    place_release(c, &p);
    return rc;
}

static int run_xattrcreate(struct p9_call *c)
{
    char name[P9_NAME_SIZE];
    int rc = p9_str_text(&c->in->txattrcreate.name, name, sizeof(name));

    if (rc < 0)
        return rc == -ENAMETOOLONG ? -ERANGE : rc;
    if (name[0] == '\0' || (c->in->txattrcreate.flags & ~(XATTR_CREATE | XATTR_REPLACE)))
        return -EINVAL;
    if (c->in->txattrcreate.size > XATTR_VALUE_MAX)
        return -E2BIG;
    pthread_mutex_lock(&c->fid->lock);
    if (!idle_locked(c->fid)) {
        rc = -EINVAL;
    } else if (!(c->fid->xattr = p9_fids_xattr(&c->s->fids, name,
                                               (size_t)c->in->txattrcreate.size))) {
        rc = -ENOSPC;
    } else {
        c->fid->xattr->writing = true;
        c->fid->xattr->flags = c->in->txattrcreate.flags;
    }
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

/*
 * What was written takes effect with the clunk.  Linux says removexattr by size 0 and XATTR_REPLACE,
 * and an empty value by size 0 without it.
 */
static int commit_xattr_locked(struct p9_call *c)
{
    const struct p9_xattr *x = c->fid->xattr;
    bool removes;

    if (!x || !x->writing)
        return 0;
    if (x->filled != x->size)
        return -EINVAL;
    removes = x->size == 0 && x->flags == XATTR_REPLACE;
    return ops(c)->xattr_set(c->s->fs, c->fid->node, x->name, removes ? NULL : x->value, x->size,
                             x->flags);
}

/* --- The end of a fid ---------------------------------------------------------------------------- */

/* Of two Tclunk at a time only one finds it in the table. */
static bool take_out(struct p9_call *c)
{
    struct p9_fid *f = p9_fids_remove(&c->s->fids, c->in->fid);

    p9_fid_put(&c->s->fids, f);
    return f == c->fid;
}

static int run_clunk(struct p9_call *c)
{
    int rc;

    if (!take_out(c))
        return -EBADF;
    pthread_mutex_lock(&c->fid->lock);
    rc = commit_xattr_locked(c);
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

/* The place of a fid, if its name there still is its own. */
static int place_now(struct p9_call *c, struct place *p)
{
    int rc = place_of(c->fid, p);

    if (rc == 0 && !p->parent)
        rc = -EBUSY;
    else if (rc == 0 && !ops(c)->is_at(c->s->fs, p->parent, p->name, p->node))
        rc = -ENOENT;
    return rc;
}

/* The fid goes whatever becomes of the file. */
static int run_remove(struct p9_call *c)
{
    struct place p;
    int rc;

    if (!take_out(c))
        return -EBADF;
    if (c->s->export->read_only)
        return -EROFS;
    if ((rc = place_now(c, &p)) == 0)
        rc = ops(c)->unlink(c->s->fs, p.parent, p.name, p.node->qid.type & P9_QID_DIR);
    place_release(c, &p);
    return rc;
}

/* --- Names --------------------------------------------------------------------------------------- */

static int rename_to(struct p9_call *c, struct place *p, struct p9_node *dir, const char *name)
{
    char *copy = strdup(name);
    int rc = copy ? ops(c)->rename(c->s->fs, p->parent, p->name, dir, name) : -ENOMEM;

    if (rc < 0) {
        free(copy);
        return rc;
    }
    free(p->name);
    p->name = copy;
    p9_node_put(c->s->fs, p->parent);
    p->parent = p9_node_get(dir);
    move_fid(c, p); /* An open fid keeps its old place: good for I/O, not for another Trename. */
    return 0;
}

static int run_rename(struct p9_call *c)
{
    struct p9_node *dir;
    char name[P9_NAME_SIZE];
    struct place p;
    int rc = p9_name_check(&c->in->trename.name, name);

    if (rc < 0)
        return rc;
    if (!(dir = other_node(c, c->in->trename.dfid)))
        return -EBADF;
    if ((rc = place_now(c, &p)) == 0)
        rc = rename_to(c, &p, dir, name);
    place_release(c, &p);
    p9_node_put(c->s->fs, dir);
    return rc;
}

static int run_renameat(struct p9_call *c)
{
    struct p9_node *from, *to;
    char old[P9_NAME_SIZE], name[P9_NAME_SIZE];
    int rc;

    if ((rc = p9_name_check(&c->in->trenameat.old, old)) < 0 ||
        (rc = p9_name_check(&c->in->trenameat.name, name)) < 0)
        return rc;
    if (!(to = other_node(c, c->in->trenameat.newdfid)))
        return -EBADF;
    from = node_of(c->fid);
    rc = ops(c)->rename(c->s->fs, from, old, to, name);
    p9_node_put(c->s->fs, from);
    p9_node_put(c->s->fs, to);
    return rc;
}

static int run_unlinkat(struct p9_call *c)
{
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc = p9_name_check(&c->in->tunlinkat.name, name);

    if (rc < 0)
        return rc;
    if (c->in->tunlinkat.flags & ~P9_UNLINK_DIR)
        return -EINVAL;
    dir = node_of(c->fid);
    rc = ops(c)->unlink(c->s->fs, dir, name, c->in->tunlinkat.flags & P9_UNLINK_DIR);
    p9_node_put(c->s->fs, dir);
    return rc;
}

static int run_link(struct p9_call *c)
{
    struct p9_node *dir, *node;
    char name[P9_NAME_SIZE];
    int rc = p9_name_check(&c->in->tlink.name, name);

    if (rc < 0)
        return rc;
    if (!(node = other_node(c, c->in->tlink.fid)))
        return -EBADF;
    dir = node_of(c->fid);
    rc = ops(c)->link(c->s->fs, dir, name, node);
    p9_node_put(c->s->fs, dir);
    p9_node_put(c->s->fs, node);
    return rc;
}

static int run_mkdir(struct p9_call *c)
{
    struct p9_make make = {c->fid->uid, c->in->tmkdir.gid, c->in->tmkdir.mode};
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc = p9_name_check(&c->in->tmkdir.name, name);

    if (rc < 0)
        return rc;
    dir = node_of(c->fid);
    rc = ops(c)->mkdir(c->s->fs, dir, name, &make, &c->out->rqid.qid);
    p9_node_put(c->s->fs, dir);
    return rc;
}

static int run_mknod(struct p9_call *c)
{
    struct p9_make make = {c->fid->uid, c->in->tmknod.gid, c->in->tmknod.mode};
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc = p9_name_check(&c->in->tmknod.name, name);

    if (rc < 0)
        return rc;
    dir = node_of(c->fid);
    rc = ops(c)->mknod(c->s->fs, dir, name, c->in->tmknod.major, c->in->tmknod.minor, &make,
                       &c->out->rqid.qid);
    p9_node_put(c->s->fs, dir);
    return rc;
}

static int run_symlink(struct p9_call *c)
{
    struct p9_make make = {c->fid->uid, c->in->tsymlink.gid, 0777};
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc;

    if ((rc = p9_name_check(&c->in->tsymlink.name, name)) < 0 ||
        (rc = p9_str_text(&c->in->tsymlink.target, c->text, P9_TEXT_SIZE)) < 0)
        return rc;
    dir = node_of(c->fid);
    rc = ops(c)->symlink(c->s->fs, dir, name, c->text, &make, &c->out->rqid.qid);
    p9_node_put(c->s->fs, dir);
    return rc;
}

/* --- The table ----------------------------------------------------------------------------------- */

enum { FID = 1, MODIFIES = 2 };

static const struct {
    int (*run)(struct p9_call *c);
    unsigned flags;
} rows[P9_TYPES] = {
    [P9_TVERSION] = {run_version, 0},
    [P9_TAUTH] = {run_auth, 0},
    [P9_TATTACH] = {run_attach, 0},
    [P9_TWALK] = {run_walk, FID},
    [P9_TLOPEN] = {run_lopen, FID},
    [P9_TLCREATE] = {run_lcreate, FID | MODIFIES},
    [P9_TREAD] = {run_read, FID},
    [P9_TWRITE] = {run_write, FID | MODIFIES},
    [P9_TREADDIR] = {run_readdir, FID},
    [P9_TFSYNC] = {run_fsync, FID},
    [P9_TLOCK] = {run_lock, FID},
    [P9_TGETLOCK] = {run_getlock, FID},
    [P9_TGETATTR] = {run_getattr, FID},
    [P9_TSETATTR] = {run_setattr, FID | MODIFIES},
    [P9_TSTATFS] = {run_statfs, FID},
    [P9_TREADLINK] = {run_readlink, FID},
    [P9_TXATTRWALK] = {run_xattrwalk, FID},
    [P9_TXATTRCREATE] = {run_xattrcreate, FID | MODIFIES},
    [P9_TCLUNK] = {run_clunk, FID},
    [P9_TREMOVE] = {run_remove, FID}, /* refuses by itself, after the clunk */
    [P9_TRENAME] = {run_rename, FID | MODIFIES},
    [P9_TRENAMEAT] = {run_renameat, FID | MODIFIES},
    [P9_TUNLINKAT] = {run_unlinkat, FID | MODIFIES},
    [P9_TLINK] = {run_link, FID | MODIFIES},
    [P9_TMKDIR] = {run_mkdir, FID | MODIFIES},
    [P9_TMKNOD] = {run_mknod, FID | MODIFIES},
    [P9_TSYMLINK] = {run_symlink, FID | MODIFIES},
};

static bool changes_data(const struct p9_msg *m)
{
    return m->type == P9_TWRITE || (m->type == P9_TSETATTR && (m->tsetattr.valid & P9_SET_SIZE)) ||
           (m->type == P9_TLOPEN && (m->tlopen.flags & P9_O_TRUNC)) ||
           (m->type == P9_TLCREATE && (m->tlcreate.flags & P9_O_TRUNC));
}

static int run_with_fid(struct p9_call *c, unsigned flags, int (*run)(struct p9_call *))
{
    int rc;

    if (!(c->fid = p9_fids_get(&c->s->fids, c->in->fid)))
        return -EBADF;
    if (ops(c)->become)
        ops(c)->become(c->s->fs, c->fid->uid, changes_data(c->in));
    rc = (flags & MODIFIES) && c->s->export->read_only ? -EROFS : run(c);
    p9_fid_put(&c->s->fids, c->fid);
    return rc;
}

int p9_dispatch(struct p9_call *c)
{
    uint8_t type = c->in->type;

    if (type >= P9_TYPES || !rows[type].run)
        return -EOPNOTSUPP;
    if (type != P9_TVERSION && atomic_load(&c->s->msize) == 0)
        return -EPROTO;
    if (rows[type].flags & FID)
        return run_with_fid(c, rows[type].flags, rows[type].run);
    if (type == P9_TATTACH && ops(c)->become)
        ops(c)->become(c->s->fs, c->in->tattach.n_uname, false);
    return rows[type].run(c);
}

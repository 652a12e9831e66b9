/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/iov.h"
#include "p9/dispatch_calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECES 256 /* of one transfer to or from a file; more are left for the next */


/* --- Opening ------------------------------------------------------------------------------------- */

static int open_locked(struct p9_call *c)
{
    int rc;

    if (!p9_fid_is_idle(c->fid))
        return -EINVAL;
    if ((rc = p9_fids_charge_file(&c->s->fids)) < 0)
        return rc;
    rc = p9_call_open(c, c->fid->node, c->in->tlopen.flags, &c->fid->file);
    if (rc < 0)
        p9_fids_uncharge_file(&c->s->fids);
    c->fid->flags = c->in->tlopen.flags;
    p9_call_opened(c, c->fid->node);
    return rc;
}

int p9_run_lopen(struct p9_call *c)
{
    int rc;

    if (c->s->export->read_only && p9_opens_to_change(c->in->tlopen.flags))
        return -EROFS;
    pthread_mutex_lock(&c->fid->lock);
    rc = open_locked(c);
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

/* Takes `name` when it succeeds. */
static int create_locked(struct p9_call *c, char *name)
{
    struct p9_make make = {c->fid->uid, c->in->tlcreate.gid, c->in->tlcreate.mode};
    struct p9_fid *f = c->fid;
    struct p9_node *node;
    int rc;

    if (!p9_fid_is_idle(f))
        return -EINVAL;
    if ((rc = p9_fids_charge_file(&c->s->fids)) < 0)
        return rc;
    rc = p9_call_ops(c)->create(c->s->fs, f->node, name, c->in->tlcreate.flags, &make, &node,
                                &f->file);
    if (rc < 0) {
        p9_fids_uncharge_file(&c->s->fids);
        return rc;
    }
    p9_node_put(c->s->fs, f->parent);
    free(f->name);
    f->parent = f->node;
    f->node = node;
    f->name = name;
    f->flags = c->in->tlcreate.flags;
    p9_call_opened(c, node);
    return 0;
}

int p9_run_lcreate(struct p9_call *c)
{
    char name[P9_NAME_SIZE], *copy;
    int rc = p9_name_check(&c->in->tlcreate.name, name);

    if (rc < 0)
        return rc;
    if (!(copy = strdup(name)))
        return -ENOMEM;
    pthread_mutex_lock(&c->fid->lock);
    rc = create_locked(c, copy);
    pthread_mutex_unlock(&c->fid->lock);
    if (rc < 0)
        free(copy);
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
    struct iovec piece[PIECES];
    unsigned n = iov_slice(c->req->out, c->req->out_n, P9_READ_HEAD, payload_room(c), piece,
                           PIECES);
    ssize_t got = p9_call_ops(c)->read(c->s->fs, file, piece, n, c->in->io.offset);

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

int p9_run_read(struct p9_call *c)
{
    struct p9_file *file = p9_call_file(c);
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
    struct iovec piece[PIECES];
    unsigned n = iov_slice(c->req->in, c->req->in_n, c->payload, c->in->io.count, piece,
                           PIECES);
    ssize_t put = p9_call_ops(c)->write(c->s->fs, file, piece, n, c->in->io.offset);

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

int p9_run_write(struct p9_call *c)
{
    struct p9_file *file = p9_call_file(c);
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
    bool attrs, full;
};

static bool fill_listing(void *ctx, const struct p9_dirent *d)
{
    struct listing *l = ctx;
    uint8_t entry[24 + P9_NAME_SIZE + P9_ATTR_SIZE];
    size_t len = p9_dirent_encode(d, l->attrs, entry, sizeof(entry));

    l->full = len == 0 || len > l->room - l->len;
    if (l->full)
        return false;
    iov_write(l->req->out, l->req->out_n, P9_READ_HEAD + l->len, entry, len);
    l->len += len;
    return true;
}

/* Treaddir and Tlist. */
int p9_run_readdir(struct p9_call *c)
{
    struct listing l = {.req = c->req, .room = payload_room(c), .attrs = c->in->type == P9_TLIST};
    unsigned how = (c->haste != P9_PATIENT ? P9_LIST_NEAR : 0) | (l.attrs ? P9_LIST_ATTRS : 0);
    struct p9_file *file = p9_call_file(c);
    int rc;

    if (!file)
        return -EBADF;
    rc = p9_call_ops(c)->readdir(c->s->fs, file, c->in->io.offset, how, fill_listing, &l);
    p9_file_put(c->s->fs, file);
    if (rc == -EAGAIN && c->haste != P9_PATIENT)
        return P9_APART;
    /* An empty answer means the end: say so only when it is. */
    if (rc == 0 && l.len == 0 && l.full)
        return -EINVAL;
    c->out->rio.count = (uint32_t)l.len;
    return rc;
}

int p9_run_fsync(struct p9_call *c)
{
    struct p9_file *file = p9_call_file(c);
    int rc;

    if (!file)
        return -EBADF;
    rc = p9_call_ops(c)->fsync(c->s->fs, file, c->in->tfsync.datasync != 0);
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

int p9_run_lock(struct p9_call *c)
{
    struct p9_lock_owner owner = owner_of(c);
    struct p9_file *file = p9_call_file(c);
    int rc;

    if (!file)
        return -EBADF;
    rc = lock_status(p9_call_ops(c)->lock(c->s->fs, file, &c->in->tlock, &owner));
    p9_file_put(c->s->fs, file);
    c->out->rlock.status = (uint8_t)rc;
    return rc < 0 ? rc : 0;
}

int p9_run_getlock(struct p9_call *c)
{
    struct p9_lock_owner owner = owner_of(c);
    struct p9_file *file = p9_call_file(c);
    int rc;

    if (!file)
        return -EBADF;
    c->out->tlock = c->in->tlock;
    rc = p9_call_ops(c)->getlock(c->s->fs, file, &c->out->tlock, &owner);
    p9_file_put(c->s->fs, file);
    return rc;
}

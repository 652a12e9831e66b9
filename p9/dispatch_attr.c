/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/dispatch_calls.h"

#include <errno.h>
#include <sys/xattr.h>

#define XATTR_VALUE_MAX 65536u /* Linux's XATTR_SIZE_MAX and XATTR_LIST_MAX */

/* --- Attributes ---------------------------------------------------------------------------------- */

int p9_run_getattr(struct p9_call *c)
{
    struct p9_node *node = p9_call_node(c->fid);
    int rc = p9_call_ops(c)->getattr(c->s->fs, node, &c->out->rgetattr);

    c->out->rgetattr.qid = node->qid;
    p9_node_put(c->s->fs, node);
    return rc;
}

int p9_run_setattr(struct p9_call *c)
{
    struct p9_node *node = p9_call_node(c->fid);
    struct p9_file *file = p9_call_file(c);
    int rc = p9_call_ops(c)->setattr(c->s->fs, node, file, &c->in->tsetattr);

    p9_file_put(c->s->fs, file);
    p9_node_put(c->s->fs, node);
    return rc;
}

int p9_run_statfs(struct p9_call *c)
{
    struct p9_node *node = p9_call_node(c->fid);
    int rc = p9_call_ops(c)->statfs(c->s->fs, node, &c->out->rstatfs);

    p9_node_put(c->s->fs, node);
    return rc;
}

int p9_run_readlink(struct p9_call *c)
{
    struct p9_node *node = p9_call_node(c->fid);
    ssize_t len = node->qid.type & P9_QID_LINK
                      ? p9_call_ops(c)->readlink(c->s->fs, node, c->text, P9_TEXT_SIZE)
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
        ssize_t got, size = p9_call_ops(c)->xattr_get(c->s->fs, node, name, NULL, 0);

        if (size < 0 || size > XATTR_VALUE_MAX)
            return size < 0 ? (int)size : -E2BIG;
        if (!(*x = p9_fids_xattr(&c->s->fids, name, (size_t)size)))
            return -ENOSPC;
        got = p9_call_ops(c)->xattr_get(c->s->fs, node, name, (*x)->value, (size_t)size);
        if (got == size)
            return 0;
        p9_fids_xattr_free(&c->s->fids, *x);
        if (got < 0 && got != -ERANGE)
            return (int)got;
    }
    return -EAGAIN;
}

static int xattr_fid(struct p9_call *c, struct p9_place *p, struct p9_xattr *x)
{
    struct p9_fid *f = p9_fid_new(&c->s->fids, c->in->txattrwalk.newfid, c->fid->uid, p->node,
                                  p->parent, p->name);
    int rc;

    *p = (struct p9_place){0};
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

int p9_run_xattrwalk(struct p9_call *c)
{
    char name[P9_NAME_SIZE];
    struct p9_xattr *x = NULL;
    struct p9_place p;
    int rc = p9_str_text(&c->in->txattrwalk.name, name, sizeof(name));

    if (rc < 0)
        return rc == -ENAMETOOLONG ? -ERANGE : rc;
    if (c->in->txattrwalk.newfid == P9_NOFID || p9_call_in_use(c, c->in->txattrwalk.newfid))
        return -EINVAL;
    if ((rc = p9_place_of(c->fid, &p)) == 0 && (rc = xattr_snapshot(c, p.node, name, &x)) == 0)
        rc = xattr_fid(c, &p, x);
    p9_place_release(c, &p);
    return rc;
}

int p9_run_xattrcreate(struct p9_call *c)
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
    if (!p9_fid_is_idle(c->fid)) {
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
int p9_xattr_commit(struct p9_call *c)
{
    const struct p9_xattr *x = c->fid->xattr;
    bool removes;

    if (!x || !x->writing)
        return 0;
    if (x->filled != x->size)
        return -EINVAL;
    removes = x->size == 0 && x->flags == XATTR_REPLACE;
    return p9_call_ops(c)->xattr_set(c->s->fs, c->fid->node, x->name, removes ? NULL : x->value, x->size,
                             x->flags);
}

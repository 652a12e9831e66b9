/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/dispatch_calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_PAGE 4096u

struct p9_file *p9_call_file(struct p9_call *c)
{
    struct p9_file *file;

    pthread_mutex_lock(&c->fid->lock);
    file = c->fid->file ? p9_file_get(c->fid->file) : NULL;
    pthread_mutex_unlock(&c->fid->lock);
    return file;
}

struct p9_node *p9_call_node(struct p9_fid *f)
{
    struct p9_node *node;

    pthread_mutex_lock(&f->lock);
    node = p9_node_get(f->node);
    pthread_mutex_unlock(&f->lock);
    return node;
}

int p9_call_other_node(struct p9_call *c, uint32_t number, struct p9_node **node)
{
    struct p9_fid *f = p9_fids_get(&c->s->fids, number);

    if (!f)
        return -EBADF;
    *node = p9_call_node(f);
    p9_fid_put(&c->s->fids, f);
    if (c->haste == P9_PATIENT || !(*node)->apart)
        return 0;
    p9_node_put(c->s->fs, *node);
    return P9_APART;
}

int p9_call_open(struct p9_call *c, struct p9_node *node, uint32_t flags, struct p9_file **file)
{
    bool waits = c->haste == P9_PATIENT;
    int rc = p9_call_ops(c)->open(c->s->fs, node, (flags & ~P9_FS_NOWAIT) | (waits ? 0 : P9_FS_NOWAIT), file);

    return rc == -EAGAIN && !waits ? P9_APART : rc;
}

void p9_call_opened(struct p9_call *c, const struct p9_node *node)
{
    c->out->ropen.qid = node->qid;
    c->out->ropen.iounit = (atomic_load(&c->s->msize) - P9_WRITE_HEAD) / FILE_PAGE * FILE_PAGE;
}

bool p9_call_in_use(struct p9_call *c, uint32_t number)
{
    struct p9_fid *f = p9_fids_get(&c->s->fids, number);

    p9_fid_put(&c->s->fids, f);
    return f != NULL;
}

bool p9_call_is_free(struct p9_call *c, uint32_t number)
{
    return number != P9_NOFID && !p9_call_in_use(c, number);
}

int p9_call_add_fid(struct p9_call *c, uint32_t number, uint32_t uid, struct p9_node *node,
                    struct p9_node *parent, char *name)
{
    struct p9_fid *f = p9_fid_new(&c->s->fids, number, uid, node, parent, name);
    int rc = f ? p9_fids_add(&c->s->fids, f) : -ENOMEM;

    p9_fid_put(&c->s->fids, f);
    return rc;
}

/* --- Places -------------------------------------------------------------------------------------- */

void p9_place_release(struct p9_call *c, struct p9_place *p)
{
    p9_node_put(c->s->fs, p->node);
    p9_node_put(c->s->fs, p->parent);
    free(p->name);
}

int p9_place_of(struct p9_fid *f, struct p9_place *p)
{
    int rc = -EBADF;

    *p = (struct p9_place){0};
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

int p9_place_move(struct p9_call *c, struct p9_place *to)
{
    struct p9_fid *f = c->fid;
    struct p9_place old = {0};
    int rc = -EINVAL;

    pthread_mutex_lock(&f->lock);
    if (p9_fid_is_idle(f)) {
        old = (struct p9_place){f->node, f->parent, f->name};
        f->node = to->node;
        f->parent = to->parent;
        f->name = to->name;
        *to = (struct p9_place){0};
        rc = 0;
    }
    pthread_mutex_unlock(&f->lock);
    p9_place_release(c, &old);
    return rc;
}

int p9_place_now(struct p9_call *c, struct p9_place *p)
{
    int rc = p9_place_of(c->fid, p);

    if (rc == 0 && !p->parent)
        rc = -EBUSY;
    else if (rc == 0 && !p9_call_ops(c)->is_at(c->s->fs, p->parent, p->name, p->node))
        rc = -ENOENT;
    return rc;
}

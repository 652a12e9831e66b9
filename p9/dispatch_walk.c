/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/dispatch_calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- Session ------------------------------------------------------------------------------------- */

static bool begins_with(const struct p9_str *s, const char *text)
{
    return s->len >= strlen(text) && memcmp(s->s, text, strlen(text)) == 0;
}

/* The caller has made sure that no other request runs. */
int p9_run_version(struct p9_call *c)
{
    const struct p9_str *v = &c->in->version.version;
    uint32_t msize = c->in->version.msize;
    bool ours = begins_with(v, P9_VERSION);
    bool own = v->len == strlen(P9_VERSION_OWN) && begins_with(v, P9_VERSION_OWN);

    if (msize < P9_MSIZE_MIN)
        return -EINVAL;
    p9_fids_clear(&c->s->fids);
    if (msize > c->s->export->limits.msize)
        msize = c->s->export->limits.msize;
    atomic_store(&c->s->msize, ours ? msize : 0);
    atomic_store(&c->s->own, own);
    c->out->version.msize = msize;
    c->out->version.version = p9_str_of(own ? P9_VERSION_OWN : ours ? P9_VERSION : "unknown");
    return 0;
}

/* -ENOENT is how diod's client is told that none is needed. */
int p9_run_auth(struct p9_call *c)
{
    (void)c;
    return -ENOENT;
}

int p9_run_attach(struct p9_call *c)
{
    struct p9_node *root;
    int rc;

    if (c->in->tattach.afid != P9_NOFID)
        return -EOPNOTSUPP;
    if (c->in->fid == P9_NOFID)
        return -EINVAL;
    if ((rc = p9_str_text(&c->in->tattach.aname, c->text, P9_TEXT_SIZE)) < 0 ||
        (rc = p9_call_ops(c)->attach(c->s->fs, c->text, &root)) < 0)
        return rc;
    c->out->rqid.qid = root->qid;
    return p9_call_add_fid(c, c->in->fid, c->in->tattach.n_uname, root, NULL, NULL);
}

/* --- Walk ---------------------------------------------------------------------------------------- */

static int find(struct p9_call *c, struct p9_node *dir, const char *name, struct p9_node **found)
{
    bool at_once = c->haste == P9_AT_ONCE;
    int rc;

    if (c->haste == P9_PATIENT || !p9_call_ops(c)->walk_near)
        return p9_call_ops(c)->walk(c->s->fs, dir, name, found);
    rc = p9_call_ops(c)->walk_near(c->s->fs, dir, name, at_once, found);
    if (rc == -EAGAIN)
        return at_once ? P9_LATER : P9_APART;
    return rc;
}

int p9_place_step(struct p9_call *c, struct p9_place *p, const struct p9_str *name)
{
    char text[P9_NAME_SIZE];
    struct p9_place next = {0};
    int rc = p9_name_check(name, text);

    if (rc < 0 || (rc = find(c, p->node, text, &next.node)) < 0)
        return rc;
    if (c->haste != P9_PATIENT && next.node->apart) {
        p9_node_put(c->s->fs, next.node);
        return P9_APART;
    }
    next.parent = p9_node_get(p->node);
    next.name = strdup(text);
    p9_place_release(c, p);
    *p = next;
    return next.name ? 0 : -ENOMEM;
}

static int walk_done(struct p9_call *c, struct p9_place *p)
{
    uint32_t newfid = c->in->twalk.newfid;
    struct p9_place end = *p;

    if (newfid == c->in->fid)
        return c->in->twalk.n > 0 ? p9_place_move(c, p) : 0;
    *p = (struct p9_place){0};
    return p9_call_add_fid(c, newfid, c->fid->uid, end.node, end.parent, end.name);
}

/* Not the name's fault: a client that took it for "no such file" would remember that. */
static bool is_shortage(int rc)
{
    return rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

int p9_run_walk(struct p9_call *c)
{
    uint32_t newfid = c->in->twalk.newfid;
    struct p9_place p;
    unsigned i;
    int rc;

    if (newfid == P9_NOFID || (newfid != c->in->fid && p9_call_in_use(c, newfid)))
        return -EINVAL;
    rc = p9_place_of(c->fid, &p);
    for (i = 0; rc == 0 && i < c->in->twalk.n; i++)
        if ((rc = p9_place_step(c, &p, &c->in->twalk.name[i])) == 0)
            c->out->rwalk.qid[c->out->rwalk.n++] = p.node->qid;
    /* A walk that fails behind its first name answers how far it came, and makes no fid. */
    if (rc < 0 && c->out->rwalk.n > 0 && !is_shortage(rc) && rc != P9_LATER && rc != P9_APART)
        rc = 0;
    else if (rc == 0)
        rc = walk_done(c, &p);
    p9_place_release(c, &p);
    return rc;
}

int p9_run_lookup(struct p9_call *c)
{
    const struct p9_str *name = &c->in->tlookup.name;
    struct p9_place p;
    int rc;

    if (!p9_call_is_free(c, c->in->tlookup.newfid))
        return -EINVAL;
    rc = p9_place_of(c->fid, &p);
    if (rc == 0 && name->len > 0)
        rc = p9_place_step(c, &p, name);
    if (rc == 0)
        rc = p9_call_ops(c)->getattr(c->s->fs, p.node, &c->out->rgetattr);
    if (rc == 0) {
        c->out->rgetattr.qid = p.node->qid;
        rc = p9_call_add_fid(c, c->in->tlookup.newfid, c->fid->uid, p.node, p.parent, p.name);
        p = (struct p9_place){0};
    }
    p9_place_release(c, &p);
    return rc;
}

/* --- The end of a fid ---------------------------------------------------------------------------- */

int p9_run_clunk(struct p9_call *c)
{
    int rc;

    if (!p9_fids_remove(&c->s->fids, c->fid))
        return -EBADF;
    pthread_mutex_lock(&c->fid->lock);
    rc = p9_xattr_commit(c);
    pthread_mutex_unlock(&c->fid->lock);
    return rc;
}

/* The fid goes whatever becomes of the file. */
int p9_run_remove(struct p9_call *c)
{
    struct p9_place p;
    int rc;

    if (!p9_fids_remove(&c->s->fids, c->fid))
        return -EBADF;
    if (c->s->export->read_only)
        return -EROFS;
    if ((rc = p9_place_now(c, &p)) == 0)
        rc = p9_call_ops(c)->unlink(c->s->fs, p.parent, p.name, p.node->qid.type & P9_QID_DIR);
    p9_place_release(c, &p);
    return rc;
}

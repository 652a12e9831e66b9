/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What our own dialect (msg.h) opens and makes; its Tlookup is beside Twalk. */
#include "p9/dispatch_calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- Treopen ------------------------------------------------------------------------------------- */

/* A fid that no other request knows yet. */
static int open_alone(struct p9_call *c, struct p9_fid *f)
{
    int rc = p9_fids_charge_file(&c->s->fids);

    if (rc < 0)
        return rc;
    rc = p9_call_open(c, f->node, c->in->treopen.flags, &f->file);
    if (rc < 0)
        p9_fids_uncharge_file(&c->s->fids);
    f->flags = c->in->treopen.flags;
    p9_call_opened(c, f->node);
    return rc < 0 ? rc : p9_fids_add(&c->s->fids, f);
}

int p9_run_reopen(struct p9_call *c)
{
    struct p9_fid *f;
    struct p9_place p;
    int rc;

    if (c->s->export->read_only && p9_opens_to_change(c->in->treopen.flags))
        return -EROFS;
    if (!p9_call_is_free(c, c->in->treopen.newfid))
        return -EINVAL;
    if ((rc = p9_place_of(c->fid, &p)) < 0) {
        p9_place_release(c, &p);
        return rc;
    }
    f = p9_fid_new(&c->s->fids, c->in->treopen.newfid, c->fid->uid, p.node, p.parent, p.name);
    rc = f ? open_alone(c, f) : -ENOMEM;
    p9_fid_put(&c->s->fids, f);
    return rc;
}

/* --- Tmake --------------------------------------------------------------------------------------- */

/* Of a file that no fid has yet. */
static int give_up(struct p9_call *c, struct p9_file *file, int rc)
{
    p9_file_put(c->s->fs, file);
    if (file)
        p9_fids_uncharge_file(&c->s->fids);
    return rc;
}

/* A fid of what was made, in the table; takes `file`, also when it fails. */
static int add_made(struct p9_call *c, uint32_t number, struct p9_node *dir, const char *name,
                    struct p9_node *node, struct p9_file *file)
{
    char *copy = strdup(name);
    struct p9_fid *f = copy ? p9_fid_new(&c->s->fids, number, c->fid->uid, p9_node_get(node),
                                         p9_node_get(dir), copy) : NULL;
    int rc;

    if (!f)
        return give_up(c, file, -ENOMEM);
    f->file = file;
    f->flags = file ? c->in->tmake.flags : 0;
    rc = p9_fids_add(&c->s->fids, f);
    p9_fid_put(&c->s->fids, f);
    return rc;
}

/* Both fids or none; takes `file`. */
static int add_both(struct p9_call *c, struct p9_node *dir, const char *name, struct p9_node *node,
                    struct p9_file *file)
{
    int rc = add_made(c, c->in->tmake.open, dir, name, node, file);
    struct p9_fid *open;

    if (rc < 0 || (rc = add_made(c, c->in->tmake.newfid, dir, name, node, NULL)) == 0)
        return rc;
    if ((open = p9_fids_get(&c->s->fids, c->in->tmake.open)))
        p9_fids_remove(&c->s->fids, open);
    p9_fid_put(&c->s->fids, open);
    return rc;
}

/* What the reply says of it, and the fids; takes `file`. */
static int answer_both(struct p9_call *c, struct p9_node *dir, const char *name, struct p9_node *node,
                       struct p9_file *file)
{
    int rc = p9_call_ops(c)->getattr(c->s->fs, node, &c->out->rgetattr);

    c->out->rgetattr.qid = node->qid;
    return rc < 0 ? give_up(c, file, rc) : add_both(c, dir, name, node, file);
}

static bool fids_are_free(struct p9_call *c)
{
    return c->in->tmake.open != c->in->tmake.newfid && p9_call_is_free(c, c->in->tmake.open) &&
           p9_call_is_free(c, c->in->tmake.newfid);
}

static int make(struct p9_call *c, struct p9_node *dir, const char *name)
{
    struct p9_make what = {c->fid->uid, c->in->tmake.gid, c->in->tmake.mode};
    struct p9_file *file;
    struct p9_node *node;
    int rc = p9_fids_charge_file(&c->s->fids);

    if (rc < 0)
        return rc;
    rc = p9_call_ops(c)->create(c->s->fs, dir, name, c->in->tmake.flags, &what, &node, &file);
    if (rc < 0) {
        p9_fids_uncharge_file(&c->s->fids);
        return rc;
    }
    rc = answer_both(c, dir, name, node, file);
    p9_node_put(c->s->fs, node);
    return rc;
}

int p9_run_make(struct p9_call *c)
{
    char name[P9_NAME_SIZE];
    struct p9_place p;
    int rc = p9_name_check(&c->in->tmake.name, name);

    if (rc < 0)
        return rc;
    if (!fids_are_free(c))
        return -EINVAL;
    if ((rc = p9_place_of(c->fid, &p)) == 0)
        rc = make(c, p.node, name);
    p9_place_release(c, &p);
    return rc;
}

static int open_found(struct p9_call *c, const struct p9_place *p)
{
    struct p9_file *file;
    int rc = p9_fids_charge_file(&c->s->fids);

    if (rc < 0)
        return rc;
    if ((rc = p9_call_open(c, p->node, c->in->tmake.flags, &file)) < 0) {
        p9_fids_uncharge_file(&c->s->fids);
        return rc;
    }
    return answer_both(c, p->parent, p->name, p->node, file);
}

int p9_run_open(struct p9_call *c)
{
    struct p9_place p;
    int rc;

    if (c->s->export->read_only && p9_opens_to_change(c->in->tmake.flags))
        return -EROFS;
    if (!fids_are_free(c))
        return -EINVAL;
    rc = p9_place_of(c->fid, &p);
    if (rc == 0 && (rc = p9_place_step(c, &p, &c->in->tmake.name)) == 0)
        rc = open_found(c, &p);
    p9_place_release(c, &p);
    return rc;
}

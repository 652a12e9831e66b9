/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/dispatch_calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- Names --------------------------------------------------------------------------------------- */

static int rename_to(struct p9_call *c, struct p9_place *p, struct p9_node *dir, const char *name)
{
    char *copy = strdup(name);
    int rc = copy ? p9_call_ops(c)->rename(c->s->fs, p->parent, p->name, dir, name) : -ENOMEM;

    if (rc < 0) {
        free(copy);
        return rc;
    }
    free(p->name);
    p->name = copy;
    p9_node_put(c->s->fs, p->parent);
    p->parent = p9_node_get(dir);
    p9_place_move(c, p); /* An open fid keeps its old place: good for I/O, not for another Trename. */
    return 0;
}

int p9_run_rename(struct p9_call *c)
{
    struct p9_node *dir;
    char name[P9_NAME_SIZE];
    struct p9_place p;
    int rc = p9_name_check(&c->in->trename.name, name);

    if (rc < 0)
        return rc;
    if ((rc = p9_call_other_node(c, c->in->trename.dfid, &dir)) < 0)
        return rc;
    if ((rc = p9_place_now(c, &p)) == 0)
        rc = rename_to(c, &p, dir, name);
    p9_place_release(c, &p);
    p9_node_put(c->s->fs, dir);
    return rc;
}

int p9_run_renameat(struct p9_call *c)
{
    struct p9_node *from, *to;
    char old[P9_NAME_SIZE], name[P9_NAME_SIZE];
    int rc;

    if ((rc = p9_name_check(&c->in->trenameat.old, old)) < 0 ||
        (rc = p9_name_check(&c->in->trenameat.name, name)) < 0)
        return rc;
    if ((rc = p9_call_other_node(c, c->in->trenameat.newdfid, &to)) < 0)
        return rc;
    from = p9_call_node(c->fid);
    rc = p9_call_ops(c)->rename(c->s->fs, from, old, to, name);
    p9_node_put(c->s->fs, from);
    p9_node_put(c->s->fs, to);
    return rc;
}

int p9_run_unlinkat(struct p9_call *c)
{
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc = p9_name_check(&c->in->tunlinkat.name, name);

    if (rc < 0)
        return rc;
    if (c->in->tunlinkat.flags & ~P9_UNLINK_DIR)
        return -EINVAL;
    dir = p9_call_node(c->fid);
    rc = p9_call_ops(c)->unlink(c->s->fs, dir, name, c->in->tunlinkat.flags & P9_UNLINK_DIR);
    p9_node_put(c->s->fs, dir);
    return rc;
}

int p9_run_link(struct p9_call *c)
{
    struct p9_node *dir, *node;
    char name[P9_NAME_SIZE];
    int rc = p9_name_check(&c->in->tlink.name, name);

    if (rc < 0)
        return rc;
    if ((rc = p9_call_other_node(c, c->in->tlink.fid, &node)) < 0)
        return rc;
    dir = p9_call_node(c->fid);
    rc = p9_call_ops(c)->link(c->s->fs, dir, name, node);
    p9_node_put(c->s->fs, dir);
    p9_node_put(c->s->fs, node);
    return rc;
}

int p9_run_mkdir(struct p9_call *c)
{
    struct p9_make make = {c->fid->uid, c->in->tmkdir.gid, c->in->tmkdir.mode};
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc = p9_name_check(&c->in->tmkdir.name, name);

    if (rc < 0)
        return rc;
    dir = p9_call_node(c->fid);
    rc = p9_call_ops(c)->mkdir(c->s->fs, dir, name, &make, &c->out->rqid.qid);
    p9_node_put(c->s->fs, dir);
    return rc;
}

int p9_run_mknod(struct p9_call *c)
{
    struct p9_make make = {c->fid->uid, c->in->tmknod.gid, c->in->tmknod.mode};
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc = p9_name_check(&c->in->tmknod.name, name);

    if (rc < 0)
        return rc;
    dir = p9_call_node(c->fid);
    rc = p9_call_ops(c)->mknod(c->s->fs, dir, name, c->in->tmknod.major, c->in->tmknod.minor, &make,
                       &c->out->rqid.qid);
    p9_node_put(c->s->fs, dir);
    return rc;
}

int p9_run_symlink(struct p9_call *c)
{
    struct p9_make make = {c->fid->uid, c->in->tsymlink.gid, 0777};
    char name[P9_NAME_SIZE];
    struct p9_node *dir;
    int rc;

    if ((rc = p9_name_check(&c->in->tsymlink.name, name)) < 0 ||
        (rc = p9_str_text(&c->in->tsymlink.target, c->text, P9_TEXT_SIZE)) < 0)
        return rc;
    dir = p9_call_node(c->fid);
    rc = p9_call_ops(c)->symlink(c->s->fs, dir, name, c->text, &make, &c->out->rqid.qid);
    p9_node_put(c->s->fs, dir);
    return rc;
}

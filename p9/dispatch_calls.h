/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the functions of dispatch.c's table share; for nobody else.
 */
#ifndef P9_DISPATCH_CALLS_H
#define P9_DISPATCH_CALLS_H

#include "p9/dispatch.h"

/* Where a fid is: owns all three.  parent and name are NULL at an attach's root. */
struct p9_place {
    struct p9_node *node, *parent;
    char *name;
};

static inline const struct p9_fs_ops *p9_call_ops(const struct p9_call *c)
{
    return c->s->fs->ops;
}

/* Neither open nor with an attribute; with the fid's lock held. */
static inline bool p9_fid_is_idle(const struct p9_fid *f)
{
    return !f->file && !f->xattr;
}

/* P9_O_ flags that a read-only share refuses. */
static inline bool p9_opens_to_change(uint32_t flags)
{
    return (flags & P9_O_ACCMODE) != 0 || (flags & P9_O_TRUNC);
}

/* The file opened on the call's fid, held; NULL when it is not open. */
struct p9_file *p9_call_file(struct p9_call *c);
/* A fid's node, held: Twalk with newfid == fid and Tlcreate replace it. */
struct p9_node *p9_call_node(struct p9_fid *f);
/* The node of the other fid that a message names, held: 0, -EBADF, P9_APART. */
int p9_call_other_node(struct p9_call *c, uint32_t number, struct p9_node **node);
/* Opens the node as the call's haste allows: 0, -errno, P9_APART. */
int p9_call_open(struct p9_call *c, struct p9_node *node, uint32_t flags, struct p9_file **file);
/*
 * Tells the client of a node that is open now.  Its messages are to be of whole pages: of one that is written in two
 * halves, the host would read the rest from its disk first.
 */
void p9_call_opened(struct p9_call *c, const struct p9_node *node);
/* Is there such a fid?  Asked before any work; p9_fids_add decides. */
bool p9_call_in_use(struct p9_call *c, uint32_t number);
/* May it become a new fid's number? */
bool p9_call_is_free(struct p9_call *c, uint32_t number);
/* A new fid; takes node, parent and name, also when it fails. */
int p9_call_add_fid(struct p9_call *c, uint32_t number, uint32_t uid, struct p9_node *node,
                    struct p9_node *parent, char *name);

/* -EBADF for a fid that stands for an attribute. */
int p9_place_of(struct p9_fid *f, struct p9_place *p);
void p9_place_release(struct p9_call *c, struct p9_place *p);
/* The place of the call's fid, if its name there still is its own: -ENOENT, -EBUSY for a root. */
int p9_place_now(struct p9_call *c, struct p9_place *p);
/* To what `name` is in it, in dispatch_walk.c. */
int p9_place_step(struct p9_call *c, struct p9_place *p, const struct p9_str *name);
/* The call's fid moves on; -EINVAL when it is open: it stays what it was opened as. */
int p9_place_move(struct p9_call *c, struct p9_place *to);

/* Sets the attribute that was written to the fid, whose lock is held; 0 when there is none. */
int p9_xattr_commit(struct p9_call *c);

/* One a message: 0 or -errno.  In dispatch_walk.c, _io.c, _attr.c, _name.c, _own.c. */
int p9_run_version(struct p9_call *c);
int p9_run_auth(struct p9_call *c);
int p9_run_attach(struct p9_call *c);
int p9_run_walk(struct p9_call *c);
int p9_run_lopen(struct p9_call *c);
int p9_run_lcreate(struct p9_call *c);
int p9_run_read(struct p9_call *c);
int p9_run_write(struct p9_call *c);
int p9_run_readdir(struct p9_call *c);
int p9_run_fsync(struct p9_call *c);
int p9_run_lock(struct p9_call *c);
int p9_run_getlock(struct p9_call *c);
int p9_run_getattr(struct p9_call *c);
int p9_run_setattr(struct p9_call *c);
int p9_run_statfs(struct p9_call *c);
int p9_run_readlink(struct p9_call *c);
int p9_run_xattrwalk(struct p9_call *c);
int p9_run_xattrcreate(struct p9_call *c);
int p9_run_clunk(struct p9_call *c);
int p9_run_remove(struct p9_call *c);
int p9_run_rename(struct p9_call *c);
int p9_run_renameat(struct p9_call *c);
int p9_run_unlinkat(struct p9_call *c);
int p9_run_link(struct p9_call *c);
int p9_run_mkdir(struct p9_call *c);
int p9_run_mknod(struct p9_call *c);
int p9_run_symlink(struct p9_call *c);
int p9_run_lookup(struct p9_call *c);
int p9_run_reopen(struct p9_call *c);
int p9_run_make(struct p9_call *c);
int p9_run_open(struct p9_call *c);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that are likely to be looked up next.  git(1) asks for every file of its index, one by one; so once a few names of
 * a folder have been looked up its listing is asked for, with what each name is, and answers the others.
 *
 * What was listed is believed as a listing is: for FUSE_VALID_S from when it was asked for, and no longer than until
 * something is changed through the mount.  A name that is not in it says nothing: it is looked up.
 */
#ifndef P9_FUSE_AHEAD_H
#define P9_FUSE_AHEAD_H

#include <stdbool.h>

#include "p9/fuse_mount.h"

/* NULL for lack of memory. */
struct fuse_ahead *fuse_ahead_new(void);
void fuse_ahead_free(struct fuse_ahead *a); /* NULL allowed */

/*
 * To be asked before each lookup of `name` in `dir`, whose fid is held.  True: `attr` is what the name leads to, for
 * `left_s` seconds more.  Any thread; one lookup of many waits for the listing, the others go on.
 */
bool fuse_ahead_find(struct p9_mount *m, const struct node *dir, uint32_t dir_fid, const char *name,
                     struct p9_attr *attr, double *left_s);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The saved machine of a suspended distro: distros/NAME/suspended, a folder of vmm/snapshot.h.
 *
 * It is good for one start.  A distro is suspended when its last run ended as "suspended" (run.json) and the
 * folder is there; a folder beside any other end is debris.  Where a snapshot with memory was restored, or
 * cloned, it is a symbolic link to that memory, which stays: then the distro is suspended, however its last run
 * ended.  lxtop-vmm goes on only on the disk just as it was left; when that or anything else does not match, the
 * distro boots afresh, with a check of its disk.
 */
#ifndef CORE_SUSPENDED_H
#define CORE_SUSPENDED_H

#include <stdbool.h>

#include "config/paths.h"

struct err;

#define SUSPENDED_REASON "suspended" /* of vmm/ctl.h's CTL_EXIT_TABLE */

/* Absolute; the caller frees. */
char *suspended_folder(const struct paths *p, const char *name);
/* Where its files are, following a link; NULL: it is not there. */
char *suspended_files(const struct paths *p, const char *name);
bool suspended_exists(const struct paths *p, const char *name);
/* Is it the memory of a snapshot? */
bool suspended_is_snapshot(const struct paths *p, const char *name);
/* The distro in `folder` is to go on from the memory of its snapshot `id`. */
int suspended_at(const char *folder, const char *id, struct err *e);
/* Used up, or of no use any more; what is not there is no error.  A snapshot keeps its memory. */
void suspended_discard(const struct paths *p, const char *name);

#endif

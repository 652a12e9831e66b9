/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The saved machine of a suspended distro: distros/NAME/suspended/, a folder of vmm/snapshot.h.
 *
 * It is good for one start.  A distro is suspended when its last run ended as "suspended" (run.json) and the
 * folder is there; a folder beside any other end is debris.  lxtop-vmm restores it only onto the disk just as
 * it was left; when that or anything else does not match, the distro boots afresh, with a check of its disk.
 */
#ifndef CORE_SUSPENDED_H
#define CORE_SUSPENDED_H

#include <stdbool.h>

#include "config/paths.h"

#define SUSPENDED_REASON "suspended" /* of vmm/ctl.h's CTL_EXIT_TABLE */

/* Absolute; the caller frees. */
char *suspended_folder(const struct paths *p, const char *name);
bool suspended_exists(const struct paths *p, const char *name);
/* Used up, or of no use any more; what is not there is no error. */
void suspended_discard(const struct paths *p, const char *name);

#endif

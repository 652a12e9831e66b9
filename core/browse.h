/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders to look at, of this machine and of a distro alike, and what is done to names in them.
 *
 * For the thread of a file job: everything goes through a tree (tree.h). Functions return 0 or -errno.
 */
#ifndef CORE_BROWSE_H
#define CORE_BROWSE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/model.h"
#include "core/tree.h"

#define BROWSE_MAX 20000 /* names of a folder; the others are left out and counted */

/*
 * Lists `path` into `f`: folders first, each by name, ".." before all but in the root.  Owned by the
 * caller, released with model_folder_forget.
 */
int browse_list(struct tree *t, const char *path, const atomic_bool *cancel, struct model_folder *f);
/* `path` becomes `name` in the same folder; -EEXIST where there is one of that name. */
int browse_rename(struct tree *t, const char *path, const char *name);
/* The file or the folder and everything in it; links are removed, never followed. */
int browse_remove(struct tree *t, const char *path, const atomic_bool *cancel);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of a 9P server, as a process that has the server's root for its own would see them.
 *
 * Symbolic links are followed by asking the server for each name anew, from its root: nothing of this
 * machine is ever touched by it.  At most 40 links, as Linux has it.
 */
#ifndef P9_PATH_H
#define P9_PATH_H

#include <stdbool.h>

#include "p9/client.h"

#define P9_PATH_SIZE 4096

/* A new fid for the file, and what it is; `follow`: also where the last name is a link. */
int p9_path_find(struct p9_client *c, const char *path, bool follow, uint32_t *fid,
                 struct p9_attr *attr);
/* A new fid for the folder of the path's last name, and that name; -EISDIR where there is none ("/"). */
int p9_path_parent(struct p9_client *c, const char *path, uint32_t *dir, char name[P9_NAME_SIZE]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kernel a machine boots: found in the cache, where config/kernel/build puts the tuned one and
 * config/kernel/stock Debian's own.
 */
#ifndef CORE_KERNEL_H
#define CORE_KERNEL_H

#include <stdbool.h>

#include "config/paths.h"

struct err;

struct kernel {
    char *image;   /* path of the vmlinux or vmlinuz */
    char *modules; /* lib/modules/VERSION; NULL: everything is built in */
    bool tuned;    /* built by config/kernel/build: everything it needs is in it */
};

/* `wanted`: "auto" (tuned if built, else stock), "tuned", "stock" or a path.  -ENOENT says what to do. */
int kernel_find(const struct paths *p, const char *wanted, struct kernel *k, struct err *e);
void kernel_release(struct kernel *k);

/*
 * The files (paths, NULL-terminated, owned by the list) that have to be loaded, in this order, for
 * `names` (NULL-terminated) to work, by modules.dep; what is built in needs none.
 */
int kernel_module_files(const struct kernel *k, const char *const *names, char ***files,
                        struct err *e);
void kernel_module_files_free(char **files);

#endif

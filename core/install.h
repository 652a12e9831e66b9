/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installs a distro from a source into a fresh sparse ext4 image, as an ordinary user.
 *
 * Sources: "busybox" (the embedded distro), a root file system tar in any compression libarchive
 * reads, or a folder.  Runs to its end in the caller's thread: the console runs it in a child
 * process (task.h) so that it neither waits nor dies with it.
 */
#ifndef CORE_INSTALL_H
#define CORE_INSTALL_H

#include <stdint.h>

#include "config/option.h"
#include "config/paths.h"

struct err;

struct install_request {
    const char *source;
    const char *name;               /* valid and free, else the errors of store_begin */
    const struct options *options;  /* OPT_DISK_SIZE and what distro.conf shall keep */
    /* Bytes read of the source, of `total` (0: not known); nonzero stops with -ECANCELED. */
    int (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};
/* 0, or -errno and nothing left behind. */
int install_run(const struct paths *p, const struct install_request *r, struct err *e);

#endif

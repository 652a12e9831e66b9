/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of files from one tree to another, in either direction.
 *
 * A file is written under a name of its own beside its destination and renamed when it is whole, so an
 * error or a cancel leaves what was there before, and nothing half.  Holes stay holes.  Links are copied
 * as links.  Device nodes, FIFOs and sockets are left out and told of.  Owners are those of whoever
 * writes there.
 */
#ifndef CORE_COPY_H
#define CORE_COPY_H

#include <stdatomic.h>

#include "core/tree.h"

struct err;

struct copy {
    struct tree from, to;
    bool recursive, preserve;    /* preserve: times; modes always, but for set-user-id to the host */
    const atomic_bool *cancel;   /* set from another thread */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* bytes; total 0: not known */
    void (*left_out)(void *ctx, const char *name);
    void *ctx;
    uint64_t done, total;        /* zero at first */
    unsigned serial;
    char *buffer;
};

/*
 * Copies the file or folder `source`; `target` is its new path, or a folder to put it into.
 * -ECANCELED when *cancel was set.
 */
int copy_run(struct copy *c, const char *source, const char *target, struct err *e);
void copy_release(struct copy *c);

#endif

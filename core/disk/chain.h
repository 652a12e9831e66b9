/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk of several layers, read and merged by plain system calls, for lxtop itself.
 *
 * Formats are those that the caller states.  Other clusters than QCOW2_CLUSTER are refused.  Layers are
 * opened for reading and their OFD locks are not asked for: lxtop reads frozen layers, which nobody writes,
 * while a machine runs on them.
 */
#ifndef CORE_DISK_CHAIN_H
#define CORE_DISK_CHAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct chain;

struct chain_layer {
    const char *path;
    bool qcow2; /* else raw: the lowest one */
};

/* `layers` from the top down. */
struct chain *chain_open(const struct chain_layer *layers, unsigned n, struct err *e);
void chain_close(struct chain *c);
uint64_t chain_size(const struct chain *c);
/* 0 or -errno; what is outside of the disk is -EINVAL. */
int chain_read(struct chain *c, void *to, size_t len, uint64_t offset);

struct chain_merge {
    bool raw; /* else qcow2; all layers are there, then: nothing is below */
    const char *backing, *backing_format; /* of the result, for its header; NULL: it stands on nothing */
    const atomic_bool *cancel;
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* bytes of the disk; may be NULL */
    void *ctx;
};
/*
 * Writes what the layers of `c` hold together into a new file `path`, synced.  Zeroes take no space in it.  -ECANCELED, and other errors: the file is gone again.
 */
int chain_merge(struct chain *c, const char *path, const struct chain_merge *m, struct err *e);

#endif

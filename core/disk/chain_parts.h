/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What core/disk/chain*.c share; nobody else includes it. */
#ifndef CORE_DISK_CHAIN_PARTS_H
#define CORE_DISK_CHAIN_PARTS_H

#include "core/disk/chain.h"
#include "core/disk/qcow2.h"

struct chain_one {
    int fd;
    struct qcow2 *q; /* NULL: raw */
    uint64_t size;
};
struct chain {
    struct chain_one *layer; /* from the top down */
    unsigned n;
};

/*
 * How the disk goes on from `offset` (in whole clusters of QCOW2_CLUSTER where it starts at one): the
 * kind, its length, and for QCOW2_DATA whose and where.  QCOW2_BELOW: in none of the layers.
 */
struct chain_run {
    enum qcow2_kind kind;
    uint64_t len, at;
    int fd;
    bool hole; /* QCOW2_ZERO of a raw layer, below which nothing is */
};
int chain_map(struct chain *c, uint64_t offset, uint64_t len, struct chain_run *run);
int chain_read_at(int fd, void *to, size_t len, uint64_t at);

#endif

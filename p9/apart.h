/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request with memory of its own, for work that may outlast whom it is done for: a host's file that answers when the
 * guest has long reset the device must find none of the guest's memory.
 */
#ifndef P9_APART_H
#define P9_APART_H

#include "p9/server.h"

struct p9_apart {
    struct p9_request r; /* a copy: works as the original does */
    struct iovec in, out;
    uint8_t bytes[];
};

/* Messages of `msize` bytes at most; NULL: no memory.  Freed by free. */
struct p9_apart *p9_apart_new(const struct p9_request *r, size_t msize);
/* Writes what became of it into the original, whose memory is there still. */
void p9_apart_answer(const struct p9_apart *a, struct p9_request *r);

#endif

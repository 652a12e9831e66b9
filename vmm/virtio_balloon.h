/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-balloon (virtio 1.2, 5.5): gives memory that the guest does not use back to the host.
 *
 * The work is done by free page reporting (5.5.6.7): some seconds after the guest has freed blocks of
 * 2 MiB or more it reports them, and the host's pages behind them are dropped; the guest gets zeroes when it
 * uses them again.  Inflating works too, for a driver that does it unasked; no target is set yet.
 *
 * The guest's own view of its memory comes from the statistics queue (5.5.6.3), and only while somebody asks: its
 * one buffer waits in the queue until then, so that nothing is ever under way and a guest nobody looks at sleeps.
 * It holds what was true when the guest was asked the time before; what is older than a few seconds is not told.
 */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include "vmm/virtio.h"

struct virtio_balloon {
    struct virtio v;
    uint32_t actual; /* pages in the balloon, as the driver says */
    int64_t asked_ms; /* when the statistics were given back to be filled anew; 0: never */
    int64_t used;     /* bytes, of the last time; negative: not known */
};

void virtio_balloon_init(struct virtio_balloon *b, const struct mem *mem);
/*
 * Bytes of its memory that the guest uses, as `free` counts them (total less available), and asks it anew; negative:
 * it has not told.  `now_ms` of clock_ms.
 */
int64_t virtio_balloon_used(struct virtio_balloon *b, int64_t now_ms);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-balloon (virtio 1.2, 5.5): gives memory that the guest does not use back to the host.
 *
 * The work is done by free page reporting (5.5.6.7): some seconds after the guest has freed blocks of
 * 2 MiB or more it reports them, and the host's pages behind them are dropped; the guest gets zeroes when it
 * uses them again.  Inflating works too, for a driver that does it unasked; no target is set yet.
 */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include "vmm/virtio.h"

struct virtio_balloon {
    struct virtio v;
    uint32_t actual; /* pages in the balloon, as the driver says */
};

void virtio_balloon_init(struct virtio_balloon *b, const struct mem *mem);

#endif

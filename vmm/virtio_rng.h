/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entropy device (virtio 1.2, 5.4): the host's random numbers, at most RNG_REQUEST_MAX bytes a
 * request and RNG_BATCH requests a turn, so that a greedy guest delays only itself.
 */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include "vmm/virtio.h"

#define RNG_REQUEST_MAX 4096
#define RNG_BATCH 16

struct virtio_rng {
    struct virtio v;
};

void virtio_rng_init(struct virtio_rng *r, const struct mem *mem);

#endif

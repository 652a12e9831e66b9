/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_rng.h"

#include <sys/random.h>

static void rng_notify(struct virtio *v, unsigned index)
{
    uint8_t bytes[RNG_REQUEST_MAX];
    struct vreq r;

    for (int i = 0; virtio_pop(v, index, &r); i++) {
        size_t want = r.write_len < sizeof(bytes) ? r.write_len : sizeof(bytes);
        ssize_t got = getrandom(bytes, want, GRND_NONBLOCK);
        size_t given = got > 0 ? vreq_write(&r, 0, bytes, (size_t)got) : 0;

        v->stats.read_bytes += given;
        virtio_used(v, index, r.head, (uint32_t)given);
        if (i == RNG_BATCH) {
            virtio_again(v);
            break;
        }
    }
    virtio_kick(v, index);
}

static const struct virtio_class rng_class = {
    .name = "rng", .id = 4, .queue_size = 8, .notify = rng_notify};

void virtio_rng_init(struct virtio_rng *r, const struct mem *mem)
{
    virtio_init(&r->v, &rng_class, "entropy", mem, 0, 0, 1);
}

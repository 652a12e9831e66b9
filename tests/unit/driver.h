/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side of a virtqueue, for tests: writes descriptors and the available ring into a
 * struct mem, looks at the used ring.  It checks nothing, so a test can be as hostile as it likes.
 *
 * Ring N lies at DRIVER_RING_AT(N); data may use what is from DRIVER_DATA_AT up.
 */
#ifndef TESTS_UNIT_DRIVER_H
#define TESTS_UNIT_DRIVER_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "vmm/mem.h"
#include "vmm/virtio.h"
#include "vmm/virtq.h"

#define DRIVER_RING_AT(n) (0x10000ULL + 0x4000ULL * (n))
#define DRIVER_DATA_AT 0x80000ULL
#define DRIVER_MEM (4ULL << 20)

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

struct desc_entry {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

struct used_entry {
    uint32_t id, len;
};

struct driver {
    const struct mem *mem;
    uint64_t desc_at, avail_at, used_at; /* kept here: a reset clears those of the device */
    uint16_t size, avail;                /* our own index: how many chains were offered */
};

static inline void *driver_at(const struct driver *d, uint64_t at, uint64_t len)
{
    void *p = mem_at(d->mem, GPA(at), len);

    assert(p);
    return p;
}

/* Addresses and size of the queue, as a driver sets them before QueueReady. */
static inline void driver_init(struct driver *d, const struct mem *mem, struct virtq *q, unsigned n,
                               uint16_t size)
{
    *d = (struct driver){.mem = mem,
                         .desc_at = DRIVER_RING_AT(n),
                         .avail_at = DRIVER_RING_AT(n) + 0x1000,
                         .used_at = DRIVER_RING_AT(n) + 0x2000,
                         .size = size};
    q->size = size;
    q->desc = GPA(d->desc_at);
    q->avail = GPA(d->avail_at);
    q->used = GPA(d->used_at);
    memset(driver_at(d, DRIVER_RING_AT(n), 0x4000), 0, 0x4000);
}

static inline void driver_desc_at(const struct driver *d, uint64_t table, unsigned index,
                                  struct desc_entry e)
{
    memcpy(driver_at(d, table + sizeof(e) * index, sizeof(e)), &e, sizeof(e));
}

static inline void driver_desc(const struct driver *d, unsigned index, struct desc_entry e)
{
    driver_desc_at(d, d->desc_at, index, e);
}

static inline uint16_t *driver_avail16(const struct driver *d, unsigned cell)
{
    return (uint16_t *)driver_at(d, d->avail_at, 6 + 2 * (uint64_t)d->size) + cell;
}

static inline void driver_set_index(struct driver *d, uint16_t index)
{
    d->avail = index;
    __atomic_store_n(driver_avail16(d, 1), index, __ATOMIC_RELEASE);
}

static inline void driver_offer(struct driver *d, uint16_t head)
{
    *driver_avail16(d, 2U + d->avail % d->size) = head;
    driver_set_index(d, (uint16_t)(d->avail + 1));
}

/* One chain from descriptor `first` on, of the pieces in order; offers it. */
static inline void driver_chain(struct driver *d, uint16_t first, const struct desc_entry *pieces,
                                unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct desc_entry e = pieces[i];

        e.flags |= i + 1 < n ? NEXT : 0;
        e.next = (uint16_t)(first + i + 1);
        driver_desc(d, first + i, e);
    }
    driver_offer(d, first);
}

static inline void driver_no_interrupt(const struct driver *d, uint16_t flag)
{
    *driver_avail16(d, 0) = flag;
}

static inline void driver_set_used_event(const struct driver *d, uint16_t event)
{
    *driver_avail16(d, 2U + d->size) = event;
}

static inline uint16_t driver_used_index(const struct driver *d)
{
    return ((uint16_t *)driver_at(d, d->used_at, 4))[1];
}

static inline uint16_t driver_avail_event(const struct driver *d)
{
    uint16_t event;

    memcpy(&event, driver_at(d, d->used_at + 4 + 8 * (uint64_t)d->size, 2), 2);
    return event;
}

/* The n-th entry ever put into the used ring. */
static inline struct used_entry driver_used(const struct driver *d, uint16_t n)
{
    struct used_entry u;

    memcpy(&u, driver_at(d, d->used_at + 4 + sizeof(u) * (n % d->size), sizeof(u)), sizeof(u));
    return u;
}

/* A driver's way through 3.1.1 up to DRIVER_OK; the queues and driver_ok are the caller's. */
static inline void driver_negotiate(struct virtio *v, uint64_t features)
{
    virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    v->features = features | VIRTIO_FEATURE_VERSION_1;
    virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    assert(v->status & VIRTIO_FEATURES_OK);
}

static inline void driver_ok(struct virtio *v)
{
    virtio_set_status(v,
                      VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

/* A driver that begins: `count` rings of `size`, from number 0 up. */
static inline void driver_start(struct driver *d, unsigned count, uint16_t size, struct virtio *v, const struct mem *mem,
                                uint64_t features)
{
    driver_negotiate(v, features);
    for (unsigned i = 0; i < count; i++) {
        driver_init(&d[i], mem, &v->queue[i], i, size);
        virtio_enable_queue(v, i);
    }
    driver_ok(v);
}

/* A chain of one descriptor, in the slot that is next, and the device is told. */
static inline void driver_submit(struct driver *d, struct virtio *v, unsigned queue, struct desc_entry e)
{
    uint16_t slot = d->avail % d->size;

    driver_desc(d, slot, e);
    driver_offer(d, slot);
    v->class->notify(v, queue);
}

#endif

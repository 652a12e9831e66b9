/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A split virtqueue (virtio 1.2, 2.7), device side: the only code that walks descriptors.
 *
 *      driver writes                                      device writes
 *      avail ring: heads of chains to work on   ------>   used ring: heads done, bytes written
 *            \                                             /
 *             `------>  descriptor table: addr len flags next
 *
 * virtq_pop takes one chain and turns it into a vreq: pieces of host memory, those the device reads
 * first, then those it writes, in the chain's order.  Each descriptor is copied once, the copy is
 * checked and used; those that follow each other in memory make one piece.  A chain is refused
 * (-EBADMSG) when an index is out of range, when it has more descriptors than the queue (a loop), when
 * a range is not RAM, when a readable piece follows a writable one, when an indirect table is inside
 * another, has a length that is no multiple of 16 or more than VREQ_PIECES entries, or when the driver's
 * index runs further ahead than the queue's size.
 */
#ifndef VMM_VIRTQ_H
#define VMM_VIRTQ_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/mem.h"

#define VIRTQ_SIZE_MAX 256
#define VREQ_PIECES 256

struct virtq {
    const struct mem *mem;  /* [const] */
    uint16_t size_max;      /* [const] */
    uint16_t size;          /* set by the driver, a power of two up to size_max; frozen by `ready` */
    bool ready;
    struct gpa desc, avail, used; /* set by the driver; frozen by `ready` */
    uint8_t *desc_at, *avail_at, *used_at; /* the same, checked whole by virtq_enable */
    uint16_t next_avail, next_used;
    uint16_t signalled;     /* used index when virtq_wants_interrupt was last asked */
    bool event_idx, indirect; /* as negotiated */
};

struct vreq {
    struct iovec iov[VREQ_PIECES]; /* nread readable pieces, then nwrite writable ones */
    uint16_t nread, nwrite;
    uint16_t head;
    uint32_t read_len, write_len; /* bytes in all of them; their sum fits 32 bits */
};

/* Checks the addresses and freezes the queue: 0 or -EINVAL. */
int virtq_enable(struct virtq *q);
void virtq_reset(struct virtq *q);

/*
 * What the device may write to counts as written (mem_note) from here on: a chain is pushed, or unpopped, before
 * the device is quiet.
 * 1: `r` filled; 0: nothing to do (notifications are on again); -EBADMSG: ring broken.
 */
int virtq_pop(struct virtq *q, struct vreq *r, const char **why);
/* The last `n` chains that were popped, and not pushed, wait in the queue again, in their order. */
void virtq_unpop(struct virtq *q, uint16_t n);
/* Gives a chain back. */
void virtq_push(struct virtq *q, uint16_t head, uint32_t written);
/* Does the driver want an interrupt for what was pushed since this was last asked? */
bool virtq_wants_interrupt(struct virtq *q);

/* Copies between the pieces of a request and one buffer; returns the bytes moved. */
size_t vreq_read(const struct vreq *r, size_t offset, void *to, size_t len);
size_t vreq_write(const struct vreq *r, size_t offset, const void *from, size_t len);

#endif

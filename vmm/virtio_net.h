/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network device (virtio 1.2, 5.1) over a SOCK_SEQPACKET socket of frames (net_plan.h).
 *
 * Nothing is copied here: the kernel moves frames between the socket and guest memory.  What waits
 * waits in the socket, bounded by its buffer: a guest that gives no buffers stops the other side,
 * which then drops and counts; a busy other side stops the transmit queue, and so the guest's TCP.
 * All of it runs on the loop thread with the lock held, some frames a turn.
 *
 * CSUM is offered, since the other side completes checksums; GUEST_CSUM, since what comes from it
 * was made on this host and is marked as checked.  No segmentation: the MTU does that work.
 */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include "vmm/loop.h"
#include "vmm/net_plan.h"
#include "vmm/virtio.h"

struct err;

#define NET_CHAINS 64                     /* receive buffers gathered for one frame */
#define NET_PIECES (2 * VREQ_PIECES)

struct virtio_net {
    struct virtio v;
    struct loop *loop; /* [const] */
    int fd;            /* borrowed; -1: the other side is gone, the link is down */
    struct loop_watch watch;
    uint32_t dropped;      /* as the other side last said */
    struct vreq unsent;    /* of the transmit queue, while the socket is full */
    bool has_unsent;
    struct {
        uint16_t head, pieces;
        uint32_t len;
    } chain[NET_CHAINS];   /* receive buffers taken and not filled yet */
    struct iovec iov[NET_PIECES]; /* their pieces */
    unsigned chains, pieces;
    uint32_t room;         /* bytes in them */
};

/* `fd` is borrowed until virtio_net_release or virtio_net_connect. */
int virtio_net_init(struct virtio_net *n, const struct mem *mem, struct loop *loop, int fd,
                    struct err *e);
/* Another socket from now on, or -1, none: the link is up, or down. */
int virtio_net_connect(struct virtio_net *n, int fd, struct err *e);
/* All zeroes are allowed: one that was never made. */
void virtio_net_release(struct virtio_net *n);

#endif

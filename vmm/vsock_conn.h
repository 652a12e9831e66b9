/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vsock connection: a Unix socket on this side, packets from and to the guest on the other.
 *
 * Towards the host: payload goes straight from guest memory into the socket; what the socket does
 * not take waits here, at most VSOCK_BUFFER bytes, which is the credit the guest has (virtio 1.2,
 * 5.10.6.3).  A guest that sends more than its credit is reset.  Towards the guest: payload is
 * received straight into a guest buffer, never more than the guest's credit, and nothing is kept.
 *
 * It knows no queue and no loop.  Its owner passes on packets (vsock_conn_take), events of the socket
 * (vsock_conn_event) and free guest buffers (vsock_conn_give); none of them waits.  After each the
 * owner looks at `state` and `reset`, and whether vsock_conn_has says that a buffer is wanted.
 *
 *     ASKED ---- RESPONSE ----> OPEN ---- host closed: SHUTDOWN ----> CLOSED, until the guest's RST
 *                                 `------ guest closed: RST --------> DRAINING, until the host has
 *                                                                     all bytes, then ENDED
 */
#ifndef VMM_VSOCK_CONN_H
#define VMM_VSOCK_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/outbuf.h"
#include "vmm/vsock_packet.h"

#define VSOCK_BUFFER (256U << 10)
#define VSOCK_PIECES 256 /* iovec entries of a packet */

enum vsock_state {
    VSOCK_ASKED,    /* the guest has not answered the request of a host program yet */
    VSOCK_OPEN,
    VSOCK_CLOSED,   /* the host is gone, the guest knows or is about to; no descriptor any more */
    VSOCK_DRAINING, /* the guest is gone; the rest of its bytes goes to the host */
    VSOCK_ENDED,    /* nothing left but vsock_conn_release */
};

struct vsock_conn {
    int fd; /* owned; -1 from CLOSED on */
    enum vsock_state state;
    bool reset; /* the guest is to get an RST, and then knows nothing of us */
    uint32_t host_port, guest_port;
    struct outbuf out; /* bytes for the host */
    /* Counters of bytes; they wrap (5.10.6.3). */
    uint32_t received, forwarded, forwarded_told; /* from the guest */
    uint32_t sent, guest_alloc, guest_forwarded;  /* to the guest */
    unsigned ops;      /* 1 << enum vsock_op: packets that wait for a guest buffer */
    unsigned host_shut, guest_shut; /* VSOCK_NO_ flags: what each side does no more */
    bool readable;     /* the socket may have something; cleared by EAGAIN */
};

/* Takes `fd`.  `asked` by the guest: it gets a RESPONSE; else it gets a REQUEST. */
void vsock_conn_init(struct vsock_conn *c, int fd, uint32_t host_port, uint32_t guest_port,
                     const struct vsock_header *asked);
void vsock_conn_release(struct vsock_conn *c);

/* A packet of this connection; `iov` is its payload, h->len bytes, in guest memory. */
void vsock_conn_take(struct vsock_conn *c, const struct vsock_header *h, const struct iovec *iov,
                     unsigned n);
/* EPOLL* bits.  Made for edges: nothing is lost when one comes too often, none may be left out. */
void vsock_conn_event(struct vsock_conn *c, uint32_t events);

/* The program has closed its end, whatever of it is still to be read. */
bool vsock_conn_host_gone(const struct vsock_conn *c);

bool vsock_conn_has(const struct vsock_conn *c);
/* Makes the next packet, its payload in `iov`: true, or false: there is none after all. */
bool vsock_conn_give(struct vsock_conn *c, struct vsock_header *h, const struct iovec *iov,
                     unsigned n);

#endif

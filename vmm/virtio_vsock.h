/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket device (virtio 1.2, 5.10), joined to Unix sockets of the host (vsock_host.h).
 *
 * All of it runs with the machine's lock held.  Connections live in slots that are never freed
 * before the device is: an event of a socket may still be on its way when its slot is used again,
 * and does no harm then (loop.h).  Sockets are watched for edges, so one that nobody can serve now
 * costs nothing; those with something for the guest stand in line for its buffers, each for some
 * packets a turn.
 *
 * A guest can hold at most VSOCK_CONNECTIONS slots and VSOCK_BUFFER bytes in each.  Answers to
 * packets of no connection (RST) are kept up to VSOCK_RESETS and then left out: the guest that
 * floods us without taking answers waits for its own timeouts.
 */
#ifndef VMM_VIRTIO_VSOCK_H
#define VMM_VIRTIO_VSOCK_H

#include "vmm/loop.h"
#include "vmm/virtio.h"
#include "vmm/vsock_conn.h"

struct err;

#define VSOCK_GUEST_CID 3
#define VSOCK_CONNECTIONS 512
#define VSOCK_RESETS 1024
#define VSOCK_BUCKETS 256
#define VSOCK_HOST_PORTS (1U << 30) /* of connections that the host makes: from here on */

struct virtio_vsock;

struct vsock_slot {
    struct vsock_conn conn;
    struct loop_watch watch;
    struct virtio_vsock *device;
    struct vsock_slot *next;          /* in its bucket, or in the list of free ones */
    struct vsock_slot *next_in_line;
    unsigned turn; /* packets of this turn so far */
    bool used;
    bool hello;  /* a host program that has not said yet where to; conn.fd alone is valid */
    bool called; /* by a program of the host, not by the guest */
    bool known;  /* in its bucket: the guest may speak of it */
    bool in_line;
};

struct virtio_vsock {
    struct virtio v;
    struct loop *loop; /* [const] */
    const char *path;  /* [const] borrowed */
    int listen_fd;     /* -1: none */
    struct loop_watch watch;
    uint32_t next_port;
    struct vreq buffer; /* of the guest, taken and not filled yet */
    bool has_buffer;
    struct vsock_slot *first, **last; /* in line */
    struct vsock_slot *bucket[VSOCK_BUCKETS], *free;
    unsigned slots; /* ever used */
    uint64_t calls; /* connections that programs of the host ever made */
    struct {
        uint32_t host_port, guest_port;
    } reset[VSOCK_RESETS];
    unsigned reset_at, resets;
    struct vsock_slot slot[VSOCK_CONNECTIONS];
};

/* Listens at `path`; NULL: nobody can connect, the guest reaches nobody. */
int virtio_vsock_init(struct virtio_vsock *s, const struct mem *mem, struct loop *loop,
                      const char *path, struct err *e);
/* Programs of the host that are connected now, and have not closed. */
unsigned virtio_vsock_callers(const struct virtio_vsock *s);
/* All zeroes are allowed: one that was never made. */
void virtio_vsock_release(struct virtio_vsock *s);

#endif

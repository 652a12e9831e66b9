/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vsock device with a driver on one side and host programs on the other, for tests and fuzzing.
 *
 * No loop runs: vsock_world_run polls the sockets and calls the device's watches, as the loop would.
 */
#ifndef TESTS_UNIT_VSOCK_WORLD_H
#define TESTS_UNIT_VSOCK_WORLD_H

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/driver.h"
#include "vmm/virtio_vsock.h"

enum { VW_RX, VW_TX, VW_EVENT, VW_QUEUES };
#define VW_RING 64
#define VW_BUFFER (VSOCK_HEADER_SIZE + 4096)
#define VW_RX_AT(n) (DRIVER_DATA_AT + 0x2000ULL * (n))
#define VW_TX_AT (DRIVER_DATA_AT + 0x2000ULL * VW_RING)

struct vsock_world {
    struct mem mem;
    struct loop *loop;
    struct virtio_vsock *s;
    struct driver d[VW_QUEUES];
    uint16_t seen; /* packets to the guest looked at */
    char path[100];
};

static inline void vsock_world_start(struct vsock_world *w)
{
    virtio_set_status(&w->s->v, 0);
    driver_negotiate(&w->s->v, 0);
    for (unsigned i = 0; i < VW_QUEUES; i++) {
        driver_init(&w->d[i], &w->mem, &w->s->v.queue[i], i, VW_RING);
        virtio_enable_queue(&w->s->v, i);
    }
    driver_ok(&w->s->v);
    w->seen = 0;
}

static inline int vsock_world_make(struct vsock_world *w, const char *path)
{
    *w = (struct vsock_world){.loop = loop_new(NULL), .s = calloc(1, sizeof(*w->s))};
    snprintf(w->path, sizeof(w->path), "%s", path);
    if (!w->loop || !w->s || mem_init(&w->mem, DRIVER_MEM, NULL) < 0)
        return -1;
    return virtio_vsock_init(w->s, &w->mem, w->loop, w->path, NULL);
}

static inline void vsock_world_end(struct vsock_world *w)
{
    virtio_vsock_release(w->s);
    free(w->s);
    loop_free(w->loop);
    mem_release(&w->mem);
}

/* --- the driver --- */

static inline void vsock_world_notify(struct vsock_world *w, unsigned queue)
{
    if (w->s->v.queue[queue].ready)
        w->s->v.class->notify(&w->s->v, queue);
}

/* Gives the device `n` buffers. */
static inline void vsock_world_room(struct vsock_world *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint16_t slot = w->d[VW_RX].avail % VW_RING;

        driver_desc(&w->d[VW_RX], slot, (struct desc_entry){VW_RX_AT(slot), VW_BUFFER, WRITE, 0});
        driver_offer(&w->d[VW_RX], slot);
    }
    vsock_world_notify(w, VW_RX);
}

/* The next packet to the guest, its payload at *payload: false when there is none. */
static inline bool vsock_world_packet(struct vsock_world *w, struct vsock_header *h, char **payload)
{
    struct used_entry u;
    uint8_t *at;

    if (w->seen == driver_used_index(&w->d[VW_RX]))
        return false;
    u = driver_used(&w->d[VW_RX], w->seen++);
    at = driver_at(&w->d[VW_RX], VW_RX_AT(u.id), VW_BUFFER);
    assert(vsock_header_decode(h, at, VSOCK_HEADER_SIZE));
    assert(u.len == VSOCK_HEADER_SIZE + h->len);
    if (payload)
        *payload = (char *)at + VSOCK_HEADER_SIZE;
    return true;
}

/* A packet of the guest, as it is given; `chain_len` bytes of it in the chain. */
static inline void vsock_world_send_raw(struct vsock_world *w, const struct vsock_header *h,
                                        const void *bytes, uint32_t len, uint32_t chain_len)
{
    uint16_t slot = w->d[VW_TX].avail % VW_RING;
    uint8_t *at = driver_at(&w->d[VW_TX], VW_TX_AT, VSOCK_HEADER_SIZE + 0x20000);

    vsock_header_encode(h, at);
    if (len)
        memcpy(at + VSOCK_HEADER_SIZE, bytes, len);
    driver_desc(&w->d[VW_TX], slot, (struct desc_entry){VW_TX_AT, chain_len, 0, 0});
    driver_offer(&w->d[VW_TX], slot);
    vsock_world_notify(w, VW_TX);
}

static inline struct vsock_header vsock_world_header(enum vsock_op op, uint32_t guest_port,
                                                     uint32_t host_port)
{
    return (struct vsock_header){.src_cid = VSOCK_GUEST_CID, .dst_cid = VSOCK_CID_HOST,
                                 .src_port = guest_port, .dst_port = host_port, .buf_alloc = 262144,
                                 .type = VSOCK_TYPE_STREAM, .op = (uint16_t)op};
}

static inline void vsock_world_send(struct vsock_world *w, enum vsock_op op, uint32_t guest_port,
                                    uint32_t host_port, const char *text)
{
    struct vsock_header h = vsock_world_header(op, guest_port, host_port);
    uint32_t len = text ? (uint32_t)strlen(text) : 0;

    h.len = len;
    vsock_world_send_raw(w, &h, text, len, VSOCK_HEADER_SIZE + len);
}

/* --- the host --- */

static inline void vsock_world_look(struct loop_watch *watch)
{
    struct pollfd p = {.fd = watch->fd, .events = POLLIN | POLLOUT | POLLRDHUP};

    if (watch->fd >= 0 && poll(&p, 1, 0) > 0)
        watch->fn(watch->ctx, (uint32_t)p.revents); /* EPOLL* bits are the same */
}

static inline void vsock_world_run(struct vsock_world *w)
{
    vsock_world_look(&w->s->watch);
    for (unsigned i = 0; i < w->s->slots; i++)
        vsock_world_look(&w->s->slot[i].watch);
}

static inline int vsock_world_dial(struct vsock_world *w, const char *hello)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(at.sun_path, w->path, sizeof(w->path));
    assert(fd >= 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
        close(fd);
        return -1;
    }
    if (send(fd, hello, strlen(hello), MSG_NOSIGNAL) < 0)
        perror("hello");
    vsock_world_run(w);
    return fd;
}

#endif

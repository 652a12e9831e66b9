/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_vsock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/iov.h"
#include "core/base/state.h"
#include "vmm/vsock_host.h"

/* The event queue is there for resets of the transport (5.10.6.7): after a restore. */
enum { RX, TX, EVENT, QUEUES };

/* The lock is held for a turn: no more packets and bytes in one. */
#define BATCH 128
#define TURN_BYTES (1U << 20)
/* Of one connection before the next: Linux gives buffers of 4 KiB, too little to go round for each. */
#define TURN_PACKETS 16
#define EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

static struct virtio_vsock *vsock_of(struct virtio *v)
{
    return (struct virtio_vsock *)((char *)v - offsetof(struct virtio_vsock, v));
}

/* --- the table of connections --- */

static struct vsock_slot **bucket(struct virtio_vsock *s, uint32_t host_port, uint32_t guest_port)
{
    return &s->bucket[(host_port * 31 + guest_port) % VSOCK_BUCKETS];
}

static struct vsock_slot *find(struct virtio_vsock *s, uint32_t host_port, uint32_t guest_port)
{
    struct vsock_slot *slot = *bucket(s, host_port, guest_port);

    while (slot && (slot->conn.host_port != host_port || slot->conn.guest_port != guest_port))
        slot = slot->next;
    return slot;
}

static void make_known(struct vsock_slot *slot)
{
    struct vsock_slot **at = bucket(slot->device, slot->conn.host_port, slot->conn.guest_port);

    slot->next = *at;
    *at = slot;
    slot->known = true;
}

static void forget(struct vsock_slot *slot)
{
    struct vsock_slot **at = bucket(slot->device, slot->conn.host_port, slot->conn.guest_port);

    if (!slot->known)
        return;
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    slot->known = false;
}

/* --- those who wait for a guest buffer --- */

static void stand_in_line(struct vsock_slot *slot)
{
    if (slot->in_line)
        return;
    slot->in_line = true;
    slot->next_in_line = NULL;
    *slot->device->last = slot;
    slot->device->last = &slot->next_in_line;
}

static void leave_line(struct virtio_vsock *s)
{
    struct vsock_slot *slot = s->first;

    s->first = slot->next_in_line;
    if (!s->first)
        s->last = &s->first;
    slot->in_line = false;
}

static void queue_reset(struct virtio_vsock *s, uint32_t host_port, uint32_t guest_port)
{
    unsigned at = (s->reset_at + s->resets) % VSOCK_RESETS;

    if (s->resets == VSOCK_RESETS)
        return;
    s->reset[at].host_port = host_port;
    s->reset[at].guest_port = guest_port;
    s->resets++;
}

/* --- slots --- */

/* One that stands in line stays there until its turn, and is free afterwards. */
static void slot_free(struct vsock_slot *slot)
{
    struct virtio_vsock *s = slot->device;

    forget(slot);
    loop_remove(s->loop, &slot->watch);
    vsock_conn_release(&slot->conn);
    slot->used = slot->hello = false;
    if (!slot->in_line) {
        slot->next = s->free;
        s->free = slot;
    }
}

/* What the connection wants after anything that happened to it. */
static void settle(struct vsock_slot *slot)
{
    struct vsock_conn *c = &slot->conn;

    if (c->reset && slot->known)
        queue_reset(slot->device, c->host_port, c->guest_port);
    if (c->state == VSOCK_DRAINING)
        forget(slot);
    if (c->fd < 0)
        loop_remove(slot->device->loop, &slot->watch);
    if (c->state == VSOCK_ENDED)
        slot_free(slot);
    else if (slot->known && vsock_conn_has(c))
        stand_in_line(slot);
}

/* A guest that answers no SHUTDOWN, or takes no bytes, holds no slot of the gone that others want. */
static void evict(struct virtio_vsock *s)
{
    for (unsigned i = 0; i < s->slots; i++) {
        struct vsock_slot *slot = &s->slot[i];

        if (slot->known && !slot->in_line && vsock_conn_host_gone(&slot->conn)) {
            queue_reset(s, slot->conn.host_port, slot->conn.guest_port);
            slot_free(slot);
            return;
        }
    }
}

/* An unused slot, or NULL. */
static struct vsock_slot *slot_new(struct virtio_vsock *s)
{
    struct vsock_slot *slot = s->free;

    if (!slot && s->slots == VSOCK_CONNECTIONS)
        evict(s);
    slot = s->free;
    if (slot)
        s->free = slot->next;
    else if (s->slots < VSOCK_CONNECTIONS)
        slot = &s->slot[s->slots++];
    if (slot)
        *slot = (struct vsock_slot){.device = s, .watch.fd = -1, .used = true, .conn.fd = -1};
    return slot;
}

/* --- to the guest --- */

static bool take_buffer(struct virtio_vsock *s)
{
    if (!s->has_buffer && virtio_pop(&s->v, RX, &s->buffer)) {
        s->has_buffer = s->buffer.write_len > VSOCK_HEADER_SIZE;
        if (!s->has_buffer)
            virtio_fail(&s->v, "a receive buffer without room for a packet");
    }
    return s->has_buffer;
}

static void fill_buffer(struct virtio_vsock *s, struct vsock_header *h)
{
    uint8_t bytes[VSOCK_HEADER_SIZE];

    h->src_cid = VSOCK_CID_HOST;
    h->dst_cid = VSOCK_GUEST_CID;
    h->type = VSOCK_TYPE_STREAM;
    vsock_header_encode(h, bytes);
    vreq_write(&s->buffer, 0, bytes, sizeof(bytes));
    virtio_used(&s->v, RX, s->buffer.head, VSOCK_HEADER_SIZE + h->len);
    s->v.stats.read_bytes += h->len;
    s->has_buffer = false;
}

/* The first in line makes a packet, if it still has one; its turn ends with its TURN_PACKETS. */
static bool next_packet(struct virtio_vsock *s, struct vsock_header *h)
{
    struct iovec room[VREQ_PIECES];
    unsigned n = iov_slice(s->buffer.iov + s->buffer.nread, s->buffer.nwrite, VSOCK_HEADER_SIZE,
                           SIZE_MAX, room, VREQ_PIECES);
    struct vsock_slot *slot = s->first;
    bool given = slot->known && vsock_conn_give(&slot->conn, h, room, n);

    if (given && ++slot->turn < TURN_PACKETS && vsock_conn_has(&slot->conn)) {
        settle(slot);
        return true;
    }
    leave_line(s);
    slot->turn = 0;
    if (slot->used) {
        settle(slot);
    } else { /* freed while it stood there */
        slot->next = s->free;
        s->free = slot;
    }
    return given;
}

static bool next_reset(struct virtio_vsock *s, struct vsock_header *h)
{
    *h = (struct vsock_header){.src_port = s->reset[s->reset_at].host_port,
                               .dst_port = s->reset[s->reset_at].guest_port,
                               .op = VSOCK_OP_RST};
    s->reset_at = (s->reset_at + 1) % VSOCK_RESETS;
    s->resets--;
    return true;
}

static void pump(struct virtio_vsock *s)
{
    struct vsock_header h;
    unsigned packets = 0;
    size_t bytes = 0;

    while ((s->resets || s->first) && take_buffer(s)) {
        if (packets++ == BATCH || bytes >= TURN_BYTES) {
            virtio_again(&s->v);
            break;
        }
        if (s->resets ? next_reset(s, &h) : next_packet(s, &h)) {
            fill_buffer(s, &h);
            bytes += h.len;
        }
    }
    virtio_kick(&s->v, RX);
}

/* --- from the host --- */

static void start_request(struct vsock_slot *slot, uint32_t guest_port)
{
    struct virtio_vsock *s = slot->device;

    do
        s->next_port = s->next_port == UINT32_MAX - 1 ? VSOCK_HOST_PORTS : s->next_port + 1;
    while (find(s, s->next_port, guest_port));
    slot->hello = false;
    vsock_conn_init(&slot->conn, slot->conn.fd, s->next_port, guest_port, NULL);
    make_known(slot);
    settle(slot);
}

static void take_hello(struct vsock_slot *slot)
{
    uint32_t guest_port;
    int r = vsock_host_hello(slot->conn.fd, &guest_port);

    if (r > 0 && (slot->device->v.status & VIRTIO_DRIVER_OK))
        start_request(slot, guest_port);
    else if (r != 0) /* nonsense, or nobody in the guest to ask yet */
        slot_free(slot);
}

static void on_socket(void *ctx, uint32_t events)
{
    struct vsock_slot *slot = ctx;

    if (!slot->used)
        return;
    if (slot->hello) {
        take_hello(slot);
    } else {
        vsock_conn_event(&slot->conn, events);
        settle(slot);
    }
    pump(slot->device);
}

/* Takes `fd` unless there is no room for it. */
static struct vsock_slot *adopt(struct virtio_vsock *s, int fd)
{
    struct vsock_slot *slot = slot_new(s);

    if (!slot)
        return NULL;
    if (loop_add(s->loop, &slot->watch, fd, EDGES, on_socket, slot, NULL) < 0) {
        slot_free(slot);
        return NULL;
    }
    slot->conn.fd = fd;
    return slot;
}

/*
 * Edges here, too: were accept to fail for lack of descriptors, the loop would spin on the level.  Who
 * is left in the backlog then is accepted with the next one who comes.
 */
static void on_connect(void *ctx, uint32_t events)
{
    struct virtio_vsock *s = ctx;
    int fd;

    (void)events;
    while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        struct vsock_slot *slot = adopt(s, fd);

        if (!slot) {
            close(fd);
            continue;
        }
        slot->hello = slot->called = true;
        s->calls++;
        take_hello(slot);
    }
    pump(s);
}

/* --- from the guest --- */

static void take_request(struct virtio_vsock *s, const struct vsock_header *h)
{
    int fd = s->path ? vsock_host_connect(s->path, h->dst_port) : -ECONNREFUSED;
    struct vsock_slot *slot = fd >= 0 ? adopt(s, fd) : NULL;

    if (!slot) {
        if (fd >= 0)
            close(fd);
        queue_reset(s, h->dst_port, h->src_port);
        return;
    }
    vsock_conn_init(&slot->conn, fd, h->dst_port, h->src_port, h);
    make_known(slot);
    settle(slot);
}

/* 5.10.6.4: an RST is the answer to what belongs to no connection, but never to an RST. */
static void take_packet(struct virtio_vsock *s, const struct vsock_header *h,
                        const struct iovec *payload, unsigned n)
{
    struct vsock_slot *slot = find(s, h->dst_port, h->src_port);

    if (h->type != VSOCK_TYPE_STREAM) {
        queue_reset(s, h->dst_port, h->src_port);
    } else if (slot) {
        vsock_conn_take(&slot->conn, h, payload, n);
        settle(slot);
    } else if (h->op == VSOCK_OP_REQUEST) {
        take_request(s, h);
    } else if (h->op != VSOCK_OP_RST) {
        queue_reset(s, h->dst_port, h->src_port);
    }
}

static void take_chain(struct virtio_vsock *s, const struct vreq *r)
{
    struct iovec payload[VREQ_PIECES];
    uint8_t bytes[VSOCK_HEADER_SIZE];
    struct vsock_header h;

    if (!vsock_header_decode(&h, bytes, vreq_read(r, 0, bytes, sizeof(bytes))) ||
        h.len > VSOCK_PAYLOAD_MAX || h.len > r->read_len - VSOCK_HEADER_SIZE) {
        s->v.stats.errors++;
        return;
    }
    /* 5.10.6.2.1: other addresses are nobody's; not even an RST goes there. */
    if (h.src_cid != VSOCK_GUEST_CID || h.dst_cid != VSOCK_CID_HOST)
        return;
    s->v.stats.write_bytes += h.len;
    take_packet(s, &h, payload, iov_slice(r->iov, r->nread, VSOCK_HEADER_SIZE, h.len, payload,
                                   VREQ_PIECES));
}

static void transmit_notify(struct virtio_vsock *s)
{
    size_t bytes = 0;
    struct vreq r;

    for (int i = 0; virtio_pop(&s->v, TX, &r); i++) {
        take_chain(s, &r);
        virtio_used(&s->v, TX, r.head, 0);
        bytes += r.read_len;
        if (i == BATCH || bytes >= TURN_BYTES) {
            virtio_again(&s->v);
            break;
        }
    }
    virtio_kick(&s->v, TX);
}

static void vsock_notify(struct virtio *v, unsigned queue)
{
    struct virtio_vsock *s = vsock_of(v);

    if (queue == TX)
        transmit_notify(s);
    if (queue != EVENT)
        pump(s);
}

static void vsock_config_read(struct virtio *v, size_t offset, void *to, size_t len)
{
    const uint64_t guest_cid = VSOCK_GUEST_CID; /* 5.10.4 */

    (void)v;
    memcpy(to, (const uint8_t *)&guest_cid + offset, len);
}

static void vsock_reset(struct virtio *v)
{
    struct virtio_vsock *s = vsock_of(v);

    while (s->first)
        leave_line(s);
    s->free = NULL;
    for (unsigned i = 0; i < s->slots; i++)
        if (s->slot[i].used)
            slot_free(&s->slot[i]);
        else {
            s->slot[i].next = s->free;
            s->free = &s->slot[i];
        }
    s->resets = 0;
    s->has_buffer = false;
}

static void vsock_quiesce(struct virtio *v)
{
    struct virtio_vsock *s = vsock_of(v);

    virtq_unpop(&v->queue[RX], s->has_buffer);
    s->has_buffer = false;
}

/* Connections stay with the process that has their sockets; ports of new ones do not meet the old. */
static void vsock_state(struct virtio *v, struct state *s)
{
    struct virtio_vsock *d = vsock_of(v);

    state_u32(s, &d->next_port);
    if (d->next_port < VSOCK_HOST_PORTS || d->next_port == UINT32_MAX)
        state_refuse(s, "vsock: a host port of %u", d->next_port);
}

/* 5.10.6.7: the guest is to drop every connection; its listeners stay. */
static void vsock_restored(struct virtio *v)
{
    const uint32_t transport_reset = 0;
    struct vreq r;

    if (!virtio_pop(v, EVENT, &r))
        return;
    virtio_used(v, EVENT, r.head, (uint32_t)vreq_write(&r, 0, &transport_reset, sizeof(transport_reset)));
    virtio_kick(v, EVENT);
}

static const struct virtio_class vsock_class = {
    .name = "vsock",
    .id = 19,
    .queue_size = 128,
    .notify = vsock_notify,
    .config_read = vsock_config_read,
    .reset = vsock_reset,
    .quiesce = vsock_quiesce,
    .state = vsock_state,
    .restored = vsock_restored,
};

int virtio_vsock_init(struct virtio_vsock *s, const struct mem *mem, struct loop *loop,
                      const char *path, struct err *e)
{
    int r = 0;

    s->loop = loop;
    s->path = path;
    s->listen_fd = s->watch.fd = -1;
    s->next_port = VSOCK_HOST_PORTS;
    s->last = &s->first;
    virtio_init(&s->v, &vsock_class, "vsock", mem, 0, sizeof(uint64_t), QUEUES);
    if (path)
        r = s->listen_fd = vsock_host_listen(path, e);
    if (r >= 0 && path)
        r = loop_add(loop, &s->watch, s->listen_fd, EPOLLIN | EPOLLET, on_connect, s, e);
    if (r < 0)
        virtio_vsock_release(s);
    return r < 0 ? r : 0;
}

unsigned virtio_vsock_callers(const struct virtio_vsock *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->slots; i++) {
        const struct vsock_slot *slot = &s->slot[i];

        n += slot->used && slot->called && slot->conn.fd >= 0;
    }
    return n;
}

void virtio_vsock_release(struct virtio_vsock *s)
{
    if (!s->loop) /* never made */
        return;
    vsock_reset(&s->v);
    loop_remove(s->loop, &s->watch);
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
        unlink(s->path);
    }
    s->listen_fd = -1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_net.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/base/iov.h"

enum { RX, TX, QUEUES };

/* Feature bits (5.1.3). */
#define F_CSUM (1ULL << 0)
#define F_GUEST_CSUM (1ULL << 1)
#define F_MTU (1ULL << 3)
#define F_MAC (1ULL << 5)
#define F_MRG_RXBUF (1ULL << 15)
#define F_STATUS (1ULL << 16)
#define S_LINK_UP 1

/* The lock is held for a turn: no more frames and bytes in one. */
#define BATCH 64
#define TURN_BYTES (1U << 20)
#define EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

struct config { /* 5.1.4 */
    uint8_t mac[6];
    uint16_t status, max_virtqueue_pairs, mtu;
};

static struct virtio_net *net_of(struct virtio *v)
{
    return (struct virtio_net *)((char *)v - offsetof(struct virtio_net, v));
}

static void link_down(struct virtio_net *n)
{
    if (n->fd < 0)
        return;
    loop_remove(n->loop, &n->watch);
    n->fd = -1;
    virtio_config_changed(&n->v);
}

/* --- to the guest --- */

static void append_chain(struct virtio_net *n, const struct vreq *r)
{
    memcpy(n->iov + n->pieces, r->iov + r->nread, r->nwrite * sizeof(r->iov[0]));
    n->chain[n->chains].head = r->head;
    n->chain[n->chains].pieces = r->nwrite;
    n->chain[n->chains].len = r->write_len;
    n->chains++;
    n->pieces += r->nwrite;
    n->room += r->write_len;
}

/* The header is in the first buffer (5.1.6.4); so each, as any may be first, has room for it. */
static bool take_chain(struct virtio_net *n)
{
    struct vreq r;

    if (!virtio_pop(&n->v, RX, &r))
        return false;
    if (r.write_len < sizeof(struct net_header)) {
        virtio_fail(&n->v, "a receive buffer without room for a header");
        return false;
    }
    append_chain(n, &r);
    return true;
}

/* Without MRG_RXBUF a frame has one chain and no more. */
static bool is_full(const struct virtio_net *n)
{
    unsigned most = virtio_has(&n->v, F_MRG_RXBUF) ? NET_CHAINS : 1;

    return n->room >= NET_MESSAGE_MAX || n->chains == most || n->chains == n->v.queue[RX].size ||
           n->pieces > NET_PIECES - VREQ_PIECES;
}

/* Is there room for the next frame? Where all there can be is too little, the frame will be cut. */
static bool gather(struct virtio_net *n)
{
    while (!is_full(n) && take_chain(n))
        ;
    if (n->chains && !is_full(n)) {
        ssize_t len = recv(n->fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

        return len >= 0 && (size_t)len <= n->room;
    }
    return n->chains > 0;
}

static void release_chains(struct virtio_net *n, unsigned used)
{
    unsigned pieces = 0;

    for (unsigned i = 0; i < used; i++) {
        pieces += n->chain[i].pieces;
        n->room -= n->chain[i].len;
    }
    n->chains -= used;
    n->pieces -= pieces;
    memmove(n->chain, n->chain + used, n->chains * sizeof(n->chain[0]));
    memmove(n->iov, n->iov + pieces, n->pieces * sizeof(n->iov[0]));
}

/* The guest's header goes in front of a frame of `len` bytes that lies in the first chains. */
static void deliver(struct virtio_net *n, size_t len)
{
    struct net_header h = {0};
    uint32_t left = (uint32_t)(sizeof(h) + len);
    unsigned used = 0;

    for (uint32_t covered = 0; covered < left; used++)
        covered += n->chain[used].len;
    if (virtio_has(&n->v, F_GUEST_CSUM))
        h.flags = NET_HEADER_DATA_VALID;
    h.num_buffers = (uint16_t)used;
    iov_write(n->iov, n->pieces, 0, &h, sizeof(h));
    for (unsigned i = 0; i < used; i++) {
        uint32_t part = left < n->chain[i].len ? left : n->chain[i].len;

        virtio_used(&n->v, RX, n->chain[i].head, part);
        left -= part;
    }
    release_chains(n, used);
    n->v.stats.read_bytes += len;
}

/* The next frame from the socket into the chains: its length, 0 when it was lost, -1: none now. */
static ssize_t receive(struct virtio_net *n)
{
    struct iovec to[NET_PIECES + 1];
    struct net_receipt receipt = {0};
    struct msghdr m = {.msg_iov = to};
    ssize_t len;

    to[0] = (struct iovec){&receipt, sizeof(receipt)};
    m.msg_iovlen = 1 + iov_slice(n->iov, n->pieces, sizeof(receipt), SIZE_MAX, to + 1, NET_PIECES);
    len = recvmsg(n->fd, &m, MSG_DONTWAIT);
    if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
        link_down(n);
    if (len <= 0)
        return -1;
    n->v.stats.errors += receipt.dropped - n->dropped;
    n->dropped = receipt.dropped;
    if ((m.msg_flags & MSG_TRUNC) || (size_t)len < sizeof(receipt) + NET_ETHERNET_HEADER) {
        n->v.stats.errors++;
        return 0;
    }
    return len - (ssize_t)sizeof(receipt);
}

static void pump(struct virtio_net *n)
{
    unsigned frames = 0;
    size_t bytes = 0;

    while (n->fd >= 0 && gather(n)) {
        ssize_t len;

        if (frames++ == BATCH || bytes >= TURN_BYTES) {
            virtio_again(&n->v);
            break;
        }
        len = receive(n);
        if (len < 0)
            break;
        if (len > 0)
            deliver(n, (size_t)len);
        bytes += (size_t)len;
    }
    virtio_kick(&n->v, RX);
}

/* --- from the guest --- */

/* False: the socket is full. */
static bool transmit(struct virtio_net *n, const struct vreq *r)
{
    const struct msghdr m = {.msg_iov = (struct iovec *)r->iov, .msg_iovlen = r->nread};

    if (r->read_len < sizeof(struct net_header) + NET_ETHERNET_HEADER ||
        r->read_len > NET_MESSAGE_MAX) {
        n->v.stats.errors++;
    } else if (n->fd >= 0 && sendmsg(n->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN)
            return false;
        n->v.stats.errors++; /* the end of the other side is seen by the watch */
    } else {
        n->v.stats.write_bytes += r->read_len - sizeof(struct net_header);
    }
    virtio_used(&n->v, TX, r->head, 0);
    return true;
}

static void transmit_queue(struct virtio_net *n)
{
    size_t bytes = 0;

    for (int i = 0; n->has_unsent || virtio_pop(&n->v, TX, &n->unsent); i++) {
        n->has_unsent = !transmit(n, &n->unsent);
        if (n->has_unsent)
            break;
        bytes += n->unsent.read_len;
        if (i == BATCH || bytes >= TURN_BYTES) {
            virtio_again(&n->v);
            break;
        }
    }
    virtio_kick(&n->v, TX);
}

static bool is_driven(const struct virtio_net *n)
{
    return (n->v.status & VIRTIO_DRIVER_OK) && !(n->v.status & VIRTIO_NEEDS_RESET);
}

static void on_socket(void *ctx, uint32_t events)
{
    struct virtio_net *n = ctx;

    if (is_driven(n)) {
        transmit_queue(n);
        pump(n);
    }
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        link_down(n);
}

static void net_notify(struct virtio *v, unsigned queue)
{
    struct virtio_net *n = net_of(v);

    if (queue == TX)
        transmit_queue(n);
    else
        pump(n); /* frames that come are told by the socket */
}

static void net_config_read(struct virtio *v, size_t offset, void *to, size_t len)
{
    const struct config config = {.mac = NET_MAC,
                                  .status = net_of(v)->fd >= 0 ? S_LINK_UP : 0,
                                  .max_virtqueue_pairs = 1,
                                  .mtu = NET_MTU};

    memcpy(to, (const uint8_t *)&config + offset, len);
}

static void net_reset(struct virtio *v)
{
    struct virtio_net *n = net_of(v);

    n->chains = n->pieces = n->room = 0;
    n->has_unsent = false;
}

static void net_quiesce(struct virtio *v)
{
    struct virtio_net *n = net_of(v);

    virtq_unpop(&v->queue[RX], (uint16_t)n->chains);
    virtq_unpop(&v->queue[TX], n->has_unsent);
    net_reset(v);
}

static const struct virtio_class net_class = {
    .name = "net",
    .id = 1,
    .queue_size = 256,
    .notify = net_notify,
    .config_read = net_config_read,
    .reset = net_reset,
    .quiesce = net_quiesce,
};

static int join(struct virtio_net *n, int fd, struct err *e)
{
    int r = loop_add(n->loop, &n->watch, fd, EDGES, on_socket, n, e);

    if (r == 0)
        n->fd = fd;
    n->dropped = 0;
    return r;
}

int virtio_net_init(struct virtio_net *n, const struct mem *mem, struct loop *loop, int fd,
                    struct err *e)
{
    *n = (struct virtio_net){.loop = loop, .fd = -1, .watch.fd = -1};
    virtio_init(&n->v, &net_class, "network", mem,
                F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_MRG_RXBUF | F_STATUS,
                sizeof(struct config), QUEUES);
    return join(n, fd, e);
}

int virtio_net_connect(struct virtio_net *n, int fd, struct err *e)
{
    int r;

    link_down(n);
    r = fd < 0 ? 0 : join(n, fd, e);
    if (n->fd >= 0)
        virtio_config_changed(&n->v);
    return r;
}

void virtio_net_release(struct virtio_net *n)
{
    if (n->loop) /* made */
        loop_remove(n->loop, &n->watch);
    n->fd = -1;
}

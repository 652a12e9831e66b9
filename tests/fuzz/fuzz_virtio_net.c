/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile network driver and a busy other side; what comes out of the transmit queue goes through
 * lxtop-net's check of frames.  Input: records {what, queue, length}: chains on any queue, raw
 * descriptors, frames for the guest, events of the socket, resets.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/cursor.h"
#include "core/base/log.h"
#include "tests/unit/driver.h"
#include "vmm/net/fence.h"
#include "vmm/net/frame.h"
#include "vmm/virtio_net.h"

#define QUEUES 2
#define RING 16
#define STEPS 200

enum { GIVE, SEND, RAW, COME, EVENT, DRAIN, RESET, WHATS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct mem mem;
    struct loop *loop;
    struct virtio_net n;
    struct driver d[QUEUES];
    int pair[2];
};

static void check(bool right)
{
    if (!right)
        abort();
}

static void start(struct world *w, unsigned features)
{
    virtio_set_status(&w->n.v, 0);
    driver_start(w->d, QUEUES, RING, &w->n.v, &w->mem, (features & 1 ? 1ULL << 15 : 0) | (features & 2));
}

/* Headers and addresses are the input's, so that checksums and types of frames are tried. */
static void send_out(struct world *w, struct cursor *in, uint16_t len)
{
    uint8_t *at = driver_at(&w->d[1], DRIVER_DATA_AT, 128);

    for (int i = 0; i < 64; i++)
        at[i] = cursor_u8(in);
    driver_submit(&w->d[1], &w->n.v, 1, (struct desc_entry){DRIVER_DATA_AT, len, 0, 0});
}

static void drain(struct world *w)
{
    static const struct fence closed;
    static uint8_t message[NET_MESSAGE_MAX + 64];
    ssize_t n;

    while ((n = recv(w->pair[1], message, sizeof(message), MSG_DONTWAIT)) > 0) {
        check((size_t)n <= NET_MESSAGE_MAX);
        if (frame_accept(message, (size_t)n))
            fence_lets_out(&closed, message + sizeof(struct net_header), (size_t)n - sizeof(struct net_header));
    }
    w->n.watch.fn(w->n.watch.ctx, 4);
}

static void come(struct world *w, uint16_t len)
{
    static uint8_t message[NET_MESSAGE_MAX];

    if (send(w->pair[1], message, len ? len : 1, MSG_DONTWAIT) > 0)
        w->n.watch.fn(w->n.watch.ctx, 1);
}

static void step(struct world *w, struct cursor *in)
{
    uint8_t what = cursor_u8(in) % WHATS, queue = cursor_u8(in) % QUEUES;
    uint16_t len = cursor_le16(in);

    if (what == GIVE)
        driver_submit(&w->d[0], &w->n.v, 0, (struct desc_entry){DRIVER_DATA_AT + 0x10000, len, WRITE, 0});
    else if (what == SEND)
        send_out(w, in, len);
    else if (what == RAW)
        driver_submit(&w->d[queue], &w->n.v, queue, (struct desc_entry){cursor_le32(in) * 16ULL, len, len & 7, len >> 8 & 31});
    else if (what == COME)
        come(w, len);
    else if (what == EVENT)
        w->n.watch.fn(w->n.watch.ctx, 1 | 4);
    else if (what == DRAIN)
        drain(w);
    else
        start(w, len);
    check(w->n.chains <= NET_CHAINS && w->n.pieces <= NET_PIECES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct cursor in = cursor_over(data, size);

    log_open("fuzz", STDERR_FILENO, LOG_ERROR);
    if (!w.loop && (mem_init(&w.mem, DRIVER_MEM, NULL) < 0 || !(w.loop = loop_new(NULL))))
        abort();
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, w.pair) == 0);
    check(virtio_net_init(&w.n, &w.mem, w.loop, w.pair[0], NULL) == 0);
    start(&w, 3);
    for (int i = 0; i < STEPS && cursor_left(&in); i++)
        step(&w, &in);
    virtio_net_release(&w.n);
    close(w.pair[0]);
    close(w.pair[1]);
    return 0;
}

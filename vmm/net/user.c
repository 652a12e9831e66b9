/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/user.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "vmm/net/fence.h"
#include "vmm/net/frame.h"
#include "vmm/net/loopback.h"
#include "vmm/net/requests.h"
#include "vmm/net/timers.h"
#include "vmm/net_plan.h"

#define LOG "net"
#include "core/base/log.h"

#define BATCH 64
#define COMPLAINTS 10

struct waiting {
    STAILQ_ENTRY(waiting) next;
    size_t len;
    uint8_t message[];
};

struct user {
    Slirp *slirp;
    int frames_fd, requests_fd;
    bool ended;
    STAILQ_HEAD(, waiting) waiting;
    size_t waiting_bytes;
    uint32_t dropped;
    struct fence fence;
    struct loopback loopback;
    struct log_limit complaints;
    struct timers timers;
    struct pollfd *fd;
    int fds, fds_room;
    uint8_t message[NET_MESSAGE_MAX];
};

enum { FRAMES, REQUESTS, OWN_FDS };

/* --- frames to the guest --- */

static bool send_message(struct user *u, const void *frame, size_t len)
{
    struct net_receipt receipt = {.dropped = u->dropped};
    struct iovec iov[] = {{&receipt, sizeof(receipt)}, {(void *)frame, len}};
    const struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};

    return sendmsg(u->frames_fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != EAGAIN;
}

static void keep_waiting(struct user *u, const void *frame, size_t len)
{
    struct waiting *w = u->waiting_bytes + len <= USER_WAITING_MAX ? malloc(sizeof(*w) + len) : NULL;

    if (!w) {
        u->dropped++;
        return;
    }
    w->len = len;
    memcpy(w->message, frame, len);
    u->waiting_bytes += len;
    STAILQ_INSERT_TAIL(&u->waiting, w, next);
}

static void to_guest(struct user *u, const uint8_t *frame, size_t len)
{
    if (!STAILQ_EMPTY(&u->waiting) || !send_message(u, frame, len))
        keep_waiting(u, frame, len);
}

static ssize_t on_send_packet(const void *frame, size_t len, void *ctx)
{
    struct user *u = ctx;

    fence_note(&u->fence, frame, len);
    if (len > NET_FRAME_MAX)
        u->dropped++;
    else
        to_guest(u, loopback_to_guest(&u->loopback, frame, len), len);
    return (ssize_t)len;
}

static void flush_waiting(struct user *u)
{
    struct waiting *w;

    while ((w = STAILQ_FIRST(&u->waiting)) && send_message(u, w->message, w->len)) {
        STAILQ_REMOVE_HEAD(&u->waiting, next);
        u->waiting_bytes -= w->len;
        free(w);
    }
}

/* --- frames from the guest --- */

static void take_message(struct user *u, size_t len)
{
    uint8_t *frame = u->message + sizeof(struct net_header);
    const struct loopback_syn *again;

    if (!frame_accept(u->message, len))
        return;
    len -= sizeof(struct net_header);
    again = loopback_from_guest(&u->loopback, frame, len);
    if (again) {
        to_guest(u, again->frame, again->len);
        return;
    }
    if (!fence_lets_out(&u->fence, frame, len))
        return;
    fence_sent(&u->fence, frame, len);
    slirp_input(u->slirp, frame, (int)len);
}

static void take_frames(struct user *u)
{
    for (int i = 0; i < BATCH; i++) {
        ssize_t len = recv(u->frames_fd, u->message, sizeof(u->message), MSG_DONTWAIT | MSG_TRUNC);

        if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
            u->ended = true;
        if (len <= 0)
            return;
        if ((size_t)len <= sizeof(u->message))
            take_message(u, (size_t)len);
    }
}

/* --- libslirp's callbacks --- */

static void on_guest_error(const char *text, void *ctx)
{
    struct user *u = ctx;

    if (log_allowed(&u->complaints, COMPLAINTS))
        log_warn("%s", text);
}

static int64_t on_clock(void *ctx)
{
    (void)ctx;
    return clock_ns();
}

static void *on_timer_new(SlirpTimerId id, void *timer_ctx, void *ctx)
{
    struct user *u = ctx;

    return timers_take(&u->timers, id, timer_ctx);
}

static void on_timer_free(void *timer, void *ctx)
{
    (void)ctx;
    if (timer)
        ((struct timer *)timer)->used = false;
}

static void on_timer_mod(void *timer, int64_t at_ms, void *ctx)
{
    (void)ctx;
    if (timer)
        ((struct timer *)timer)->at_ms = at_ms;
}

/* Descriptors are asked for before each poll, so there is nothing to remember or to wake. */
static void on_descriptor(int fd, void *ctx)
{
    (void)fd;
    (void)ctx;
}

static void on_notify(void *ctx)
{
    (void)ctx;
}

static const SlirpCb callbacks = {
    .send_packet = on_send_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = on_clock,
    .timer_free = on_timer_free,
    .timer_mod = on_timer_mod,
    .register_poll_fd = on_descriptor,
    .unregister_poll_fd = on_descriptor,
    .notify = on_notify,
    .timer_new_opaque = on_timer_new,
};

/* --- the loop --- */

static const struct {
    int slirp;
    short poll;
} event_bits[] = {
    {SLIRP_POLL_IN, POLLIN},   {SLIRP_POLL_OUT, POLLOUT}, {SLIRP_POLL_PRI, POLLPRI},
    {SLIRP_POLL_ERR, POLLERR}, {SLIRP_POLL_HUP, POLLHUP},
};

static int on_add_poll(int fd, int events, void *ctx)
{
    struct user *u = ctx;
    short bits = 0;

    if (u->fds == u->fds_room) {
        int room = 2 * u->fds_room;
        struct pollfd *larger = reallocarray(u->fd, (size_t)room, sizeof(*larger));

        if (!larger)
            return -1; /* not looked at this time */
        u->fd = larger;
        u->fds_room = room;
    }
    for (size_t i = 0; i < ARRAY_SIZE(event_bits); i++)
        bits |= events & event_bits[i].slirp ? event_bits[i].poll : 0;
    u->fd[u->fds] = (struct pollfd){.fd = fd, .events = bits};
    return u->fds++;
}

static int on_get_revents(int index, void *ctx)
{
    const struct user *u = ctx;
    int events = 0;

    for (size_t i = 0; index >= 0 && i < ARRAY_SIZE(event_bits); i++)
        events |= u->fd[index].revents & event_bits[i].poll ? event_bits[i].slirp : 0;
    return events;
}

static void turn(struct user *u)
{
    bool idle = STAILQ_EMPTY(&u->waiting);
    uint32_t slirp_ms = UINT32_MAX;
    int64_t most;
    int n;

    u->fds = OWN_FDS;
    u->fd[FRAMES] = (struct pollfd){u->frames_fd, (short)(POLLIN | (idle ? 0 : POLLOUT)), 0};
    u->fd[REQUESTS] = (struct pollfd){u->requests_fd, POLLIN, 0};
    if (idle)
        slirp_pollfds_fill(u->slirp, &slirp_ms, on_add_poll, u);
    most = slirp_ms == UINT32_MAX ? -1 : (int64_t)slirp_ms;
    n = poll(u->fd, (nfds_t)u->fds, timers_wait_ms(&u->timers, clock_ms(), most));
    if (n < 0 && errno != EINTR)
        u->ended = true;
    if (idle)
        slirp_pollfds_poll(u->slirp, n < 0, on_get_revents, u);
    timers_run(&u->timers, clock_ms(), u->slirp);
    flush_waiting(u);
    if (n > 0 && u->fd[FRAMES].revents)
        take_frames(u);
    if (n > 0 && u->fd[REQUESTS].revents && !requests_serve(u->requests_fd, u->slirp, u->fence.visits))
        u->ended = true;
}

void user_run(struct user *u)
{
    while (!u->ended)
        turn(u);
}

/* The host is closed by the fence: disable_host_loopback would stop the answers of UDP forwards. */
static SlirpConfig make_config(void)
{
    SlirpConfig c = {
        .version = 4,
        .in_enabled = true,
        .in6_enabled = true,
        .vprefix_len = NET_PREFIX6,
        .if_mtu = NET_MTU,
        .if_mru = NET_MTU,
    };

    inet_pton(AF_INET, NET_NETWORK, &c.vnetwork);
    inet_pton(AF_INET, NET_NETMASK, &c.vnetmask);
    inet_pton(AF_INET, NET_GATEWAY, &c.vhost);
    inet_pton(AF_INET, NET_GUEST, &c.vdhcp_start);
    inet_pton(AF_INET, NET_DNS, &c.vnameserver);
    inet_pton(AF_INET6, NET_NETWORK6, &c.vprefix_addr6);
    inet_pton(AF_INET6, NET_GATEWAY6, &c.vhost6);
    inet_pton(AF_INET6, NET_DNS6, &c.vnameserver6);
    return c;
}

/* libslirp keeps 256 KiB for each connection, which the guest opens as it likes: they end where the sockets do. */
static void limit_sockets(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= NET_SOCKETS_MAX)
        return;
    files.rlim_cur = files.rlim_max = NET_SOCKETS_MAX;
    setrlimit(RLIMIT_NOFILE, &files);
}

struct user *user_new(int frames_fd, int requests_fd, bool host, struct err *e)
{
    struct user *u = calloc(1, sizeof(*u));
    SlirpConfig c = make_config();

    if (!u || !(u->fd = calloc(16, sizeof(*u->fd)))) {
        free(u);
        err_sys(e, ENOMEM, "network");
        return NULL;
    }
    u->fds_room = 16;
    u->fence.host = host;
    u->frames_fd = frames_fd;
    u->requests_fd = requests_fd;
    STAILQ_INIT(&u->waiting);
    limit_sockets();
    u->slirp = slirp_new(&c, &callbacks, u);
    if (u->slirp)
        return u;
    user_free(u);
    err_set(e, EIO, "libslirp %s takes no such network", slirp_version_string());
    return NULL;
}

void user_free(struct user *u)
{
    struct waiting *w;

    if (!u)
        return;
    if (u->slirp)
        slirp_cleanup(u->slirp);
    while ((w = STAILQ_FIRST(&u->waiting))) {
        STAILQ_REMOVE_HEAD(&u->waiting, next);
        free(w);
    }
    free(u->fd);
    free(u);
}

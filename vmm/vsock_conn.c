/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vsock_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/iov.h"
#include "vmm/vsock_host.h"

static void want(struct vsock_conn *c, enum vsock_op op)
{
    c->ops |= 1U << op;
}

void vsock_conn_init(struct vsock_conn *c, int fd, uint32_t host_port, uint32_t guest_port,
                     const struct vsock_header *asked)
{
    *c = (struct vsock_conn){.fd = fd,
                             .state = asked ? VSOCK_OPEN : VSOCK_ASKED,
                             .host_port = host_port,
                             .guest_port = guest_port,
                             .readable = true};
    want(c, asked ? VSOCK_OP_RESPONSE : VSOCK_OP_REQUEST);
    if (asked) {
        c->guest_alloc = asked->buf_alloc;
        c->guest_forwarded = asked->fwd_cnt;
    }
}

static void close_socket(struct vsock_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    outbuf_release(&c->out);
}

void vsock_conn_release(struct vsock_conn *c)
{
    close_socket(c);
    c->state = VSOCK_ENDED;
}

static void end(struct vsock_conn *c)
{
    close_socket(c);
    c->ops = 0;
    c->state = VSOCK_ENDED;
}

/* Against the rules, or refused: both sides learn of it. */
static void break_off(struct vsock_conn *c)
{
    c->reset = true;
    end(c);
}

/* --- towards the host --- */

/* The host has closed its side: what is left for it is lost, but the guest is not held up by it. */
static void host_left(struct vsock_conn *c, unsigned shut)
{
    if ((c->host_shut & shut) == shut)
        return;
    c->host_shut |= shut;
    if (shut & VSOCK_NO_RECEIVE) {
        outbuf_release(&c->out);
        c->forwarded = c->received;
    }
    if (c->state == VSOCK_DRAINING)
        end(c);
    else
        want(c, VSOCK_OP_SHUTDOWN);
}

/* 5.10.6.3: tells when the guest waits for it or soon would; all else rides in other packets. */
static void consider_credit(struct vsock_conn *c)
{
    uint32_t news = c->forwarded - c->forwarded_told;
    uint32_t guest_sees = VSOCK_BUFFER - (c->received - c->forwarded_told);

    if (news >= VSOCK_BUFFER / 4 || (news && c->out.len == 0 && guest_sees < VSOCK_BUFFER / 2))
        want(c, VSOCK_OP_CREDIT_UPDATE);
}

/* Everything that waits for all bytes to be with the host. */
static void after_output(struct vsock_conn *c)
{
    if (c->state == VSOCK_OPEN)
        consider_credit(c);
    if (c->out.len > 0)
        return;
    if (c->state == VSOCK_DRAINING)
        end(c);
    else if (c->fd >= 0 && (c->guest_shut & VSOCK_NO_SEND))
        shutdown(c->fd, SHUT_WR);
}

static void flush(struct vsock_conn *c)
{
    size_t before = c->out.len;

    if (!outbuf_flush(&c->out, c->fd)) {
        host_left(c, VSOCK_NO_RECEIVE);
        return;
    }
    c->forwarded += (uint32_t)(before - c->out.len);
    after_output(c);
}

/* What the socket takes at once; -1: the host is gone. */
static ssize_t send_now(struct vsock_conn *c, const struct iovec *iov, unsigned n)
{
    struct msghdr m = {.msg_iov = (struct iovec *)iov, .msg_iovlen = n};
    ssize_t sent;

    if (c->out.len > 0)
        return 0;
    sent = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

static bool keep_rest(struct vsock_conn *c, const struct iovec *iov, unsigned n, size_t sent)
{
    for (unsigned i = 0; i < n; i++) {
        size_t skip = sent < iov[i].iov_len ? sent : iov[i].iov_len;

        sent -= skip;
        if (!outbuf_add(&c->out, (char *)iov[i].iov_base + skip, iov[i].iov_len - skip,
                        VSOCK_BUFFER))
            return false;
    }
    return true;
}

static void forward(struct vsock_conn *c, uint32_t len, const struct iovec *iov, unsigned n)
{
    ssize_t sent;

    c->received += len;
    if (c->host_shut & VSOCK_NO_RECEIVE) {
        c->forwarded = c->received;
        consider_credit(c);
        return;
    }
    sent = send_now(c, iov, n);
    if (sent < 0) {
        host_left(c, VSOCK_NO_RECEIVE);
        return;
    }
    c->forwarded += (uint32_t)sent;
    if (keep_rest(c, iov, n, (size_t)sent))
        after_output(c);
    else
        break_off(c);
}

/* --- packets from the guest --- */

static void take_response(struct vsock_conn *c)
{
    if (c->state != VSOCK_ASKED || (c->ops & 1U << VSOCK_OP_REQUEST)) {
        break_off(c);
        return;
    }
    c->state = VSOCK_OPEN;
    if (vsock_host_answer(c->fd, c->host_port) < 0)
        host_left(c, VSOCK_NOTHING);
}

static void take_data(struct vsock_conn *c, const struct vsock_header *h, const struct iovec *iov,
                      unsigned n)
{
    uint32_t used = c->received - c->forwarded;

    if (c->state == VSOCK_CLOSED) /* on its way when we closed */
        return;
    if (c->state != VSOCK_OPEN || (c->guest_shut & VSOCK_NO_SEND) || h->len > VSOCK_BUFFER - used)
        break_off(c);
    else if (h->len > 0)
        forward(c, h->len, iov, n);
}

/* The guest is gone.  Only bytes that it sent before a SHUTDOWN are still for the host. */
static void guest_left(struct vsock_conn *c)
{
    c->ops = 0;
    if (c->out.len > 0 && (c->guest_shut & VSOCK_NO_SEND))
        c->state = VSOCK_DRAINING;
    else
        end(c);
}

static void take_shutdown(struct vsock_conn *c, unsigned flags)
{
    if (c->state == VSOCK_ASKED) {
        break_off(c);
        return;
    }
    c->guest_shut |= flags & VSOCK_NOTHING;
    if (c->guest_shut == VSOCK_NOTHING) {
        c->reset = true; /* 5.10.6.5: the answer, which frees the guest's side */
        guest_left(c);
        return;
    }
    if ((c->guest_shut & VSOCK_NO_RECEIVE) && c->fd >= 0)
        shutdown(c->fd, SHUT_RD);
    after_output(c);
}

void vsock_conn_take(struct vsock_conn *c, const struct vsock_header *h, const struct iovec *iov,
                     unsigned n)
{
    c->guest_alloc = h->buf_alloc;
    c->guest_forwarded = h->fwd_cnt;
    switch (h->op) {
    case VSOCK_OP_RESPONSE:
        take_response(c);
        break;
    case VSOCK_OP_RW:
        take_data(c, h, iov, n);
        break;
    case VSOCK_OP_SHUTDOWN:
        take_shutdown(c, h->flags);
        break;
    case VSOCK_OP_RST:
        guest_left(c);
        break;
    case VSOCK_OP_CREDIT_REQUEST:
        if (c->state == VSOCK_OPEN)
            want(c, VSOCK_OP_CREDIT_UPDATE);
        break;
    case VSOCK_OP_CREDIT_UPDATE:
        break;
    default: /* a second REQUEST, or none of 5.10.6 */
        break_off(c);
    }
}

/* --- events of the socket --- */

bool vsock_conn_host_gone(const struct vsock_conn *c)
{
    struct pollfd p = {.fd = c->fd};

    return c->fd < 0 || poll(&p, 1, 0) < 0 || (p.revents & (POLLHUP | POLLERR));
}

void vsock_conn_event(struct vsock_conn *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    /* The event may be one of a descriptor of before, so what ends a connection is looked at again. */
    if (c->state == VSOCK_ASKED && (events & (EPOLLHUP | EPOLLERR)) && vsock_conn_host_gone(c)) {
        break_off(c);
        return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->readable = true;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) && c->out.len > 0)
        flush(c);
}

/* --- packets for the guest --- */

static uint32_t credit(const struct vsock_conn *c)
{
    uint32_t in_flight = c->sent - c->guest_forwarded;

    return c->guest_alloc > in_flight ? c->guest_alloc - in_flight : 0;
}

static bool may_receive(const struct vsock_conn *c)
{
    return c->state == VSOCK_OPEN && c->readable && !(c->host_shut & VSOCK_NO_SEND) &&
           !(c->guest_shut & VSOCK_NO_RECEIVE) && credit(c) > 0;
}

bool vsock_conn_has(const struct vsock_conn *c)
{
    return c->ops || may_receive(c);
}

/* The end of the host's bytes.  Did it only stop to send, or is it gone altogether? */
static void host_ended(struct vsock_conn *c)
{
    host_left(c, vsock_conn_host_gone(c) ? VSOCK_NOTHING : VSOCK_NO_SEND);
}

static uint32_t receive(struct vsock_conn *c, const struct iovec *iov, unsigned n)
{
    struct iovec cut[VSOCK_PIECES];
    uint32_t max = credit(c) < VSOCK_PAYLOAD_MAX ? credit(c) : VSOCK_PAYLOAD_MAX;
    struct msghdr m = {.msg_iov = cut, .msg_iovlen = iov_slice(iov, n, 0, max, cut, VSOCK_PIECES)};
    ssize_t got;

    if (m.msg_iovlen == 0)
        return 0;
    got = recvmsg(c->fd, &m, MSG_DONTWAIT);
    if (got > 0)
        return (uint32_t)got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        c->readable = false;
    else if (got == 0)
        host_ended(c);
    else
        host_left(c, VSOCK_NOTHING);
    return 0;
}

static bool take_op(struct vsock_conn *c, enum vsock_op op)
{
    bool wanted = c->ops & 1U << op;

    c->ops &= ~(1U << op);
    return wanted;
}

/* What is to be said first: nothing may come before the handshake, nor data behind a SHUTDOWN. */
static enum vsock_op next_op(struct vsock_conn *c, struct vsock_header *h, const struct iovec *iov,
                             unsigned n)
{
    if (take_op(c, VSOCK_OP_REQUEST))
        return VSOCK_OP_REQUEST;
    if (take_op(c, VSOCK_OP_RESPONSE))
        return VSOCK_OP_RESPONSE;
    if (may_receive(c) && (h->len = receive(c, iov, n)) > 0)
        return VSOCK_OP_RW;
    if (take_op(c, VSOCK_OP_SHUTDOWN))
        return VSOCK_OP_SHUTDOWN;
    return take_op(c, VSOCK_OP_CREDIT_UPDATE) ? VSOCK_OP_CREDIT_UPDATE : VSOCK_OP_INVALID;
}

bool vsock_conn_give(struct vsock_conn *c, struct vsock_header *h, const struct iovec *iov,
                     unsigned n)
{
    *h = (struct vsock_header){.src_port = c->host_port, .dst_port = c->guest_port};
    h->op = (uint16_t)next_op(c, h, iov, n);
    if (h->op == VSOCK_OP_INVALID)
        return false;
    c->sent += h->len;
    if (h->op == VSOCK_OP_SHUTDOWN) {
        h->flags = c->host_shut;
        if (c->host_shut == VSOCK_NOTHING) {
            close_socket(c);
            c->state = VSOCK_CLOSED;
        }
    }
    c->ops &= ~(1U << VSOCK_OP_CREDIT_UPDATE); /* every header carries it */
    c->forwarded_told = c->forwarded;
    h->buf_alloc = VSOCK_BUFFER;
    h->fwd_cnt = c->forwarded;
    return true;
}

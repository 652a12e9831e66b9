/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes out on a 9P connection: tags, and messages sent whole. */
#include "p9/conn_state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/base/clock.h"

#define NUDGE_MS 20 /* how long a sender may miss that there is no leader any more */

void conn_free_tag(struct p9_conn *c, uint16_t tag)
{
    c->tag[tag] = (struct conn_tag){.state = TAG_FREE};
    if (c->tag_waiters > 0)
        pthread_cond_signal(&c->tag_free);
}

static int find_tag(struct p9_conn *c)
{
    for (unsigned i = 0; i < P9_CONN_TAGS; i++) {
        unsigned at = (c->next_tag + i) % P9_CONN_TAGS;

        if (c->tag[at].state == TAG_FREE) {
            c->next_tag = at + 1;
            return (int)at;
        }
    }
    return -EAGAIN;
}

/* With the lock held: a tag, or -errno. */
int conn_take_tag(struct p9_conn *c, int64_t deadline)
{
    int tag = -ENOTCONN;

    while (!c->lost && (tag = find_tag(c)) < 0) {
        struct timespec until = conn_time_of(deadline);

        if (clock_ms() >= deadline)
            return -ETIMEDOUT;
        if (!c->leader) {
            c->leader = true;
            conn_lead_once(c, POLLIN, deadline);
            conn_stop_leading(c);
            continue;
        }
        c->tag_waiters++;
        pthread_cond_clockwait(&c->tag_free, &c->lock, CLOCK_MONOTONIC, &until);
        c->tag_waiters--;
    }
    return c->lost ? -ENOTCONN : tag;
}

/* The socket is full.  Replies are read meanwhile: a server that cannot send does not receive. */
static void wait_writable(struct p9_conn *c, int64_t deadline)
{
    struct pollfd p = {.fd = c->fd, .events = POLLOUT};
    bool lead;

    pthread_mutex_lock(&c->lock);
    lead = !c->leader && !c->lost;
    if (lead) {
        c->leader = true;
        conn_lead_once(c, POLLIN | POLLOUT, deadline);
        conn_stop_leading(c);
    }
    pthread_mutex_unlock(&c->lock);
    if (!lead)
        poll(&p, 1, NUDGE_MS);
}

static void skip_sent(struct iovec *iov, unsigned *at, size_t sent)
{
    while (*at < 2 && sent >= iov[*at].iov_len)
        sent -= iov[(*at)++].iov_len;
    if (*at < 2) {
        iov[*at].iov_base = (char *)iov[*at].iov_base + sent;
        iov[*at].iov_len -= sent;
    }
}

/* All of the two pieces or -errno: after which the connection has no more use. */
static int send_pieces(struct p9_conn *c, struct iovec iov[2], int64_t deadline)
{
    unsigned at = 0;

    skip_sent(iov, &at, 0);
    while (at < 2) {
        struct msghdr m = {.msg_iov = iov + at, .msg_iovlen = 2 - at};
        ssize_t sent = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent >= 0)
            skip_sent(iov, &at, (size_t)sent);
        else if (errno != EAGAIN && errno != EINTR)
            return -ENOTCONN;
        else if (clock_ms() >= deadline)
            return -ETIMEDOUT;
        else
            wait_writable(c, deadline);
    }
    return 0;
}

static int send_or_break(struct p9_conn *c, struct iovec iov[2], int64_t deadline)
{
    int rc;

    pthread_mutex_lock(&c->sending);
    rc = send_pieces(c, iov, deadline);
    pthread_mutex_unlock(&c->sending);
    if (rc < 0)
        p9_conn_break(c, rc == -ETIMEDOUT ? "the server does not take requests any more"
                                          : "the server hung up");
    return rc < 0 ? -ENOTCONN : 0;
}

int conn_transmit(struct p9_conn *c, const struct p9_msg *m, const struct iovec *data,
                  int64_t deadline)
{
    uint8_t head[P9_HEAD_MAX];
    int len = p9_msg_encode(m, head, sizeof(head));
    struct iovec iov[2] = {{head, len > 0 ? (size_t)len : 0}, {0}};

    if (len < 0)
        return len;
    if (data)
        iov[1] = *data;
    if (iov[0].iov_len + iov[1].iov_len > c->msize)
        return -EMSGSIZE;
    return send_or_break(c, iov, deadline);
}

static int enter_as(struct p9_conn *c, struct p9_call *call, uint8_t type, int tag)
{
    if (tag < 0)
        return tag;
    call->type = type;
    call->tag = (uint16_t)tag;
    c->tag[tag] = (struct conn_tag){.state = TAG_LIVE, .type = type, .call = call};
    return 0;
}

/*
 * Puts the call into the table; with the lock held.  When none of so many requests has ended in the time of one,
 * nobody is there: a Tclunk, which is not waited for, holds its tag until it is answered.
 */
int conn_enter(struct p9_conn *c, struct p9_call *call, uint8_t type)
{
    int tag = conn_take_tag(c, call->deadline);

    if (tag == -ETIMEDOUT) {
        conn_break_locked(c, "the server does not answer");
        tag = -ENOTCONN;
    }
    return enter_as(c, call, type, tag);
}

/* The same without a wait: -EAGAIN. */
static int enter_now(struct p9_conn *c, struct p9_call *call, uint8_t type)
{
    return enter_as(c, call, type, c->lost ? -ENOTCONN : find_tag(c));
}

/* Not sent: takes the call back unless the connection's end has ended it; with the lock held. */
static void leave(struct p9_conn *c, struct p9_call *call)
{
    if (call->ended)
        return;
    call->ended = true;
    conn_free_tag(c, call->tag);
}

static int start(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m,
                 const struct iovec *data)
{
    struct p9_msg tagged = *m;
    int rc;

    call->deadline = clock_ms() + c->timeout_ms;
    pthread_mutex_lock(&c->lock);
    rc = conn_enter(c, call, m->type);
    pthread_mutex_unlock(&c->lock);
    if (rc < 0)
        return rc;
    tagged.tag = m->type == P9_TVERSION ? P9_NOTAG : call->tag;
    return conn_transmit(c, &tagged, data, call->deadline);
}

static void prepare(struct p9_call *call)
{
    pthread_cond_init(&call->wake, NULL);
    call->tag = P9_NOTAG;
}

/* Nobody will wait for it. */
static void take_back(struct p9_conn *c, struct p9_call *call)
{
    pthread_mutex_lock(&c->lock);
    if (call->tag != P9_NOTAG)
        leave(c, call);
    pthread_mutex_unlock(&c->lock);
    pthread_cond_destroy(&call->wake);
}

int p9_conn_send(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m,
                 const struct iovec *data)
{
    int rc;

    prepare(call);
    rc = start(c, call, m, data);
    if (rc < 0)
        take_back(c, call);
    return rc;
}

/* --- Many at once ------------------------------------------------------------------------------ */

#define GATHER_SIZE 8192u
#define GATHER_MESSAGE 512u /* all messages that have at most one name */

struct gathered {
    uint8_t bytes[GATHER_SIZE];
    size_t len;
};

/* When it fails every call has ended, and says so when it is waited for. */
static void send_gathered(struct p9_conn *c, struct gathered *g)
{
    struct iovec iov[2] = {{g->bytes, g->len}, {0}};

    if (g->len > 0)
        send_or_break(c, iov, clock_ms() + c->timeout_ms);
    g->len = 0;
}

/* Whoever waits for a tag has nothing unsent: what is unsent gives no tag back. */
static int enter_or_send(struct p9_conn *c, struct gathered *g, struct p9_call *call, uint8_t type)
{
    int rc;

    pthread_mutex_lock(&c->lock);
    rc = enter_now(c, call, type);
    pthread_mutex_unlock(&c->lock);
    if (rc != -EAGAIN)
        return rc;
    send_gathered(c, g);
    pthread_mutex_lock(&c->lock);
    rc = conn_enter(c, call, type);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

static int gather(struct p9_conn *c, struct gathered *g, struct p9_call *call, const struct p9_msg *m)
{
    struct p9_msg tagged = *m;
    int rc;

    call->deadline = clock_ms() + c->timeout_ms;
    if ((rc = enter_or_send(c, g, call, m->type)) < 0)
        return rc;
    if (GATHER_SIZE - g->len < GATHER_MESSAGE)
        send_gathered(c, g);
    tagged.tag = call->tag;
    rc = p9_msg_encode(&tagged, g->bytes + g->len, GATHER_SIZE - g->len);
    if (rc > 0)
        g->len += (size_t)rc;
    return rc < 0 ? rc : 0;
}

void p9_conn_send_many(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m, unsigned n,
                       int *rc)
{
    struct gathered g;

    g.len = 0;
    for (unsigned i = 0; i < n; i++) {
        if (rc[i] < 0)
            continue;
        prepare(&call[i]);
        if ((rc[i] = gather(c, &g, &call[i], &m[i])) < 0)
            take_back(c, &call[i]);
    }
    send_gathered(c, &g);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes in on a 9P connection, and which of the waiting threads reads it. */
#include "p9/conn_state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/cursor.h"

/* --- Replies ----------------------------------------------------------------------------------- */

/* The string of a reply that has one. */
static struct p9_str *string_of(struct p9_msg *m)
{
    return m->type == P9_RREADLINK  ? &m->rreadlink.target
           : m->type == P9_RGETLOCK ? &m->tlock.client_id
           : m->type == P9_RVERSION ? &m->version.version
                                    : NULL;
}

static int take_string(struct p9_call *call, struct p9_str *s)
{
    if (s->len > call->text.iov_len)
        return -EIO;
    if (s->len > 0)
        memcpy(call->text.iov_base, s->s, s->len);
    s->s = call->text.iov_base;
    return 0;
}

static int take_payload(struct p9_call *call, const uint8_t *bytes, size_t len)
{
    if (len > call->data.iov_len)
        return -EIO;
    if (len > 0)
        memcpy(call->data.iov_base, bytes, len);
    return 0;
}

/* What a reply says, to its call: 0 or what the call ends with. */
static int take_reply(struct p9_call *call, struct p9_msg *m, const uint8_t *payload, size_t len)
{
    struct p9_str *s = string_of(m);
    int rc = 0;

    if (m->type == P9_RLERROR)
        return m->rlerror.ecode >= 1 && m->rlerror.ecode < 4096 ? -(int)m->rlerror.ecode : -EIO;
    if (s)
        rc = take_string(call, s);
    if (rc == 0)
        rc = take_payload(call, payload, len);
    call->reply = *m;
    return rc;
}

/* Tversion, the first of all, has the first tag here and none on the wire (version(5)). */
static struct conn_tag *tag_of(struct p9_conn *c, uint16_t tag)
{
    struct conn_tag *t = tag == P9_NOTAG ? &c->tag[0] : tag < P9_CONN_TAGS ? &c->tag[tag] : NULL;

    return t && (tag == P9_NOTAG) == (t->type == P9_TVERSION) ? t : NULL;
}

static const char *deliver_locked(struct p9_conn *c, struct p9_msg *m, size_t head, size_t size)
{
    struct conn_tag *t = tag_of(c, m->tag);
    struct p9_call *call = t ? t->call : NULL;

    if (!t || t->state == TAG_FREE)
        return "the server answered what it was not asked";
    if (m->type != t->type + 1 && m->type != P9_RLERROR)
        return "the server's answer is of another kind than the question";
    if (t->state == TAG_FLUSHING) {
        conn_free_tag(c, t->flushed);
        conn_free_tag(c, m->tag);
    } else if (t->state == TAG_LIVE) {
        int result = take_reply(call, m, c->in + head, size - head);

        conn_free_tag(c, (uint16_t)(t - c->tag));
        conn_end_call(call, result);
    }
    return NULL;
}

/* One whole message at the start of `in`; why the connection must end, or NULL. */
static const char *deliver(struct p9_conn *c, const uint8_t *bytes, size_t size)
{
    struct p9_msg m;
    int head = p9_msg_decode(&m, bytes, size, size);
    const char *why;

    if (head < 0)
        return "the server sent a message that is not 9P2000.L";
    pthread_mutex_lock(&c->lock);
    why = deliver_locked(c, &m, (size_t)(bytes - c->in) + (size_t)head, (size_t)(bytes - c->in) + size);
    pthread_mutex_unlock(&c->lock);
    return why;
}

/* All whole messages that have come. */
static const char *deliver_all(struct p9_conn *c)
{
    const char *why = NULL;
    size_t at = 0;

    while (!why && c->filled - at >= P9_HEADER) {
        struct cursor cur = cursor_over(c->in + at, 4);
        uint32_t size = cursor_le32(&cur);

        if (size < P9_HEADER || size > c->msize)
            return "the server sent a message of an impossible size";
        if (size > c->filled - at)
            break;
        why = deliver(c, c->in + at, size);
        at += size;
    }
    memmove(c->in, c->in + at, c->filled - at);
    c->filled -= at;
    return why;
}

/* --- The leader -------------------------------------------------------------------------------- */

void conn_nudge_leader(struct p9_conn *c)
{
    uint64_t one = 1;

    if (write(c->wake, &one, sizeof(one)) < 0)
        return; /* It is full: the leader has been told often enough. */
}

/* Waits for the socket (`events`) or a nudge, until `deadline`. */
static void wait_for_socket(struct p9_conn *c, short events, int64_t deadline)
{
    struct pollfd p[2] = {{.fd = c->fd, .events = events}, {.fd = c->wake, .events = POLLIN}};
    int64_t left = deadline - clock_ms();
    uint64_t count;

    if (left <= 0 || poll(p, 2, left > INT32_MAX ? INT32_MAX : (int)left) <= 0)
        return;
    if (p[1].revents && read(c->wake, &count, sizeof(count)) < 0)
        return;
}

/* As the leader: takes what has come, or waits once for the socket. */
static void receive_some(struct p9_conn *c, short events, int64_t deadline)
{
    ssize_t got = recv(c->fd, c->in + c->filled, c->msize - c->filled, MSG_DONTWAIT);
    const char *why = NULL;

    if (got > 0) {
        c->filled += (size_t)got;
        why = deliver_all(c);
    } else if (got < 0 && errno == EAGAIN) {
        wait_for_socket(c, events, deadline);
    } else if (got == 0 || errno != EINTR) {
        why = "the server hung up";
    }
    if (why)
        p9_conn_break(c, why);
}

/* With the lock held, which it gives up meanwhile. */
void conn_lead_once(struct p9_conn *c, short events, int64_t deadline)
{
    pthread_mutex_unlock(&c->lock);
    receive_some(c, events, deadline);
    pthread_mutex_lock(&c->lock);
}

void conn_stop_leading(struct p9_conn *c)
{
    struct p9_call *next = LIST_FIRST(&c->waiting);

    c->leader = false;
    if (next)
        pthread_cond_signal(&next->wake);
    else if (c->tag_waiters > 0)
        pthread_cond_signal(&c->tag_free);
}

static bool must_wait(const struct p9_call *call, bool heed_cancel)
{
    return !call->ended && !(heed_cancel && call->cancelled) && clock_ms() < call->deadline;
}

/* Until the call has ended, is cancelled or out of time; with the lock held. */
void conn_wait_locked(struct p9_conn *c, struct p9_call *call, bool heed_cancel)
{
    call->waiting = true;
    LIST_INSERT_HEAD(&c->waiting, call, link);
    while (c->leader && must_wait(call, heed_cancel)) {
        struct timespec until = conn_time_of(call->deadline);

        pthread_cond_clockwait(&call->wake, &c->lock, CLOCK_MONOTONIC, &until);
    }
    LIST_REMOVE(call, link);
    if (!c->leader) {
        c->leader = true;
        while (must_wait(call, heed_cancel))
            conn_lead_once(c, POLLIN, call->deadline);
        conn_stop_leading(c); /* Also where it never led: the wake-up to lead may have been for this one. */
    }
    call->waiting = false;
}

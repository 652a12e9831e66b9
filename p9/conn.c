/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/cursor.h"
#include "core/base/err.h"

#define TIMEOUT_MS 30000
#define GRACE_MS 5000
#define NUDGE_MS 20 /* how long a sender may miss that there is no leader any more */

/* GIVEN_UP: the call is gone, the reply is swallowed; the tag is free once its Tflush is answered. */
enum tag_state { FREE, LIVE, GIVEN_UP, FLUSHING };

struct tag {
    uint8_t state, type;
    uint16_t flushed;      /* FLUSHING: the tag that becomes free with the reply */
    struct p9_call *call;  /* LIVE */
};

LIST_HEAD(calls, p9_call);

struct p9_conn {
    int fd, wake;          /* [const] wake: an eventfd that gets the leader out of poll */
    uint32_t msize;        /* [const] after the version is agreed */
    int timeout_ms, grace_ms; /* [const] */
    pthread_mutex_t sending;
    pthread_mutex_t lock;
    struct tag tag[P9_CONN_TAGS]; /* [lock] */
    unsigned next_tag;     /* [lock] */
    pthread_cond_t tag_free;
    unsigned tag_waiters;  /* [lock] */
    struct calls waiting;  /* [lock] */
    bool leader;           /* [lock] whose holder alone touches `in` and `filled` */
    const char *lost;      /* [lock] */
    uint8_t *in;           /* msize bytes */
    size_t filled;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct timespec time_of(int64_t ms)
{
    return (struct timespec){ms / 1000, ms % 1000 * 1000000};
}

/* --- Ending ------------------------------------------------------------------------------------ */

static void nudge_leader(struct p9_conn *c)
{
    uint64_t one = 1;

    if (write(c->wake, &one, sizeof(one)) < 0)
        return; /* It is full: the leader has been told often enough. */
}

/* With the lock held; where a `done` is due the call may be gone after it. */
static void end_call(struct p9_call *call, int result)
{
    void (*done)(struct p9_call *, int) = call->done;

    call->result = result;
    call->ended = true;
    if (done)
        done(call, result);
    else if (call->waiting)
        pthread_cond_signal(&call->wake);
}

static void break_locked(struct p9_conn *c, const char *why)
{
    if (c->lost)
        return;
    c->lost = why;
    shutdown(c->fd, SHUT_RDWR);
    for (unsigned i = 0; i < P9_CONN_TAGS; i++)
        if (c->tag[i].state == LIVE) {
            c->tag[i].state = GIVEN_UP;
            end_call(c->tag[i].call, -ENOTCONN);
        }
    pthread_cond_broadcast(&c->tag_free);
    nudge_leader(c);
}

void p9_conn_break(struct p9_conn *c, const char *why)
{
    pthread_mutex_lock(&c->lock);
    break_locked(c, why);
    pthread_mutex_unlock(&c->lock);
}

const char *p9_conn_lost(struct p9_conn *c)
{
    const char *lost;

    pthread_mutex_lock(&c->lock);
    lost = c->lost;
    pthread_mutex_unlock(&c->lock);
    return lost;
}

int p9_conn_fd(const struct p9_conn *c)
{
    return c->fd;
}

uint32_t p9_conn_msize(const struct p9_conn *c)
{
    return c->msize;
}

/* --- Replies ----------------------------------------------------------------------------------- */

static void free_tag(struct p9_conn *c, uint16_t tag)
{
    c->tag[tag] = (struct tag){.state = FREE};
    if (c->tag_waiters > 0)
        pthread_cond_signal(&c->tag_free);
}

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
static struct tag *tag_of(struct p9_conn *c, uint16_t tag)
{
    struct tag *t = tag == P9_NOTAG ? &c->tag[0] : tag < P9_CONN_TAGS ? &c->tag[tag] : NULL;

    return t && (tag == P9_NOTAG) == (t->type == P9_TVERSION) ? t : NULL;
}

static const char *deliver_locked(struct p9_conn *c, struct p9_msg *m, size_t head, size_t size)
{
    struct tag *t = tag_of(c, m->tag);
    struct p9_call *call = t ? t->call : NULL;

    if (!t || t->state == FREE)
        return "the server answered what it was not asked";
    if (m->type != t->type + 1 && m->type != P9_RLERROR)
        return "the server's answer is of another kind than the question";
    if (t->state == FLUSHING) {
        free_tag(c, t->flushed);
        free_tag(c, m->tag);
    } else if (t->state == LIVE) {
        int result = take_reply(call, m, c->in + head, size - head);

        free_tag(c, (uint16_t)(t - c->tag));
        end_call(call, result);
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

/* Waits for the socket (`events`) or a nudge, until `deadline`. */
static void wait_for_socket(struct p9_conn *c, short events, int64_t deadline)
{
    struct pollfd p[2] = {{.fd = c->fd, .events = events}, {.fd = c->wake, .events = POLLIN}};
    int64_t left = deadline - now_ms();
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
static void lead_once(struct p9_conn *c, short events, int64_t deadline)
{
    pthread_mutex_unlock(&c->lock);
    receive_some(c, events, deadline);
    pthread_mutex_lock(&c->lock);
}

static void stop_leading(struct p9_conn *c)
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
    return !call->ended && !(heed_cancel && call->cancelled) && now_ms() < call->deadline;
}

/* Until the call has ended, is cancelled or out of time; with the lock held. */
static void wait_locked(struct p9_conn *c, struct p9_call *call, bool heed_cancel)
{
    call->waiting = true;
    LIST_INSERT_HEAD(&c->waiting, call, link);
    while (c->leader && must_wait(call, heed_cancel)) {
        struct timespec until = time_of(call->deadline);

        pthread_cond_clockwait(&call->wake, &c->lock, CLOCK_MONOTONIC, &until);
    }
    LIST_REMOVE(call, link);
    if (!c->leader) {
        c->leader = true;
        while (must_wait(call, heed_cancel))
            lead_once(c, POLLIN, call->deadline);
        stop_leading(c); /* Also where it never led: the wake-up to lead may have been for this one. */
    }
    call->waiting = false;
}

/* --- Tags and sending -------------------------------------------------------------------------- */

static int find_tag(struct p9_conn *c)
{
    for (unsigned i = 0; i < P9_CONN_TAGS; i++) {
        unsigned at = (c->next_tag + i) % P9_CONN_TAGS;

        if (c->tag[at].state == FREE) {
            c->next_tag = at + 1;
            return (int)at;
        }
    }
    return -EAGAIN;
}

/* With the lock held: a tag, or -errno. */
static int take_tag(struct p9_conn *c, int64_t deadline)
{
    int tag;

    while (!c->lost && (tag = find_tag(c)) < 0) {
        struct timespec until = time_of(deadline);

        if (now_ms() >= deadline)
            return -ETIMEDOUT;
        if (!c->leader) {
            c->leader = true;
            lead_once(c, POLLIN, deadline);
            stop_leading(c);
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
        lead_once(c, POLLIN | POLLOUT, deadline);
        stop_leading(c);
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
        else if (now_ms() >= deadline)
            return -ETIMEDOUT;
        else
            wait_writable(c, deadline);
    }
    return 0;
}

static int transmit(struct p9_conn *c, const struct p9_msg *m, const struct iovec *data,
                    int64_t deadline)
{
    uint8_t head[P9_HEAD_MAX];
    int len = p9_msg_encode(m, head, sizeof(head)), rc;
    struct iovec iov[2] = {{head, len > 0 ? (size_t)len : 0}, {0}};

    if (len < 0)
        return len;
    if (data)
        iov[1] = *data;
    if (iov[0].iov_len + iov[1].iov_len > c->msize)
        return -EMSGSIZE;
    pthread_mutex_lock(&c->sending);
    rc = send_pieces(c, iov, deadline);
    pthread_mutex_unlock(&c->sending);
    if (rc < 0)
        p9_conn_break(c, rc == -ETIMEDOUT ? "the server does not take requests any more"
                                          : "the server hung up");
    return rc < 0 ? -ENOTCONN : 0;
}

/* Puts the call into the table; with the lock held. */
static int enter(struct p9_conn *c, struct p9_call *call, uint8_t type)
{
    int tag = take_tag(c, call->deadline);

    if (tag < 0)
        return tag;
    call->type = type;
    call->tag = (uint16_t)tag;
    c->tag[tag] = (struct tag){.state = LIVE, .type = type, .call = call};
    return 0;
}

/* Not sent: takes the call back unless the connection's end has ended it; with the lock held. */
static void leave(struct p9_conn *c, struct p9_call *call)
{
    if (call->ended)
        return;
    call->ended = true;
    free_tag(c, call->tag);
}

static int start(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m,
                 const struct iovec *data)
{
    struct p9_msg tagged = *m;
    int rc;

    call->deadline = now_ms() + c->timeout_ms;
    pthread_mutex_lock(&c->lock);
    rc = enter(c, call, m->type);
    pthread_mutex_unlock(&c->lock);
    if (rc < 0)
        return rc;
    tagged.tag = m->type == P9_TVERSION ? P9_NOTAG : call->tag;
    return transmit(c, &tagged, data, call->deadline);
}

int p9_conn_send(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m,
                 const struct iovec *data)
{
    int rc;

    pthread_cond_init(&call->wake, NULL);
    call->tag = P9_NOTAG;
    rc = start(c, call, m, data);
    if (rc == 0)
        return 0;
    pthread_mutex_lock(&c->lock);
    if (call->tag != P9_NOTAG)
        leave(c, call);
    pthread_mutex_unlock(&c->lock);
    pthread_cond_destroy(&call->wake);
    return rc;
}

/* --- Calls that are not answered ----------------------------------------------------------------- */

/*
 * Gives the call up: its Tflush is sent and not waited for, as a server may answer it only when the
 * call itself is done.  With the lock held; the tag of the flush or -errno.
 */
static int give_up(struct p9_conn *c, struct p9_call *call)
{
    int flush = take_tag(c, now_ms() + c->grace_ms);

    if (flush < 0 || call->ended)
        return flush < 0 ? flush : -EALREADY;
    c->tag[call->tag].state = GIVEN_UP;
    c->tag[call->tag].call = NULL;
    c->tag[flush] = (struct tag){.state = FLUSHING, .type = P9_TFLUSH, .flushed = call->tag};
    return flush;
}

/* Is anybody there?  A Tflush of no request at all is answered at once. */
static void probe(struct p9_conn *c)
{
    struct p9_msg m = {.type = P9_TFLUSH, .tflush = {P9_NOTAG}};
    struct p9_call call = {0};

    if (p9_conn_send(c, &call, &m, NULL) < 0)
        return;
    pthread_mutex_lock(&c->lock);
    call.deadline = now_ms() + c->grace_ms;
    wait_locked(c, &call, false);
    if (!call.ended)
        break_locked(c, "the server does not answer");
    pthread_mutex_unlock(&c->lock);
    pthread_cond_destroy(&call.wake);
}

/* What a call ends with that was not answered in time, or cancelled. */
static int flush(struct p9_conn *c, struct p9_call *call)
{
    struct p9_msg m = {.type = P9_TFLUSH, .tflush = {call->tag}};
    int tag;

    pthread_mutex_lock(&c->lock);
    tag = give_up(c, call);
    if (tag < 0 && tag != -EALREADY)
        break_locked(c, "the server does not answer");
    pthread_mutex_unlock(&c->lock);
    if (tag == -EALREADY || call->ended)
        return call->result;
    if (tag < 0)
        return -ENOTCONN;
    m.tag = (uint16_t)tag;
    transmit(c, &m, NULL, now_ms() + c->grace_ms);
    probe(c);
    return p9_conn_lost(c) ? -ENOTCONN : call->cancelled ? -EINTR : -ETIMEDOUT;
}

int p9_conn_wait(struct p9_conn *c, struct p9_call *call)
{
    bool ended;
    int rc;

    pthread_mutex_lock(&c->lock);
    wait_locked(c, call, true);
    ended = call->ended;
    pthread_mutex_unlock(&c->lock);
    rc = ended ? call->result : flush(c, call);
    pthread_cond_destroy(&call->wake);
    return rc;
}

int p9_conn_call(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m)
{
    int rc = p9_conn_send(c, call, m, NULL);

    return rc < 0 ? rc : p9_conn_wait(c, call);
}

void p9_conn_post(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m)
{
    struct p9_msg tagged = *m;
    int rc;

    call->deadline = now_ms() + c->timeout_ms;
    pthread_mutex_lock(&c->lock);
    rc = enter(c, call, m->type);
    tagged.tag = call->tag;
    pthread_mutex_unlock(&c->lock);
    if (rc < 0)
        call->done(call, -ENOTCONN);
    else
        transmit(c, &tagged, NULL, now_ms() + c->timeout_ms); /* its failure ends every call */
}

void p9_conn_cancel(struct p9_conn *c, struct p9_call *call)
{
    pthread_mutex_lock(&c->lock);
    call->cancelled = true;
    if (call->waiting)
        pthread_cond_signal(&call->wake);
    nudge_leader(c);
    pthread_mutex_unlock(&c->lock);
}

/* --- Life ---------------------------------------------------------------------------------------- */

static int agree(struct p9_conn *c, struct err *e)
{
    struct p9_msg m = {.type = P9_TVERSION, .version = {c->msize, p9_str_of(P9_VERSION)}};
    char version[sizeof(P9_VERSION) - 1];
    struct p9_call call = {.text = {version, sizeof(version)}};
    int rc = p9_conn_call(c, &call, &m);

    if (rc < 0)
        return err_sys(e, -rc, "agree with the 9P server%s%s", c->lost ? ": " : "",
                       c->lost ? c->lost : "");
    if (call.reply.version.version.len != sizeof(version) ||
        memcmp(version, P9_VERSION, sizeof(version)) != 0)
        return err_set(e, EPROTO, "the server does not speak " P9_VERSION);
    if (call.reply.version.msize < P9_MSIZE_MIN || call.reply.version.msize > c->msize)
        return err_set(e, EPROTO, "the server wants messages of %u bytes", call.reply.version.msize);
    c->msize = call.reply.version.msize;
    return 0;
}

static int set_up(struct p9_conn *c, const struct p9_conn_config *config, struct err *e)
{
    c->msize = config->msize < P9_MSIZE_MIN ? P9_MSIZE_MIN : config->msize;
    c->timeout_ms = config->timeout_ms ? config->timeout_ms : TIMEOUT_MS;
    c->grace_ms = config->grace_ms ? config->grace_ms : GRACE_MS;
    c->in = malloc(c->msize);
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!c->in || c->wake < 0)
        return err_sys(e, c->in ? errno : ENOMEM, "9P connection");
    return agree(c, e);
}

struct p9_conn *p9_conn_new(int fd, const struct p9_conn_config *config, struct err *e)
{
    struct p9_conn *c = calloc(1, sizeof(*c));

    if (!c) {
        close(fd);
        err_sys(e, ENOMEM, "9P connection");
        return NULL;
    }
    c->fd = fd;
    c->wake = -1;
    LIST_INIT(&c->waiting);
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->sending, NULL);
    pthread_cond_init(&c->tag_free, NULL);
    if (set_up(c, config, e) == 0)
        return c;
    p9_conn_free(c);
    return NULL;
}

void p9_conn_free(struct p9_conn *c)
{
    if (!c)
        return;
    p9_conn_break(c, "closed");
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->sending);
    pthread_cond_destroy(&c->tag_free);
    if (c->wake >= 0)
        close(c->wake);
    close(c->fd);
    free(c->in);
    free(c);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/conn_state.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/err.h"

#define TIMEOUT_MS 30000
#define GRACE_MS 5000

struct timespec conn_time_of(int64_t ms)
{
    return (struct timespec){ms / 1000, ms % 1000 * 1000000};
}

/* --- Ending ------------------------------------------------------------------------------------ */

void conn_end_call(struct p9_call *call, int result)
{
    void (*done)(struct p9_call *, int) = call->done;

    call->result = result;
    call->ended = true;
    if (done)
        done(call, result);
    else if (call->waiting)
        pthread_cond_signal(&call->wake);
}

void conn_break_locked(struct p9_conn *c, const char *why)
{
    if (c->lost)
        return;
    c->lost = why;
    shutdown(c->fd, SHUT_RDWR);
    for (unsigned i = 0; i < P9_CONN_TAGS; i++)
        if (c->tag[i].state == TAG_LIVE) {
            c->tag[i].state = TAG_GIVEN_UP;
            conn_end_call(c->tag[i].call, -ENOTCONN);
        }
    pthread_cond_broadcast(&c->tag_free);
    conn_nudge_leader(c);
}

void p9_conn_break(struct p9_conn *c, const char *why)
{
    pthread_mutex_lock(&c->lock);
    conn_break_locked(c, why);
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

const char *p9_conn_look(struct p9_conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

    if (poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)))
        p9_conn_break(c, "the server hung up");
    return p9_conn_lost(c);
}

bool p9_conn_is_own(const struct p9_conn *c)
{
    return c->own;
}

uint32_t p9_conn_msize(const struct p9_conn *c)
{
    return c->msize;
}

/* --- Calls that are not answered ----------------------------------------------------------------- */

/*
 * Gives the call up: its Tflush is sent and not waited for, as a server may answer it only when the
 * call itself is done.  With the lock held; the tag of the flush or -errno.
 */
static int give_up(struct p9_conn *c, struct p9_call *call)
{
    int flush = conn_take_tag(c, clock_ms() + c->grace_ms);

    if (flush < 0 || call->ended)
        return flush < 0 ? flush : -EALREADY;
    c->tag[call->tag].state = TAG_GIVEN_UP;
    c->tag[call->tag].call = NULL;
    c->tag[flush] = (struct conn_tag){.state = TAG_FLUSHING, .type = P9_TFLUSH, .flushed = call->tag};
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
    call.deadline = clock_ms() + c->grace_ms;
    conn_wait_locked(c, &call, false);
    if (!call.ended)
        conn_break_locked(c, "the server does not answer");
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
        conn_break_locked(c, "the server does not answer");
    pthread_mutex_unlock(&c->lock);
    if (tag == -EALREADY || call->ended)
        return call->result;
    if (tag < 0)
        return -ENOTCONN;
    m.tag = (uint16_t)tag;
    conn_transmit(c, &m, NULL, clock_ms() + c->grace_ms);
    probe(c);
    return p9_conn_lost(c) ? -ENOTCONN : call->cancelled ? -EINTR : -ETIMEDOUT;
}

int p9_conn_wait(struct p9_conn *c, struct p9_call *call)
{
    bool ended;
    int rc;

    pthread_mutex_lock(&c->lock);
    conn_wait_locked(c, call, true);
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

    call->deadline = clock_ms() + c->timeout_ms;
    pthread_mutex_lock(&c->lock);
    rc = conn_enter(c, call, m->type);
    tagged.tag = call->tag;
    pthread_mutex_unlock(&c->lock);
    if (rc < 0)
        call->done(call, -ENOTCONN);
    else
        conn_transmit(c, &tagged, NULL, clock_ms() + c->timeout_ms); /* its failure ends every call */
}

void p9_conn_cancel(struct p9_conn *c, struct p9_call *call)
{
    pthread_mutex_lock(&c->lock);
    call->cancelled = true;
    if (call->waiting)
        pthread_cond_signal(&call->wake);
    conn_nudge_leader(c);
    pthread_mutex_unlock(&c->lock);
}

/* --- Life ---------------------------------------------------------------------------------------- */

/* The answer is in `call`; its string must fit there. */
static int ask_for(struct p9_conn *c, const char *version, struct p9_call *call)
{
    struct p9_msg m = {.type = P9_TVERSION, .version = {c->msize, p9_str_of(version)}};

    *call = (struct p9_call){.text = call->text};
    c->next_tag = 0; /* it has none on the wire, and the first one here */
    return p9_conn_call(c, call, &m);
}

static bool says(const struct p9_call *call, const char *version)
{
    const struct p9_str *s = &call->reply.version.version;

    return s->len == strlen(version) && memcmp(s->s, version, s->len) == 0;
}

/* For our own dialect first; who does not know it says so, or what it knows. */
static int agree(struct p9_conn *c, struct err *e)
{
    char version[sizeof(P9_VERSION_OWN) - 1];
    struct p9_call call = {.text = {version, sizeof(version)}};
    int rc = ask_for(c, P9_VERSION_OWN, &call);

    c->own = rc == 0 && says(&call, P9_VERSION_OWN);
    if (rc < 0 || (!c->own && !says(&call, P9_VERSION)))
        rc = ask_for(c, P9_VERSION, &call);
    if (rc < 0)
        return err_sys(e, -rc, "agree with the 9P server%s%s", c->lost ? ": " : "",
                       c->lost ? c->lost : "");
    if (!c->own && !says(&call, P9_VERSION))
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
    c->refs = 1;
    c->fd = fd;
    c->wake = -1;
    LIST_INIT(&c->waiting);
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->sending, NULL);
    pthread_cond_init(&c->tag_free, NULL);
    if (set_up(c, config, e) == 0)
        return c;
    p9_conn_put(c);
    return NULL;
}

struct p9_conn *p9_conn_get(struct p9_conn *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void p9_conn_put(struct p9_conn *c)
{
    if (!c || atomic_fetch_sub(&c->refs, 1) > 1)
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

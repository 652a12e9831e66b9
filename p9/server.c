/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/server.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cursor.h"
#include "core/base/err.h"
#include "p9/dispatch.h"
#include "p9/iov.h"

#define WORKERS_MAX 64
#define TAG_BUCKETS 256
#define STACK_SIZE (256 << 10)

enum { QUEUED = 1, RUNNING, WAITING, DONE }; /* WAITING: a Tflush, for another request */

struct list {
    struct p9_request *head, *tail;
};

struct p9_session {
    struct p9_context context;
    struct p9_export export;       /* [const] */
    p9_complete *complete;         /* [const] */
    void *ctx;                     /* [const] */
    unsigned workers;              /* [const] */
    pthread_mutex_t lock;          /* guards all below */
    pthread_cond_t work, quiet;
    struct list queue;             /* by `link` */
    unsigned queued;
    struct p9_request *tag[TAG_BUCKETS]; /* in flight, by `tag_link` */
    struct p9_request *running[WORKERS_MAX];
    unsigned running_n, idle, threads;
    pthread_t thread[WORKERS_MAX];
    struct list done;              /* by `next` */
    bool delivering, stopping;
    uint64_t requests, errors;
};

/* What a thread works with; on its stack. */
struct scratch {
    uint8_t head[P9_HEAD_MAX];
    uint8_t reply[P9_TEXT_SIZE + 64];
    char text[P9_TEXT_SIZE];
};

struct p9_limits p9_limits_default(void)
{
    return (struct p9_limits){.msize = 512000, .workers = 16, .fids = 1 << 18, .files = 4096,
                              .xattr_bytes = 4 << 20};
}

/* --- One request --------------------------------------------------------------------------------- */

/* Writes a reply without payload, or the head of one with. */
static size_t put_reply(const struct p9_request *r, const struct p9_msg *m, struct scratch *x,
                        size_t room)
{
    int head = p9_msg_encode(m, x->reply, sizeof(x->reply));
    struct cursor c = cursor_over(x->reply, 4);
    uint32_t size = cursor_le32(&c);

    if (head < 0 || size > room)
        return 0;
    iov_write(r->out, r->out_n, 0, x->reply, (size_t)head);
    return size;
}

static size_t put_error(const struct p9_request *r, int code, struct scratch *x)
{
    struct p9_msg m = {.type = P9_RLERROR, .tag = r->tag};

    m.rlerror.ecode = code > 0 && code < 4096 ? (uint32_t)code : EIO;
    return put_reply(r, &m, x, iov_total(r->out, r->out_n));
}

/* Data is not copied here: of a Twrite only what comes before it. */
static size_t head_max(const struct p9_request *r)
{
    return r->type == P9_TWRITE ? P9_WRITE_HEAD : P9_HEAD_MAX;
}

/* Copies the head once and decodes the copy; what was looked at in the queue must still be so. */
static int decode(struct p9_session *s, const struct p9_request *r, struct p9_msg *m,
                  struct scratch *x)
{
    size_t total = iov_total(r->in, r->in_n), len;
    uint32_t msize = atomic_load(&s->context.msize), size;
    struct cursor c;
    int head;

    len = iov_read(r->in, r->in_n, 0, x->head, head_max(r));
    c = cursor_over(x->head, len);
    size = cursor_le32(&c);
    if (c.bad || size < P9_HEADER || size > total)
        return -EBADMSG;
    if (size > (msize ? msize : s->export.limits.msize))
        return -EMSGSIZE;
    head = p9_msg_decode(m, x->head, len < size ? len : size, size);
    return head >= 0 && (m->type != r->type || m->tag != r->tag) ? -EBADMSG : head;
}

static uint32_t room_of(struct p9_session *s, const struct p9_request *r)
{
    size_t room = iov_total(r->out, r->out_n);
    uint32_t msize = atomic_load(&s->context.msize);

    if (msize == 0)
        msize = P9_MSIZE_MIN;
    return room < msize ? (uint32_t)room : msize;
}

/* Returns whether it went well. */
static bool run(struct p9_session *s, struct p9_request *r, struct scratch *x)
{
    struct p9_msg in, out = {.type = (uint8_t)(r->type + 1), .tag = r->tag};
    struct p9_call c = {.s = &s->context, .req = r, .in = &in, .out = &out, .text = x->text,
                        .room = room_of(s, r)};
    int rc = decode(s, r, &in, x);

    if (rc >= 0) {
        c.payload = (size_t)rc;
        rc = p9_dispatch(&c);
    }
    if (rc >= 0) {
        r->reply_len = put_reply(r, &out, x, c.room);
        rc = r->reply_len > 0 ? 0 : -EMSGSIZE;
    }
    if (rc < 0)
        r->reply_len = put_error(r, -rc, x);
    return rc >= 0;
}

/* --- Completion ---------------------------------------------------------------------------------- */

static void append_done(struct p9_session *s, struct p9_request *r)
{
    r->state = DONE;
    r->next = NULL;
    if (s->done.tail)
        s->done.tail->next = r;
    else
        s->done.head = r;
    s->done.tail = r;
}

static void untag(struct p9_session *s, const struct p9_request *r)
{
    struct p9_request **at = &s->tag[r->tag % TAG_BUCKETS];

    while (*at && *at != r)
        at = &(*at)->tag_link;
    if (*at)
        *at = r->tag_link;
}

/* The request, then the flushes that waited for it, then the flushes of those. */
static void finish_locked(struct p9_session *s, struct p9_request *r)
{
    append_done(s, r);
    for (; r; r = r->next) {
        untag(s, r);
        for (struct p9_request *f = r->flushes, *next; f; f = next) {
            next = f->link;
            append_done(s, f);
        }
        r->flushes = NULL;
    }
}

/* One thread delivers at a time: the others leave theirs to it, which makes the next batch. */
static void deliver_locked(struct p9_session *s)
{
    if (s->delivering)
        return;
    s->delivering = true;
    while (s->done.head) {
        struct p9_request *batch = s->done.head;

        s->done = (struct list){0};
        pthread_mutex_unlock(&s->lock);
        s->complete(s->ctx, batch);
        pthread_mutex_lock(&s->lock);
    }
    s->delivering = false;
    pthread_cond_broadcast(&s->quiet);
}

/* --- The queue ----------------------------------------------------------------------------------- */

static void enqueue(struct p9_session *s, struct p9_request *r)
{
    r->state = QUEUED;
    r->link = NULL;
    if (s->queue.tail)
        s->queue.tail->link = r;
    else
        s->queue.head = r;
    s->queue.tail = r;
    s->queued++;
}

static void dequeue(struct p9_session *s, const struct p9_request *r)
{
    struct p9_request **at = &s->queue.head, *before = NULL;

    while (*at != r) {
        before = *at;
        at = &before->link;
    }
    *at = r->link;
    if (s->queue.tail == r)
        s->queue.tail = before;
    s->queued--;
}

/* A quarter of the workers at most wait for one fid's file. */
static bool fid_is_busy(const struct p9_session *s, uint32_t fid)
{
    unsigned most = s->workers / 4 > 0 ? s->workers / 4 : 1, n = 0;

    for (unsigned i = 0; i < s->running_n; i++)
        n += s->running[i]->fid == fid;
    return n >= most;
}

/* Tversion drops all fids: it runs alone, after all before it and before all behind it. */
static struct p9_request *pick(const struct p9_session *s)
{
    if (s->running_n == WORKERS_MAX ||
        (s->running_n > 0 && s->running[0]->type == P9_TVERSION))
        return NULL;
    for (struct p9_request *r = s->queue.head; r; r = r->link) {
        if (r->type == P9_TVERSION)
            return s->running_n == 0 && r == s->queue.head ? r : NULL;
        if (!fid_is_busy(s, r->fid))
            return r;
    }
    return NULL;
}

static void drop_running(struct p9_session *s, const struct p9_request *r)
{
    unsigned i = 0;

    while (s->running[i] != r)
        i++;
    s->running[i] = s->running[--s->running_n];
}

/* Works on one request, with the lock dropped meanwhile; false when there is none to take. */
static bool work_locked(struct p9_session *s, struct scratch *x)
{
    struct p9_request *r = pick(s);
    bool good;

    if (!r)
        return false;
    dequeue(s, r);
    r->state = RUNNING;
    s->running[s->running_n++] = r;
    pthread_mutex_unlock(&s->lock);
    good = run(s, r, x);
    pthread_mutex_lock(&s->lock);
    drop_running(s, r);
    s->requests++;
    s->errors += !good;
    finish_locked(s, r);
    /* What this one held back (its fid's others, or all behind a Tversion) may go now. */
    if (s->queue.head && s->idle > 0)
        pthread_cond_broadcast(&s->work);
    return true;
}

static void *worker(void *arg)
{
    struct p9_session *s = arg;
    struct scratch x;

    if (s->context.fs->ops->thread_start)
        s->context.fs->ops->thread_start(s->context.fs);
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        if (work_locked(s, &x)) {
            deliver_locked(s);
            continue;
        }
        s->idle++;
        pthread_cond_wait(&s->work, &s->lock);
        s->idle--;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* More work than threads that wait for some: one more, if there may be. */
static void start_worker(struct p9_session *s)
{
    pthread_attr_t a;

    if (s->queued <= s->idle || s->threads >= s->workers)
        return;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, STACK_SIZE);
    if (pthread_create(&s->thread[s->threads], &a, worker, s) == 0)
        s->threads++;
    pthread_attr_destroy(&a);
}

/* --- Submission ---------------------------------------------------------------------------------- */

static struct p9_request *by_tag(const struct p9_session *s, uint16_t tag)
{
    struct p9_request *r = s->tag[tag % TAG_BUCKETS];

    while (r && r->tag != tag)
        r = r->tag_link;
    return r;
}

/* Without the decoder: order and fairness need these four before a worker decodes a copy. */
static uint16_t look_at(struct p9_request *r)
{
    uint8_t bytes[P9_HEADER + 4];
    struct cursor c, body;

    c = cursor_over(bytes, iov_read(r->in, r->in_n, 0, bytes, sizeof(bytes)));
    cursor_le32(&c);
    r->type = cursor_u8(&c);
    r->tag = c.bad || cursor_left(&c) < 2 ? P9_NOTAG : cursor_le16(&c);
    body = c;
    r->fid = cursor_le32(&c);
    r->flushes = NULL;
    r->reply_len = 0;
    return cursor_le16(&body);
}

static void finish_with(struct p9_session *s, struct p9_request *r, int code)
{
    struct p9_msg m = {.type = (uint8_t)(r->type + 1), .tag = r->tag};
    struct scratch x;

    r->reply_len = code ? put_error(r, code, &x)
                        : put_reply(r, &m, &x, iov_total(r->out, r->out_n));
    s->requests++;
    s->errors += code != 0;
}

/*
 * Never queued, so that it gets through when all workers are stuck.  Its answer is written now, and goes
 * out once the other request's has.
 */
static void flush_locked(struct p9_session *s, struct p9_request *r, uint16_t oldtag)
{
    struct p9_request *old = by_tag(s, oldtag);

    finish_with(s, r, 0);
    if (!old || old == r) {
        finish_locked(s, r);
        return;
    }
    r->state = WAITING;
    r->link = old->flushes;
    old->flushes = r;
    if (old->state == QUEUED) {
        dequeue(s, old);
        finish_locked(s, old);
    }
}

static void submit_locked(struct p9_session *s, struct p9_request *r)
{
    uint16_t oldtag = look_at(r);

    if (by_tag(s, r->tag)) {
        finish_with(s, r, EINVAL);
        append_done(s, r);
        return;
    }
    r->tag_link = s->tag[r->tag % TAG_BUCKETS];
    s->tag[r->tag % TAG_BUCKETS] = r;
    if (r->type == P9_TFLUSH) {
        flush_locked(s, r, oldtag);
        return;
    }
    enqueue(s, r);
    start_worker(s);
}

/* Without workers, or when no thread could be made, the caller works. */
static void work_here(struct p9_session *s)
{
    struct scratch x;

    while (s->threads == 0 && work_locked(s, &x))
        ;
}

void p9_session_submit(struct p9_session *s, struct p9_request *list)
{
    unsigned wake;

    pthread_mutex_lock(&s->lock);
    for (struct p9_request *r = list, *next; r; r = next) {
        next = r->next;
        submit_locked(s, r);
    }
    work_here(s);
    deliver_locked(s);
    wake = s->queued < s->idle ? s->queued : s->idle;
    pthread_mutex_unlock(&s->lock);
    /* Behind the lock, which they want first thing. */
    while (wake-- > 0)
        pthread_cond_signal(&s->work);
}

/* --- Life ---------------------------------------------------------------------------------------- */

struct p9_session *p9_session_new(const struct p9_export *x, p9_complete *complete, void *ctx,
                                  struct err *e)
{
    const struct p9_limits *l = &x->limits;
    struct p9_session *s = calloc(1, sizeof(*s));

    assert(l->msize >= P9_MSIZE_MIN);
    if (!s || p9_fids_init(&s->context.fids, x->fs, l->fids, l->files, l->xattr_bytes) < 0) {
        free(s);
        err_set(e, ENOMEM, "no memory for a 9P session");
        return NULL;
    }
    s->export = *x;
    s->context.export = &s->export;
    s->context.fs = x->fs;
    s->context.id = (uintptr_t)s;
    s->complete = complete;
    s->ctx = ctx;
    s->workers = l->workers < WORKERS_MAX ? l->workers : WORKERS_MAX;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->quiet, NULL);
    return s;
}

static bool is_quiet(const struct p9_session *s)
{
    return s->running_n == 0 && !s->delivering && !s->done.head;
}

void p9_session_reset(struct p9_session *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->queue.head) {
        struct p9_request *r = s->queue.head;

        dequeue(s, r);
        finish_locked(s, r);
    }
    deliver_locked(s);
    while (!is_quiet(s))
        pthread_cond_wait(&s->quiet, &s->lock);
    atomic_store(&s->context.msize, 0);
    pthread_mutex_unlock(&s->lock);
    p9_fids_clear(&s->context.fids);
}

void p9_session_free(struct p9_session *s)
{
    if (!s)
        return;
    p9_session_reset(s);
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->threads; i++)
        pthread_join(s->thread[i], NULL);
    p9_fids_release(&s->context.fids);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->quiet);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void p9_session_stats(struct p9_session *s, struct p9_session_stats *st)
{
    pthread_mutex_lock(&s->lock);
    *st = (struct p9_session_stats){.requests = s->requests, .errors = s->errors,
                                    .threads = s->threads,
                                    .files = atomic_load(&s->context.fids.files)};
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_lock(&s->context.fids.lock);
    st->fids = s->context.fids.count;
    pthread_mutex_unlock(&s->context.fids.lock);
}

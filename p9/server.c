/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/server.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/cursor.h"
#include "core/base/err.h"
#include "core/base/iov.h"
#include "p9/answer.h"
#include "p9/context_state.h"

#define WORKERS_MAX 64
#define TAG_BUCKETS 256
#define STACK_SIZE (256 << 10)
#define WARY_REQUESTS 500

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
    bool here;                     /* [const] submitters work, too */
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
    unsigned wary;                 /* so many more requests do not take their chance here */
};

struct p9_limits p9_limits_default(void)
{
    return (struct p9_limits){.msize = 512000, .workers = 16, .fids = 1 << 18, .files = 4096,
                              .xattr_bytes = 4 << 20, .brisk_us = 2000};
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

    while (*at && *at != r) {
        before = *at;
        at = &before->link;
    }
    *at = r->link;
    if (s->queue.tail == r)
        s->queue.tail = before;
    s->queued--;
}

static unsigned fid_users(const struct p9_session *s, uint32_t fid)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->running_n; i++)
        n += s->running[i]->fid == fid;
    return n;
}

/* A quarter of the workers at most wait for one fid's file. */
static bool fid_is_busy(const struct p9_session *s, uint32_t fid)
{
    return fid_users(s, fid) >= (s->workers / 4 > 0 ? s->workers / 4 : 1);
}

/* Tversion drops all fids: it runs alone, after all before it and before all behind it. */
static bool none_may_run(const struct p9_session *s)
{
    return s->running_n == WORKERS_MAX ||
           (s->running_n > 0 && s->running[0]->type == P9_TVERSION);
}

static struct p9_request *pick(const struct p9_session *s)
{
    if (none_may_run(s))
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

static void take(struct p9_session *s, struct p9_request *r)
{
    dequeue(s, r);
    r->state = RUNNING;
    s->running[s->running_n++] = r;
}

static void account(struct p9_session *s, struct p9_request *r, bool good)
{
    s->requests++;
    s->errors += !good;
    finish_locked(s, r);
    /* What this one held back (its fid's others, or all behind a Tversion) may go now. */
    if (s->queue.head && s->idle > 0)
        pthread_cond_broadcast(&s->work);
}

/* Works on one request, with the lock dropped meanwhile; false when there is none to take. */
static bool work_locked(struct p9_session *s, struct p9_scratch *x)
{
    struct p9_request *r = pick(s);
    bool good;

    if (!r)
        return false;
    take(s, r);
    pthread_mutex_unlock(&s->lock);
    good = p9_answer(&s->context, r, x, P9_PATIENT) == 0;
    pthread_mutex_lock(&s->lock);
    drop_running(s, r);
    account(s, r, good);
    return true;
}

static void *worker(void *arg)
{
    struct p9_session *s = arg;
    struct p9_scratch x;

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

/* --- Work in haste, on the thread that submits --------------------------------------------------- */

/* Alone, a request may take its chance; beside others it must not keep the thread. */
static enum p9_haste haste_of(const struct p9_session *s)
{
    return s->running_n == 0 && s->queued == 1 && s->wary == 0 ? P9_BRISK : P9_AT_ONCE;
}

/* None whose fid a worker holds, perhaps for long. */
static struct p9_request *pick_hasty(const struct p9_session *s)
{
    struct p9_request *r = s->queue.head;

    if (none_may_run(s))
        return NULL;
    for (; r && r->type != P9_TVERSION; r = r->link)
        if (!r->leisurely && p9_dispatch_may(r->type, haste_of(s)) && fid_users(s, r->fid) == 0)
            return r;
    return NULL;
}

/* What took long here makes the next ones go to the workers. */
static void work_in_haste(struct p9_session *s, struct p9_request *r)
{
    enum p9_haste haste = haste_of(s);
    struct p9_scratch x;
    uint64_t began_us;
    int rc;

    take(s, r);
    pthread_mutex_unlock(&s->lock);
    began_us = clock_us();
    rc = p9_answer(&s->context, r, &x, haste);
    pthread_mutex_lock(&s->lock);
    drop_running(s, r);
    if (clock_us() - began_us > s->export.limits.brisk_us)
        s->wary = WARY_REQUESTS;
    if (rc == P9_LATER) {
        r->leisurely = true;
        enqueue(s, r);
    } else {
        account(s, r, rc == 0);
    }
}

/* --- Submission ---------------------------------------------------------------------------------- */

/* More work than threads that wait for some: one more, if there may be. */
static void start_worker(struct p9_session *s)
{
    pthread_attr_t a;

    if (s->threads >= s->workers)
        return;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, STACK_SIZE);
    if (pthread_create(&s->thread[s->threads], &a, worker, s) == 0)
        s->threads++;
    pthread_attr_destroy(&a);
}

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
    r->leisurely = false;
    r->reply_len = 0;
    return cursor_le16(&body);
}

static void finish_with(struct p9_session *s, struct p9_request *r, int code)
{
    struct p9_scratch x;

    r->reply_len = code ? p9_answer_error(r, code, &x) : p9_answer_empty(r, &x);
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
    s->wary -= s->wary > 0;
    r->tag_link = s->tag[r->tag % TAG_BUCKETS];
    s->tag[r->tag % TAG_BUCKETS] = r;
    if (r->type == P9_TFLUSH) {
        flush_locked(s, r, oldtag);
        return;
    }
    enqueue(s, r);
}

/* Without workers, or when no thread could be made, the caller works. */
static void work_here(struct p9_session *s)
{
    struct p9_scratch x;

    while (s->threads == 0 && work_locked(s, &x))
        ;
}

void p9_session_submit(struct p9_session *s, struct p9_request *list)
{
    struct p9_request *hasty;
    unsigned wake;

    pthread_mutex_lock(&s->lock);
    for (struct p9_request *r = list, *next; r; r = next) {
        next = r->next;
        submit_locked(s, r);
    }
    while (s->here && (hasty = pick_hasty(s)))
        work_in_haste(s, hasty);
    for (unsigned n = s->idle; n < s->queued; n++)
        start_worker(s);
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
    s->here = x->here && x->fs->brisk && l->workers > 0;
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

bool p9_session_drain(struct p9_session *s, int timeout_ms)
{
    int64_t end = clock_ms() + timeout_ms;
    struct timespec until = {end / 1000, end % 1000 * 1000000};
    bool drained;

    pthread_mutex_lock(&s->lock);
    while (!(drained = is_quiet(s) && !s->queue.head) && clock_ms() < end)
        pthread_cond_clockwait(&s->quiet, &s->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&s->lock);
    return drained;
}

void p9_session_state(struct p9_session *s, struct state *t)
{
    p9_context_state(&s->context, t);
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

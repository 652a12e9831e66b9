/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/server_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/cursor.h"
#include "core/base/iov.h"
#include "p9/answer.h"
#include "p9/apart.h"

#define STACK_SIZE (256 << 10)
#define WARY_REQUESTS 500

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
void session_deliver_locked(struct p9_session *s)
{
    if (s->delivering)
        return;
    s->delivering = true;
    while (s->done.head) {
        struct p9_request *batch = s->done.head;

        s->done = (struct p9_request_list){0};
        pthread_mutex_unlock(&s->lock);
        s->complete(s->ctx, batch);
        pthread_mutex_lock(&s->lock);
    }
    s->delivering = false;
    pthread_cond_broadcast(&s->quiet);
}

/* --- The queue ----------------------------------------------------------------------------------- */

void session_enqueue_locked(struct p9_session *s, struct p9_request *r)
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

/*
 * It was taken out before all that are there, so that no Tversion and no reset comes before it.  What nobody wants any
 * more is done.
 */
static void put_back_locked(struct p9_session *s, struct p9_request *r)
{
    if (r->dropped || r->flushes) {
        finish_locked(s, r);
        return;
    }
    r->state = QUEUED;
    r->link = s->queue.head;
    s->queue.head = r;
    if (!s->queue.tail)
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

/*
 * A quarter of the workers at most wait for one fid's file; and what may wait for ever leaves a quarter of them to the
 * rest, also on its fid: the folder with the mount that hangs.
 */
static bool is_held_back(const struct p9_session *s, const struct p9_request *r)
{
    unsigned quarter = s->workers / 4, beside = 0, apart = 0;

    for (unsigned i = 0; i < s->running_n; i++) {
        apart += s->running[i]->apart;
        beside += s->running[i]->fid == r->fid && s->running[i]->apart == r->apart;
    }
    return beside >= (quarter > 0 ? quarter : 1) || (r->apart && apart > 0 && apart >= s->workers - quarter);
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
        if (!is_held_back(s, r))
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

static void forgotten_locked(struct p9_session *s)
{
    s->forget.state = DONE;
    if (s->queue.head && s->idle > 0)
        pthread_cond_broadcast(&s->work);
}

/* What nobody waits for any more is not even begun. */
static bool is_taken_back(const struct p9_session *s)
{
    return s->export.lent && !s->export.lent(s->export.lent_ctx);
}

static int answer_near(struct p9_session *s, struct p9_request *r, struct p9_scratch *x, enum p9_haste haste)
{
    return is_taken_back(s) ? -ECANCELED : p9_answer(&s->context, r, x, haste);
}

/* On memory of its own, so that a reset need not wait. */
static int answer_apart(struct p9_session *s, struct p9_request *r, struct p9_scratch *x)
{
    struct p9_apart *a = p9_apart_new(r, s->export.limits.msize);
    int rc = a ? p9_answer(&s->context, &a->r, x, P9_PATIENT) : -ENOMEM;

    pthread_mutex_lock(&s->lock);
    if (r->dropped || is_taken_back(s))
        rc = -ECANCELED;
    else if (a)
        p9_apart_answer(a, r);
    else
        r->reply_len = p9_answer_error(r, ENOMEM, x);
    pthread_mutex_unlock(&s->lock);
    free(a);
    return rc;
}

static int answer(struct p9_session *s, struct p9_request *r, struct p9_scratch *x)
{
    if (r == &s->forget) {
        session_forget(s);
        return 0;
    }
    if (r->apart && s->export.lent)
        return answer_apart(s, r, x);
    return answer_near(s, r, x, r->apart ? P9_PATIENT : P9_NEAR);
}

/* It ran, and is done, or it is for a worker, who may wait longer than this one. */
static void settle_locked(struct p9_session *s, struct p9_request *r, int rc)
{
    drop_running(s, r);
    if (r == &s->forget) {
        forgotten_locked(s);
    } else if (rc == P9_LATER || rc == P9_APART) {
        r->leisurely = true;
        r->apart = rc == P9_APART;
        put_back_locked(s, r);
    } else {
        account(s, r, rc == 0);
    }
}

/* Works on one request, with the lock dropped meanwhile; false when there is none to take. */
static bool work_locked(struct p9_session *s, struct p9_scratch *x)
{
    struct p9_request *r = pick(s);
    int rc;

    if (!r)
        return false;
    take(s, r);
    pthread_mutex_unlock(&s->lock);
    rc = answer(s, r, x);
    pthread_mutex_lock(&s->lock);
    settle_locked(s, r, rc);
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
            session_deliver_locked(s);
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
        if (!r->leisurely && !r->apart && p9_dispatch_may(r->type, haste_of(s)) && fid_users(s, r->fid) == 0)
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
    rc = answer_near(s, r, &x, haste);
    pthread_mutex_lock(&s->lock);
    if (clock_us() - began_us > s->export.limits.brisk_us)
        s->wary = WARY_REQUESTS;
    settle_locked(s, r, rc);
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
    r->leisurely = r->dropped = false;
    r->apart = p9_dispatch_is_long(r->type);
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
    session_enqueue_locked(s, r);
}

/* Without workers, or when no thread could be made, the caller works. */
static void work_here(struct p9_session *s)
{
    struct p9_scratch x;

    while (s->threads == 0 && work_locked(s, &x))
        ;
}

unsigned session_employ_locked(struct p9_session *s)
{
    for (unsigned n = s->idle; n < s->queued; n++)
        start_worker(s);
    work_here(s);
    session_deliver_locked(s);
    return s->queued < s->idle ? s->queued : s->idle;
}

void session_cancel_locked(struct p9_session *s)
{
    while (s->queue.head) {
        struct p9_request *r = s->queue.head;

        dequeue(s, r);
        if (r != &s->forget)
            finish_locked(s, r);
    }
    for (unsigned i = 0; i < s->running_n; i++)
        s->running[i]->dropped = true;
    memset(s->tag, 0, sizeof(s->tag));
}

void p9_session_queue(struct p9_session *s, struct p9_request *list)
{
    pthread_mutex_lock(&s->lock);
    for (struct p9_request *r = list, *next; r; r = next) {
        next = r->next;
        submit_locked(s, r);
    }
    pthread_mutex_unlock(&s->lock);
}

void p9_session_work(struct p9_session *s, bool here)
{
    struct p9_request *hasty;
    unsigned wake;

    pthread_mutex_lock(&s->lock);
    while (here && s->here && (hasty = pick_hasty(s)))
        work_in_haste(s, hasty);
    wake = session_employ_locked(s);
    pthread_mutex_unlock(&s->lock);
    /* Behind the lock, which they want first thing. */
    while (wake-- > 0)
        pthread_cond_signal(&s->work);
}

void p9_session_submit(struct p9_session *s, struct p9_request *list)
{
    p9_session_queue(s, list);
    p9_session_work(s, true);
}

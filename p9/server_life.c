/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/server_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "p9/context_state.h"

struct p9_limits p9_limits_default(void)
{
    return (struct p9_limits){.msize = 512000, .workers = 16, .fids = 1 << 18, .files = 4096,
                              .xattr_bytes = 4 << 20, .brisk_us = 2000};
}

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
    s->here = x->here && x->fs->brisk && (x->ours || !x->fs->personal) && l->workers > 0;
    s->workers = l->workers < WORKERS_MAX ? l->workers : WORKERS_MAX;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->quiet, NULL);
    return s;
}

/* --- Standing still ------------------------------------------------------------------------------ */

static bool is_drained(const struct p9_session *s)
{
    return s->running_n == 0 && !s->delivering && !s->done.head && !s->queue.head;
}

static bool await_drained_locked(struct p9_session *s, int timeout_ms)
{
    int64_t end = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;
    struct timespec until = {end / 1000, end % 1000 * 1000000};

    while (!is_drained(s) && clock_ms() < end)
        pthread_cond_clockwait(&s->quiet, &s->lock, CLOCK_MONOTONIC, &until);
    return is_drained(s);
}

bool p9_session_drain(struct p9_session *s, int timeout_ms)
{
    bool drained;

    pthread_mutex_lock(&s->lock);
    drained = await_drained_locked(s, timeout_ms);
    pthread_mutex_unlock(&s->lock);
    return drained;
}

void session_forget(struct p9_session *s)
{
    p9_fids_clear(&s->context.fids);
    atomic_store(&s->context.msize, 0);
    atomic_store(&s->context.own, false);
}

/* To close a file may take as long as to read it: that is the workers'.  Without files there is no need of one. */
static void forget_locked(struct p9_session *s)
{
    unsigned wake;

    if (s->running_n == 0 && s->context.fids.count == 0) {
        session_forget(s);
        return;
    }
    if (s->forget.state == RUNNING) /* and what came behind it is cancelled */
        return;
    s->forget = (struct p9_request){.type = P9_TVERSION};
    session_enqueue_locked(s, &s->forget);
    wake = session_employ_locked(s);
    while (wake-- > 0)
        pthread_cond_signal(&s->work);
}

/* Only these are on memory that is lent, and they wait for nobody but this host's disks. */
static bool any_near(const struct p9_session *s)
{
    for (unsigned i = 0; i < s->running_n; i++)
        if (!s->running[i]->apart && s->running[i] != &s->forget)
            return true;
    return false;
}

bool p9_session_reset(struct p9_session *s, int timeout_ms)
{
    bool done;

    pthread_mutex_lock(&s->lock);
    session_cancel_locked(s);
    session_deliver_locked(s);
    forget_locked(s);
    done = await_drained_locked(s, timeout_ms);
    while (s->export.lent && any_near(s))
        pthread_cond_wait(&s->quiet, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return done;
}

void p9_session_state(struct p9_session *s, struct state *t)
{
    p9_context_state(&s->context, t);
}

void p9_session_free(struct p9_session *s)
{
    if (!s)
        return;
    p9_session_reset(s, -1);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/aside.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct aside {
    const struct aside_events *ev;
    void *ctx;
    uv_async_t ended;
    pthread_mutex_t lock;
    pthread_cond_t given;
    void *todo, *done; /* [lock] */
    bool over;         /* [lock] nobody wants anything of it any more */
    unsigned users;    /* [lock] the loop's handle and the thread */
};

/* With the lock, which is given up. */
static void leave(struct aside *a)
{
    bool last = --a->users == 0;

    pthread_mutex_unlock(&a->lock);
    if (!last)
        return;
    pthread_cond_destroy(&a->given);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* With the lock, as it is afterwards. */
static void work_on(struct aside *a, void *work)
{
    pthread_mutex_unlock(&a->lock);
    a->ev->run(work);
    pthread_mutex_lock(&a->lock);
    if (a->over) {
        a->ev->lost(work);
        return;
    }
    a->done = work;
    uv_async_send(&a->ended);
}

static void *thread_main(void *ctx)
{
    struct aside *a = ctx;

    pthread_mutex_lock(&a->lock);
    while (!a->over) {
        void *work = a->todo;

        a->todo = NULL;
        if (work)
            work_on(a, work);
        else
            pthread_cond_wait(&a->given, &a->lock);
    }
    leave(a);
    return NULL;
}

static void on_ended(uv_async_t *h)
{
    struct aside *a = h->data;
    void *work;

    pthread_mutex_lock(&a->lock);
    work = a->done;
    a->done = NULL;
    pthread_mutex_unlock(&a->lock);
    if (work)
        a->ev->done(a->ctx, work);
}

static void on_closed(uv_handle_t *h)
{
    struct aside *a = h->data;

    pthread_mutex_lock(&a->lock);
    leave(a);
}

/* Detached, since nobody could wait for it; signals are the loop's. */
static bool start_thread(struct aside *a)
{
    pthread_attr_t detached;
    sigset_t all, before;
    pthread_t thread;
    int r;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&thread, &detached, thread_main, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    return r == 0;
}

struct aside *aside_new(uv_loop_t *loop, const struct aside_events *ev, void *ctx)
{
    struct aside *a = calloc(1, sizeof(*a));

    if (!a || uv_async_init(loop, &a->ended, on_ended) < 0) {
        free(a);
        return NULL;
    }
    *a = (struct aside){.ev = ev, .ctx = ctx, .ended = a->ended, .users = 2};
    a->ended.data = a;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->given, NULL);
    if (start_thread(a))
        return a;
    a->users = 1;
    uv_close((uv_handle_t *)&a->ended, on_closed);
    return NULL;
}

void aside_give(struct aside *a, void *work)
{
    pthread_mutex_lock(&a->lock);
    a->todo = work;
    pthread_cond_signal(&a->given);
    pthread_mutex_unlock(&a->lock);
}

/* What the thread has not begun, or has just done, is lost here. */
void aside_close(struct aside *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->over = true;
    if (a->todo)
        a->ev->lost(a->todo);
    if (a->done)
        a->ev->lost(a->done);
    a->todo = a->done = NULL;
    pthread_cond_signal(&a->given);
    pthread_mutex_unlock(&a->lock);
    uv_close((uv_handle_t *)&a->ended, on_closed);
}

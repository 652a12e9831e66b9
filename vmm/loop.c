/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define BATCH 16

struct loop {
    int epoll;                        /* [const] */
    pthread_mutex_t lock;             /* guards everything below, and all devices */
    struct loop_watch quit_watch;     /* [const] */
    struct epoll_event ready[BATCH];  /* the batch being dispatched: loop_remove edits it */
    int nready;
    bool quit;
};

static void on_quit(void *ctx, uint32_t events)
{
    struct loop *l = ctx;

    (void)events;
    l->quit = true;
}

struct loop *loop_new(struct err *e)
{
    struct loop *l = calloc(1, sizeof(*l));
    int quit;

    if (!l) {
        err_sys(e, ENOMEM, "event loop");
        return NULL;
    }
    pthread_mutex_init(&l->lock, NULL);
    l->quit_watch.fd = -1;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll < 0 || quit < 0) {
        err_sys(e, errno, "event loop");
        goto fail;
    }
    if (loop_add(l, &l->quit_watch, quit, EPOLLIN, on_quit, l, e) == 0)
        return l;
fail:
    if (quit >= 0)
        close(quit);
    l->quit_watch.fd = -1;
    loop_free(l);
    return NULL;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->quit_watch.fd >= 0)
        close(l->quit_watch.fd);
    if (l->epoll >= 0)
        close(l->epoll);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void loop_lock(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
}

bool loop_trylock(struct loop *l)
{
    return pthread_mutex_trylock(&l->lock) == 0;
}

void loop_unlock(struct loop *l)
{
    pthread_mutex_unlock(&l->lock);
}

int loop_add(struct loop *l, struct loop_watch *w, int fd, uint32_t events, loop_fn *fn, void *ctx,
             struct err *e)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    *w = (struct loop_watch){.fd = fd, .fn = fn, .ctx = ctx};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) == 0)
        return 0;
    w->fd = -1;
    return err_sys(e, errno, "watch descriptor %d", fd);
}

void loop_modify(struct loop *l, struct loop_watch *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    if (w->fd >= 0)
        epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &ev);
}

void loop_remove(struct loop *l, struct loop_watch *w)
{
    if (w->fd < 0)
        return;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    w->fd = -1;
    for (int i = 0; i < l->nready; i++)
        if (l->ready[i].data.ptr == w)
            l->ready[i].data.ptr = NULL;
}

static void on_timer(void *ctx, uint32_t events)
{
    struct loop_timer *t = ctx;
    uint64_t expirations;

    if (read(t->watch.fd, &expirations, sizeof(expirations)) == sizeof(expirations))
        t->fn(t->ctx, events);
}

int loop_timer_init(struct loop *l, struct loop_timer *t, loop_fn *fn, void *ctx, struct err *e)
{
    auto_close int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int r;

    *t = (struct loop_timer){.watch.fd = -1, .fn = fn, .ctx = ctx};
    if (fd < 0)
        return err_sys(e, errno, "timer");
    r = loop_add(l, &t->watch, fd, EPOLLIN, on_timer, t, e);
    if (r == 0)
        steal_fd(&fd);
    return r;
}

void loop_timer_set(struct loop_timer *t, int in_ms)
{
    struct itimerspec at = {0};

    if (in_ms >= 0) {
        at.it_value.tv_sec = in_ms / 1000;
        at.it_value.tv_nsec = (in_ms % 1000) * 1000000L + (in_ms == 0);
    }
    timerfd_settime(t->watch.fd, 0, &at, NULL);
}

void loop_timer_release(struct loop *l, struct loop_timer *t)
{
    int fd = t->watch.fd;

    if (fd < 0)
        return;
    loop_remove(l, &t->watch);
    close(fd);
}

static void dispatch(struct loop *l)
{
    for (int i = 0; i < l->nready && !l->quit; i++) {
        struct loop_watch *w = l->ready[i].data.ptr;

        if (w)
            w->fn(w->ctx, l->ready[i].events);
    }
    l->nready = 0;
}

void loop_run(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    while (!l->quit) {
        struct epoll_event got[BATCH];
        int n;

        pthread_mutex_unlock(&l->lock);
        n = epoll_wait(l->epoll, got, BATCH, -1);
        pthread_mutex_lock(&l->lock);
        /*
         * A vCPU thread (a device reset) may have removed a watch between the wait and the lock:
         * its fd is then -1.  The watch itself is embedded in a device that lives as long as the
         * loop, so looking at it is safe.
         */
        l->nready = 0;
        for (int i = 0; i < n; i++)
            if (((struct loop_watch *)got[i].data.ptr)->fd >= 0)
                l->ready[l->nready++] = got[i];
        dispatch(l);
    }
    pthread_mutex_unlock(&l->lock);
}

void loop_quit(struct loop *l)
{
    uint64_t one = 1;

    while (write(l->quit_watch.fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

void loop_quit_at_once(struct loop *l)
{
    l->quit = true;
}

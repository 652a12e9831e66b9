/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device loop of lxtop-vmm: one thread, epoll, and the machine's lock.
 *
 * The loop thread holds the lock whenever a callback runs and gives it up while it waits.  A vCPU
 * thread takes the same lock for a register access.  So all device and queue state is guarded by
 * one mutex, and a callback may use any of it.  (libuv, which core uses, runs its callbacks inside
 * the wait and could not give this guarantee.)
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct loop;

/* Called with the lock held; `events` are EPOLL* bits. */
typedef void loop_fn(void *ctx, uint32_t events);

/* Embedded by its owner; must stay in place from loop_add to loop_remove. */
struct loop_watch {
    int fd; /* borrowed; -1 when not watched */
    loop_fn *fn;
    void *ctx;
};

struct loop *loop_new(struct err *e);
void loop_free(struct loop *l);

void loop_lock(struct loop *l);
/* True when it was free and is the caller's now. */
bool loop_trylock(struct loop *l);
void loop_unlock(struct loop *l);

/* Watches `fd` for `events` (level triggered unless EPOLLET is given). */
int loop_add(struct loop *l, struct loop_watch *w, int fd, uint32_t events, loop_fn *fn, void *ctx,
             struct err *e);
void loop_modify(struct loop *l, struct loop_watch *w, uint32_t events);
/* May be called from any callback, also its own; no callback of `w` runs afterwards. */
void loop_remove(struct loop *l, struct loop_watch *w);

/* A one-shot timer; setting it again moves it. `in_ms` < 0 stops it. */
struct loop_timer {
    struct loop_watch watch;
    loop_fn *fn;
    void *ctx;
};
int loop_timer_init(struct loop *l, struct loop_timer *t, loop_fn *fn, void *ctx, struct err *e);
void loop_timer_set(struct loop_timer *t, int in_ms);
void loop_timer_release(struct loop *l, struct loop_timer *t);

/* Runs callbacks until loop_quit, which any thread may call. */
void loop_run(struct loop *l);
void loop_quit(struct loop *l);
/* By a callback: none is called any more after it, not even of events that have happened already. */
void loop_quit_at_once(struct loop *l);

#endif

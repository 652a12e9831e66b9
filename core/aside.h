/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread beside the loop, for one piece of work at a time that may never end: a disk that hangs holds up nothing
 * but that.  What is worked on belongs to one side alone: to the loop, or to the thread from aside_give until `done`.
 */
#ifndef CORE_ASIDE_H
#define CORE_ASIDE_H

#include <uv.h>

struct aside;

struct aside_events {
    void (*run)(void *work);             /* on the thread */
    void (*done)(void *ctx, void *work); /* on the loop */
    void (*lost)(void *work);            /* to be freed, on the thread: aside_close came before its end */
};

/* NULL for lack of memory or threads; `ev` is static. */
struct aside *aside_new(uv_loop_t *loop, const struct aside_events *ev, void *ctx);
/* Takes `work`; nothing may be with the thread. */
void aside_give(struct aside *a, void *work);
/* Waits for nothing. NULL allowed. */
void aside_close(struct aside *a);

#endif

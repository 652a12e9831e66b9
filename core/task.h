/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A long job in a child process, seen as progress and a result; it can be cancelled.
 *
 * The child is this same program run as `lxtop task-install SOURCE NAME ...` (a hidden verb) in a
 * session of its own, so that it outlives a console that is closed or killed.  It prints JSON, one
 * object a line, on standard output:
 *     {"done": BYTES, "total": BYTES}      progress, at most ten a second
 *     {"result": "ok"}   or   {"result": "error", "code": ERRNO, "error": TEXT}
 * SIGTERM cancels it: it cleans up and reports ECANCELED.  A child that ends without a result has
 * died: -ECHILD with how.
 */
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/err.h"

struct task;

struct task_events {
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    /* Once, last; the task may be freed in it or after. `e` is borrowed; code 0 is success. */
    void (*finished)(void *ctx, const struct err *e);
};

/* `argv` NULL-terminated, without the program: {"task-install", ...}. */
struct task *task_start(uv_loop_t *loop, const char *program, const char *const *argv,
                        const struct task_events *ev, void *ctx, struct err *e);
void task_cancel(struct task *t);
void task_free(struct task *t); /* does not end the child */

/*
 * The child's side: reports progress and the result of `install_run` and the like.  `ctx` of
 * task_child_progress is a struct timespec, zero at first: when progress was told last.
 */
int task_child_progress(void *ctx, uint64_t done, uint64_t total);
int task_child_result(const struct err *e); /* returns the exit status to use */
void task_child_init(void);                 /* SIGTERM -> cancelled, seen by task_child_progress */

#endif

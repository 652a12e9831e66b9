/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/task.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"

#define LINE_MAX_LEN 4096
#define PROGRESS_MS 100
#define NICE 5 /* a third of the processor that others get beside it, and what is idle */

/* --- the parent's side --- */

struct task {
    uv_process_t process;
    uv_pipe_t out;
    const struct task_events *events; /* NULL: nobody listens any more */
    void *ctx;
    char line[LINE_MAX_LEN];
    size_t len;
    struct err result;
    bool has_result, exited, drained, freed;
    int64_t status;
    int signal;
    unsigned open_handles;
};

static void on_closed(uv_handle_t *h)
{
    struct task *t = h->data;

    if (--t->open_handles == 0 && t->freed)
        free(t);
}

/* Told once: when the child is gone and all that it said was read. */
static void maybe_finish(struct task *t)
{
    const struct task_events *ev = t->events;

    if (!t->exited || !t->drained)
        return;
    if (!t->has_result && t->signal)
        err_set(&t->result, ECHILD, "the task was ended by signal %d", t->signal);
    else if (!t->has_result)
        err_set(&t->result, ECHILD, "the task ended without a result, status %lld",
                (long long)t->status);
    t->events = NULL;
    if (ev)
        ev->finished(t->ctx, &t->result);
}

static void take_result(struct task *t, const json_t *object, const char *result)
{
    const char *text = json_string_value(json_object_get(object, "error"));
    json_int_t code = json_integer_value(json_object_get(object, "code"));

    t->has_result = true;
    if (strcmp(result, "ok") != 0) /* 0 would be success */
        err_set(&t->result, code > 0 && code < INT_MAX ? (int)code : EIO, "%s",
                text ? text : "unknown error");
}

static void take_line(struct task *t)
{
    json_t *object = json_loadb(t->line, t->len, 0, NULL);
    const char *result = json_string_value(json_object_get(object, "result"));
    json_int_t done = json_integer_value(json_object_get(object, "done"));
    json_int_t total = json_integer_value(json_object_get(object, "total"));

    if (result)
        take_result(t, object, result);
    else if (done > 0 && total >= 0 && t->events)
        t->events->progress(t->ctx, (uint64_t)done, (uint64_t)total);
    json_decref(object);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct task *t = h->data;

    (void)suggested;
    *buf = uv_buf_init(t->line + t->len, (unsigned)(sizeof(t->line) - t->len));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct task *t = s->data;
    char *end;

    (void)buf;
    if (n < 0) {
        t->drained = true;
        uv_close((uv_handle_t *)s, on_closed);
        maybe_finish(t);
        return;
    }
    t->len += (size_t)n;
    while ((end = memchr(t->line, '\n', t->len))) {
        size_t have = t->len, used = (size_t)(end - t->line) + 1;

        t->len = used - 1;
        take_line(t);
        t->len = have - used;
        memmove(t->line, t->line + used, t->len);
    }
    if (t->len == sizeof(t->line))
        t->len = 0; /* no line of a child of ours is that long */
}

static void on_exit_child(uv_process_t *p, int64_t status, int signal)
{
    struct task *t = p->data;

    t->exited = true;
    t->status = status;
    t->signal = signal;
    uv_close((uv_handle_t *)p, on_closed);
    maybe_finish(t);
}

/* `program` before the words, NULL behind them; NULL for lack of memory. The words are borrowed. */
static const char **join_words(const char *program, const char *const *argv)
{
    const char **args;
    size_t n = 0;

    while (argv[n])
        n++;
    args = calloc(n + 2, sizeof(*args));
    if (!args)
        return NULL;
    args[0] = program;
    memcpy(args + 1, argv, n * sizeof(*args));
    return args;
}

static int spawn(struct task *t, uv_loop_t *loop, const char *program, const char **args)
{
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&t->out},
        {.flags = UV_IGNORE},
    };
    uv_process_options_t o = {.file = program, .args = (char **)args, .exit_cb = on_exit_child,
                              .stdio = stdio, .stdio_count = 3, .flags = UV_PROCESS_DETACHED};

    return uv_spawn(loop, &t->process, &o);
}

struct task *task_start(uv_loop_t *loop, const char *program, const char *const *argv,
                        const struct task_events *ev, void *ctx, struct err *e)
{
    auto_free const char **args = join_words(program, argv);
    struct task *t = args ? calloc(1, sizeof(*t)) : NULL;
    int r;

    if (!t) {
        err_sys(e, ENOMEM, "start a task");
        return NULL;
    }
    t->events = ev;
    t->ctx = ctx;
    t->open_handles = 2;
    uv_pipe_init(loop, &t->out, 0);
    t->out.data = t->process.data = t;
    r = spawn(t, loop, program, args);
    if (r == 0)
        r = uv_read_start((uv_stream_t *)&t->out, on_alloc, on_read);
    if (r == 0)
        return t;
    err_set(e, -r, "start %s: %s", program, uv_strerror(r));
    t->freed = true;
    uv_close((uv_handle_t *)&t->out, on_closed);
    uv_close((uv_handle_t *)&t->process, on_closed);
    return NULL;
}

void task_cancel(struct task *t)
{
    if (!t->exited)
        uv_process_kill(&t->process, SIGTERM);
}

void task_free(struct task *t)
{
    if (!t)
        return;
    t->events = NULL;
    t->freed = true;
    if (!t->drained && !uv_is_closing((uv_handle_t *)&t->out))
        uv_close((uv_handle_t *)&t->out, on_closed);
    if (!t->exited && !uv_is_closing((uv_handle_t *)&t->process))
        uv_close((uv_handle_t *)&t->process, on_closed);
    if (t->open_handles == 0)
        free(t);
}

/* --- the child's side --- */

static volatile sig_atomic_t cancelled;

static void on_cancel(int signal)
{
    (void)signal;
    cancelled = 1;
}

void task_child_init(void)
{
    struct sigaction cancel = {.sa_handler = on_cancel};

    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE); /* keys come first */
    sigaction(SIGTERM, &cancel, NULL);
    signal(SIGPIPE, SIG_IGN); /* a console that went away does not end its installs */
}

static void say(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    fflush(stdout);
    json_decref(object);
}

int task_child_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct timespec *last = ctx, now;
    long ms;

    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (now.tv_sec - last->tv_sec) * 1000 + (now.tv_nsec - last->tv_nsec) / 1000000;
    if (ms >= PROGRESS_MS || last->tv_sec == 0) {
        *last = now;
        say(json_pack("{sI sI}", "done", (json_int_t)done, "total", (json_int_t)total));
    }
    return cancelled;
}

int task_child_result(const struct err *e)
{
    if (!e->code)
        say(json_pack("{ss}", "result", "ok"));
    else
        say(json_pack("{ss si ss}", "result", "error", "code", e->code, "error", e->msg));
    return e->code ? 1 : 0;
}

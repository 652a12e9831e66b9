/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/attach.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/ctl.h"
#include "core/machine.h"
#include "tui/stdfd.h"

#define FILE_MS 5 /* between two reads of an input that epoll does not take */
#define UNSENT_MAX 65536

static const int ends[] = {SIGTERM, SIGHUP, SIGINT};

struct attach {
    uv_loop_t *loop;
    struct ctl *console, *control; /* bytes; and beside them the size of the terminal */
    struct stdfd in;
    uv_timer_t file; /* instead of `in` where standard input is a file; waits at the end of a pipe */
    uv_signal_t resized, end[ARRAY_SIZE(ends)];
    unsigned open; /* handles above that are not closed yet */
    bool attached; /* the machine has said yes */
    bool terminal, detached, ended;
    struct termios before;
    struct err err;
};

static void make_raw(struct attach *a)
{
    struct termios raw;

    a->terminal = tcgetattr(STDIN_FILENO, &a->before) == 0;
    if (!a->terminal)
        return;
    raw = a->before;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void send_size(struct attach *a)
{
    struct winsize w;

    if (a->control && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col)
        ctl_send(a->control, json_pack("{ss si si}", "cmd", "resize", "rows", w.ws_row, "cols",
                                       w.ws_col), NULL, NULL);
}

static void stop(struct attach *a)
{
    uv_stop(a->loop);
}

static void on_bytes(void *ctx, const char *p, size_t len)
{
    struct attach *a = ctx;

    if (file_write_all(STDOUT_FILENO, p, len, NULL) < 0) {
        a->detached = true; /* the terminal is gone */
        stop(a);
    }
}

static void on_closed(void *ctx, const struct err *e)
{
    struct attach *a = ctx;

    a->console = NULL;
    a->ended = true;
    a->err = *e;
    stop(a);
}

static void on_control_closed(void *ctx, const struct err *e)
{
    struct attach *a = ctx;

    (void)e;
    a->control = NULL;
}

static void on_attached(void *ctx, const json_t *reply, const struct err *e)
{
    struct attach *a = ctx;

    (void)e;
    a->attached = reply;
}

/* The end of a pipe may come before the connection stands: what it brought goes out first. */
static void on_drain(uv_timer_t *t)
{
    struct attach *a = t->data;

    if (a->console && (!a->attached || ctl_unsent(a->console) > 0))
        return;
    a->detached = true;
    stop(a);
}

static void on_input(struct stdfd *in)
{
    struct attach *a = in->ctx;
    char bytes[4096];
    ssize_t n = read(in->fd, bytes, sizeof(bytes));
    char *key = n > 0 && a->terminal ? memchr(bytes, ATTACH_DETACH_KEY, (size_t)n) : NULL;
    size_t len = key ? (size_t)(key - bytes) : n > 0 ? (size_t)n : 0;

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (len && a->console)
        ctl_write(a->console, bytes, len);
    if (key || (n <= 0 && a->terminal)) {
        a->detached = true;
        stop(a);
    } else if (n <= 0) {
        stdfd_watch(in, false);
        uv_timer_start(&a->file, on_drain, 0, FILE_MS);
    }
}

static void on_resized(uv_signal_t *s, int number)
{
    (void)number;
    send_size(s->data);
}

static void on_end(uv_signal_t *s, int number)
{
    struct attach *a = s->data;

    (void)number;
    a->detached = true;
    stop(a);
}

/* epoll refuses files: EPERM.  Their end comes at once and long before the answers, so it stays. */
static void on_file(uv_timer_t *t)
{
    struct attach *a = t->data;
    char bytes[4096];
    ssize_t n;

    if (!a->console || ctl_unsent(a->console) > UNSENT_MAX)
        return;
    n = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (n > 0)
        ctl_write(a->console, bytes, (size_t)n);
    else if (n == 0 || errno != EINTR)
        uv_timer_stop(t);
}

static int open_sockets(struct attach *a, struct core *c, const char *name, struct err *e)
{
    static const struct ctl_events console = {.bytes = on_bytes, .closed = on_closed};
    static const struct ctl_events control = {.closed = on_control_closed};
    auto_free char *path = machine_socket(&c->paths, name);

    a->console = path ? ctl_open(c->loop, path, &console, a, e) : NULL;
    if (!a->console)
        return path ? -EIO : err_sys(e, ENOMEM, "attach");
    a->control = ctl_open(c->loop, path, &control, a, NULL);
    ctl_console(a->console, on_attached, a);
    return 0;
}

static void start_signal(struct attach *a, uv_signal_t *s, uv_signal_cb fn, int number)
{
    uv_signal_init(a->loop, s);
    s->data = a;
    uv_signal_start(s, fn, number);
    a->open++;
}

static void start_handles(struct attach *a)
{
    start_signal(a, &a->resized, on_resized, SIGWINCH);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        start_signal(a, &a->end[i], on_end, ends[i]);
    a->file.data = a;
    uv_timer_init(a->loop, &a->file);
    stdfd_open(&a->in, a->loop, STDIN_FILENO, on_input, a);
    stdfd_watch(&a->in, true);
    a->open += 1 + a->in.polled;
    if (!a->in.polled)
        uv_timer_start(&a->file, on_file, 0, FILE_MS);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct attach *a = h->data;

    a->open--;
}

static void on_input_closed(uv_handle_t *h)
{
    struct stdfd *in = h->data;
    struct attach *a = in->ctx;

    a->open--;
}

/* The handles are on the stack: they are closed before it goes. */
static void stop_handles(struct attach *a)
{
    uv_close((uv_handle_t *)&a->resized, on_handle_closed);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        uv_close((uv_handle_t *)&a->end[i], on_handle_closed);
    uv_close((uv_handle_t *)&a->file, on_handle_closed);
    stdfd_close(&a->in, on_input_closed);
    ctl_close(a->console);
    ctl_close(a->control);
    while (a->open)
        uv_run(a->loop, UV_RUN_ONCE);
}

int attach_run(struct core *c, const char *name, struct err *e)
{
    struct attach a = {.loop = c->loop};
    int r = open_sockets(&a, c, name, e);

    if (r < 0)
        return r;
    make_raw(&a);
    if (a.terminal)
        dprintf(STDERR_FILENO, "Attached to the console of %s. Ctrl-] comes back.\r\n", name);
    start_handles(&a);
    send_size(&a);
    while (!a.detached && !a.ended)
        uv_run(c->loop, UV_RUN_ONCE);
    stop_handles(&a);
    if (a.terminal) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &a.before);
        dprintf(STDERR_FILENO, "\r\nDetached from %s.%s\r\n", name, a.ended ? " It has ended." : "");
    }
    return a.ended;
}

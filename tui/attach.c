/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/attach.h"

#include <errno.h>
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

struct attach {
    uv_loop_t *loop;
    struct ctl *console, *control; /* bytes; and beside them the size of the terminal */
    uv_poll_t in;
    uv_signal_t resized;
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
    uv_poll_stop(&a->in);
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

static void on_input(uv_poll_t *p, int status, int events)
{
    struct attach *a = p->data;
    char bytes[4096];
    ssize_t n = status < 0 ? 0 : read(STDIN_FILENO, bytes, sizeof(bytes));
    char *key = n > 0 && a->terminal ? memchr(bytes, ATTACH_DETACH_KEY, (size_t)n) : NULL;
    size_t len = key ? (size_t)(key - bytes) : n > 0 ? (size_t)n : 0;

    (void)events;
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (len && a->console)
        ctl_write(a->console, bytes, len);
    if (key || n <= 0) {
        a->detached = true;
        stop(a);
    }
}

static void on_resized(uv_signal_t *s, int number)
{
    (void)number;
    send_size(s->data);
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
    ctl_console(a->console, NULL, NULL);
    return 0;
}

/* The size is sent twice: a guest asks its terminal anew only when it has changed. */
int attach_run(struct core *c, const char *name, struct err *e)
{
    struct attach a = {.loop = c->loop};
    int r = open_sockets(&a, c, name, e);

    if (r < 0)
        return r;
    make_raw(&a);
    if (a.terminal)
        dprintf(STDERR_FILENO, "Attached to the console of %s. Ctrl-] comes back.\r\n", name);
    uv_signal_init(c->loop, &a.resized);
    a.resized.data = &a;
    uv_signal_start(&a.resized, on_resized, SIGWINCH);
    send_size(&a);
    r = uv_poll_init(c->loop, &a.in, STDIN_FILENO);
    a.in.data = &a;
    if (r == 0)
        uv_poll_start(&a.in, UV_READABLE, on_input);
    while (!a.detached && !a.ended)
        uv_run(c->loop, UV_RUN_ONCE);
    if (a.terminal)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &a.before);
    if (r == 0)
        uv_close((uv_handle_t *)&a.in, NULL);
    uv_close((uv_handle_t *)&a.resized, NULL);
    ctl_close(a.console);
    ctl_close(a.control);
    while (uv_is_active((uv_handle_t *)&a.resized) || (r == 0 && uv_is_active((uv_handle_t *)&a.in)))
        uv_run(c->loop, UV_RUN_NOWAIT);
    uv_run(c->loop, UV_RUN_NOWAIT); /* the handles are on this stack: let them be closed */
    if (a.terminal)
        dprintf(STDERR_FILENO, "\r\nDetached from %s.%s\r\n", name, a.ended ? " It has ended." : "");
    return a.ended;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/ctl.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/plain.h"
#include "vmm/ctl.h"

/* A request whose reply is due; they come in order. */
struct waiting {
    struct waiting *next;
    ctl_reply *reply;
    void *ctx;
    bool console;
};

struct ctl {
    uv_pipe_t pipe;
    uv_connect_t connect;
    struct ctl_events ev;
    void *ctx;
    struct waiting *first, **last;
    char *line; /* CTL_LINE_MAX bytes */
    size_t len;
    bool closing, silent, console; /* silent: the owner is gone */
    struct err why;
};

struct write {
    uv_write_t req;
    char bytes[];
};

static void waiting_drop_all(struct ctl *c)
{
    struct waiting *next;

    for (struct waiting *w = c->first; w; w = next) {
        next = w->next;
        if (w->reply && !c->silent)
            w->reply(w->ctx, NULL, &c->why);
        free(w);
    }
    c->first = NULL;
    c->last = &c->first;
}

static void on_closed(uv_handle_t *h)
{
    struct ctl *c = h->data;

    waiting_drop_all(c);
    if (!c->silent)
        c->ev.closed(c->ctx, &c->why);
    free(c->line);
    free(c);
}

static void fail(struct ctl *c, int code, const char *what)
{
    if (c->closing)
        return;
    c->closing = true;
    err_set(&c->why, code, "%s", what);
    uv_close((uv_handle_t *)&c->pipe, on_closed);
}

void ctl_close(struct ctl *c)
{
    if (!c)
        return;
    c->silent = true;
    fail(c, ECANCELED, "closed");
}

static void handle_reply(struct ctl *c, const json_t *o)
{
    struct waiting *w = c->first;
    char text[ERR_MSG_SIZE] = "the machine refused";
    const json_t *why;
    struct err e = {0};

    if (!w) {
        fail(c, EPROTO, "the machine answers what nobody asked");
        return;
    }
    c->first = w->next;
    if (!c->first)
        c->last = &c->first;
    if (!json_is_true(json_object_get(o, "ok"))) {
        why = json_object_get(o, "error");
        if (json_is_string(why))
            plain_copy(text, sizeof(text), json_string_value(why), json_string_length(why), false);
        err_set(&e, EREMOTEIO, "%s", text);
        o = NULL;
    } else if (w->console) {
        c->console = true;
    }
    if (w->reply && !c->silent)
        w->reply(w->ctx, o, &e);
    free(w);
}

static void handle_line(struct ctl *c, const char *line, size_t len)
{
    json_t *o = json_loadb(line, len, 0, NULL);

    if (!json_is_object(o))
        fail(c, EPROTO, "the machine's control socket does not speak JSON");
    else if (!json_object_get(o, "event"))
        handle_reply(c, o);
    else if (c->ev.event && !c->silent)
        c->ev.event(c->ctx, o);
    json_decref(o);
}

static void handle_bytes(struct ctl *c)
{
    char *end;

    while (!c->closing && !c->console && (end = memchr(c->line, '\n', c->len))) {
        size_t used = (size_t)(end - c->line) + 1;

        handle_line(c, c->line, used - 1);
        c->len -= used;
        memmove(c->line, c->line + used, c->len);
    }
    if (c->console && c->len && !c->closing) {
        if (c->ev.bytes && !c->silent)
            c->ev.bytes(c->ctx, c->line, c->len);
        c->len = 0;
    }
    if (c->len == CTL_LINE_MAX)
        fail(c, EPROTO, "the machine sent a line that is too long");
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
    struct ctl *c = h->data;

    (void)hint;
    *buf = uv_buf_init(c->line + c->len, (unsigned)(CTL_LINE_MAX - c->len));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct ctl *c = s->data;

    (void)buf;
    if (n < 0) {
        fail(c, n == UV_EOF ? ENOTCONN : (int)-n, "the machine closed its control socket");
        return;
    }
    c->len += (size_t)n;
    handle_bytes(c);
}

static void on_connected(uv_connect_t *r, int status)
{
    struct ctl *c = r->data;

    if (status == 0)
        status = uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
    if (status < 0 && status != UV_ECANCELED)
        fail(c, -status, "the machine's control socket does not answer");
}

struct ctl *ctl_open(uv_loop_t *loop, const char *path, const struct ctl_events *ev, void *ctx,
                     struct err *e)
{
    struct ctl *c;

    if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        err_set(e, ENAMETOOLONG, "socket path %s is too long; set XDG_RUNTIME_DIR to a shorter one",
                path);
        return NULL;
    }
    c = calloc(1, sizeof(*c));
    if (c)
        c->line = malloc(CTL_LINE_MAX);
    if (!c || !c->line || uv_pipe_init(loop, &c->pipe, 0) < 0) {
        if (c)
            free(c->line);
        free(c);
        err_sys(e, ENOMEM, "connect to the machine");
        return NULL;
    }
    c->ev = *ev;
    c->ctx = ctx;
    c->last = &c->first;
    c->pipe.data = c;
    c->connect.data = c;
    uv_pipe_connect(&c->connect, &c->pipe, path, on_connected);
    return c;
}

/* Of a machine that has ended the reader tells, after what it had still answered: libuv tells of this write first. */
static bool is_end(int status)
{
    return status == UV_EPIPE || status == UV_ECONNRESET || status == UV_ECANCELED;
}

static void on_written(uv_write_t *r, int status)
{
    struct ctl *c = r->handle->data;

    if (status < 0 && !is_end(status))
        fail(c, -status, "the machine closed its control socket");
    free(r->data);
}

void ctl_write(struct ctl *c, const char *p, size_t len)
{
    struct write *w = c->closing ? NULL : malloc(sizeof(*w) + len);
    uv_buf_t buf;

    if (!w)
        return;
    memcpy(w->bytes, p, len);
    w->req.data = w;
    buf = uv_buf_init(w->bytes, (unsigned)len);
    if (uv_write(&w->req, (uv_stream_t *)&c->pipe, &buf, 1, on_written) < 0)
        free(w);
}

size_t ctl_unsent(const struct ctl *c)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->pipe);
}

static void send_request(struct ctl *c, json_t *request, ctl_reply *reply, void *ctx, bool console)
{
    auto_free char *text = json_dumps(request, JSON_COMPACT);
    auto_free char *line = NULL;
    struct waiting *w = calloc(1, sizeof(*w));
    int len = text ? asprintf(&line, "%s\n", text) : -1;

    json_decref(request);
    if (len < 0)
        line = NULL;
    if (w) {
        *w = (struct waiting){.reply = reply, .ctx = ctx, .console = console};
        *c->last = w;
        c->last = &w->next;
    }
    if (!line || !w)
        fail(c, ENOMEM, "no memory for a request");
    else
        ctl_write(c, line, (size_t)len);
}

void ctl_send(struct ctl *c, json_t *request, ctl_reply *reply, void *ctx)
{
    send_request(c, request, reply, ctx, false);
}

void ctl_console(struct ctl *c, ctl_reply *reply, void *ctx)
{
    send_request(c, json_pack("{ss}", "cmd", "console"), reply, ctx, true);
}

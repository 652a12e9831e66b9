/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/session.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/guest_ports.h"
#include "core/guest.h"
#include "core/plain.h"

#define WAIT_MS 10000 /* for the guest's side to listen, just after a boot */

struct session {
    uv_work_t connect;
    uv_pipe_t pipe;
    uv_loop_t *loop;
    struct session_events ev;
    void *ctx;
    char *runtime, *distro;
    uint8_t *start; /* frame */
    size_t start_len;
    atomic_bool cancel;
    int fd; /* what the thread leaves */
    struct session_reader from;
    size_t room;
    bool open, paused, closing, silent; /* silent: the owner is gone */
    int status;
    struct err why;
};

struct write {
    uv_write_t req;
    uint8_t bytes[];
};

static void session_free(struct session *s)
{
    session_reader_release(&s->from);
    free(s->runtime);
    free(s->distro);
    free(s->start);
    free(s);
}

static void on_closed(uv_handle_t *h)
{
    struct session *s = h->data;

    if (!s->silent)
        s->ev.ended(s->ctx, s->status, &s->why);
    session_free(s);
}

/* `why` is set already. */
static void end(struct session *s)
{
    if (s->closing)
        return;
    s->closing = true;
    uv_close((uv_handle_t *)&s->pipe, on_closed);
}

static void lost(struct session *s)
{
    err_set(&s->why, ENOTCONN, "connection to %s was lost", s->distro);
    end(s);
}

/* --- to the guest --- */

/* A failed write is no end: what the guest said before it went is still to be read. */
static void on_written(uv_write_t *req, int status)
{
    (void)status;
    free(req->data);
}

static void send_bytes(struct session *s, const uint8_t *header, size_t header_len, const uint8_t *p,
                       size_t len)
{
    struct write *w = s->open && !s->closing ? malloc(sizeof(*w) + header_len + len) : NULL;
    uv_buf_t buf;

    if (!w)
        return;
    memcpy(w->bytes, header, header_len);
    if (len)
        memcpy(w->bytes + header_len, p, len);
    w->req.data = w;
    buf = uv_buf_init((char *)w->bytes, (unsigned)(header_len + len));
    if (uv_write(&w->req, (uv_stream_t *)&s->pipe, &buf, 1, on_written) < 0)
        free(w);
}

size_t session_room(const struct session *s)
{
    return s->open && !s->closing ? s->room : 0;
}

void session_write(struct session *s, const void *p, size_t len)
{
    const uint8_t *at = p;

    while (len > 0) {
        size_t n = len < SESSION_DATA_MAX ? len : SESSION_DATA_MAX;
        uint8_t header[SESSION_HEADER];

        session_header(header, SESSION_STDIN, n);
        send_bytes(s, header, sizeof(header), at, n);
        s->room -= n < s->room ? n : s->room;
        at += n;
        len -= n;
    }
}

void session_write_end(struct session *s)
{
    uint8_t header[SESSION_HEADER];

    session_header(header, SESSION_STDIN, 0);
    send_bytes(s, header, sizeof(header), NULL, 0);
}

void session_resize(struct session *s, unsigned rows, unsigned cols)
{
    uint8_t frame[SESSION_SMALL];

    send_bytes(s, frame, session_put_resize(frame, (uint16_t)rows, (uint16_t)cols), NULL, 0);
}

void session_signal(struct session *s, int number)
{
    uint8_t frame[SESSION_SMALL];

    send_bytes(s, frame, session_put_number(frame, SESSION_SIGNAL, (uint32_t)number), NULL, 0);
}

/* --- from the guest --- */

static void on_output(struct session *s, const struct session_frame *f)
{
    s->ev.output(s->ctx, f->type == SESSION_STDERR, f->bytes, f->len);
}

/* Never more than the window: what a hostile guest promises is not kept in memory here. */
static void on_room(struct session *s, const struct session_frame *f)
{
    s->room += session_get_number(f);
    if (s->room > SESSION_WINDOW)
        s->room = SESSION_WINDOW;
    s->ev.room(s->ctx);
}

static void on_exit_frame(struct session *s, const struct session_frame *f)
{
    uint32_t value;
    bool killed;

    session_get_exit(f, &killed, &value);
    s->status = (int)(killed ? 128 + (value & 127) : value & 255);
    end(s);
}

static void on_fail(struct session *s, const struct session_frame *f)
{
    char text[ERR_MSG_SIZE] = "";

    plain_copy(text, sizeof(text), (const char *)f->bytes, f->len, false);
    err_set(&s->why, EREMOTEIO, "%s: %s", s->distro, text);
    end(s);
}

static void (*const handlers[SESSION_TYPES])(struct session *s, const struct session_frame *f) = {
    [SESSION_STDOUT] = on_output, [SESSION_STDERR] = on_output, [SESSION_ROOM] = on_room,
    [SESSION_EXIT] = on_exit_frame, [SESSION_FAIL] = on_fail,
};

static void take_frames(struct session *s)
{
    struct session_frame f;
    int rc = 0;

    while (!s->closing && !s->paused && (rc = session_reader_next(&s->from, &f)) == 1)
        handlers[f.type](s, &f);
    if (rc < 0 && !s->closing) {
        err_set(&s->why, EPROTO, "%s: the guest does not speak as a session does", s->distro);
        end(s);
    }
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
    struct session *s = h->data;
    size_t room = 0;
    uint8_t *space = session_reader_space(&s->from, &room);

    (void)hint;
    *buf = uv_buf_init((char *)space, space ? (unsigned)room : 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct session *s = stream->data;

    (void)buf;
    if (n < 0) {
        lost(s);
        return;
    }
    session_reader_filled(&s->from, (size_t)n);
    take_frames(s);
}

void session_pause(struct session *s, bool paused)
{
    if (s->paused == paused || s->closing)
        return;
    s->paused = paused;
    if (paused) {
        uv_read_stop((uv_stream_t *)&s->pipe);
        return;
    }
    take_frames(s);
    if (!s->paused && !s->closing)
        uv_read_start((uv_stream_t *)&s->pipe, on_alloc, on_read);
}

/* --- connecting --- */

static void on_work(uv_work_t *w)
{
    struct session *s = w->data;
    struct paths p = {.runtime = s->runtime};

    s->fd = guest_connect(&p, s->distro, GUEST_SESSION_PORT, WAIT_MS, &s->cancel, &s->why);
}

static void begin(struct session *s)
{
    s->why = (struct err){0};
    s->open = true;
    s->room = SESSION_WINDOW;
    send_bytes(s, s->start, s->start_len, NULL, 0);
    uv_read_start((uv_stream_t *)&s->pipe, on_alloc, on_read);
    s->ev.room(s->ctx);
}

static void on_connected(uv_work_t *w, int status)
{
    struct session *s = w->data;
    auto_close int fd = status < 0 ? -1 : s->fd;

    if (s->silent || fd < 0 || uv_pipe_open(&s->pipe, fd) < 0) {
        if (!s->why.code)
            err_set(&s->why, ECANCELED, "no session was started");
        end(s);
        return;
    }
    steal_fd(&fd);
    begin(s);
}

static bool copy_request(struct session *s, const struct paths *p, const char *distro,
                         const struct session_start *start, struct err *e)
{
    s->runtime = strdup(p->runtime);
    s->distro = strdup(distro);
    s->start = session_put_start(start, &s->start_len, e);
    if (s->start && (!s->runtime || !s->distro))
        err_sys(e, ENOMEM, "start a session");
    return s->runtime && s->distro && s->start;
}

struct session *session_open(uv_loop_t *loop, const struct paths *p, const char *distro,
                             const struct session_start *start, const struct session_events *ev,
                             void *ctx, struct err *e)
{
    struct session *s = calloc(1, sizeof(*s));

    if (!s) {
        err_sys(e, ENOMEM, "start a session");
        return NULL;
    }
    *s = (struct session){.loop = loop, .ev = *ev, .ctx = ctx, .fd = -1, .from.side = SESSION_HOST};
    s->connect.data = s->pipe.data = s;
    if (!copy_request(s, p, distro, start, e)) {
        session_free(s);
        return NULL;
    }
    uv_pipe_init(loop, &s->pipe, 0);
    s->pipe.data = s;
    uv_queue_work(loop, &s->connect, on_work, on_connected);
    return s;
}

void session_close(struct session *s)
{
    if (!s || s->silent)
        return;
    s->silent = true;
    s->cancel = true;
    if (s->open || s->closing)
        end(s);
    else
        uv_cancel((uv_req_t *)&s->connect); /* else the thread sees `cancel`; on_connected ends it */
}

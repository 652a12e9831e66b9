/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/session_msg.h"
#include "vmm/guest/command.h"
#include "vmm/guest/service.h"

#define HANG_UP_MS 2000
#define OUT_ROOM (2 * (SESSION_HEADER + SESSION_DATA_MAX) + 4 * SESSION_SMALL)
#define ROOM_STEP (SESSION_WINDOW / 4) /* told when so much is free again, or all is */
#define END_OF_FILE_KEY 4              /* Ctrl-D, what a terminal has instead of an end */

struct relay {
    int conn, signals;
    bool started, tty, broken;
    bool exited, told; /* the command; and the host of it */
    int status;
    size_t rest_out, rest_err; /* of the command's output: once it has exited, what was in the pipes then */
    struct command command;
    struct session_reader from;
    uint8_t out[OUT_ROOM]; /* frames for the host: out_at to out_len are not sent yet */
    size_t out_at, out_len;
    uint8_t input[SESSION_WINDOW]; /* a ring of bytes for the command */
    size_t in_at, in_len;
    uint32_t room; /* of the ring, not told to the host */
    bool in_ended;
};

static bool all_sent(const struct relay *r)
{
    return r->out_len == 0;
}

/* --- to the host --- */

static void fail(struct relay *r, const struct err *e)
{
    size_t len = strlen(e->msg);

    session_header(r->out, SESSION_FAIL, len);
    memcpy(r->out + SESSION_HEADER, e->msg, len);
    r->out_at = 0;
    r->out_len = SESSION_HEADER + len;
    r->told = true;
}

static void flush(struct relay *r)
{
    while (r->out_at < r->out_len) {
        ssize_t n = send(r->conn, r->out + r->out_at, r->out_len - r->out_at, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            r->broken = true;
            return;
        }
        r->out_at += (size_t)n;
    }
    r->out_at = r->out_len = 0;
}

static void tell_room(struct relay *r)
{
    if (r->room == 0 || (r->room < ROOM_STEP && r->in_len > 0) || r->out_len + SESSION_SMALL > OUT_ROOM)
        return;
    r->out_len += session_put_number(r->out + r->out_len, SESSION_ROOM, r->room);
    r->room = 0;
}

/* One read of the command's output into a frame: false when there was nothing. */
static bool take_output(struct relay *r, int *fd, enum session_type type, size_t *rest)
{
    ssize_t n;

    if (*fd < 0 || *rest == 0)
        return false;
    n = read(*fd, r->out + r->out_len + SESSION_HEADER, *rest < SESSION_DATA_MAX ? *rest : SESSION_DATA_MAX);
    if (n > 0) {
        *rest -= r->exited ? (size_t)n : 0;
        session_header(r->out + r->out_len, type, (size_t)n);
        r->out_len += SESSION_HEADER + (size_t)n;
    } else if (n == 0 && !r->tty) {
        close(*fd);
        *fd = -1;
    }
    return n > 0;
}

/*
 * What the command wrote before it ended was all in its pipes then, and is told first.  What it left in the
 * background may go on writing there, and holds nothing up.  (A terminal is hung up with its first process.)
 */
static void note_rest(struct relay *r)
{
    int out = 0, err = 0;

    if (r->tty)
        return;
    ioctl(r->command.out, FIONREAD, &out);
    ioctl(r->command.err, FIONREAD, &err);
    r->rest_out = (size_t)out;
    r->rest_err = (size_t)err;
}

static void take_outputs(struct relay *r)
{
    bool any;

    if (!r->started || !all_sent(r) || r->told)
        return;
    any = take_output(r, &r->command.out, SESSION_STDOUT, &r->rest_out);
    any |= take_output(r, &r->command.err, SESSION_STDERR, &r->rest_err);
    if (any || !r->exited)
        return;
    r->out_len += session_put_exit(r->out + r->out_len, WIFSIGNALED(r->status),
                                   (uint32_t)(WIFSIGNALED(r->status) ? WTERMSIG(r->status)
                                                                     : WEXITSTATUS(r->status)));
    r->told = true;
}

/* --- to the command --- */

static void end_input(struct relay *r)
{
    if (!r->tty && r->command.in >= 0) {
        close(r->command.in);
        r->command.in = -1;
    }
}

static void queue_input(struct relay *r, const uint8_t *p, size_t len)
{
    if (len > SESSION_WINDOW - r->in_len) {
        r->broken = true; /* more than it was allowed */
        return;
    }
    for (size_t i = 0; i < len;) {
        size_t at = (r->in_at + r->in_len) % SESSION_WINDOW, n = SESSION_WINDOW - at;

        n = n < len - i ? n : len - i;
        memcpy(r->input + at, p + i, n);
        r->in_len += n;
        i += n;
    }
}

static void used_input(struct relay *r, size_t n)
{
    r->in_at = (r->in_at + n) % SESSION_WINDOW;
    r->in_len -= n;
    r->room += (uint32_t)n;
}

static void feed(struct relay *r)
{
    while (r->in_len > 0) {
        size_t len = SESSION_WINDOW - r->in_at;
        ssize_t n = len < r->in_len ? (ssize_t)len : (ssize_t)r->in_len;

        if (r->command.in >= 0)
            n = write(r->command.in, r->input + r->in_at, (size_t)n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) { /* it reads no more; what still comes is thrown away */
            end_input(r);
            n = (ssize_t)r->in_len;
        }
        used_input(r, (size_t)n);
    }
    if (r->in_ended)
        end_input(r);
}

/* --- frames of the host's --- */

static void on_start(struct relay *r, const struct session_frame *f)
{
    struct session_start s;
    struct err e = {0};

    if (r->started) {
        r->broken = true;
        return;
    }
    if (session_get_start(f, &s, &e) < 0) {
        fail(r, &e);
        return;
    }
    r->started = command_start(&s, &r->command, &e) == 0;
    r->tty = s.flags & SESSION_TTY;
    session_start_release(&s);
    if (!r->started)
        fail(r, &e);
}

static void on_stdin(struct relay *r, const struct session_frame *f)
{
    const uint8_t end = END_OF_FILE_KEY;

    if (f->len > 0)
        queue_input(r, f->bytes, f->len);
    else if (r->tty)
        queue_input(r, &end, 1);
    else
        r->in_ended = true;
    feed(r);
}

static void on_resize(struct relay *r, const struct session_frame *f)
{
    uint16_t rows, cols;

    session_get_resize(f, &rows, &cols);
    command_resize(&r->command, rows, cols);
}

static void on_signal(struct relay *r, const struct session_frame *f)
{
    uint32_t number = session_get_number(f);

    if (number >= 1 && number <= SESSION_SIGNAL_MAX && !r->exited)
        command_signal(&r->command, (int)number);
}

static void (*const handlers[SESSION_TYPES])(struct relay *r, const struct session_frame *f) = {
    [SESSION_START] = on_start,
    [SESSION_STDIN] = on_stdin,
    [SESSION_RESIZE] = on_resize,
    [SESSION_SIGNAL] = on_signal,
};

static void take_frames(struct relay *r)
{
    struct session_frame f;
    int rc = 0;

    while (!r->broken && !r->told && (rc = session_reader_next(&r->from, &f)) == 1) {
        if (!r->started && f.type != SESSION_START)
            r->broken = true;
        else
            handlers[f.type](r, &f);
    }
    if (rc < 0)
        r->broken = true;
}

static void hear_host(struct relay *r)
{
    size_t room;
    uint8_t *to = session_reader_space(&r->from, &room);
    ssize_t n = to ? recv(r->conn, to, room, 0) : -1;

    if (n > 0) {
        session_reader_filled(&r->from, (size_t)n);
        take_frames(r);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        r->broken = true;
    }
}

/* --- its life --- */

static void hear_signal(struct relay *r)
{
    struct signalfd_siginfo s;

    if (read(r->signals, &s, sizeof(s)) != sizeof(s))
        return;
    if (s.ssi_signo == SIGTERM)
        r->broken = true;
    if (!r->started || r->exited || waitpid(r->command.pid, &r->status, WNOHANG) != r->command.pid)
        return;
    r->exited = true;
    note_rest(r);
}

static void turn(struct relay *r)
{
    const struct command *c = &r->command;
    bool can_take = r->started && all_sent(r) && !r->told;
    struct pollfd fds[] = {
        {r->conn, (short)((r->told ? 0 : POLLIN) | (all_sent(r) ? 0 : POLLOUT)), 0},
        {r->signals, POLLIN, 0},
        {can_take ? c->out : -1, POLLIN, 0},
        {can_take ? c->err : -1, POLLIN, 0},
        {r->started && r->in_len > 0 ? c->in : -1, POLLOUT, 0},
    };

    if (poll(fds, ARRAY_SIZE(fds), can_take && r->exited ? 0 : -1) < 0)
        return;
    if (fds[1].revents)
        hear_signal(r);
    if (fds[0].revents & POLLIN)
        hear_host(r);
    else if (fds[0].revents & (POLLHUP | POLLERR))
        r->broken = true;
    if (fds[4].revents)
        feed(r);
    take_outputs(r);
    if (r->started && !r->told)
        tell_room(r);
    flush(r);
}

static void relay_loop(struct relay *r)
{
    while (!r->broken && !(r->told && all_sent(r)))
        turn(r);
    if (r->started && !r->exited)
        command_hang_up(&r->command, HANG_UP_MS);
    else if (r->started)
        command_close(&r->command);
}

void relay_run(int conn)
{
    struct relay *r = calloc(1, sizeof(*r));

    if (r) {
        *r = (struct relay){.conn = conn, .signals = service_signals(), .from.side = SESSION_GUEST,
                            .rest_out = SIZE_MAX, .rest_err = SIZE_MAX, .command = {-1, -1, -1, -1, -1}};
        fcntl(conn, F_SETFL, O_NONBLOCK);
        relay_loop(r);
        session_reader_release(&r->from);
        close(r->signals);
    }
    free(r);
    close(conn);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/loop.h"
#include "vmm/outbuf.h"

#define LINE_MAX_KEPT 256

struct viewer {
    struct viewer *next;
    struct console *console;
    struct console_viewer_config config;
    struct loop_watch in_watch, out_watch;
    struct outbuf out;
    char typed[CONSOLE_TYPED]; /* what the guest has not taken yet */
    size_t ntyped;
    bool dead; /* freed at the next safe moment */
};

struct console {
    struct console_config config;
    struct viewer *viewers;
    uint64_t visits;
    char *head, *tail;
    size_t head_len, tail_at, tail_len; /* tail: a ring, next byte goes to tail_at */
    int log_fd;
    size_t log_len;
    char line[LINE_MAX_KEPT]; /* the line being written, for the panic message */
    size_t line_len;
    bool panicked;
};

static int log_reopen(struct console *c, struct err *e)
{
    if (c->log_fd >= 0)
        close(c->log_fd);
    c->log_len = 0;
    c->log_fd = open(c->config.log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return c->log_fd < 0 ? err_sys(e, errno, "console log %s", c->config.log_path) : 0;
}

struct console *console_new(const struct console_config *config, struct err *e)
{
    struct console *c = calloc(1, sizeof(*c));

    if (!c) {
        err_sys(e, ENOMEM, "console");
        return NULL;
    }
    c->config = *config;
    c->log_fd = -1;
    if (config->log_path && log_reopen(c, e) < 0) {
        console_free(c);
        return NULL;
    }
    return c;
}

/* --- viewers --- */

static void viewer_release(struct viewer *v)
{
    struct loop *l = v->console->config.loop;

    loop_remove(l, &v->in_watch);
    loop_remove(l, &v->out_watch);
    outbuf_release(&v->out);
    close(v->config.in);
    if (v->config.out != v->config.in)
        close(v->config.out);
    free(v);
}

/* Frees the viewers found dead; never called from inside one's own function. */
static void bury_dead(struct console *c)
{
    for (struct viewer **at = &c->viewers; *at;) {
        struct viewer *v = *at;

        if (v->dead) {
            *at = v->next;
            viewer_release(v);
        } else {
            at = &v->next;
        }
    }
}

static void viewer_watch(struct viewer *v)
{
    struct loop *l = v->console->config.loop;
    uint32_t in = v->ntyped ? 0 : EPOLLIN, out = v->out.len ? EPOLLOUT : 0;

    if (v->config.in == v->config.out) {
        loop_modify(l, &v->in_watch, in | out);
    } else {
        loop_modify(l, &v->in_watch, in);
        loop_modify(l, &v->out_watch, out);
    }
}

static void viewer_send(struct viewer *v, const void *bytes, size_t len)
{
    if (v->dead)
        return;
    if (!outbuf_add(&v->out, bytes, len, CONSOLE_BACKLOG) || !outbuf_flush(&v->out, v->config.out))
        v->dead = true;
}

/* Offers the guest what was typed. */
static void viewer_offer(struct viewer *v)
{
    size_t taken = v->console->config.input(v->console->config.ctx, v->typed, v->ntyped);

    memmove(v->typed, v->typed + taken, v->ntyped - taken);
    v->ntyped -= taken;
}

/* Takes the escape byte out of what was typed. */
static void viewer_escape(struct viewer *v)
{
    char *at;

    while (v->config.escape && (at = memchr(v->typed, v->config.escape, v->ntyped))) {
        memmove(at, at + 1, (size_t)(v->typed + --v->ntyped - at));
        v->config.escaped(v->config.ctx);
    }
}

static void viewer_read(struct viewer *v)
{
    ssize_t n = read(v->config.in, v->typed + v->ntyped, sizeof(v->typed) - v->ntyped);

    if (n > 0) {
        v->ntyped += (size_t)n;
        viewer_escape(v);
        viewer_offer(v);
    } else if (n == 0 && v->config.in != v->config.out) {
        loop_remove(v->console->config.loop, &v->in_watch); /* input ended, output goes on */
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        v->dead = true;
    }
}

static void on_viewer(void *ctx, uint32_t events)
{
    struct viewer *v = ctx;
    struct console *c = v->console;

    if ((events & EPOLLOUT) && !outbuf_flush(&v->out, v->config.out))
        v->dead = true;
    if (!v->dead && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !v->ntyped)
        viewer_read(v);
    else if (events & (EPOLLHUP | EPOLLERR))
        v->dead = true;
    viewer_watch(v);
    bury_dead(c);
}

static void on_viewer_out(void *ctx, uint32_t events)
{
    on_viewer(ctx, events & ~(uint32_t)EPOLLIN);
}

/* A regular file or /dev/null cannot be watched by epoll, and need not: it never blocks. */
static int viewer_start(struct viewer *v, struct err *e)
{
    struct loop *l = v->console->config.loop;
    struct err ignored;
    int r = loop_add(l, &v->in_watch, v->config.in, EPOLLIN, on_viewer, v, &ignored);

    if (r < 0 && r != -EPERM)
        return err_set(e, -r, "%s", ignored.msg);
    if (v->config.out == v->config.in)
        return 0;
    r = loop_add(l, &v->out_watch, v->config.out, 0, on_viewer_out, v, &ignored);
    return r < 0 && r != -EPERM ? err_set(e, -r, "%s", ignored.msg) : 0;
}

int console_add_viewer(struct console *c, const struct console_viewer_config *config, struct err *e)
{
    struct viewer *v = calloc(1, sizeof(*v));
    int r;

    if (!v)
        return err_sys(e, ENOMEM, "console viewer");
    v->console = c;
    v->config = *config;
    v->in_watch.fd = v->out_watch.fd = -1;
    r = viewer_start(v, e);
    if (r < 0) {
        loop_remove(c->config.loop, &v->in_watch);
        free(v);
        return r;
    }
    v->next = c->viewers;
    c->viewers = v;
    c->visits++;
    if (config->replay) {
        viewer_send(v, c->head, c->head_len);
        if (c->tail_len == CONSOLE_TAIL) /* the ring is full: its oldest byte is the next to go */
            viewer_send(v, c->tail + c->tail_at, CONSOLE_TAIL - c->tail_at);
        viewer_send(v, c->tail, c->tail_at);
    }
    if (config->ntyped) {
        memcpy(v->typed, config->typed, config->ntyped);
        v->ntyped = config->ntyped;
        viewer_offer(v);
    }
    viewer_watch(v);
    return 0;
}

unsigned console_viewers(const struct console *c)
{
    unsigned n = 0;

    for (const struct viewer *v = c->viewers; v; v = v->next)
        n += !v->dead;
    return n;
}

uint64_t console_visits(const struct console *c)
{
    return c->visits;
}

void console_room(struct console *c)
{
    for (struct viewer *v = c->viewers; v; v = v->next)
        if (v->ntyped && !v->dead) {
            viewer_offer(v);
            viewer_watch(v);
        }
}

/* --- what is kept --- */

static void keep_tail(struct console *c, const char *bytes, size_t len)
{
    if (!c->tail && !(c->tail = malloc(CONSOLE_TAIL)))
        return;
    while (len) {
        size_t n = CONSOLE_TAIL - c->tail_at < len ? CONSOLE_TAIL - c->tail_at : len;

        memcpy(c->tail + c->tail_at, bytes, n);
        c->tail_at = (c->tail_at + n) % CONSOLE_TAIL;
        c->tail_len = c->tail_len + n < CONSOLE_TAIL ? c->tail_len + n : CONSOLE_TAIL;
        bytes += n;
        len -= n;
    }
}

static void keep(struct console *c, const char *bytes, size_t len)
{
    size_t n = CONSOLE_HEAD - c->head_len < len ? CONSOLE_HEAD - c->head_len : len;

    if (!c->head && !(c->head = malloc(CONSOLE_HEAD)))
        return;
    memcpy(c->head + c->head_len, bytes, n);
    c->head_len += n;
    if (len > n)
        keep_tail(c, bytes + n, len - n);
}

static void log_write(struct console *c, const void *bytes, size_t len)
{
    if (c->log_fd < 0)
        return;
    if (c->log_len + len > CONSOLE_FILE_MAX) {
        auto_free char *old = file_path("%s.1", c->config.log_path);

        if (old)
            rename(c->config.log_path, old);
        if (log_reopen(c, NULL) < 0)
            return;
    }
    c->log_len += len;
    file_write_all(c->log_fd, bytes, len, NULL); /* a full disk must not stop the guest */
}

static void look_for_panic(struct console *c)
{
    static const char mark[] = "Kernel panic - not syncing";
    char *at = memmem(c->line, c->line_len, mark, sizeof(mark) - 1);

    if (!at || c->panicked)
        return;
    c->panicked = true;
    c->line[c->line_len] = '\0';
    c->config.panic(c->config.ctx, at);
}

static void follow_lines(struct console *c, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            look_for_panic(c);
            c->line_len = 0;
        } else if (c->line_len < sizeof(c->line) - 1 && bytes[i] != '\r') {
            c->line[c->line_len++] = bytes[i];
        }
    }
}

void console_output(struct console *c, const void *bytes, size_t len)
{
    keep(c, bytes, len);
    log_write(c, bytes, len);
    if (!c->panicked)
        follow_lines(c, bytes, len);
    for (struct viewer *v = c->viewers; v; v = v->next) {
        viewer_send(v, bytes, len);
        viewer_watch(v);
    }
}

void console_free(struct console *c)
{
    if (!c)
        return;
    for (struct viewer *v = c->viewers, *next; v; v = next) {
        next = v->next;
        if (!v->dead)
            outbuf_flush(&v->out, v->config.out);
        viewer_release(v);
    }
    if (c->log_fd >= 0)
        close(c->log_fd);
    free(c->head);
    free(c->tail);
    free(c);
}

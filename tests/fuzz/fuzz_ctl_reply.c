/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes from a machine's control socket, in pieces: the client answers every request exactly
 * once, tells the end once, and leaves its loop empty.  The first byte says how it is used.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/file.h"
#include "core/ctl.h"
#include "core/stats.h"

#define REQUESTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    uv_loop_t loop;
    struct ctl *ctl;
    unsigned answered, closed;
    size_t bytes;
    bool close_early;
};

static void on_reply(void *ctx, const json_t *reply, const struct err *e)
{
    struct world *w = ctx;
    struct stats_sample s;

    w->answered++;
    if (!reply && !e->code)
        abort();
    if (reply && stats_read(reply, &s, NULL) == 0 && (s.exits < 0 || s.read_bytes < 0 || s.errors < 0))
        abort();
    if (reply && w->close_early) {
        ctl_close(w->ctl);
        w->ctl = NULL;
    }
}

static void on_event(void *ctx, const json_t *event)
{
    (void)ctx;
    if (!json_is_object(event))
        abort();
}

static void on_bytes(void *ctx, const char *p, size_t len)
{
    struct world *w = ctx;

    for (size_t i = 0; i < len; i++)
        w->bytes += (unsigned char)p[i];
}

static void on_closed(void *ctx, const struct err *e)
{
    struct world *w = ctx;

    if (!e->code || !*e->msg)
        abort();
    w->closed++;
    w->ctl = NULL;
}

static int listen_at(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
        abort();
    return fd;
}

/* In pieces of `piece` bytes, as the client comes to read them. */
static void feed(struct world *w, int fd, const uint8_t *data, size_t size, size_t piece)
{
    while (size && w->ctl) {
        size_t n = size < piece ? size : piece;
        ssize_t sent = send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (sent < 0 && w->closed) {
            break;
        }
        uv_run(&w->loop, UV_RUN_NOWAIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ctl_events ev = {on_event, on_bytes, on_closed};
    uint8_t how = size ? data[0] : 0;
    struct world w = {.close_early = how & 1};
    char path[64];
    int server, fd;

    signal(SIGPIPE, SIG_IGN);
    snprintf(path, sizeof(path), "/dev/shm/lxtop-fuzz-ctl-%d", (int)getpid());
    server = listen_at(path);
    uv_loop_init(&w.loop);
    w.ctl = ctl_open(&w.loop, path, &ev, &w, NULL);
    for (int i = 0; i < REQUESTS - 1; i++)
        ctl_send(w.ctl, json_pack("{ss}", "cmd", "stats"), on_reply, &w);
    if (how & 2)
        ctl_console(w.ctl, on_reply, &w);
    else
        ctl_send(w.ctl, json_pack("{ss}", "cmd", "status"), on_reply, &w);
    fd = accept(server, NULL, NULL);
    if (size)
        feed(&w, fd, data + 1, size - 1, how >> 2 ? (size_t)(how >> 2) * (how >> 2) : 1 << 20);
    shutdown(fd, SHUT_WR);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&w.loop) != 0)
        abort();
    if (w.closed ? w.answered != REQUESTS : !w.close_early || !w.answered)
        abort();
    close(fd);
    close(server);
    unlink(path);
    return 0;
}

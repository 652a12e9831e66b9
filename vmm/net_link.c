/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "vmm/net_plan.h"
#include "vmm/spec.h"

#define ANSWER_MS 2000
/* Frames on their way, each counted with its overhead by the kernel: some large ones, many small. */
#define FRAMES_BUFFER (1 << 20)

/* --- the process --- */

/* Ours in *ours, the other end in *theirs. */
static int make_pair(int *ours, int *theirs, int buffer, struct err *e)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, errno, "network");
    *ours = pair[0];
    *theirs = pair[1];
    for (int i = 0; buffer && i < 2; i++)
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    return 0;
}

static int launch(struct net_link *l, struct err *e)
{
    auto_close int frames = -1;
    auto_close int requests = -1;

    if (make_pair(&l->frames_fd, &frames, FRAMES_BUFFER, e) < 0 ||
        make_pair(&l->requests_fd, &requests, 0, e) < 0)
        return -EIO;
    return net_process_launch(&l->process, frames, requests, e);
}

/* --- requests and answers --- */

static void forget(struct net_link *l, const struct forward *f)
{
    unsigned at = forward_find(l->forward, l->forwards, f);

    if (at == l->forwards)
        return;
    l->forwards--;
    memmove(l->forward + at, l->forward + at + 1, (l->forwards - at) * sizeof(l->forward[0]));
}

static int ask(struct net_link *l, char what, const struct forward *f, struct err *e)
{
    char text[1 + FORWARD_TEXT_MAX] = {what};

    forward_format(f, text + 1);
    if (send(l->requests_fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return err_sys(e, errno, "the network's process is gone; forward %s", text + 1);
    return 0;
}

/* The next answer into `text`: 0, -EAGAIN, or -EPIPE when there will be none. */
static int read_answer(struct net_link *l, char text[NET_REQUEST_MAX])
{
    ssize_t n = recv(l->requests_fd, text, NET_REQUEST_MAX - 1, MSG_DONTWAIT);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? -EAGAIN : -EPIPE;
    text[n] = '\0';
    return 0;
}

/* An answer to what was asked at the start. */
static void take_answer(struct net_link *l, const char *text)
{
    struct forward f = l->asked[0];
    char note[NET_REQUEST_MAX + 64];

    if (l->unanswered == 0)
        return;
    l->unanswered--;
    memmove(l->asked, l->asked + 1, l->unanswered * sizeof(l->asked[0]));
    if (strcmp(text, "ok") == 0)
        return;
    forget(l, &f);
    snprintf(note, sizeof(note), "a port is not forwarded: %s", text);
    l->events->note(l->ctx, note);
}

/* --- its life --- */

static void end_process(struct net_link *l)
{
    loop_remove(l->loop, &l->watch);
    if (l->frames_fd >= 0)
        close(steal_fd(&l->frames_fd));
    if (l->requests_fd >= 0)
        close(steal_fd(&l->requests_fd));
    l->unanswered = 0;
}

static void process_ended(struct net_link *l)
{
    int64_t left = l->began_ms + NET_RESTART_MS - clock_ms();

    l->events->frames(l->ctx, -1);
    end_process(l);
    l->events->note(l->ctx, "the network's process has ended and is started again; what was connected is not any more");
    loop_timer_set(&l->restart, left > 0 ? (int)left : 0);
}

static void on_requests(void *ctx, uint32_t events)
{
    struct net_link *l = ctx;
    char text[NET_REQUEST_MAX];
    int r;

    (void)events;
    while ((r = read_answer(l, text)) == 0)
        take_answer(l, text);
    if (r == -EPIPE)
        process_ended(l);
}

static int begin_process(struct net_link *l, struct err *e)
{
    int r = launch(l, e);

    l->began_ms = clock_ms();
    for (unsigned i = 0; r == 0 && i < l->forwards; i++) {
        l->asked[l->unanswered++] = l->forward[i];
        r = ask(l, '+', &l->forward[i], e);
    }
    if (r == 0)
        r = loop_add(l->loop, &l->watch, l->requests_fd, EPOLLIN, on_requests, l, e);
    return r;
}

static void on_restart(void *ctx, uint32_t events)
{
    struct net_link *l = ctx;
    struct err e = {0};
    int r = begin_process(l, &e);

    (void)events;
    if (r == 0) {
        l->events->frames(l->ctx, l->frames_fd);
        return;
    }
    end_process(l);
    l->events->note(l->ctx, e.msg);
    if (r != -ESRCH) /* else there is nobody left to start it */
        loop_timer_set(&l->restart, NET_RESTART_MS);
}

/* --- forwards, meanwhile --- */

/* All answers of before, then this one. */
static int wait_answer(struct net_link *l, char text[NET_REQUEST_MAX], struct err *e)
{
    for (;;) {
        struct pollfd p = {.fd = l->requests_fd, .events = POLLIN};
        int r = read_answer(l, text);

        if (r == -EPIPE)
            return err_set(e, EPIPE, "the network's process has ended");
        if (r == 0 && l->unanswered == 0)
            return 0;
        if (r == 0)
            take_answer(l, text);
        else if (poll(&p, 1, ANSWER_MS) == 0)
            return err_set(e, ETIMEDOUT, "the network's process does not answer");
    }
}

static int request(struct net_link *l, char what, const struct forward *f, struct err *e)
{
    char text[NET_REQUEST_MAX];
    int r;

    if (l->requests_fd < 0 || !l->loop)
        return err_set(e, ENOTCONN, l->loop ? "the network's process has ended and will be there again soon"
                                            : "the machine has no network (setting network)");
    r = ask(l, what, f, e);
    if (r == 0)
        r = wait_answer(l, text, e);
    if (r == 0 && strcmp(text, "ok") != 0)
        return err_set(e, EIO, "%s", text);
    return r;
}

int net_link_add(struct net_link *l, const struct forward *f, struct err *e)
{
    unsigned at = forward_find(l->forward, l->forwards, f);
    int r = at < l->forwards ? forward_there(&l->forward[at], f, e) : 0;

    if (r != 0)
        return r < 0 ? r : 0;
    if (l->forwards == FORWARDS_MAX)
        return err_set(e, ENOSPC, "at most %d forwards", FORWARDS_MAX);
    r = request(l, '+', f, e);
    if (r == 0)
        l->forward[l->forwards++] = *f;
    return r;
}

/* Of a process that has ended there is nothing to take back: the next one is not asked for it. */
int net_link_remove(struct net_link *l, const struct forward *f, struct err *e)
{
    unsigned at = forward_find(l->forward, l->forwards, f);
    int r;

    if (at == l->forwards || l->forward[at].guest_port != f->guest_port)
        return err_set(e, ENOENT, "there is no such forward; `lxtop forward` without it lists them");
    r = l->loop && l->requests_fd < 0 ? 0 : request(l, '-', f, e);
    if (r == 0)
        forget(l, f);
    return r;
}

void net_link_usage(struct net_link *l, bool ask_now, unsigned *now, uint64_t *ever)
{
    char text[NET_REQUEST_MAX];
    unsigned long long visits;
    unsigned open;

    if (ask_now && l->loop && l->requests_fd >= 0 && send(l->requests_fd, "?", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 &&
        wait_answer(l, text, NULL) == 0 && sscanf(text, "usage %u %llu", &open, &visits) == 2) {
        *now += open;
        l->visits = visits;
    }
    *ever += l->visits;
}

int net_link_start(struct net_link *l, struct loop *loop, const struct spec_net *spec,
                   const struct net_link_events *events, void *ctx, struct err *e)
{
    int r;

    *l = (struct net_link){.loop = loop, .frames_fd = -1, .requests_fd = -1, .watch.fd = -1,
                           .restart.watch.fd = -1, .forwards = spec->forwards, .events = events, .ctx = ctx};
    memcpy(l->forward, spec->forward, sizeof(l->forward));
    r = net_process_start(&l->process, spec->host, e);
    if (r == 0)
        r = loop_timer_init(loop, &l->restart, on_restart, l, e);
    if (r == 0)
        r = begin_process(l, e);
    if (r < 0)
        net_link_stop(l);
    return r;
}

void net_link_stop(struct net_link *l)
{
    if (!l->loop)
        return;
    loop_timer_release(l->loop, &l->restart);
    end_process(l);
    net_process_stop(&l->process);
    l->loop = NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/stdfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void stdfd_all_open(void)
{
    int fd;

    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        ;
    if (fd >= 0)
        close(fd);
}

static int open_again(int number)
{
    int flags = (number == STDIN_FILENO ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    char path[32];
    struct stat st;

    if (fstat(number, &st) < 0 || (!S_ISFIFO(st.st_mode) && !isatty(number)))
        return -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", number);
    return open(path, flags);
}

void stdfd_open(struct stdfd *s, uv_loop_t *loop, int number, void (*event)(struct stdfd *s), void *ctx)
{
    *s = (struct stdfd){.number = number, .flags = -1, .event = event, .ctx = ctx, .open = true};
    s->fd = open_again(number);
    if (s->fd < 0) {
        s->fd = number;
        s->flags = fcntl(number, F_GETFL);
    }
    s->polled = uv_poll_init(loop, &s->poll, s->fd) == 0;
    s->poll.data = s;
}

void stdfd_close(struct stdfd *s, uv_close_cb closed)
{
    if (!s->open)
        return;
    s->open = false;
    if (s->flags >= 0)
        fcntl(s->number, F_SETFL, s->flags);
    if (s->polled) {
        uv_poll_stop(&s->poll);
        uv_close((uv_handle_t *)&s->poll, closed);
    }
    if (s->fd != s->number)
        close(s->fd);
    free(s->left);
    s->left = NULL;
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    struct stdfd *s = p->data;

    (void)status; /* what is wrong the next read or write says */
    (void)events;
    s->event(s);
}

void stdfd_watch(struct stdfd *s, bool on)
{
    if (!s->polled || !s->open)
        return;
    if (on)
        uv_poll_start(&s->poll, s->number == STDIN_FILENO ? UV_READABLE : UV_WRITABLE, on_poll);
    else
        uv_poll_stop(&s->poll);
}

/* How many went out, or -errno. */
static ssize_t write_some(struct stdfd *s, const char *p, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(s->fd, p + done, len - done);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)done;
}

int stdfd_write(struct stdfd *s, const void *p, size_t len)
{
    ssize_t n = s->left ? 0 : write_some(s, p, len);
    size_t kept = s->left_len - s->left_at, rest = n < 0 ? 0 : len - (size_t)n;
    char *left;

    if (n < 0)
        return (int)n;
    if (rest == 0)
        return 1;
    left = malloc(kept + rest);
    if (!left)
        return -ENOMEM;
    if (kept)
        memcpy(left, s->left + s->left_at, kept);
    memcpy(left + kept, (const char *)p + n, rest);
    free(s->left);
    s->left = left;
    s->left_at = 0;
    s->left_len = kept + rest;
    stdfd_watch(s, true);
    return 0;
}

int stdfd_flush(struct stdfd *s)
{
    ssize_t n = s->left ? write_some(s, s->left + s->left_at, s->left_len - s->left_at) : 0;

    if (n < 0)
        return (int)n;
    s->left_at += (size_t)n;
    if (s->left_at < s->left_len)
        return 0;
    stdfd_watch(s, false);
    free(s->left);
    s->left = NULL;
    s->left_at = s->left_len = 0;
    return 1;
}

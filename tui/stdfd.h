/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standard input, output or error on the loop, without a wait and without a trace: whoever shares it finds
 * it blocking as before.
 *
 * A pipe or a terminal is opened a second time, non-blocking; of what cannot be, a socket say, the flag is
 * set for as long as we have it.  What epoll does not take (a file, /dev/null) never makes one wait long.
 */
#ifndef TUI_STDFD_H
#define TUI_STDFD_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct stdfd {
    int number, fd; /* 0, 1 or 2; and what is used for it */
    int flags;      /* to put back; -1: nothing */
    uv_poll_t poll; /* of what epoll takes: `polled` */
    bool polled, open;
    void (*event)(struct stdfd *s); /* readable or writable, as stdfd_watch wants */
    void *ctx;
    char *left; /* output that did not fit yet */
    size_t left_at, left_len;
};

/* First of all in main: one that is closed would be the number of the next file, and libuv asserts. */
void stdfd_all_open(void);

void stdfd_open(struct stdfd *s, uv_loop_t *loop, int number, void (*event)(struct stdfd *s), void *ctx);
/* The loop has to run until `poll` is closed, which `closed` then tells (NULL `polled`: at once). */
void stdfd_close(struct stdfd *s, uv_close_cb closed);
/* Calls `event` while it is ready. Without poll nothing: it always is. */
void stdfd_watch(struct stdfd *s, bool on);
/* Writes what it takes now and keeps the rest: 1 all, 0 some is left, or -errno. */
int stdfd_write(struct stdfd *s, const void *p, size_t len);
/* The same for what is left. */
int stdfd_flush(struct stdfd *s);

#endif

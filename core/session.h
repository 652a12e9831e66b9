/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session in a running distro, from the host: a shell or a command there (core/base/session_msg.h).
 *
 * All of it on the loop; only the connect runs on a thread of libuv's.  Output comes as it arrives until
 * the owner pauses it; input goes as far as there is room.  The guest is hostile.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/session_msg.h"

struct err;
struct paths;
struct session;

struct session_events {
    /* Output of the command; `err`: its standard error. Borrowed for the call. */
    void (*output)(void *ctx, bool err, const uint8_t *p, size_t len);
    /* There is more room for input than before, or some for the first time. */
    void (*room)(void *ctx);
    /*
     * Once, last; the session is gone after it.  Code 0: `status` is the command's, 128 + N where signal N
     * killed it.  Else nothing was started, or the connection was lost.
     */
    void (*ended)(void *ctx, int status, const struct err *e);
};

/* Everything is copied. NULL and an error when nothing was begun. */
struct session *session_open(uv_loop_t *loop, const struct paths *p, const char *distro,
                             const struct session_start *start, const struct session_events *ev,
                             void *ctx, struct err *e);
/* How many bytes session_write takes now. */
size_t session_room(const struct session *s);
void session_write(struct session *s, const void *p, size_t len);
void session_write_end(struct session *s); /* the end of input */
void session_resize(struct session *s, unsigned rows, unsigned cols);
void session_signal(struct session *s, int number);
/* While paused nothing comes, the end neither. */
void session_pause(struct session *s, bool paused);
/* Breaks the connection, which ends what runs; no event comes any more. NULL allowed. */
void session_close(struct session *s);

#endif

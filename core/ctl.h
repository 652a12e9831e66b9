/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client of a machine's control socket (vmm/ctl.h) on a libuv loop.
 *
 * Replies come in the order of requests; a line that is no JSON object, or longer than
 * CTL_LINE_MAX, closes the connection: a VMM that speaks nonsense is treated as gone.
 */
#ifndef CORE_CTL_H
#define CORE_CTL_H

#include <jansson.h>
#include <stddef.h>
#include <uv.h>

struct err;
struct ctl;

struct ctl_events {
    void (*event)(void *ctx, const json_t *event);       /* may be NULL */
    void (*bytes)(void *ctx, const char *p, size_t len); /* of the console, after ctl_console */
    /* Once, last: connecting failed or the connection ended; the ctl is freed after it. */
    void (*closed)(void *ctx, const struct err *e);
};
/* `reply` is borrowed; NULL when the machine answered "ok": false (`e` says what) or went away. */
typedef void ctl_reply(void *ctx, const json_t *reply, const struct err *e);

/* Connecting goes on in the background; requests may be sent at once. */
struct ctl *ctl_open(uv_loop_t *loop, const char *path, const struct ctl_events *ev, void *ctx,
                     struct err *e);
/* Takes `request`.  `reply` may be NULL. */
void ctl_send(struct ctl *c, json_t *request, ctl_reply *reply, void *ctx);
/* Turns the connection into the guest's console: from its reply on only bytes come and go. */
void ctl_console(struct ctl *c, ctl_reply *reply, void *ctx);
void ctl_write(struct ctl *c, const char *p, size_t len);
size_t ctl_unsent(const struct ctl *c); /* bytes that the machine has not taken yet */
/* No callback comes any more, replies neither; NULL is allowed. */
void ctl_close(struct ctl *c);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the model fresh: files looked at once a second, control sockets listened to.
 *
 * Whatever another lxtop does (install, start, kill -9) shows within a second, because the truth
 * is in the files; what a live machine does shows at once, because it sends events.  Figures are
 * asked for every second.  Several lxtop at once need to know nothing of each other.
 */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include <jansson.h>
#include <stdbool.h>

#include "core/ctl.h"

struct core;
struct err;
struct watch;

/* `only`: the one distro to watch, or NULL for all.  Looks at the files before it returns. */
struct watch *watch_start(struct core *c, const char *only, struct err *e);
void watch_stop(struct watch *w);

/* From now on files are looked at beside the loop: what is shown of them is news of milliseconds ago, and no disk
 * holds up the loop.  Until then watch_look has looked when it returns. */
void watch_aside(struct watch *w);

/* Looks now; a start, a stop or an install by this process need not wait for the next second. */
void watch_look(struct watch *w);
/* And calls `then` when the model shows it, or at watch_stop; at once where it looks at once. */
void watch_look_then(struct watch *w, void (*then)(void *ctx), void *ctx);
/* Show `name` as starting from now until watch_started, and the look after it, though no lock is taken yet. */
void watch_starting(struct watch *w, const char *name);
void watch_started(struct watch *w, const char *name);
bool watch_is_starting(struct watch *w, const char *name);
/* Progress of an install of this process; `done` over when `on` is false. */
void watch_task(struct watch *w, const char *name, bool on, uint64_t done, uint64_t total);
/* Whom model.focus tells about, "" nobody; settings at once, devices with the next figures. */
void watch_focus(struct watch *w, const char *name);
/* Takes `request`; -ENOTCONN when the machine's socket does not answer. */
int watch_send(struct watch *w, const char *name, json_t *request, ctl_reply *reply, void *ctx,
               struct err *e);

#endif

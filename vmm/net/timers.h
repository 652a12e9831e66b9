/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few timers that libslirp asks for (today one, of router advertisements). */
#ifndef VMM_NET_TIMERS_H
#define VMM_NET_TIMERS_H

#include <slirp/libslirp.h>
#include <stdbool.h>
#include <stdint.h>

#define TIMERS_MAX 4

struct timer {
    bool used;
    SlirpTimerId id;
    void *ctx;
    int64_t at_ms; /* CLOCK_MONOTONIC; -1: not set */
};

struct timers {
    struct timer timer[TIMERS_MAX];
};

/* NULL: there are no more. */
struct timer *timers_take(struct timers *t, SlirpTimerId id, void *ctx);
/* Milliseconds for poll: `most` (-1: for ever) or until the first is due. */
int timers_wait_ms(const struct timers *t, int64_t now_ms, int64_t most);
/* Runs what is due. */
void timers_run(struct timers *t, int64_t now_ms, Slirp *slirp);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/timers.h"

#include <stddef.h>

#define WAIT_MAX_MS 60000

struct timer *timers_take(struct timers *t, SlirpTimerId id, void *ctx)
{
    for (int i = 0; i < TIMERS_MAX; i++)
        if (!t->timer[i].used) {
            t->timer[i] = (struct timer){true, id, ctx, -1};
            return &t->timer[i];
        }
    return NULL;
}

int timers_wait_ms(const struct timers *t, int64_t now_ms, int64_t most)
{
    for (int i = 0; i < TIMERS_MAX; i++) {
        int64_t left = t->timer[i].at_ms - now_ms;

        if (!t->timer[i].used || t->timer[i].at_ms < 0)
            continue;
        left = left < 0 ? 0 : left;
        if (most < 0 || left < most)
            most = left;
    }
    return most > WAIT_MAX_MS ? WAIT_MAX_MS : (int)most;
}

void timers_run(struct timers *t, int64_t now_ms, Slirp *slirp)
{
    for (int i = 0; i < TIMERS_MAX; i++) {
        struct timer *one = &t->timer[i];

        if (!one->used || one->at_ms < 0 || one->at_ms > now_ms)
            continue;
        one->at_ms = -1;
        slirp_handle_timer(slirp, one->id, one->ctx);
    }
}

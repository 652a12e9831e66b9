/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/idle.h"

void idle_set(struct idle *i, int64_t timeout_ms, int64_t now_ms)
{
    i->timeout_ms = timeout_ms;
    i->since_ms = i->looked_ms = now_ms;
}

void idle_use(struct idle *i, int64_t now_ms)
{
    i->since_ms = now_ms;
    i->grants++;
    i->granted_until_ms = now_ms + IDLE_GRANT_MS;
}

/* Each visit is the one that some grant was for. */
static void settle_grants(struct idle *i, uint64_t visits, int64_t now_ms)
{
    if (now_ms >= i->granted_until_ms || visits >= i->grants)
        i->grants = 0;
    else
        i->grants -= (unsigned)visits;
}

static bool is_busy(const struct idle *i, const struct idle_facts *now, int64_t now_ms)
{
    return (int64_t)(now->cpu_us - i->last.cpu_us) * 100 >= (now_ms - i->looked_ms) * 1000 * IDLE_BUSY_PERCENT;
}

bool idle_look(struct idle *i, const struct idle_facts *now, int64_t now_ms)
{
    bool came = now->visits != i->last.visits;

    if (now_ms <= i->looked_ms)
        return false; /* too soon to say how busy it is */
    settle_grants(i, now->visits - i->last.visits, now_ms);
    if (came || now->users > 0 || i->grants > 0 || is_busy(i, now, now_ms))
        i->since_ms = now_ms;
    i->last = *now;
    i->looked_ms = now_ms;
    return i->timeout_ms > 0 && now_ms - i->since_ms >= i->timeout_ms;
}

/* Four looks a timeout tell work from a moment's; what is left of the timeout is not waited over. */
int idle_look_in_ms(const struct idle *i, int64_t now_ms)
{
    int64_t step = i->timeout_ms / 4, left = i->since_ms + i->timeout_ms - now_ms;

    if (i->timeout_ms <= 0)
        return -1;
    if (step > IDLE_LOOK_MAX_MS)
        step = IDLE_LOOK_MAX_MS;
    if (left < step)
        step = left;
    return step > 1 ? (int)step : 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the machine in use?  Judged by looks at counters, so that nothing that is used has to tell of it.
 *
 * Idle is a machine to which for the whole of its timeout nobody was connected and nobody came, and whose
 * CPUs together took less than IDLE_BUSY_PERCENT of one: a job that goes on after its shell has left is
 * use, too.  Times are milliseconds of CLOCK_MONOTONIC.  No machine is asked or told: see vm_idle.c.
 */
#ifndef VMM_IDLE_H
#define VMM_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#define IDLE_BUSY_PERCENT 10
#define IDLE_GRANT_MS 60000 /* from idle_use until the one who asked must have come */
#define IDLE_LOOK_MAX_MS 30000

struct idle_facts {
    unsigned users;  /* connected now */
    uint64_t visits; /* that ever began; only grows */
    uint64_t cpu_us; /* of all virtual CPUs; only grows */
};

struct idle {
    int64_t timeout_ms; /* 0: never idle */
    int64_t since_ms;   /* nobody since then */
    int64_t looked_ms;
    struct idle_facts last;
    unsigned grants;    /* of idle_use, whose visits have not come yet */
    int64_t granted_until_ms;
};

/* Begins anew, as if used just now. */
void idle_set(struct idle *i, int64_t timeout_ms, int64_t now_ms);
/* Somebody is about to connect: until then, or for IDLE_GRANT_MS, the machine is not idle. */
void idle_use(struct idle *i, int64_t now_ms);
/* True: it is idle for long enough. */
bool idle_look(struct idle *i, const struct idle_facts *now, int64_t now_ms);
/* Until the next look is due; -1: none is. */
int idle_look_in_ms(const struct idle *i, int64_t now_ms);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine went on from a snapshot (vmm/agent.h, "restored"): what of the world has changed meanwhile.
 *
 * The wall clock is set.  The kernel's random numbers are seeded anew and, since another machine may have gone
 * on from the same snapshot, reseeded at once.  A machine of another name is such a copy: it gets its own host
 * name and the /etc/machine-id that it will boot with, too, or a new one.  (VMGenID would tell the kernel itself,
 * but needs ACPI, which the tuned kernel has not.)
 */
#ifndef VMM_GUEST_RESTORED_H
#define VMM_GUEST_RESTORED_H

#include <stdbool.h>
#include <stdint.h>

#define RESTORED_SEED 32 /* bytes */

struct restored {
    uint64_t ns; /* wall clock, since 1970 */
    uint8_t seed[RESTORED_SEED];
    char name[64]; /* "": the machine is the one that was saved */
    char id[33];   /* hexadecimal digits; "": a new one */
};

/* "NANOSECONDS SEED NAME|- ID|-": seed and id in hexadecimal digits; false: it is no such text. */
bool restored_parse(struct restored *r, const char *text);
void restored_apply(const struct restored *r);

#endif

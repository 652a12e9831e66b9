/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's wall clock, as lxtop-vmm tells the host's (agent.h: "time"). */
#ifndef VMM_GUEST_CLOCK_H
#define VMM_GUEST_CLOCK_H

#include <stdbool.h>
#include <time.h>

#define CLOCK_OFF_MS 500 /* less is the way of the line, or left to a time service of the distro's */

/* "SECONDS.NANOSECONDS", nine digits of them; false: it is no time. */
bool clock_parse(const char *text, struct timespec *t);
/* Are they so far from each other that the clock is set? */
bool clock_is_off(const struct timespec *is, const struct timespec *should);
/* Sets the clock to what `text` says where it is off. */
void clock_follow(const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool clock_parse(const char *text, struct timespec *t)
{
    static const char digits[] = "0123456789";
    size_t whole = strspn(text, digits);

    if (whole == 0 || whole > 12 || text[whole] != '.' || strspn(text + whole + 1, digits) != 9 || text[whole + 10])
        return false;
    t->tv_sec = strtoll(text, NULL, 10);
    t->tv_nsec = strtol(text + whole + 1, NULL, 10);
    return true;
}

bool clock_is_off(const struct timespec *is, const struct timespec *should)
{
    long long ms = (long long)(is->tv_sec - should->tv_sec) * 1000 + (is->tv_nsec - should->tv_nsec) / 1000000;

    return ms > CLOCK_OFF_MS || ms < -CLOCK_OFF_MS;
}

void clock_follow(const char *text)
{
    struct timespec is, should;

    if (clock_parse(text, &should) && clock_gettime(CLOCK_REALTIME, &is) == 0 && clock_is_off(&is, &should) &&
        clock_settime(CLOCK_REALTIME, &should) < 0)
        perror("lxtop-guest: set the clock");
}

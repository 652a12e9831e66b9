/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's time zone in the distro: /etc/localtime as a link into its own tzdata, and /etc/timezone where
 * there is one.
 *
 * A zone that the distro has chosen itself stays.  It has where /etc/localtime is there, is not UTC (what
 * images come with) and is not what was written here last, which TIMEZONE_RECORD remembers.
 */
#ifndef VMM_GUEST_TIMEZONE_H
#define VMM_GUEST_TIMEZONE_H

#include <stdbool.h>

#define TIMEZONE_RECORD "var/lib/lxtop/timezone"

/* `root` ends in a slash: "/".  True when the distro has this zone now. */
bool timezone_follow(const char *root, const char *zone);

#endif

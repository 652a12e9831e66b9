/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vsock ports on which lxtop-guest serves the host.
 *
 * They are privileged: below 1024 Linux lets only root listen.  Else a program of any user of the distro could
 * sit there once lxtop-guest's own has ended, and the host would take its files, or its prompt for a password,
 * for the distro's.
 */
#ifndef CORE_BASE_GUEST_PORTS_H
#define CORE_BASE_GUEST_PORTS_H

#define GUEST_FILES_PORT 901    /* 9P2000.L (p9/server.h) */
#define GUEST_SESSION_PORT 902  /* core/base/session_msg.h */

_Static_assert(GUEST_FILES_PORT < 1024 && GUEST_SESSION_PORT < 1024, "a port that any user may take");

#endif

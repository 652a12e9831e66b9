/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distro's files for the host: a 9P server (p9/server.h) over / on the vsock port
 * AGENT_EXPORT_PORT, for connections from the host only.
 *
 * A process of its own, child of the agent, as root and in the mount namespace of PID 1.  It may have
 * files of the distro's disk open, so unlike the agent it is one of those whom an init ends before it
 * unmounts, and the agent ends it before that where it knows of the end first.
 */
#ifndef VMM_GUEST_EXPORT_H
#define VMM_GUEST_EXPORT_H

#include <sys/types.h>

#define EXPORT_CLIENTS 32 /* connections at a time; more are closed at once */

/*
 * Starts it: its process, or -1.  `ready` becomes readable when it serves, and ends when it is gone;
 * the caller closes it.  `argv0` is the process's own first argument.
 */
pid_t export_start(char *argv0, int *ready);

#endif

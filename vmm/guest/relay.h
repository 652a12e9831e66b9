/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session in the guest: a connection of the host's on one side, a command on the other.
 */
#ifndef VMM_GUEST_RELAY_H
#define VMM_GUEST_RELAY_H

/*
 * Serves `conn` (taken) until its command has ended and the host knows, or until the connection breaks
 * or SIGTERM comes, which hang the command up.  In a process of its own: it takes SIGCHLD and SIGTERM.
 */
void relay_run(int conn);

#endif

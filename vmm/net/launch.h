/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that begins networks, one after the other: net_plan.h. */
#ifndef VMM_NET_LAUNCH_H
#define VMM_NET_LAUNCH_H

typedef void launch_network(int frames_fd, int requests_fd, void *ctx);

/* Each runs in a child, which owns its descriptors and ends with this process.  Returns when the other end of
 * `fd` is closed; no child is left then. */
void launch_run(int fd, launch_network *network, void *ctx);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's network, set up before the distro's init: addresses and routes of the first virtio
 * interface, and a resolver.
 *
 * A distro that manages its network itself may do so: what is set here is what its DHCP client would
 * be told.  /etc/resolv.conf is the person's once it has a byte in it.
 */
#ifndef VMM_GUEST_NET_H
#define VMM_GUEST_NET_H

#include <stdbool.h>

struct guest_options;

/* After the switch to the distro's root; failures are notes on the agent's `port`. */
/* `resolver`: the host's resolver is written where there is none. */
void net_start(const struct guest_options *o, bool resolver, int port);

#endif

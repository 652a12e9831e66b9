/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three messages of rtnetlink(7) that give an interface its network, as bytes; no I/O. */
#ifndef VMM_GUEST_NETLINK_H
#define VMM_GUEST_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Aligned as the kernel's structures want it. */
struct netlink_message {
    _Alignas(4) uint8_t bytes[128];
};

/* IPv4 or IPv6, network order. */
struct netlink_address {
    bool v6;
    uint8_t bytes[16];
};

/* Each returns the length.  `index`: the interface's; all ask for an acknowledgement. */
size_t netlink_link_up(struct netlink_message *m, int index);
size_t netlink_add_address(struct netlink_message *m, int index, const struct netlink_address *a,
                           unsigned prefix);
size_t netlink_add_default_route(struct netlink_message *m, int index,
                                 const struct netlink_address *gateway);

#endif

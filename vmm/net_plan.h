/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network of a machine: its addresses, and what lxtop-vmm and lxtop-net say to each other.
 *
 * Every machine has a network of its own behind a NAT in user space, so all have the same addresses:
 *
 *   10.187.83.0/24          fd6c:7874:6f70::/64
 *          .2                             ::2     gateway; with --net host, the host's loopback
 *          .3                             ::3     name server: the host's resolver
 *          .15                            ::15    the guest
 *
 * Of 10.0.0.0/8, because 172.16/12 and 192.168/16 are where Docker in the guest, and home routers,
 * take theirs from; not 10.0.2.0/24 (QEMU, VirtualBox: the host may be such a guest), 10.88 (podman),
 * 10.96, 10.217, 10.244 (Kubernetes).  A network of the host with these very 256 addresses cannot be
 * reached from the guest.  fd... is a unique local prefix (RFC 4193), "lxtop" in ASCII.
 *
 * lxtop-net is a process of its own: libslirp is there as a shared library alone, with GLib, and would
 * take lxtop-vmm its static linking; and what takes the guest's packets apart is better not in the
 * process that holds its memory.  lxtop-net itself only launches: for each byte on NET_LAUNCH_FD, which
 * brings two SOCK_SEQPACKET sockets, it ends the network that there is and begins one, in a child.  So a
 * network that crashed begins again though lxtop-vmm may execute nothing by then (sandbox.h).  A network
 * ends when either of its sockets closes, lxtop-net when NET_LAUNCH_FD does, and the network with it:
 *
 *   the first   each message is a struct net_header and an Ethernet frame, both ways
 *   the second  each message is "+FORWARD" or "-FORWARD" (core/base/forward.h), answered in order
 *               by "ok" or by why not; and "?", answered by "usage OPEN VISITS": connections
 *               through forwards now, and what ever came through them
 */
#ifndef VMM_NET_PLAN_H
#define VMM_NET_PLAN_H

#include <stdint.h>

#define NET_PREFIX 24
#define NET_NETWORK "10.187.83.0"
#define NET_NETMASK "255.255.255.0"
#define NET_GATEWAY "10.187.83.2"
#define NET_DNS "10.187.83.3"
#define NET_GUEST "10.187.83.15"
#define NET_PREFIX6 64
#define NET_NETWORK6 "fd6c:7874:6f70::"
#define NET_GATEWAY6 "fd6c:7874:6f70::2"
#define NET_DNS6 "fd6c:7874:6f70::3"
#define NET_GUEST6 "fd6c:7874:6f70::15"
/* The same once more, for those who compare; a test holds both together. */
#define NET_NETWORK_BYTES {10, 187, 83, 0}
#define NET_DNS_BYTES {10, 187, 83, 3}
#define NET_GUEST_BYTES {10, 187, 83, 15}
#define NET_NETWORK6_BYTES {0xfd, 0x6c, 0x78, 0x74, 0x6f, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
#define NET_DNS6_BYTES {0xfd, 0x6c, 0x78, 0x74, 0x6f, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}
/* Locally administered; one for all, as nobody else is on the network. */
#define NET_MAC {0x02, 'l', 'x', 't', 'o', 'p'}
/* TCP ends in lxtop-net, so this is no path's MTU: large packets cost little more than small ones. */
#define NET_MTU 65520

#define NET_LAUNCH_FD 3
#define NET_REQUEST_MAX 256
#define NET_SOCKETS_MAX 1024 /* descriptors of lxtop-net: connections of the guest's, in and out, and forwards */

/* virtio 1.2, 5.1.6: struct virtio_net_hdr, little endian. */
struct net_header {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};
#define NET_HEADER_NEEDS_CSUM 1
#define NET_HEADER_DATA_VALID 2

#define NET_ETHERNET_HEADER 14
#define NET_FRAME_MAX (NET_ETHERNET_HEADER + NET_MTU)
#define NET_MESSAGE_MAX (sizeof(struct net_header) + NET_FRAME_MAX)

/* To lxtop-vmm the header's place holds how many frames lxtop-net had to drop so far. */
struct net_receipt {
    uint32_t dropped, zero[2];
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets of the guest may leave: what keeps the host's own loopback closed to it.
 *
 * libslirp connects to whatever address a packet names, also to 127.0.0.1 or 0.0.0.0, which Linux takes
 * for the host itself; it leads the gateway's address to the loopback, and the name server's, with any
 * port, to the host's resolver, which may be on the loopback as well.  Its setting for that
 * (disable_host_loopback) covers only the second of these, and stops the answers of UDP forwards, too.
 * So it is judged here, frame by frame:
 *
 *   to 127/8, 0/8, ::, ::1, IPv4 within IPv6   never
 *   to the name server                         port 53 and pings
 *   to the network's other addresses, and      pings, DHCP, answers to forwards: of TCP all but what begins
 *   to multicast and broadcast                 a connection, of UDP to whoever has sent to that port before;
 *                                              anything when the host is open to the guest
 *   to the world                               anything
 */
#ifndef VMM_NET_FENCE_H
#define VMM_NET_FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FENCE_FLOWS 4096

struct fence {
    bool host;                  /* open */
    /* Of UDP, guest's port and the other; a newer one takes its place.  Which side has sent. */
    uint32_t flow[FENCE_FLOWS], sent[FENCE_FLOWS];
    uint64_t visits; /* connections and datagrams to the guest that it has not asked for: through forwards */
};

bool fence_lets_out(const struct fence *f, const uint8_t *frame, size_t len);
/* A frame that was let out. */
void fence_sent(struct fence *f, const uint8_t *frame, size_t len);
/* A frame goes to the guest: its answer may come. */
void fence_note(struct fence *f, const uint8_t *frame, size_t len);

#endif

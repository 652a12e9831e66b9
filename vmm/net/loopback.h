/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers that listen at the guest's own 127.0.0.1 only, and forwards that lead to them: TCP over IPv4.
 *
 * libslirp leads every connection to the guest's address.  One that is refused there is begun once more at
 * 127.0.0.1, by the same SYN; where that one is taken, all of that port's frames are given the other address
 * on their way, and the next connections begin there.  So a server is found wherever it listens, and one that
 * listens at both is reached at the guest's address, as before.
 *
 * lxtop-guest lets its interface take such packets (route_localnet).  Nobody but lxtop-net can send there: what
 * comes from the world or from the guest's own bridges has no way to 127.0.0.1 by it.
 */
#ifndef VMM_NET_LOOPBACK_H
#define VMM_NET_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/net_plan.h"

#define LOOPBACK_SYNS 1024 /* by the client's port; a newer one takes its place */
#define LOOPBACK_SYN_MAX 74

struct loopback_syn {
    uint8_t frame[LOOPBACK_SYN_MAX];
    uint8_t len;
    bool answered;
};

struct loopback {
    uint64_t port[65536 / 64]; /* the guest's, where 127.0.0.1 has taken the last connection */
    struct loopback_syn syn[LOOPBACK_SYNS];
    uint8_t changed[NET_FRAME_MAX];
};

/* A frame of at most NET_FRAME_MAX for the guest: the same, or what to send instead, borrowed until the next. */
const uint8_t *loopback_to_guest(struct loopback *l, const uint8_t *frame, size_t len);
/* A frame of the guest is changed to what libslirp expects; or what to send to the guest instead of taking it. */
const struct loopback_syn *loopback_from_guest(struct loopback *l, uint8_t *frame, size_t len);

#endif

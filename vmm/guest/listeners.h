/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which TCP ports servers of the distro listen at, where a forward reaches them: at any address, at the
 * network's own or at 127.0.0.1, not at ::1 or at a bridge.  Read from /proc/net/tcp and tcp6
 * (Documentation/networking/proc_net_tcp.rst), whose first lines are the listening sockets: reading ends
 * with the last of them, so that what it costs does not grow with the connections.
 */
#ifndef VMM_GUEST_LISTENERS_H
#define VMM_GUEST_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LISTENERS_EVERY_MS 2000

struct listeners {
    uint64_t port[65536 / 64]; /* a bit each */
};

/* Adds those of one of the two files; a line that is none is skipped.  `own` is the network's IPv4 address. */
void listeners_read(struct listeners *l, FILE *f, uint32_t own);
/* "listen PORT" and "unlisten PORT" for what has changed since `told`, by `say`; `told` is then as it is now. */
void listeners_tell(struct listeners *told, const struct listeners *now,
                    void (*say)(void *ctx, const char *word, unsigned port), void *ctx);
/* Both, of this machine, told at an agent's port; `net` is as options.h has it. */
void listeners_look(struct listeners *told, const char *net, int port);

#endif

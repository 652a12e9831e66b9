/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwards that lxtop-vmm asks for (net_plan.h), made in libslirp. */
#ifndef VMM_NET_REQUESTS_H
#define VMM_NET_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

struct Slirp;

/* Answers what has come, `visits` (fence.h) where that is asked for; false: the other side is gone. */
bool requests_serve(int fd, struct Slirp *slirp, uint64_t visits);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwards that lxtop-vmm asks for (net_plan.h), made in libslirp. */
#ifndef VMM_NET_REQUESTS_H
#define VMM_NET_REQUESTS_H

#include <stdbool.h>

struct Slirp;

/* Answers what has come; false: the other side is gone. */
bool requests_serve(int fd, struct Slirp *slirp);

#endif

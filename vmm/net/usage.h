/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of libslirp's connections came in through a forward. */
#ifndef VMM_NET_USAGE_H
#define VMM_NET_USAGE_H

struct Slirp;

/* TCP connections through forwards that are open now. */
unsigned usage_open(struct Slirp *slirp);

#endif

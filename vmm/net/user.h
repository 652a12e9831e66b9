/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libslirp joined to the sockets of net_plan.h by poll: one thread, no locks.
 *
 * Frames for the guest that the socket has no room for wait, up to USER_WAITING_MAX bytes; while any
 * waits nothing is read from the host's sockets, so that TCP on the host slows down to the guest.  What
 * comes over that (answers to the guest's own frames) is dropped and counted.
 */
#ifndef VMM_NET_USER_H
#define VMM_NET_USER_H

#include <stdbool.h>

struct err;
struct user;

#define USER_WAITING_MAX (1U << 20)

/*
 * `host`: the gateway's address is the host's loopback.  The descriptors are borrowed.  The process is one for it alone:
 * of descriptors it has NET_SOCKETS_MAX at most from then on.
 */
struct user *user_new(int frames_fd, int requests_fd, bool host, struct err *e);
void user_free(struct user *u);
/* Returns when lxtop-vmm has closed its sockets. */
void user_run(struct user *u);

#endif

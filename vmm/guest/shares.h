/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host folders in the distro: mounted before its init runs, which then keeps the mounts.
 *
 * What cache mode guarantees what is told in config/share.h.
 */
#ifndef VMM_GUEST_SHARES_H
#define VMM_GUEST_SHARES_H

struct guest_options;

/* Mounts those of the options, mount points made; one that fails is a note to `port`. */
void shares_mount(const struct guest_options *o, int port);

#endif

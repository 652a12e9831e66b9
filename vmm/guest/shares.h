/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host folders in the distro: mounted before its init runs, which then keeps the mounts.
 *
 * What cache mode guarantees what is told in config/share.h.
 */
#ifndef VMM_GUEST_SHARES_H
#define VMM_GUEST_SHARES_H

struct guest_options;
struct wsl_conf;

/* Mounts those of the options where and as the distro wants them (conf.h), mount points made; one that
 * fails is a note to `port`. */
void shares_mount(const struct guest_options *o, const struct wsl_conf *conf, int port);

#endif

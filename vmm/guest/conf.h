/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the distro's wsl.conf and wsl-distribution.conf ask of lxtop-guest. */
#ifndef VMM_GUEST_CONF_H
#define VMM_GUEST_CONF_H

#include "core/base/wsl_conf.h"

struct guest_options;

/* Both files as they are now; missing ones say nothing. */
void conf_read(struct wsl_conf *c);
/* Tells lxtop-vmm each key that is there ("conf", vmm/agent.h). */
void conf_tell(int port);
/* What of it changes the options: host name, shares, time zone.  What is no such thing is left out. */
void conf_apply(const struct wsl_conf *c, struct guest_options *o);
/*
 * A share's place: automount.root in the place of /mnt.  The caller frees; also a path of the host's for a
 * working folder is one.
 */
char *conf_place(const struct wsl_conf *c, const char *path);
/* The flags of mount(2) that automount.options asks for; what is none of those is left out. */
unsigned long conf_mount_flags(const struct wsl_conf *c);
/* boot.command in a process of its own, its output to the kernel's log; does nothing where there is none. */
void conf_run_command(const struct wsl_conf *c);

#endif

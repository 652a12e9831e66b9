/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lxtop-guest is told on the kernel's command line:
 *
 *   lxtop.root=/dev/vda      device of the root file system
 *   lxtop.fstype=ext4        its type
 *   lxtop.ro                 mount it read-only
 *   lxtop.hostname=NAME      host name, set before the distro's init runs
 *   lxtop.machine_id=HEX     of a clone: what /etc/machine-id shall say, where there is one
 *   lxtop.init=PATH          run this as PID 1 and not what the table of inits.c finds
 *   lxtop.term=TERM          terminal type of the console's shell (xterm-256color)
 *   lxtop.timezone=ZONE      the host's time zone, "Europe/Berlin", for a distro that has none of its own
 *   lxtop.net=ADDRESS/PREFIX,GATEWAY,DNS[,ADDRESS6/PREFIX,GATEWAY6,DNS6]
 *                            the first virtio interface's; without it there is no network to set up
 *   lxtop.listen             tell lxtop-vmm at which ports servers listen (listeners.h)
 *   lxtop.share=TAG,rw|ro,CACHE,ACCESS,PATH   a share of the host to mount; may be given several
 *                            times; in PATH %XX is the byte with this hexadecimal number
 */
#ifndef VMM_GUEST_OPTIONS_H
#define VMM_GUEST_OPTIONS_H

#include <stdbool.h>

#define OPTION_TEXT_MAX 128
#define GUEST_SHARES_MAX 8
#define SHARE_TEXT_MAX 1024

struct guest_options {
    char root[OPTION_TEXT_MAX], fstype[OPTION_TEXT_MAX], hostname[OPTION_TEXT_MAX];
    char machine_id[OPTION_TEXT_MAX];
    char init[OPTION_TEXT_MAX], term[OPTION_TEXT_MAX], net[OPTION_TEXT_MAX];
    bool read_only, listen;
    char timezone[OPTION_TEXT_MAX];
    char share[GUEST_SHARES_MAX][SHARE_TEXT_MAX]; /* the text behind lxtop.share= */
    unsigned shares;
};

/* Fills in defaults, then what `line` (of /proc/cmdline) says; a value too long is ignored. */
void guest_options_parse(struct guest_options *o, const char *line);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of lxtop-guest that stays: speaks with lxtop-vmm, keeps a shell on the console.
 *
 * A child of PID 1, forked before the distro's init takes PID 1 over, in a session of its own.  Its
 * argv[0] begins with '@', which systemd's shutdown spares (systemd: "Root Storage Daemons"); it
 * has no file of the distro's disk open, so the disk can be unmounted under it.
 */
#ifndef VMM_GUEST_AGENT_H
#define VMM_GUEST_AGENT_H

struct guest_options;
struct init_kind;
struct wsl_conf;

/* The agent's life; does not return.  `argv0`: of the process, whose first byte it changes. */
_Noreturn void agent_run(int fd, char *argv0, const struct guest_options *o,
                         const struct init_kind *init, const struct wsl_conf *conf);

#endif

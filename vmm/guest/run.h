/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of root's shell in the distro, beside all else: nobody waits for it. */
#ifndef VMM_GUEST_RUN_H
#define VMM_GUEST_RUN_H

/* A session of its own, no input; what it prints goes to the kernel's log. */
void run_line(const char *line);

#endif

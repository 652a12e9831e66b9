/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A root shell on the console, without any configuration in the distro.
 */
#ifndef VMM_GUEST_SHELL_H
#define VMM_GUEST_SHELL_H

#include <sys/types.h>

/* Starts root's login shell with `device` as its controlling terminal; pid or -1. */
pid_t shell_start(const char *device, const char *term);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine's process keeps of the kernel once it is set up: the system calls that devices, shares and
 * snapshots need.  No program can be executed and no process made, traced or signalled; sockets are those of
 * Unix; ioctls are KVM's and the terminal's size and modes, so that nothing can be typed into the terminal of
 * whoever started it; no memory becomes code.  All else fails with EPERM.
 *
 * Files stay within reach of the process's user, as 9P and snapshots need them.
 * Source: seccomp(2), libseccomp; the list follows from the calls that vmm/, p9/ and core/base make.
 */
#ifndef VMM_SANDBOX_H
#define VMM_SANDBOX_H

struct err;

/* For all threads, those there already and those to come; it cannot be left.  An error where the kernel has no
 * seccomp: nothing is changed then but no_new_privs. */
int sandbox_enter(struct err *e);

#endif

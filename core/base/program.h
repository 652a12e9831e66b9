/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the programs are that lxtop runs. */
#ifndef CORE_BASE_PROGRAM_H
#define CORE_BASE_PROGRAM_H

/*
 * Full path of a program ("lxtop-vmm", "e2fsck"): what the environment variable `variable` (may be NULL) says and
 * nothing else or, where it says nothing, beside this executable, ../libexec/lxtop, PATH, and the sbin folders.
 * NULL when there is none; the caller frees.
 */
char *program_find(const char *name, const char *variable);
/* This executable itself; the caller frees. */
char *program_self(void);

#endif

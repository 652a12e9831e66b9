/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine costs the host in memory, by the kernel's own account (/proc/self/smaps): pages
 * resident in the guest's RAM, and private pages of the process beside it.
 */
#ifndef VMM_MEMSTAT_H
#define VMM_MEMSTAT_H

#include <stdint.h>

struct err;
struct mem;

struct memstat {
    uint64_t resident; /* bytes of guest RAM in the host's memory (also swapped pages are not) */
    uint64_t overhead; /* private bytes of the process that are not guest RAM */
};

int memstat_read(const struct mem *m, struct memstat *s, struct err *e);

#endif

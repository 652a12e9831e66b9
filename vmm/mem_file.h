/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory in a file: byte N of RAM is byte N of the file, regions one behind the other.
 *
 * The file is as long as the memory and sparse: pages that are zero, were never touched or were given back
 * (balloon, free page reporting) are holes.  A machine maps it privately (mem_init_file): it can run at once,
 * pages come as they are touched, several machines share those that they only read, and the file must stay
 * as it is for as long as any of them lives.
 *
 * What is saved of a restored machine differs from its file only in the pages that were written to since, which
 * the host's page tables tell: they are private, whoever wrote them.  Only those are written; the rest is copied
 * from file to file, and on file systems that can share blocks (btrfs, XFS) takes no space.  The new file needs
 * the old one no more.
 */
#ifndef VMM_MEM_FILE_H
#define VMM_MEM_FILE_H

#include <stdint.h>

struct err;
struct mem;

/* Writes all of it; the sync is the caller's.  *bytes: of data.  The vCPUs are paused and the devices quiet. */
int mem_save(const struct mem *m, int fd, uint64_t *bytes, struct err *e);

#endif

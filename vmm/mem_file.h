/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory in a file: byte N of RAM is byte N of the file, regions one behind the other.
 *
 * The file is as long as the memory and sparse: pages that are zero, were never touched or were given back
 * (balloon, free page reporting) are holes.  A machine maps it privately (mem_init_file): it can run at once,
 * pages come as they are touched, several machines share those that they only read, and the file must stay
 * as it is for as long as any of them lives.
 *
 * What is saved of memory that has a base (mem_base.h: it was restored, or saved before in this run) is, while the
 * machine stands still, only what changed since.  The rest is copied from file to file while it runs again, and on
 * file systems that can share blocks (btrfs, XFS) takes no space.  So each file is whole and needs no other: it is
 * one mapping at a restore, and deleting one asks nothing of those that came after it.
 */
#ifndef VMM_MEM_FILE_H
#define VMM_MEM_FILE_H

#include <stdint.h>

struct err;
struct mem;
struct mem_base;

/*
 * All of it, or what changed over its base; the sync is the caller's.  *bytes: of data written.  The vCPUs are
 * paused, the devices quiet, and what KVM's log has is noted in the base.
 */
int mem_save(const struct mem *m, int fd, uint64_t *bytes, struct err *e);
/* What the base of memory of `size` bytes, as it was then, has unchanged; from any thread.  Without a base nothing. */
int mem_save_rest(const struct mem_base *base, uint64_t size, int fd, struct err *e);

#endif

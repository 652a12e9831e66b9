/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk of several layers under libext2fs, only to be read.
 */
#ifndef CORE_EXT4_DISK_H
#define CORE_EXT4_DISK_H

#include <ext2fs/ext2fs.h>

struct chain;
struct err;

/* The file system on `c`, which outlives it; closed by ext2fs_free. */
int ext4_disk_open(struct chain *c, ext2_filsys *fs, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files differ between two snapshots of a distro, read out of the disks' ext4 itself: neither has to
 * run.  What libext2fs finds in them is the guest's and hostile.
 */
#ifndef CORE_SNAPSHOTS_DIFF_H
#define CORE_SNAPSHOTS_DIFF_H

#include "core/snapshots.h"

/*
 * *text, which the caller frees: a line each, "+" added, "-" removed, "M" changed (content, or owner, mode
 * or times), and the path as plain text, sorted.  Below a folder that is new or gone, each of its files.
 * `b` NULL: the disk as it is now.  A file that is the same inode with the same times, size and mode is
 * the same.
 */
int snapshots_diff(const struct paths *p, const char *distro, const char *a, const char *b,
                   const struct snapshots_work *work, char **text, struct err *e);

/* Such lines in words, the path first; the caller frees. */
char *snapshots_diff_words(const char *text);

#endif

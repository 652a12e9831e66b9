/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the files of a distro that is down are as they were at the last look, so that 500 of them need not be
 * read again each second: inode, dates, size and blocks of each, by stat(2).
 *
 * Files that lxtop writes are new inodes (file_write_atomic), and folders tell of renamings within them.  A clock
 * may be coarse: what changed in the last two seconds is never said to be the same, since it may change again
 * without another date.
 */
#ifndef CORE_SEEN_H
#define CORE_SEEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "config/paths.h"

#define SEEN_FILES 6

struct seen {
    struct seen_file {
        ino_t inode; /* 0: it is not there */
        int64_t written_ns, changed_ns, size, blocks;
    } file[SEEN_FILES];
};

/* All of it is what *s says, and has been for two seconds `at` this time; *s is what it is now.  Ask before reading. */
bool seen_same(struct seen *s, const struct paths *p, const char *name, time_t at);

#endif

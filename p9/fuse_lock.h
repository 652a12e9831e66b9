/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte-range locks of a FUSE mount, which are the server's.
 *
 * 9P has no lock request that waits and can be taken back: one that may sleep is asked for again and
 * again, by a thread of its own, so that however many wait they hold up nobody else's reads.  The owner
 * that the kernel names (a process's table of files) is what the server is told.
 *
 * flock(2) is a lock of the whole file, as with Linux's own client, owned by what was opened.  So a program
 * that uses both kinds on one file stands in its own way here; none is known that means to.
 */
#ifndef P9_FUSE_LOCK_H
#define P9_FUSE_LOCK_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct fuse_locks;
struct fuse_req;
struct p9_client;

struct fuse_locks *fuse_locks_new(struct p9_client *client, struct err *e);
/* Whoever still waits gets -ENOTCONN. */
void fuse_locks_free(struct fuse_locks *t); /* NULL allowed */

int fuse_locks_get(struct fuse_locks *t, uint32_t fid, uint64_t owner, struct flock *l);
/* Answers `req`, now or, with `sleep`, when it has the lock or is interrupted. */
void fuse_locks_set(struct fuse_locks *t, struct fuse_req *req, uint64_t ino, uint32_t fid, uint64_t owner,
                    const struct flock *l, bool sleep);
/* Everything that the owner has locked of the file. */
void fuse_locks_drop(struct fuse_locks *t, uint32_t fid, uint64_t owner);

#endif

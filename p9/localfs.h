/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of this machine as a p9_fs.
 *
 * A node is an O_PATH descriptor.  Every lookup is one component beneath another node, by openat2 with
 * RESOLVE_BENEATH, NO_MAGICLINKS and NO_SYMLINKS: nothing outside the folder can be reached, whatever
 * is swapped meanwhile.  For I/O the descriptor is opened again through /proc/self/fd, after a look at
 * its type, which an inode keeps for life: device nodes, FIFOs and sockets are never opened.
 *
 * qid: path is inode number and file system (a byte of its own; the share's own is 0), so that mounts
 * beneath the share stay apart; version is made from the file's handle, which holds the generation, so
 * that a recycled inode is a different file and a changed one is not.  Every reply has the same.
 *
 * Locks are OFD locks on the host's file, one open file description a lock owner.
 *
 * It needs /proc, mounted, of this process: make it after the last fork.  A thread that works on it
 * leaves the process's umask and working folder (unshare CLONE_FS, thread_start), so that modes are
 * the client's; a session without workers leaves that to its caller.
 */
#ifndef P9_LOCALFS_H
#define P9_LOCALFS_H

#include "p9/fs.h"
#include "p9/owner.h"

struct err;

struct p9_localfs_config {
    const char *root;          /* folder; links in it are followed once, now */
    struct p9_owners owners;
    unsigned fds_max;          /* descriptors held at most; 0: three quarters of RLIMIT_NOFILE */
    bool devices;              /* may make device nodes (needs root, too) */
    bool refuse_9p;            /* do not enter 9P mounts: they may lead back here */
    /*
     * Writes go where the client says even on files opened with O_APPEND.  For clients that cache
     * writes: Linux 6.4 to 6.18 would otherwise write appended data twice.
     */
    bool append_at_offset;
};

struct p9_fs *p9_localfs_new(const struct p9_localfs_config *c, struct err *e);
void p9_localfs_free(struct p9_fs *fs); /* NULL allowed; every session on it has ended */

#endif

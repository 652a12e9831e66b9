/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of this machine that shows the files of a 9P server, through libfuse3, as an ordinary user.
 *
 * Everything is the server's to decide: what may be read, locks, links.  Links are shown as links.  What
 * the kernel has been told it believes for a second; data is read anew at each open, and no write waits
 * here.  What 9P does not have (renameat2's flags, fallocate, holes) is refused as unsupported.
 *
 * flock(2) works among the programs of this machine alone, as 9P has byte-range locks only; those
 * (fcntl) are the server's.
 *
 * The connection lost, everything in the folder is -ENOTCONN at once; unmounting works as ever.  With a
 * way to connect again that is tried when something is wanted, once a second at most: then names lead to
 * their files again, and what was open is -EIO until it is closed, for its locks and its unlinked files
 * went with the old connection.
 */
#ifndef P9_FUSE_H
#define P9_FUSE_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct p9_client;
struct p9_mount;

/* A new connection to the server, or -errno; called by several threads, never by two at once. */
typedef int p9_mount_connect(void *ctx, struct err *e);

struct p9_mount_config {
    struct p9_client *client; /* borrowed for the mount's life */
    p9_mount_connect *connect; /* NULL: none */
    void *ctx;
    const char *source;       /* what the table of mounts calls it */
    uint32_t uid, gid;        /* the server's numbers that are shown as the caller's own, and back */
    unsigned fids_max;        /* files that the server keeps for us; 0: 8192 */
    /*
     * For root: every user of this machine may look into it.  The kernel then judges by owners and modes
     * as on a disk, and the server, to whom the client must be root, is trusted to obey.
     */
    bool everyone;
};

/* Mounts on `folder`; whoever looks into it waits until p9_mount_run.  Fork before it, not after. */
struct p9_mount *p9_mount_new(const struct p9_mount_config *config, const char *folder, struct err *e);
/* Serves until it is unmounted, or SIGTERM, SIGINT or SIGHUP: 0 or -errno. */
int p9_mount_run(struct p9_mount *m);
/* Unmounts if that has not been done. */
void p9_mount_free(struct p9_mount *m); /* NULL allowed */

#endif

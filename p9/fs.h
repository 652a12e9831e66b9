/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the 9P server asks of a file system: localfs (host files), a test's tree in memory.
 *
 * A node is a file found by name, held whatever becomes of the name; a file is a node opened.  Both
 * are counted (p9_node_get and friends); the file system embeds the base struct and frees its own at
 * the last put.  A node's qid never changes, so every reply about it carries the same one.
 *
 * Functions return 0 (or a count) or -errno in Linux's numbers, may block, and are called by several
 * threads at once, also on one node or file.  Names are checked: not empty, at most 255 bytes, no '/'
 * and no NUL inside, not "." or "..".  Read-only shares never reach a function that changes anything.
 */
#ifndef P9_FS_H
#define P9_FS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "p9/msg.h"

struct p9_fs;
struct state;

/*
 * An attribute that reads as where the next data of a regular file is, at OFFSET or behind it: its name
 * is this with OFFSET behind, its value that place, both in decimal digits; the file's size where there
 * is none.  9P knows no holes, and reading 5 GB of zeroes takes minutes.  Linux has no such attribute, a
 * server that is not ours says so, and it is never listed.
 */
#define P9_DATA_XATTR "lxtop.data."

struct p9_node {
    atomic_uint refs;
    struct p9_qid qid; /* [const] version is never 0 */
    bool apart;        /* [const] its calls may wait for others than this host, perhaps for ever */
};

struct p9_file {
    atomic_uint refs;
};

/* What a new file is to have. */
struct p9_make {
    uint32_t uid;  /* of the fid's attach; P9_NOUID: nobody in particular */
    uint32_t gid, mode;
};

/* Who holds a lock: a process of a client of a session. */
struct p9_lock_owner {
    uint64_t session;
    uint32_t proc_id;
    char client_id[65]; /* a host name, cut */
};

/* Takes one directory entry; false: no room, stop before it. `next` is where to go on behind it. */
typedef bool p9_fill(void *ctx, const struct p9_dirent *entry);

enum { P9_LIST_NEAR = 1, P9_LIST_ATTRS = 2 };

#define P9_FS_NOWAIT (1u << 31) /* of no client */

struct p9_fs_ops {
    /*
     * For a client that outlives this server (context_state.h); any may be NULL, its files are lost then.
     * place: where the node is now, beneath the share, "" its root; -ESTALE when no name leads there.
     * find: what is there, through no link; `root`: nothing above it is to be shown.
     * state: what qids are made from beside the files' own numbers.
     */
    int (*place)(struct p9_fs *fs, struct p9_node *node, char *path, size_t size);
    int (*find)(struct p9_fs *fs, const char *path, bool root, struct p9_node **node);
    void (*state)(struct p9_fs *fs, struct state *s);

    /* Once on each worker thread before its first request; may be NULL. */
    void (*thread_start)(struct p9_fs *fs);
    /* Before each request, on its thread: act as this user from here on; may be NULL. */
    void (*become)(struct p9_fs *fs, uint32_t uid, bool changes_data);

    /* `aname`: a folder beneath the share, "" for its root. */
    int (*attach)(struct p9_fs *fs, const char *aname, struct p9_node **root);
    int (*walk)(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node **found);
    /*
     * The same into no other file system, and `at_once` without a wait: -EAGAIN when it would be one, or there would be
     * one.  May be NULL, if there is but one, and the fs is not brisk.
     */
    int (*walk_near)(struct p9_fs *fs, struct p9_node *dir, const char *name, bool at_once,
                     struct p9_node **found);
    /* Does the name still lead to the node? */
    bool (*is_at)(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node *node);
    void (*node_free)(struct p9_fs *fs, struct p9_node *node);

    /*
     * P9_O_ flags.  Only regular files and folders are opened: -ENXIO or -ELOOP for the rest.  With P9_FS_NOWAIT
     * never waits for somebody else to let go of the file: -EAGAIN.
     */
    int (*open)(struct p9_fs *fs, struct p9_node *node, uint32_t flags, struct p9_file **file);
    int (*create)(struct p9_fs *fs, struct p9_node *dir, const char *name, uint32_t flags,
                  const struct p9_make *make, struct p9_node **node, struct p9_file **file);
    void (*file_free)(struct p9_fs *fs, struct p9_file *file);
    ssize_t (*read)(struct p9_fs *fs, struct p9_file *file, const struct iovec *iov, unsigned n,
                    uint64_t offset);
    ssize_t (*write)(struct p9_fs *fs, struct p9_file *file, const struct iovec *iov, unsigned n,
                     uint64_t offset);
    /*
     * From `offset` (0, or a `next` given before) until the end or until `fill` has no room.  P9_LIST_NEAR: until a
     * folder of another file system is there, for which others may have to be waited for: -EAGAIN.  P9_LIST_ATTRS:
     * with the attributes of what is no mount point, where they can be had.
     */
    int (*readdir)(struct p9_fs *fs, struct p9_file *file, uint64_t offset, unsigned how, p9_fill *fill, void *ctx);
    int (*fsync)(struct p9_fs *fs, struct p9_file *file, bool data_only);
    /* Never waits: 0, -EAGAIN when somebody else holds the range, other -errno. */
    int (*lock)(struct p9_fs *fs, struct p9_file *file, const struct p9_lock *lock,
                const struct p9_lock_owner *owner);
    /* Turns `lock` into one that stands in its way, or into P9_LOCK_NONE. */
    int (*getlock)(struct p9_fs *fs, struct p9_file *file, struct p9_lock *lock,
                   const struct p9_lock_owner *owner);

    /* `file`: the node opened, or NULL. */
    int (*getattr)(struct p9_fs *fs, struct p9_node *node, struct p9_attr *attr);
    int (*setattr)(struct p9_fs *fs, struct p9_node *node, struct p9_file *file,
                   const struct p9_setattr *set);
    int (*statfs)(struct p9_fs *fs, struct p9_node *node, struct p9_statfs *st);
    /* The target without a NUL; returns its length, at most `cap`. */
    ssize_t (*readlink)(struct p9_fs *fs, struct p9_node *node, char *target, size_t cap);

    int (*mkdir)(struct p9_fs *fs, struct p9_node *dir, const char *name,
                 const struct p9_make *make, struct p9_qid *qid);
    int (*symlink)(struct p9_fs *fs, struct p9_node *dir, const char *name, const char *target,
                   const struct p9_make *make, struct p9_qid *qid);
    int (*mknod)(struct p9_fs *fs, struct p9_node *dir, const char *name, uint32_t major,
                 uint32_t minor, const struct p9_make *make, struct p9_qid *qid);
    int (*link)(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node *node);
    int (*rename)(struct p9_fs *fs, struct p9_node *from, const char *old, struct p9_node *to,
                  const char *name);
    int (*unlink)(struct p9_fs *fs, struct p9_node *dir, const char *name, bool is_dir);

    /* Value of an attribute, or for name "" their names with a NUL each: the length (at most `cap`). */
    ssize_t (*xattr_get)(struct p9_fs *fs, struct p9_node *node, const char *name, void *value,
                         size_t cap);
    /* `flags`: XATTR_CREATE, XATTR_REPLACE; value NULL removes. */
    int (*xattr_set)(struct p9_fs *fs, struct p9_node *node, const char *name, const void *value,
                     size_t len, uint32_t flags);
};

struct p9_fs {
    const struct p9_fs_ops *ops; /* [const] */
    /*
     * [const] Calls seldom wait, getattr and readlink never, and any thread may make them (with umask 0, where
     * files are made) ...
     */
    bool brisk;
    bool personal; /* [const] ... that may become somebody else */
};

struct p9_node *p9_node_get(struct p9_node *n);
void p9_node_put(struct p9_fs *fs, struct p9_node *n); /* NULL allowed */
struct p9_file *p9_file_get(struct p9_file *f);
void p9_file_put(struct p9_fs *fs, struct p9_file *f); /* NULL allowed */

/* 0, -EINVAL ("", '/', NUL, "." and ".."), -ENAMETOOLONG; the name goes to `to` with a NUL. */
#define P9_NAME_SIZE 256
int p9_name_check(const struct p9_str *name, char to[P9_NAME_SIZE]);

#endif

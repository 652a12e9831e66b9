/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of localfs share; for nobody else.
 */
#ifndef P9_LOCALFS_NODE_H
#define P9_LOCALFS_NODE_H

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "p9/localfs.h"

#define LOCALFS_DEVICES 255 /* file systems told apart by a byte of their own */

#define LOCALFS_LOCK_BUCKETS 64 /* of files; a file of a server that is gone stalls no other's locks */

/* The lock owners of some files, by their qid. */
struct local_locks {
    pthread_mutex_t lock;
    struct local_lock *first;     /* [lock] */
};

struct localfs {
    struct p9_fs fs;              /* first: a p9_fs is one of these */
    struct p9_localfs_config c;   /* [const] `root` is not kept */
    int root;                     /* [const] O_PATH */
    int proc;                     /* [const] O_PATH of /proc/self/fd */
    uint64_t dev;                 /* [const] of the root: the first in `device` */
    bool plain;                   /* [const] so is the root's file system */
    atomic_uint fds;              /* held by nodes, files and locks */
    pthread_mutex_t devices_lock;
    uint64_t device[LOCALFS_DEVICES]; /* [devices_lock] */
    unsigned devices;             /* [devices_lock] */
    struct local_locks locks[LOCALFS_LOCK_BUCKETS];
    atomic_uint ranges;           /* that all lock owners hold */
    atomic_uint listings;         /* buffers of half-read folders */
};

/* What one lock owner holds of a file: apart from each other, in their order. */
struct local_range {
    struct local_range *next;
    off_t start, end;             /* `end`: of its last byte */
    short type;                   /* F_RDLCK or F_WRLCK */
};

struct local_node {
    struct p9_node node;          /* first */
    int fd;                       /* [const] O_PATH */
    mode_t type;                  /* [const] S_IFMT bits */
    uint64_t dev;                 /* [const] */
    bool root;                    /* [const] nothing above it is shown */
};

struct local_file {
    struct p9_file file;          /* first */
    int fd;                       /* [const] */
    uint32_t flags;               /* [const] P9_O_ */
    struct p9_qid qid;            /* [const] of its node */
    uint64_t dev;                 /* [const] */
    bool root;                    /* [const] the folder's ".." is itself */
    pthread_mutex_t lock;         /* guards the position in a folder */
    uint8_t *entries;             /* what getdents64 gave and no reply has carried yet */
    size_t start, end;
    uint64_t offset;              /* of the entry at `start` */
    bool looked;                  /* `plain` and `mount` are known */
    bool plain;                   /* numbers in the folder's entries are those of stat */
    int mount;
    struct local_lock_use *uses;  /* [its local_locks' lock] */
};

static inline struct localfs *localfs_of(struct p9_fs *fs)
{
    return (struct localfs *)fs;
}

static inline struct local_node *local_node_of(struct p9_node *n)
{
    return (struct local_node *)n;
}

static inline struct local_file *local_file_of(struct p9_file *f)
{
    return (struct local_file *)f;
}

/* The name of a descriptor in l->proc. */
struct fd_name {
    char s[12];
};
struct fd_name local_fd_name(int fd);

/* localfs_qid.c */
/* What a qid is made of: `dev` and `mode` too; 0 or -errno. */
struct local_identity {
    struct p9_qid qid;
    uint64_t dev;
    mode_t mode;
};
int local_identify(struct localfs *l, int dir, const char *name, struct local_identity *id);
/* The same, where the file behind `fd` waits for nobody but this host's disks. */
int local_identify_near(struct localfs *l, int fd, struct local_identity *id);

uint8_t local_qid_type(mode_t mode);
uint64_t local_qid_path(struct localfs *l, uint64_t dev, uint64_t ino);
/*
 * The generation of the inode number, as the file's handle holds it (ext4, xfs, btrfs, tmpfs): constant
 * for a file's life.  The birth time alone is too coarse: a number can be given to the next file within
 * the same tick.  Also tells the mount it is on.
 */
int local_handle_version(int dir, const char *name, int *mount, uint32_t *version);

/* localfs.c */
/* One descriptor more: 0 or -EMFILE. */
int local_charge_fd(struct localfs *l);
void local_uncharge_fd(struct localfs *l);
/*
 * A node of an O_PATH descriptor, which it takes (also when it fails), found from the folder `dir` or, NULL, from the
 * share's root.
 */
int local_node_new(struct localfs *l, int fd, bool root, const struct local_node *dir, struct p9_node **node);
/* Opens the file behind a descriptor again. `flags`: the host's.  -errno, or a descriptor. */
int local_reopen(struct localfs *l, int fd, int flags);

/* localfs_state.c */
int local_place(struct p9_fs *fs, struct p9_node *node, char *path, size_t size);
int local_find(struct p9_fs *fs, const char *path, bool root, struct p9_node **node);
void local_state(struct p9_fs *fs, struct state *s);

/* Beneath `dir`, through no link, symbolic or magic: an O_PATH descriptor or -errno. `resolve`: more. */
int local_open_beneath(int dir, const char *path, int flags, uint64_t resolve);
int local_walk(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node **found);
bool local_is_at(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node *node);

/* localfs_dir.c */
/* A file system of this host's own memory or disks: its calls end by themselves, its folders hold stat's numbers. */
struct statfs;
bool local_is_plain(const struct statfs *st);
void local_listing_close(struct localfs *l, struct local_file *f);
int local_readdir(struct p9_fs *fs, struct p9_file *file, uint64_t offset, unsigned how, p9_fill *fill,
                  void *ctx);
int local_mkdir(struct p9_fs *fs, struct p9_node *dir, const char *name,
                const struct p9_make *make, struct p9_qid *qid);
int local_symlink(struct p9_fs *fs, struct p9_node *dir, const char *name, const char *target,
                  const struct p9_make *make, struct p9_qid *qid);
int local_mknod(struct p9_fs *fs, struct p9_node *dir, const char *name, uint32_t major,
                uint32_t minor, const struct p9_make *make, struct p9_qid *qid);
int local_link(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node *node);
int local_rename(struct p9_fs *fs, struct p9_node *from, const char *old, struct p9_node *to,
                 const char *name);
int local_unlink(struct p9_fs *fs, struct p9_node *dir, const char *name, bool is_dir);
ssize_t local_readlink(struct p9_fs *fs, struct p9_node *node, char *target, size_t cap);

/* localfs_attr.c */
int local_getattr(struct p9_fs *fs, struct p9_node *node, struct p9_attr *attr);
/* Of what stat(2) says; `fd` of the file, for owners of the kind XATTR. */
void local_attr_of(struct localfs *l, int fd, const struct stat *st, struct p9_attr *attr);
int local_setattr(struct p9_fs *fs, struct p9_node *node, struct p9_file *file,
                  const struct p9_setattr *set);
int local_statfs(struct p9_fs *fs, struct p9_node *node, struct p9_statfs *st);
ssize_t local_xattr_get(struct p9_fs *fs, struct p9_node *node, const char *name, void *value,
                        size_t cap);
int local_xattr_set(struct p9_fs *fs, struct p9_node *node, const char *name, const void *value,
                    size_t len, uint32_t flags);

/* localfs_range.c: the ranges of an owner as the kernel has them, counted, since there they cost memory without end. */
#define LOCALFS_RANGES_MAX 16384 /* of a share */
/*
 * Room for what `want` (l_whence is SEEK_SET) makes of them: 0 or -ENOLCK, which nobody gets who unlocks all of one.
 * `spare`: for local_ranges_set, or to drop.
 */
int local_ranges_reserve(struct localfs *l, struct local_range *ranges, const struct flock *want,
                         struct local_range **spare);
void local_ranges_set(struct localfs *l, struct local_range **ranges, const struct flock *want,
                      struct local_range **spare);
void local_ranges_drop(struct localfs *l, struct local_range **ranges);

/* localfs_lock.c */
int local_lock(struct p9_fs *fs, struct p9_file *file, const struct p9_lock *lock,
               const struct p9_lock_owner *owner);
int local_getlock(struct p9_fs *fs, struct p9_file *file, struct p9_lock *lock,
                  const struct p9_lock_owner *owner);
void local_locks_init(struct localfs *l);
void local_locks_release(struct localfs *l);
/* The file is closed, and nobody else has it: the locks that only it still held are gone. */
void local_lock_close(struct localfs *l, struct local_file *f);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 9P2000.L client: files of a server, by fid.
 *
 * Any thread may call anything at any time.  Functions return 0 (or a count) or -errno: the server's
 * own, -ENOTCONN once the connection is lost, -ETIMEDOUT for a call that was not answered in time (see
 * conn.h for the bounds), -EIO for an answer that cannot be.
 *
 * The server is hostile.  What comes back is checked before anybody sees it: names are one component,
 * not empty, without '/' and NUL, at most 255 bytes; a file's type is the same in qid and mode; times
 * and sizes fit; counts are at most what was asked for.  Symbolic links are never followed here: a
 * target is text.  Names given to these functions are checked just so (-EINVAL, -ENAMETOOLONG).
 */
#ifndef P9_CLIENT_H
#define P9_CLIENT_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "p9/fs.h"

struct err;
struct p9_client;

#define P9_CLIENT_TEXT 4096      /* a link's target with its NUL */
#define P9_CLIENT_XATTR 65536    /* an attribute's value, or the list of names: Linux's own limits */
#define P9_CLIENT_BATCH 32u      /* names in one p9_client_lookup_many */

struct p9_client_config {
    uint32_t msize;           /* 0: 1 MiB and heads */
    int timeout_ms, grace_ms; /* conn.h */
    uint32_t uid;             /* who the client is to the server; P9_NOUID: nobody in particular */
    const char *aname;        /* folder that becomes the root; NULL: the server's own */
};

/* Takes `fd`, a connected stream socket (also when it fails). */
struct p9_client *p9_client_new(int fd, const struct p9_client_config *config, struct err *e);
/* No function is running on it any more. */
void p9_client_free(struct p9_client *c); /* NULL allowed */
uint32_t p9_client_root(const struct p9_client *c); /* fid of the root; never clunked */
uint32_t p9_client_io_max(const struct p9_client *c); /* bytes in one message */
/* From any thread: everything under way and later fails with -ENOTCONN. */
void p9_client_break(struct p9_client *c);
/* Why the connection ended, for people; NULL while it lives, as far as the socket knows. */
const char *p9_client_lost(struct p9_client *c);
/*
 * A new connection to the same server instead of the one that is lost; takes `fd`.  The root's fid is
 * good again; every other one is the old connection's, is not good any more and fails with -EBADF; it is
 * still its holder's to clunk.  0 or -errno, and then nothing has changed.
 */
int p9_client_reconnect(struct p9_client *c, int fd, struct err *e);
/* False: it is of a connection that is no more. */
bool p9_client_fid_is_good(struct p9_client *c, uint32_t fid);

/* A new fid for `name` in `dir`, and what it is; `name` NULL: for `dir` itself. */
int p9_client_lookup(struct p9_client *c, uint32_t dir, const char *name, uint32_t *fid,
                     struct p9_attr *attr);
/* Up to P9_CLIENT_BATCH at once; where rc[i] is 0, fid[i] and attr[i] are set. */
void p9_client_lookup_many(struct p9_client *c, uint32_t dir, const char *const *name, unsigned n,
                           uint32_t *fid, struct p9_attr *attr, int *rc);
/* A second fid for the same file. */
int p9_client_clone(struct p9_client *c, uint32_t fid, uint32_t *clone);
/* Gives a fid up, without waiting. */
void p9_client_clunk(struct p9_client *c, uint32_t fid);

int p9_client_getattr(struct p9_client *c, uint32_t fid, struct p9_attr *attr);
int p9_client_setattr(struct p9_client *c, const struct p9_setattr *set);
int p9_client_statfs(struct p9_client *c, uint32_t fid, struct p9_statfs *st);

struct p9_new_file {
    uint32_t flags, mode, gid; /* P9_O_ flags */
};

/* P9_O_ flags.  The fid is open from here on. */
int p9_client_open(struct p9_client *c, uint32_t fid, uint32_t flags);
/* A second fid for the same file, open. */
int p9_client_reopen(struct p9_client *c, uint32_t fid, uint32_t flags, uint32_t *open);
/* A new file in `dir`, open as the new fid. */
int p9_client_create(struct p9_client *c, uint32_t dir, const char *name, uint32_t flags,
                     uint32_t mode, uint32_t gid, uint32_t *fid);
/* The same, and a second fid, not open, with what the file is. */
int p9_client_make(struct p9_client *c, uint32_t dir, const char *name, const struct p9_new_file *file,
                   uint32_t *open, uint32_t *fid, struct p9_attr *attr);
/* What `name` is in `dir`, open, and a second fid, not open, with what the file is. */
int p9_client_open_name(struct p9_client *c, uint32_t dir, const char *name, uint32_t flags, uint32_t *open,
                        uint32_t *fid, struct p9_attr *attr);
/* As many messages as it takes, several in flight; less than `len` is the end of the file. */
ssize_t p9_client_read(struct p9_client *c, uint32_t fid, void *bytes, size_t len, uint64_t offset);
/* Less than `len` where an error came after the first part. */
ssize_t p9_client_write(struct p9_client *c, uint32_t fid, const void *bytes, size_t len,
                        uint64_t offset);
/* Where data is next, at `offset` or behind it, or the file's size; -errno where the server cannot tell. */
int64_t p9_client_next_data(struct p9_client *c, uint32_t fid, uint64_t offset);
int p9_client_fsync(struct p9_client *c, uint32_t fid, bool data_only);

/* A part of a folder's listing.  Zero-initialised; owns its bytes. */
struct p9_listing {
    uint8_t *bytes;
    size_t len, at, room;
    bool attrs; /* its entries say what they are */
};
struct p9_entry {
    struct p9_qid qid;
    uint64_t next;  /* offset to go on behind it */
    uint8_t type;   /* DT_ */
    char name[P9_NAME_SIZE];
    struct p9_attr attr; /* `valid` 0: not told */
};
/* The part from `offset` (0, or a `next`); 1, or 0 at the end of the folder, or -errno. */
int p9_client_list(struct p9_client *c, uint32_t fid, uint64_t offset, struct p9_listing *l);
/* The same with what each name is, in at most `count` bytes; from a server of 9P2000.L alone: without. */
int p9_client_list_attrs(struct p9_client *c, uint32_t fid, uint64_t offset, uint32_t count, struct p9_listing *l);
/* The next entry, "." and ".." too where the server names them; false at the end of the part. */
bool p9_listing_next(struct p9_listing *l, struct p9_entry *entry);
bool p9_is_dots(const char *name);
void p9_listing_release(struct p9_listing *l);

int p9_client_mkdir(struct p9_client *c, uint32_t dir, const char *name, uint32_t mode, uint32_t gid);
int p9_client_mknod(struct p9_client *c, uint32_t dir, const char *name, uint32_t mode, dev_t rdev,
                    uint32_t gid);
int p9_client_symlink(struct p9_client *c, uint32_t dir, const char *name, const char *target,
                      uint32_t gid);
int p9_client_link(struct p9_client *c, uint32_t dir, const char *name, uint32_t fid);
int p9_client_rename(struct p9_client *c, uint32_t from, const char *old, uint32_t to,
                     const char *name);
int p9_client_unlink(struct p9_client *c, uint32_t dir, const char *name, bool is_dir);
int p9_client_readlink(struct p9_client *c, uint32_t fid, char target[P9_CLIENT_TEXT]);

/* The value (name "": the list of names, a NUL behind each) and its length; cap 0 asks for that alone. */
ssize_t p9_client_xattr_get(struct p9_client *c, uint32_t fid, const char *name, void *value,
                            size_t cap);
/* `flags`: XATTR_CREATE, XATTR_REPLACE; value NULL removes. */
int p9_client_xattr_set(struct p9_client *c, uint32_t fid, const char *name, const void *value,
                        size_t len, uint32_t flags);

/* `lock` has fid, kind, range and owner.  Never waits: -EAGAIN when somebody else holds the range. */
int p9_client_lock(struct p9_client *c, const struct p9_lock *lock);
/* Turns `lock` into one that stands in its way, or into P9_LOCK_NONE; its client_id is gone then. */
int p9_client_getlock(struct p9_client *c, struct p9_lock *lock);

#endif

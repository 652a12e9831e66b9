/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fids of a session: numbers chosen by the client, each with a node and what was opened of it.
 *
 * A fid is counted: a request holds it while it runs, so a Tclunk beside it closes nothing under it.
 * The node is held by descriptor, never by path.  Where it was found (parent and name) is kept for
 * Tremove and Trename alone, and is checked before use.
 *
 * Threads: any.  The table has a lock of its own; a fid's fields below `lock` are guarded by it.
 */
#ifndef P9_FID_H
#define P9_FID_H

#include <pthread.h>

#include "p9/fs.h"

/* An extended attribute on its way: read (complete from the start) or written (set by Tclunk). */
struct p9_xattr {
    bool writing;
    uint32_t flags;
    size_t size, filled; /* filled: bytes written without a hole from 0 on */
    char name[P9_NAME_SIZE];
    uint8_t value[];
};

struct p9_fid {
    uint32_t number;          /* [const] */
    uint32_t uid;             /* [const] of the attach, P9_NOUID: none given */
    struct p9_fid *next;      /* [table] */
    atomic_uint refs;
    pthread_mutex_t lock;
    struct p9_node *node;     /* never NULL */
    struct p9_node *parent;   /* NULL: an attach's root */
    char *name;               /* in parent; NULL with it */
    struct p9_file *file;     /* NULL: not open */
    uint32_t flags;           /* P9_O_ with which it was */
    bool lost;                /* its file could not be found again after a restore: all but a clunk fails */
    struct p9_xattr *xattr;   /* NULL: none; excludes `file` */
};

struct p9_fids {
    struct p9_fs *fs;         /* [const] */
    unsigned max, files_max;  /* [const] */
    size_t xattr_max;         /* [const] */
    atomic_uint files;        /* open */
    atomic_size_t xattr_bytes;
    pthread_mutex_t lock;
    struct p9_fid **bucket;   /* [lock] */
    unsigned buckets, count;  /* [lock] */
};

int p9_fids_init(struct p9_fids *t, struct p9_fs *fs, unsigned max, unsigned files_max,
                 size_t xattr_max);
/* Puts every fid: files are closed when the last request lets go. */
void p9_fids_clear(struct p9_fids *t);
void p9_fids_release(struct p9_fids *t);

/* A new fid, in no table yet, held once; takes `node`, `parent` and `name`, also when it fails. */
struct p9_fid *p9_fid_new(struct p9_fids *t, uint32_t number, uint32_t uid, struct p9_node *node,
                          struct p9_node *parent, char *name);
/* Adds it (the table holds it too): 0, -EINVAL when the number is in use, -EMFILE, -ENOMEM. */
int p9_fids_add(struct p9_fids *t, struct p9_fid *f);
/* Held; NULL when there is none. */
struct p9_fid *p9_fids_get(struct p9_fids *t, uint32_t number);
/* Ends the table's hold; the caller has one of its own.  False: it is not in the table any more. */
bool p9_fids_remove(struct p9_fids *t, struct p9_fid *f);
void p9_fid_put(struct p9_fids *t, struct p9_fid *f); /* NULL allowed */

/* Counts one more open file: 0 or -EMFILE.  p9_fid_put counts it back with the fid's file. */
int p9_fids_charge_file(struct p9_fids *t);
void p9_fids_uncharge_file(struct p9_fids *t);
/* A value of `size` bytes, zeroed and counted: NULL when that is too much. */
struct p9_xattr *p9_fids_xattr(struct p9_fids *t, const char *name, size_t size);
void p9_fids_xattr_free(struct p9_fids *t, struct p9_xattr *x); /* NULL allowed */

#endif

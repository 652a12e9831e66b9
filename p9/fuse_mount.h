/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the FUSE bridge share; for nobody else.
 */
#ifndef P9_FUSE_MOUNT_H
#define P9_FUSE_MOUNT_H

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 314
#endif
#include <fuse3/fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/clock.h"
#include "p9/fuse.h"
#include "p9/fuse_node.h"

#define FUSE_VALID_S 1.0 /* how long the kernel believes names and attributes */

/*
 * When something was asked for that is believed for FUSE_VALID_S from then on, and no longer than until we change
 * anything: a size that is out of date would have the kernel append where there is something.
 */
struct fuse_asked {
    int64_t ms;               /* CLOCK_MONOTONIC */
    unsigned changes;         /* of the mount, then */
};

struct p9_mount {
    struct p9_client *client; /* [const] */
    struct fuse_session *session; /* [const] */
    struct nodes nodes;
    struct fuse_locks *locks; /* [const] */
    struct fuse_ahead *ahead; /* [const] */
    uint32_t uid, gid;        /* [const] the server's */
    uid_t own_uid;            /* [const] ours */
    gid_t own_gid;
    bool everyone;            /* [const] */
    bool mounted, handlers;
    atomic_uint changes;      /* that were made through us: what was listed before them is asked for anew */
    p9_mount_connect *connect; /* [const] with its ctx; NULL: the connection is the only one */
    void *ctx;
    pthread_mutex_t reconnecting;
    int64_t next_try;         /* [reconnecting] CLOCK_MONOTONIC, ms */
};

/* An open file or folder. */
struct handle {
    uint32_t fid;             /* [const] */
    struct node *node;        /* [const] held */
    atomic_bool locked;       /* a byte-range lock was taken through it */
    pthread_mutex_t lock;     /* folders: the fields below */
    struct p9_listing listing;
    uint64_t position;        /* of the listing's next entry */
    struct fuse_asked asked;  /* for the listing */
    uint32_t ask;             /* bytes of the next part, with attributes */
};

static inline struct p9_mount *mount_of(fuse_req_t req)
{
    return fuse_req_userdata(req);
}

static inline struct node *node_of(struct p9_mount *m, fuse_ino_t ino)
{
    return ino == FUSE_ROOT_ID ? &m->nodes.root : (struct node *)(uintptr_t)ino;
}

static inline struct handle *handle_of(const struct fuse_file_info *fi)
{
    return (struct handle *)(uintptr_t)fi->fh;
}

/* In fuse_reconnect.c: nodes_hold, on a new connection where the old one is lost. */
int fuse_hold(struct p9_mount *m, struct node *n, uint32_t *fid);
/* nodes_open, just so. */
int fuse_open_fid(struct p9_mount *m, struct node *n, uint32_t flags, uint32_t *open);
/* The fid of what is open; -EIO where it was opened on a connection that is no more. */
int fuse_handle_fid(struct p9_mount *m, const struct handle *h, uint32_t *fid);

/* What the kernel is told of a file found; takes the fid.  0: it counts as a lookup. */
int fuse_entry_of(struct p9_mount *m, struct node *dir, const char *name, uint32_t fid,
                  const struct p9_attr *attr, struct fuse_entry_param *entry);
/* The same of a file that was listed, which gives no fid, and is believed for `left_s` more. */
int fuse_entry_of_told(struct p9_mount *m, struct node *dir, const char *name, const struct p9_attr *attr, double left_s,
                       struct fuse_entry_param *entry);
/* A name in a folder whose fid is held, found so. */
int fuse_look_up(struct p9_mount *m, struct node *dir, uint32_t dir_fid, const char *name,
                 struct fuse_entry_param *entry);
/* As fuse_entry_of, of a file that was made just now for the user of `req`, who becomes its owner. */
int fuse_entry_of_new(fuse_req_t req, struct node *dir, const char *name, uint32_t fid,
                      struct p9_attr *attr, struct fuse_entry_param *entry);
/* Must the server's user, which we are, give what is made for `req` away? */
bool fuse_is_other(fuse_req_t req);
struct stat fuse_stat_of(const struct p9_mount *m, const struct p9_attr *a);
/* The server's group for new files: ours stands for its own. */
uint32_t fuse_group_of(const struct p9_mount *m, fuse_req_t req);

/* Something was changed, or perhaps: before the kernel is told so. */
static inline void fuse_changed(struct p9_mount *m)
{
    atomic_fetch_add(&m->changes, 1);
}

/* Before it is asked for. */
static inline struct fuse_asked fuse_asked_now(struct p9_mount *m)
{
    unsigned changes = atomic_load(&m->changes);

    return (struct fuse_asked){clock_ms(), changes};
}

/* Seconds, by the clock alone. */
static inline double fuse_asked_left(const struct fuse_asked *a)
{
    double left = FUSE_VALID_S - (double)(clock_ms() - a->ms) / 1000;

    return left > 0 ? left : 0;
}

static inline bool fuse_asked_is_stale(struct p9_mount *m, const struct fuse_asked *a)
{
    return a->changes != atomic_load(&m->changes) || fuse_asked_left(a) <= 0;
}

/* 0 or -errno, to the kernel. */
static inline void fuse_reply_result(fuse_req_t req, int rc)
{
    fuse_reply_err(req, -rc);
}

#endif

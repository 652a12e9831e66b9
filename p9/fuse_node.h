/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a FUSE mount that the kernel knows: one node a file, found by its qid.
 *
 * A node has a fid as long as there are few enough of them: a folder of 50,000 files would else be
 * 50,000 open files in the guest.  The least recently used give theirs up, unless the file is open; and a
 * listing gives none.  When the kernel asks for such a file, its name is walked again from its folder's node, and -ESTALE is
 * the answer when another file is there now (the kernel then looks the path up anew).
 *
 * Counted: each lookup that the kernel has been told, each child, and each hold is a reference.
 * Threads: any; the table has one lock, which is never held over a call to the server.
 */
#ifndef P9_FUSE_NODE_H
#define P9_FUSE_NODE_H

#include <pthread.h>
#include <stdint.h>
#include <sys/queue.h>

#include "p9/client.h"

struct node {
    struct p9_qid qid;         /* [const] */
    struct node *next;         /* [lock] in its bucket */
    uint64_t refs;             /* [lock] */
    unsigned holds;            /* [lock] the fid stays while there are any */
    uint32_t fid;              /* [lock] P9_NOFID: given up */
    struct node *parent;       /* [lock] where it was found last; NULL: the root */
    char *name;                /* [lock] */
    TAILQ_ENTRY(node) recent;  /* [lock] those with a fid, the latest first */
};

struct nodes {
    struct p9_client *client;  /* [const] */
    unsigned fids_max;         /* [const] */
    struct node root;
    pthread_mutex_t lock;
    struct node **bucket;      /* [lock] */
    size_t buckets, count;     /* [lock] */
    TAILQ_HEAD(nodes_recent, node) recent; /* [lock] */
    unsigned fids;             /* [lock] */
};

int nodes_init(struct nodes *t, struct p9_client *client, unsigned fids_max);
void nodes_release(struct nodes *t);

/* The node of a file found as `name` in `parent`, with one more reference; takes `fid` (P9_NOFID: none).  NULL: no memory. */
struct node *nodes_add(struct nodes *t, struct node *parent, const char *name, uint32_t fid,
                       const struct p9_qid *qid);
/* Ends `n` references. */
void nodes_forget(struct nodes *t, struct node *node, uint64_t n);
/* Its fid, until nodes_unhold; -errno. */
int nodes_hold(struct nodes *t, struct node *node, uint32_t *fid);
/* The same, and a fid of it that is open (P9_O_ flags). */
int nodes_open(struct nodes *t, struct node *node, uint32_t flags, uint32_t *open);
void nodes_unhold(struct nodes *t, struct node *node);
/* The file was renamed, from a folder that is held to another: where it is walked to from here on. */
void nodes_renamed(struct nodes *t, struct node *from, const char *old, struct node *to, const char *name);
/* The connection is another: every fid is walked again when it is needed. */
void nodes_drop_fids(struct nodes *t);

#endif

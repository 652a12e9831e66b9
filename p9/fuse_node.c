/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/fuse_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"

#define BUCKETS 1024
#define DEPTH_MAX 2048 /* deeper than any path can be */

static size_t bucket_of(const struct nodes *t, const struct p9_qid *q)
{
    uint64_t h = (q->path ^ (uint64_t)q->version << 32) * 0x9e3779b97f4a7c15u;

    return (size_t)(h >> 20) % t->buckets;
}

static struct node *find(struct nodes *t, const struct p9_qid *q)
{
    struct node *n = t->bucket[bucket_of(t, q)];

    while (n && !p9_qid_is(&n->qid, q))
        n = n->next;
    return n;
}

static void insert(struct nodes *t, struct node *n)
{
    struct node **at = &t->bucket[bucket_of(t, &n->qid)];

    n->next = *at;
    *at = n;
}

/* More buckets once there are four nodes to each; without memory it stays as it is. */
static void grow(struct nodes *t)
{
    size_t old_n = t->buckets;
    struct node **old = t->bucket, **fresh;

    if (t->count < 4 * old_n || !(fresh = calloc(4 * old_n, sizeof(struct node *))))
        return;
    t->bucket = fresh;
    t->buckets = 4 * old_n;
    for (size_t i = 0; i < old_n; i++)
        for (struct node *n = old[i], *next; n; n = next) {
            next = n->next;
            insert(t, n);
        }
    free(old);
}

static void take_out(struct nodes *t, struct node *n)
{
    struct node **at = &t->bucket[bucket_of(t, &n->qid)];

    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    t->count--;
}

/* --- Fids ---------------------------------------------------------------------------------------- */

static void set_fid(struct nodes *t, struct node *n, uint32_t fid)
{
    n->fid = fid;
    TAILQ_INSERT_HEAD(&t->recent, n, recent);
    t->fids++;
}

/* One of a connection that was lost meanwhile would stay: nodes_drop_fids has been here. */
static bool takes_fid(struct nodes *t, const struct node *n, uint32_t fid)
{
    return n->fid == P9_NOFID && fid != P9_NOFID && p9_client_fid_is_good(t->client, fid);
}

static uint32_t drop_fid(struct nodes *t, struct node *n)
{
    uint32_t fid = n->fid;

    if (fid == P9_NOFID)
        return fid;
    TAILQ_REMOVE(&t->recent, n, recent);
    t->fids--;
    n->fid = P9_NOFID;
    return fid;
}

/* A fid too many, of the file least recently used that is not in use; P9_NOFID: none. */
static uint32_t excess_fid(struct nodes *t)
{
    struct node *n;

    if (t->fids <= t->fids_max)
        return P9_NOFID;
    TAILQ_FOREACH_REVERSE (n, &t->recent, nodes_recent, recent)
        if (n->holds == 0)
            return drop_fid(t, n);
    return P9_NOFID;
}

static void clunk(struct nodes *t, uint32_t fid)
{
    if (fid != P9_NOFID)
        p9_client_clunk(t->client, fid);
}

/* --- References ---------------------------------------------------------------------------------- */

/* With the lock held; the fid of each node freed goes to the list of those to clunk. */
static struct node *put_locked(struct nodes *t, struct node *n, uint64_t refs, struct node *freed)
{
    while (n && n != &t->root && (n->refs -= refs) == 0) {
        struct node *parent = n->parent;

        take_out(t, n);
        if (n->fid != P9_NOFID) {
            uint32_t fid = drop_fid(t, n);

            n->fid = fid;
        }
        n->next = freed;
        freed = n;
        n = parent;
        refs = 1;
    }
    return freed;
}

static void free_nodes(struct nodes *t, struct node *freed)
{
    for (struct node *n = freed, *next; n; n = next) {
        next = n->next;
        clunk(t, n->fid);
        free(n->name);
        free(n);
    }
}

void nodes_forget(struct nodes *t, struct node *node, uint64_t n)
{
    struct node *freed;

    pthread_mutex_lock(&t->lock);
    freed = put_locked(t, node, n, NULL);
    pthread_mutex_unlock(&t->lock);
    free_nodes(t, freed);
}

/* Found here now; where it was found before is forgotten.  Takes `name`. */
static struct node *place(struct nodes *t, struct node *n, struct node *parent, char *name)
{
    struct node *old = n->parent;

    free(n->name);
    n->name = name;
    n->parent = parent;
    parent->refs++;
    return old ? put_locked(t, old, 1, NULL) : NULL;
}

static struct node *node_new(struct nodes *t, const struct p9_qid *qid)
{
    struct node *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->qid = *qid;
    n->fid = P9_NOFID;
    insert(t, n);
    t->count++;
    grow(t);
    return n;
}

struct node *nodes_add(struct nodes *t, struct node *parent, const char *name, uint32_t fid,
                       const struct p9_qid *qid)
{
    auto_free char *copy = strdup(name);
    struct node *n, *freed = NULL;
    uint32_t excess;

    pthread_mutex_lock(&t->lock);
    n = find(t, qid);
    if (!n && copy)
        n = node_new(t, qid);
    if (n && takes_fid(t, n, fid)) {
        set_fid(t, n, fid);
        fid = P9_NOFID;
    }
    if (n) {
        n->refs++;
        if (n != &t->root && n != parent && copy)
            freed = place(t, n, parent, steal_ptr(&copy));
    }
    excess = excess_fid(t);
    pthread_mutex_unlock(&t->lock);
    clunk(t, fid);
    clunk(t, excess);
    free_nodes(t, freed);
    return n;
}

/* --- Holding ------------------------------------------------------------------------------------- */

/* True when the node has a fid: it is held then. */
static bool hold_fid(struct nodes *t, struct node *n, uint32_t *fid)
{
    bool has;

    pthread_mutex_lock(&t->lock);
    has = n->fid != P9_NOFID;
    if (has) {
        n->holds++;
        n->refs++;
        *fid = n->fid;
        if (n != &t->root) {
            TAILQ_REMOVE(&t->recent, n, recent);
            TAILQ_INSERT_HEAD(&t->recent, n, recent);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return has;
}

void nodes_unhold(struct nodes *t, struct node *node)
{
    struct node *freed;

    pthread_mutex_lock(&t->lock);
    node->holds--;
    freed = put_locked(t, node, 1, NULL);
    pthread_mutex_unlock(&t->lock);
    free_nodes(t, freed);
}

/* Where to walk it again: the parent with a reference, and the name. */
static struct node *whereabouts(struct nodes *t, struct node *n, char name[P9_NAME_SIZE])
{
    struct node *parent;

    pthread_mutex_lock(&t->lock);
    parent = n->parent;
    if (parent) {
        parent->refs++;
        strncpy(name, n->name, P9_NAME_SIZE - 1);
        name[P9_NAME_SIZE - 1] = '\0';
    }
    pthread_mutex_unlock(&t->lock);
    return parent;
}

/* Takes a fid that was walked again; another thread may have been faster. */
static void renew(struct nodes *t, struct node *n, uint32_t fid)
{
    uint32_t excess;

    pthread_mutex_lock(&t->lock);
    if (takes_fid(t, n, fid)) {
        set_fid(t, n, fid);
        fid = P9_NOFID;
    }
    n->holds++; /* so that it is not the one too many */
    excess = excess_fid(t);
    n->holds--;
    pthread_mutex_unlock(&t->lock);
    clunk(t, fid);
    clunk(t, excess);
}

static int walk_again(struct nodes *t, struct node *n, struct node *parent, uint32_t dir,
                      const char *name)
{
    struct p9_attr attr;
    uint32_t fid;
    int rc = p9_client_lookup(t->client, dir, name, &fid, &attr);

    (void)parent;
    if (rc < 0)
        return rc == -ENOENT ? -ESTALE : rc;
    if (p9_qid_is(&attr.qid, &n->qid)) {
        renew(t, n, fid);
        return 0;
    }
    p9_client_clunk(t->client, fid);
    return -ESTALE;
}

static int hold_deep(struct nodes *t, struct node *n, uint32_t *fid, unsigned depth)
{
    char name[P9_NAME_SIZE];
    int rc = 0;

    while (rc == 0 && !hold_fid(t, n, fid)) {
        struct node *parent = whereabouts(t, n, name);
        uint32_t dir;

        rc = parent && depth < DEPTH_MAX ? hold_deep(t, parent, &dir, depth + 1) : -ESTALE;
        if (rc == 0) {
            rc = walk_again(t, n, parent, dir, name);
            nodes_unhold(t, parent);
        }
        if (parent)
            nodes_forget(t, parent, 1);
    }
    return rc;
}

int nodes_hold(struct nodes *t, struct node *node, uint32_t *fid)
{
    return hold_deep(t, node, fid, 0);
}

/* The name leads to another file meanwhile. */
static int not_it(struct nodes *t, uint32_t open, uint32_t fid)
{
    clunk(t, open);
    clunk(t, fid);
    return -ESTALE;
}

/* Both at once, of one that has no fid. */
static int open_by_name(struct nodes *t, struct node *n, uint32_t dir, const char *name, uint32_t flags, uint32_t *open)
{
    struct p9_attr attr;
    uint32_t fid;
    int rc = p9_client_open_name(t->client, dir, name, flags, open, &fid, &attr);

    if (rc < 0)
        return rc == -ENOENT ? -ESTALE : rc;
    if (!p9_qid_is(&attr.qid, &n->qid))
        return not_it(t, *open, fid);
    renew(t, n, fid);
    if ((rc = nodes_hold(t, n, &fid)) < 0)
        clunk(t, *open);
    return rc;
}

static int open_held(struct nodes *t, struct node *n, uint32_t fid, uint32_t flags, uint32_t *open)
{
    int rc = p9_client_reopen(t->client, fid, flags, open);

    if (rc < 0)
        nodes_unhold(t, n);
    return rc;
}

static int hold_and_open(struct nodes *t, struct node *n, uint32_t flags, uint32_t *open)
{
    uint32_t fid;
    int rc = nodes_hold(t, n, &fid);

    return rc == 0 ? open_held(t, n, fid, flags, open) : rc;
}

/* What is cut by being opened must be known to be the file before. */
int nodes_open(struct nodes *t, struct node *n, uint32_t flags, uint32_t *open)
{
    char name[P9_NAME_SIZE];
    struct node *parent;
    uint32_t fid;
    int rc;

    if (hold_fid(t, n, &fid))
        return open_held(t, n, fid, flags, open);
    if ((flags & P9_O_TRUNC) || !(parent = whereabouts(t, n, name)))
        return hold_and_open(t, n, flags, open);
    if ((rc = nodes_hold(t, parent, &fid)) == 0) {
        rc = open_by_name(t, n, fid, name, flags, open);
        nodes_unhold(t, parent);
    }
    nodes_forget(t, parent, 1);
    return rc;
}

static void move_if(struct nodes *t, struct node *n, const struct node *from, const char *old, struct node *to,
                    const char *name)
{
    char *copy;

    if (n->parent == from && strcmp(n->name, old) == 0 && (copy = strdup(name)))
        place(t, n, to, copy); /* Frees nothing, as `from` is held. */
}

void nodes_renamed(struct nodes *t, struct node *from, const char *old, struct node *to, const char *name)
{
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->buckets; i++)
        for (struct node *n = t->bucket[i]; n; n = n->next)
            if (n != to)
                move_if(t, n, from, old, to, name);
    pthread_mutex_unlock(&t->lock);
}

void nodes_drop_fids(struct nodes *t)
{
    struct node *n;

    pthread_mutex_lock(&t->lock);
    while ((n = TAILQ_FIRST(&t->recent)))
        drop_fid(t, n);
    pthread_mutex_unlock(&t->lock);
}

/* --- Life ---------------------------------------------------------------------------------------- */

int nodes_init(struct nodes *t, struct p9_client *client, unsigned fids_max)
{
    struct p9_attr attr;
    int rc = p9_client_getattr(client, p9_client_root(client), &attr);

    *t = (struct nodes){.client = client, .fids_max = fids_max, .buckets = BUCKETS};
    if (rc < 0)
        return rc;
    t->root = (struct node){.qid = attr.qid, .refs = 1, .fid = p9_client_root(client)};
    if (!(t->bucket = calloc(t->buckets, sizeof(struct node *))))
        return -ENOMEM;
    TAILQ_INIT(&t->recent);
    pthread_mutex_init(&t->lock, NULL);
    insert(t, &t->root);
    return 0;
}

void nodes_release(struct nodes *t)
{
    if (!t->bucket)
        return;
    for (size_t i = 0; i < t->buckets; i++)
        for (struct node *n = t->bucket[i], *next; n; n = next) {
            next = n->next;
            if (n != &t->root) {
                free(n->name);
                free(n);
            }
        }
    free(t->bucket);
    pthread_mutex_destroy(&t->lock);
}

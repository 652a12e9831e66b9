/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/fid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

int p9_fids_init(struct p9_fids *t, struct p9_fs *fs, unsigned max, unsigned files_max,
                 size_t xattr_max)
{
    *t = (struct p9_fids){
        .fs = fs, .max = max, .files_max = files_max, .xattr_max = xattr_max, .buckets = BUCKETS_MIN};
    t->bucket = calloc(t->buckets, sizeof(struct p9_fid *));
    pthread_mutex_init(&t->lock, NULL);
    return t->bucket ? 0 : -ENOMEM;
}

void p9_fids_release(struct p9_fids *t)
{
    p9_fids_clear(t);
    free(t->bucket);
    pthread_mutex_destroy(&t->lock);
}

void p9_fids_clear(struct p9_fids *t)
{
    for (unsigned i = 0; i < t->buckets; i++)
        for (struct p9_fid *f; (f = t->bucket[i]);) {
            pthread_mutex_lock(&t->lock);
            t->bucket[i] = f->next;
            t->count--;
            pthread_mutex_unlock(&t->lock);
            p9_fid_put(t, f);
        }
}

/* --- One fid ------------------------------------------------------------------------------------- */

static void fid_free(struct p9_fids *t, struct p9_fid *f)
{
    if (f->file) {
        p9_file_put(t->fs, f->file);
        p9_fids_uncharge_file(t);
    }
    p9_fids_xattr_free(t, f->xattr);
    p9_node_put(t->fs, f->node);
    p9_node_put(t->fs, f->parent);
    free(f->name);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct p9_fid *p9_fid_new(struct p9_fids *t, uint32_t number, uint32_t uid, struct p9_node *node,
                          struct p9_node *parent, char *name)
{
    struct p9_fid *f = calloc(1, sizeof(*f));

    if (!f) {
        p9_node_put(t->fs, node);
        p9_node_put(t->fs, parent);
        free(name);
        return NULL;
    }
    f->number = number;
    f->uid = uid;
    f->node = node;
    f->parent = parent;
    f->name = name;
    atomic_init(&f->refs, 1);
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void p9_fid_put(struct p9_fids *t, struct p9_fid *f)
{
    if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
        fid_free(t, f);
}

/* --- The table ----------------------------------------------------------------------------------- */

/* Fibonacci hashing: clients number fids from 0 up. */
static struct p9_fid **place(const struct p9_fids *t, uint32_t number)
{
    struct p9_fid **at = &t->bucket[(number * 2654435769u) & (t->buckets - 1)];

    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

/* For want of memory the table stays as it is: slower, not wrong. */
static void grow(struct p9_fids *t)
{
    struct p9_fid **old = t->bucket, **bigger;
    unsigned old_buckets = t->buckets;

    if (t->count < t->buckets * 2 || !(bigger = calloc((size_t)t->buckets * 4, sizeof(struct p9_fid *))))
        return;
    t->bucket = bigger;
    t->buckets *= 4;
    for (unsigned i = 0; i < old_buckets; i++)
        for (struct p9_fid *f = old[i], *next; f; f = next) {
            struct p9_fid **at = place(t, f->number);

            next = f->next;
            f->next = NULL;
            *at = f;
        }
    free(old);
}

static int add_locked(struct p9_fids *t, struct p9_fid *f)
{
    struct p9_fid **at;

    if (t->count >= t->max)
        return -EMFILE;
    grow(t);
    at = place(t, f->number);
    if (*at)
        return -EINVAL;
    *at = f;
    t->count++;
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return 0;
}

int p9_fids_add(struct p9_fids *t, struct p9_fid *f)
{
    int rc;

    pthread_mutex_lock(&t->lock);
    rc = add_locked(t, f);
    pthread_mutex_unlock(&t->lock);
    return rc;
}

struct p9_fid *p9_fids_get(struct p9_fids *t, uint32_t number)
{
    struct p9_fid *f;

    pthread_mutex_lock(&t->lock);
    f = *place(t, number);
    if (f)
        atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&t->lock);
    return f;
}

bool p9_fids_remove(struct p9_fids *t, struct p9_fid *f)
{
    struct p9_fid **at;
    bool there;

    pthread_mutex_lock(&t->lock);
    at = place(t, f->number);
    if ((there = *at == f)) {
        *at = f->next;
        t->count--;
    }
    pthread_mutex_unlock(&t->lock);
    if (there)
        p9_fid_put(t, f);
    return there;
}

/* --- Limits -------------------------------------------------------------------------------------- */

int p9_fids_charge_file(struct p9_fids *t)
{
    if (atomic_fetch_add(&t->files, 1) < t->files_max)
        return 0;
    atomic_fetch_sub(&t->files, 1);
    return -EMFILE;
}

void p9_fids_uncharge_file(struct p9_fids *t)
{
    atomic_fetch_sub(&t->files, 1);
}

/* What one value costs: also an empty one. */
static size_t xattr_cost(size_t size)
{
    return sizeof(struct p9_xattr) + size;
}

struct p9_xattr *p9_fids_xattr(struct p9_fids *t, const char *name, size_t size)
{
    struct p9_xattr *x = NULL;

    if (atomic_fetch_add(&t->xattr_bytes, xattr_cost(size)) + xattr_cost(size) <= t->xattr_max)
        x = calloc(1, xattr_cost(size));
    if (!x) {
        atomic_fetch_sub(&t->xattr_bytes, xattr_cost(size));
        return NULL;
    }
    x->size = size;
    strncpy(x->name, name, sizeof(x->name) - 1);
    return x;
}

void p9_fids_xattr_free(struct p9_fids *t, struct p9_xattr *x)
{
    if (!x)
        return;
    atomic_fetch_sub(&t->xattr_bytes, xattr_cost(x->size));
    free(x);
}

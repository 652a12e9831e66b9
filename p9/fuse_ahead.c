/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/fuse_ahead.h"

#include <stdlib.h>
#include <string.h>

#define FOLDERS 32           /* looked into at once: git(1) has 20 threads, each in folders of its own */
#define AFTER 3              /* lookups without it */
#define ASK (256u << 10)     /* bytes: some 1,400 names; of a larger folder that part alone */

struct told {
    char *name;              /* owned */
    struct p9_attr attr;
};

/* What was listed of a folder or, before that, how many lookups it has seen. */
struct folder {
    struct p9_qid qid;
    struct fuse_asked asked; /* for the listing, or for the first name */
    unsigned lookups;
    bool listing;            /* by a thread; the folder stays in its place */
    bool listed;
    struct told *told;       /* by name */
    size_t count;
};

struct fuse_ahead {
    pthread_mutex_t lock;    /* never held over a call to the server */
    struct folder folder[FOLDERS]; /* [lock] */
};

struct fuse_ahead *fuse_ahead_new(void)
{
    struct fuse_ahead *a = calloc(1, sizeof(*a));

    if (a)
        pthread_mutex_init(&a->lock, NULL);
    return a;
}

static void forget(struct folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->told[i].name);
    free(f->told);
    f->told = NULL;
    f->count = 0;
    f->listed = false;
}

void fuse_ahead_free(struct fuse_ahead *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < FOLDERS; i++)
        forget(&a->folder[i]);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* --- the table, with its lock -------------------------------------------------------------------- */

static void begin(struct p9_mount *m, struct folder *f)
{
    forget(f);
    f->asked = fuse_asked_now(m);
    f->lookups = 0;
}

/* The folder's place or, where it has none, that of the one that began first; NULL: all are being listed. */
static struct folder *place_of(struct p9_mount *m, const struct p9_qid *qid)
{
    struct folder *all = m->ahead->folder, *oldest = NULL;

    for (size_t i = 0; i < FOLDERS; i++) {
        if (p9_qid_is(&all[i].qid, qid))
            return &all[i];
        if (!all[i].listing && (!oldest || all[i].asked.ms < oldest->asked.ms))
            oldest = &all[i];
    }
    if (oldest) {
        oldest->qid = *qid;
        begin(m, oldest);
    }
    return oldest;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct told *)a)->name, ((const struct told *)b)->name);
}

static bool find(const struct folder *f, const char *name, struct p9_attr *attr, double *left_s)
{
    const struct told wanted = {.name = (char *)name};
    const struct told *t = f->count ? bsearch(&wanted, f->told, f->count, sizeof(*t), by_name) : NULL;

    if (!t)
        return false;
    *attr = t->attr;
    *left_s = fuse_asked_left(&f->asked);
    return *left_s > 0;
}

/* True: the caller is to list it. */
static bool count(struct p9_mount *m, struct folder *f)
{
    if (fuse_asked_is_stale(m, &f->asked))
        begin(m, f);
    if (f->listed || f->listing || ++f->lookups <= AFTER)
        return false;
    begin(m, f);
    return f->listing = true;
}

/* --- listing it, without the lock ---------------------------------------------------------------- */

static void keep(struct folder *f, const struct p9_entry *entry, size_t *room)
{
    struct told *t = f->told;

    if (!entry->attr.valid || p9_is_dots(entry->name))
        return;
    if (f->count == *room) {
        if (!(t = realloc(f->told, (*room ? 2 * *room : 64) * sizeof(*t))))
            return;
        f->told = t;
        *room = *room ? 2 * *room : 64;
    }
    t += f->count;
    *t = (struct told){strdup(entry->name), entry->attr};
    f->count += t->name != NULL;
}

/* Of what cannot be listed nothing is told. */
static void list(struct p9_mount *m, uint32_t dir_fid, struct folder *f)
{
    struct p9_listing l = {0};
    struct p9_entry entry;
    size_t room = 0;
    uint32_t open;

    if (p9_client_reopen(m->client, dir_fid, P9_O_DIRECTORY, &open) < 0)
        return;
    if (p9_client_list_attrs(m->client, open, 0, ASK, &l) > 0 && l.attrs)
        while (p9_listing_next(&l, &entry))
            keep(f, &entry, &room);
    p9_client_clunk(m->client, open);
    p9_listing_release(&l);
    if (f->count)
        qsort(f->told, f->count, sizeof(*f->told), by_name);
}

bool fuse_ahead_find(struct p9_mount *m, const struct node *dir, uint32_t dir_fid, const char *name,
                     struct p9_attr *attr, double *left_s)
{
    struct folder *f, fresh = {.listed = true};
    bool found;

    pthread_mutex_lock(&m->ahead->lock);
    f = place_of(m, &dir->qid);
    if (f && count(m, f)) {
        fresh.qid = f->qid;
        fresh.asked = f->asked; /* what is changed meanwhile makes it stale */
        pthread_mutex_unlock(&m->ahead->lock);
        list(m, dir_fid, &fresh);
        pthread_mutex_lock(&m->ahead->lock);
        *f = fresh;
    }
    found = f && find(f, name, attr, left_s);
    pthread_mutex_unlock(&m->ahead->lock);
    return found;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings of folders, plain and with what each name is. */
#include "p9/fuse_ops.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "core/base/auto.h"

#define ASK_MOST 65536u

struct answer {
    fuse_req_t req;
    char *bytes;
    size_t size, len;
    bool plus;
};

struct batch {
    struct p9_entry entry[P9_CLIENT_BATCH];
    const char *name[P9_CLIENT_BATCH];
    uint32_t fid[P9_CLIENT_BATCH];
    struct p9_attr attr[P9_CLIENT_BATCH];
    int rc[P9_CLIENT_BATCH];
    unsigned n;
    size_t size; /* that its entries take in the answer */
};

static size_t entry_size(const struct answer *a, const char *name)
{
    return a->plus ? fuse_add_direntry_plus(a->req, NULL, 0, name, NULL, 0)
                   : fuse_add_direntry(a->req, NULL, 0, name, NULL, 0);
}

/* As much as the kernel asks for, and twice as much each time that the last part was of use to its end. */
static uint32_t ask_for(const struct handle *h, const struct answer *a, bool useful)
{
    uint32_t least = a->size < ASK_MOST ? (uint32_t)a->size : ASK_MOST;

    if (h->position == 0 || !useful || h->ask < least)
        return least;
    return h->ask < ASK_MOST / 2 ? 2 * h->ask : ASK_MOST;
}

static int next_part(struct p9_mount *m, struct handle *h, const struct answer *a, uint32_t fid)
{
    bool drained = h->listing.at == h->listing.len;

    if (!drained && !(a->plus && h->listing.attrs && fuse_asked_is_stale(m, &h->asked)))
        return 1;
    h->asked = fuse_asked_now(m);
    if (!a->plus)
        return p9_client_list(m->client, fid, h->position, &h->listing);
    h->ask = ask_for(h, a, drained);
    return p9_client_list_attrs(m->client, fid, h->position, h->ask, &h->listing);
}

/* The next entries that fit.  More of the listing is asked for when there are none: 0 at its end. */
static int fill_batch(struct p9_mount *m, struct handle *h, const struct answer *a, struct batch *b)
{
    uint32_t fid;
    int rc = fuse_handle_fid(m, h, &fid);

    b->n = 0;
    b->size = 0;
    if (rc == 0)
        rc = next_part(m, h, a, fid);
    if (rc <= 0) {
        h->listing.at = h->listing.len = 0;
        return rc;
    }
    while (b->n < P9_CLIENT_BATCH) {
        size_t before = h->listing.at, size;
        struct p9_entry *entry = &b->entry[b->n];

        if (!p9_listing_next(&h->listing, entry))
            break;
        size = entry_size(a, entry->name);
        if (a->len + b->size + size > a->size) {
            h->listing.at = before;
            break;
        }
        b->size += size;
        b->name[b->n++] = entry->name;
        h->position = entry->next;
    }
    return b->n > 0;
}

static void add_plain(struct answer *a, const struct p9_entry *entry)
{
    struct fuse_entry_param none = {.attr = {.st_ino = entry->qid.path,
                                             .st_mode = (mode_t)DTTOIF(entry->type)}};

    a->len += a->plus ? fuse_add_direntry_plus(a->req, a->bytes + a->len, a->size - a->len,
                                               entry->name, &none, (off_t)entry->next)
                      : fuse_add_direntry(a->req, a->bytes + a->len, a->size - a->len, entry->name,
                                          &none.attr, (off_t)entry->next);
}

/* A name that is gone meanwhile is listed still, and not looked up. */
static void add_looked_up(struct p9_mount *m, const struct handle *h, struct answer *a, struct batch *b, unsigned i)
{
    struct fuse_entry_param param;
    int rc = b->rc[i];

    if (rc == 0)
        rc = h->listing.attrs ? fuse_entry_of_told(m, h->node, b->name[i], &b->attr[i], fuse_asked_left(&h->asked), &param)
                              : fuse_entry_of(m, h->node, b->name[i], b->fid[i], &b->attr[i], &param);
    if (rc < 0) {
        add_plain(a, &b->entry[i]);
        return;
    }
    a->len += fuse_add_direntry_plus(a->req, a->bytes + a->len, a->size - a->len, b->name[i], &param,
                                     (off_t)b->entry[i].next);
}

/* The listing has said it, and gives no fids. */
static void take_told(struct batch *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        b->fid[i] = P9_NOFID;
        b->attr[i] = b->entry[i].attr;
        b->rc[i] = b->attr[i].valid ? 0 : -ENOENT;
    }
}

/* "." and ".." are never looked up: the kernel does not count them. */
static void look_up_batch(struct p9_mount *m, uint32_t dir, struct batch *b)
{
    const char *name[P9_CLIENT_BATCH];
    uint32_t fid[P9_CLIENT_BATCH];
    struct p9_attr attr[P9_CLIENT_BATCH];
    int rc[P9_CLIENT_BATCH];
    unsigned n = 0;

    for (unsigned i = 0; i < b->n; i++)
        if (!p9_is_dots(b->name[i]))
            name[n++] = b->name[i];
    p9_client_lookup_many(m->client, dir, name, n, fid, attr, rc);
    n = 0;
    for (unsigned i = 0; i < b->n; i++) {
        b->rc[i] = -ENOENT;
        if (p9_is_dots(b->name[i]))
            continue;
        b->rc[i] = rc[n];
        b->fid[i] = fid[n];
        b->attr[i] = attr[n++];
    }
}

static int list(struct p9_mount *m, struct handle *h, struct answer *a)
{
    auto_free struct batch *b = malloc(sizeof(*b));
    uint32_t dir;
    int rc = b ? fuse_hold(m, h->node, &dir) : -ENOMEM;

    if (rc < 0)
        return rc;
    while ((rc = fill_batch(m, h, a, b)) > 0) {
        if (a->plus && h->listing.attrs)
            take_told(b);
        else if (a->plus)
            look_up_batch(m, dir, b);
        for (unsigned i = 0; i < b->n; i++)
            if (a->plus)
                add_looked_up(m, h, a, b, i);
            else
                add_plain(a, &b->entry[i]);
    }
    nodes_unhold(&m->nodes, h->node);
    return a->len > 0 ? 0 : rc; /* What is there is told; the error comes with the next part. */
}

static void answer_list(fuse_req_t req, size_t size, off_t offset, struct fuse_file_info *fi,
                        bool plus)
{
    struct handle *h = handle_of(fi);
    auto_free char *bytes = malloc(size);
    struct answer a = {req, bytes, size, 0, plus};
    int rc = -ENOMEM;

    pthread_mutex_lock(&h->lock);
    if ((uint64_t)offset != h->position || offset == 0) {
        h->position = (uint64_t)offset;
        h->listing.at = h->listing.len = 0;
    }
    if (bytes)
        rc = list(mount_of(req), h, &a);
    pthread_mutex_unlock(&h->lock);
    if (rc < 0)
        fuse_reply_err(req, -rc);
    else
        fuse_reply_buf(req, a.bytes, a.len);
}

void fuse_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                       struct fuse_file_info *fi)
{
    (void)ino;
    answer_list(req, size, offset, fi, false);
}

void fuse_op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                           struct fuse_file_info *fi)
{
    (void)ino;
    answer_list(req, size, offset, fi, true);
}

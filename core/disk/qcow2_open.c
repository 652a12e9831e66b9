/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/disk/qcow2_parts.h"

static int check_writable(const struct qcow2 *q, struct err *e)
{
    const struct qcow2_header *h = &q->h;

    if (h->version == 3 && q->cluster == QCOW2_CLUSTER && h->refcount_order == 4)
        return 0;
    return err_set(e, EINVAL, "it can only be read: written are images of version 3 with clusters of 64 KiB "
                   "and refcounts of 16 bits; qemu-img convert makes one");
}

static int open_all(struct qcow2 *q, struct err *e)
{
    int r = qcow2_read_header(q->fd, &q->h, &q->file_size, e);

    if (r < 0)
        return r;
    q->cluster = 1u << q->h.cluster_bits;
    q->l2_entries = q->cluster / 8;
    q->slice_entries = q->l2_entries < SLICE_ENTRIES ? q->l2_entries : SLICE_ENTRIES;
    q->dirty = q->h.incompatible & QCOW2_DIRTY;
    if (q->writable)
        r = check_writable(q, e);
    if (r == 0)
        r = qcow2_load_l1(q, e);
    if (r == 0 && q->writable)
        r = qcow2_walk(q, e);
    return r;
}

static void free_all(struct qcow2 *q)
{
    qcow2_free_tables(q);
    free(q->used);
    free(q->table);
    free(q->name);
    free(q);
}

struct qcow2 *qcow2_open(int fd, bool writable, const char *name, struct err *e)
{
    struct qcow2 *q = calloc(1, sizeof(*q));

    if (!q || !(q->name = strdup(name))) {
        free(q);
        err_sys(e, ENOMEM, "%s", name);
        return NULL;
    }
    q->fd = fd;
    q->writable = writable;
    if (open_all(q, e) == 0)
        return q;
    err_wrap(e, "%s", name);
    free_all(q);
    return NULL;
}

/* The sync is due with clean tables, too: data may have been written in place, and who flushes later flushes
 * what is above this image then. */
int qcow2_freeze(struct qcow2 *q)
{
    int r = q->writable ? qcow2_flush(q) : 0;

    if (r == 0 && q->writable && q->dirty)
        r = qcow2_write_counts(q);
    if (r == 0)
        q->writable = false;
    return r;
}

void qcow2_thaw(struct qcow2 *q)
{
    q->writable = true;
}

int qcow2_close(struct qcow2 *q)
{
    int r;

    if (!q)
        return 0;
    r = qcow2_freeze(q);
    free_all(q);
    return r;
}

uint64_t qcow2_disk_size(const struct qcow2 *q)
{
    return q->h.size;
}

uint32_t qcow2_cluster_size(const struct qcow2 *q)
{
    return q->cluster;
}

const char *qcow2_backing(const struct qcow2 *q)
{
    return q->h.has_backing ? q->h.backing : NULL;
}

bool qcow2_is_empty(const struct qcow2 *q)
{
    for (uint64_t i = 0; i < q->l1_entries; i++)
        if (q->l1[i])
            return false;
    return true;
}

bool qcow2_is_broken(const struct qcow2 *q)
{
    return q->broken;
}

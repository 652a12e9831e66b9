/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of L1 and L2, and the order in which they are written: qcow2.h says why it is this one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/disk/qcow2_parts.h"

#define SLICES_DIRTY 512u

/* Before the first change: the bit is in the file before any table is, since a flush begins with a sync. */
static int begin_changes(struct qcow2 *q)
{
    uint8_t bits[24];

    if (q->broken || !q->writable)
        return -EIO;
    if (q->dirty)
        return 0;
    if (pread(q->fd, bits, sizeof(bits), H_INCOMPATIBLE) != sizeof(bits))
        return -EIO;
    qcow2_put64(bits, q->h.incompatible | QCOW2_DIRTY);
    qcow2_put64(bits + (H_AUTOCLEAR - H_INCOMPATIBLE), 0);
    if (pwrite(q->fd, bits, sizeof(bits), H_INCOMPATIBLE) != sizeof(bits))
        return -EIO;
    q->dirty = true;
    return 0;
}

int qcow2_alloc(struct qcow2 *q, uint64_t n, uint64_t *at)
{
    uint64_t most = q->table_entries * COUNTS_IN_BLOCK;
    int r = begin_changes(q);

    if (r < 0)
        return r;
    if (q->end + n + q->table_entries + 1 > most) /* the refcount blocks themselves need room */
        return -EFBIG;
    *at = q->end * q->cluster;
    q->end += n;
    q->file_size = q->end * q->cluster;
    return 0;
}

/* Its space is taken at once: a flush shall not fail for lack of it. */
static int new_table(struct qcow2 *q, uint64_t index)
{
    uint64_t at;
    int r = qcow2_alloc(q, 1, &at);

    if (r == 0 && fallocate(q->fd, 0, (off_t)at, q->cluster) < 0 && errno != EOPNOTSUPP)
        r = -errno;
    if (r == 0)
        r = qcow2_mark(q, at, 1, true);
    if (r < 0)
        return r;
    q->l1[index] = htobe64(at | ENTRY_COPIED);
    q->l1_dirty[index / L1_SECTOR] = L1_DIRTY;
    return 0;
}

static void make_dirty(struct qcow2 *q, struct slice *s)
{
    q->dirty_slices += !s->dirty;
    s->dirty = true;
}

static int slice_to_change(struct qcow2 *q, uint64_t cluster, struct slice **slice)
{
    int r = begin_changes(q);

    if (r == 0)
        r = qcow2_find_slice(q, cluster, slice);
    if (r == 0 && !*slice) {
        r = new_table(q, cluster / q->l2_entries);
        if (r == 0)
            r = qcow2_find_slice(q, cluster, slice);
    }
    if (r == 0)
        make_dirty(q, *slice);
    return r;
}

/* What the entry led to before is led to no more: its space comes back at the next walk. */
static int set_entry(struct qcow2 *q, uint64_t cluster, uint64_t entry)
{
    struct qcow2_run before;
    struct slice *s;
    int r = slice_to_change(q, cluster, &s);

    if (r < 0)
        return r;
    if (!qcow2_read_entry(q, be64toh(s->entry[cluster % q->slice_entries]), &before))
        return -EIO;
    if (before.at)
        r = qcow2_mark(q, before.at, 1, false);
    if (r == 0 && (entry & ENTRY_OFFSET))
        r = qcow2_mark(q, entry & ENTRY_OFFSET, 1, true);
    if (r == 0)
        s->entry[cluster % q->slice_entries] = htobe64(entry);
    return r;
}

int qcow2_link(struct qcow2 *q, uint64_t offset, uint64_t n, uint64_t at)
{
    int r = 0;

    for (uint64_t i = 0; i < n && r == 0; i++)
        r = set_entry(q, offset / q->cluster + i, (at + i * q->cluster) | ENTRY_COPIED);
    return r;
}

int qcow2_set_zero(struct qcow2 *q, uint64_t offset, uint64_t n)
{
    int r = 0;

    for (uint64_t i = 0; i < n && r == 0; i++)
        r = set_entry(q, offset / q->cluster + i, ENTRY_ZERO);
    return r;
}

bool qcow2_has_changes(const struct qcow2 *q)
{
    return q->dirty_slices > 0;
}

bool qcow2_is_full(const struct qcow2 *q)
{
    return q->dirty_slices >= SLICES_DIRTY;
}

/* --- what is to be written --- */

static void free_batch(struct qcow2_batch *b)
{
    for (unsigned i = 0; i < b->count; i++)
        free(b->list[i].bytes);
    free(b->list);
    *b = (struct qcow2_batch){0};
}

static int add_write(struct qcow2_batch *b, uint64_t at, const void *bytes, size_t len)
{
    struct qcow2_write *w = &b->list[b->count];

    *w = (struct qcow2_write){.at = at, .len = (uint32_t)len, .bytes = malloc(len)};
    if (!w->bytes)
        return -ENOMEM;
    memcpy(w->bytes, bytes, len);
    b->count++;
    return 0;
}

static int take_l2(struct qcow2 *q, struct qcow2_batch *b)
{
    int r = 0;

    for (struct slice *s = q->oldest; s && r == 0; s = s->newer) {
        uint64_t table;

        if (!s->dirty)
            continue;
        r = qcow2_l2_at(q, s->number * q->slice_entries / q->l2_entries, &table);
        if (r == 0)
            r = add_write(b, qcow2_slice_at(q, s->number, table), s->entry, q->slice_entries * sizeof(*s->entry));
    }
    b->firsts = b->count;
    return r;
}

static uint64_t l1_sectors(const struct qcow2 *q)
{
    return (q->l1_entries + L1_SECTOR - 1) / L1_SECTOR;
}

static int take_l1(struct qcow2 *q, struct qcow2_batch *b)
{
    int r = 0;

    for (uint64_t i = 0; i < l1_sectors(q) && r == 0; i++) {
        uint64_t first = i * L1_SECTOR, left = q->l1_entries - first;

        if (q->l1_dirty[i] == L1_DIRTY)
            r = add_write(b, q->h.l1_at + 8 * first, q->l1 + first, 8 * (left < L1_SECTOR ? left : L1_SECTOR));
    }
    return r;
}

/* Taken slices stay in memory as well: what is in the file is older until they are written. */
static void count_as_written(struct qcow2 *q)
{
    for (struct slice *s = q->oldest; s; s = s->newer) {
        s->taken |= s->dirty;
        s->dirty = false;
    }
    for (uint64_t i = 0; i < l1_sectors(q); i++)
        q->l1_dirty[i] = q->l1_dirty[i] ? L1_TAKEN : L1_CLEAN;
    q->dirty_slices = 0;
}

int qcow2_take(struct qcow2 *q, struct qcow2_batch *b)
{
    int r;

    *b = (struct qcow2_batch){.list = calloc(q->dirty_slices + l1_sectors(q), sizeof(*b->list))};
    r = !b->list ? -ENOMEM : q->broken ? -EIO : take_l2(q, b);
    if (r == 0)
        r = take_l1(q, b);
    if (r == 0)
        count_as_written(q);
    else
        free_batch(b);
    return r;
}

void qcow2_end_batch(struct qcow2 *q, struct qcow2_batch *b, bool written)
{
    for (struct slice *s = q->oldest; s; s = s->newer) {
        if (s->taken && !written)
            make_dirty(q, s);
        s->taken = false;
    }
    for (uint64_t i = 0; i < l1_sectors(q); i++)
        if (q->l1_dirty[i] == L1_TAKEN)
            q->l1_dirty[i] = written ? L1_CLEAN : L1_DIRTY;
    free_batch(b);
}

void qcow2_break(struct qcow2 *q)
{
    q->broken = true;
}

static int write_list(struct qcow2 *q, const struct qcow2_batch *b, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        const struct qcow2_write *w = &b->list[i];
        ssize_t n = pwrite(q->fd, w->bytes, w->len, (off_t)w->at);

        if (n != (ssize_t)w->len)
            return n < 0 ? -errno : -ENOSPC;
    }
    return 0;
}

int qcow2_sync(struct qcow2 *q)
{
    if (q->broken)
        return -EIO;
    if (fdatasync(q->fd) == 0)
        return 0;
    q->broken = true;
    return -EIO;
}

int qcow2_flush(struct qcow2 *q)
{
    struct qcow2_batch b = {0};
    int r = qcow2_sync(q);

    if (r < 0 || !qcow2_has_changes(q))
        return r;
    r = qcow2_take(q, &b);
    if (r < 0)
        return r;
    r = write_list(q, &b, 0, b.firsts);
    if (r == 0 && b.count > b.firsts)
        r = qcow2_sync(q);
    if (r == 0)
        r = write_list(q, &b, b.firsts, b.count);
    qcow2_end_batch(q, &b, r == 0);
    return r == 0 ? qcow2_sync(q) : r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading L1 and L2: the L1 table is in memory whole, of the L2 tables the slices used last.  Slices with
 * changes stay until those are written; qcow2_is_full asks for that in time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/disk/qcow2_parts.h"

#define SLICES_READ 256u    /* kept of an image that is read: 8 GiB of its disk */
#define SLICES_WRITTEN 1024u

/* Reads what is there; behind the end of the file are zeroes. */
static int read_at(int fd, void *to, size_t len, uint64_t at)
{
    char *p = to;

    while (len) {
        ssize_t n = pread(fd, p, len, (off_t)at);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0) {
            memset(p, 0, len);
            return 0;
        }
        if (n > 0) {
            p += n;
            at += (uint64_t)n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* --- L1 --- */

int qcow2_load_l1(struct qcow2 *q, struct err *e)
{
    unsigned shift = 2 * q->h.cluster_bits - 3;
    int r;

    q->l1_entries = (q->h.size + (1ULL << shift) - 1) >> shift;
    q->l1 = calloc(q->l1_entries, sizeof(*q->l1));
    q->l1_dirty = calloc(q->l1_entries / L1_SECTOR + 1, sizeof(*q->l1_dirty));
    if (!q->l1 || !q->l1_dirty)
        return err_sys(e, ENOMEM, "its L1 table");
    r = read_at(q->fd, q->l1, q->l1_entries * sizeof(*q->l1), q->h.l1_at);
    return r < 0 ? err_sys(e, -r, "read its L1 table") : 0;
}

int qcow2_l2_at(const struct qcow2 *q, uint64_t index, uint64_t *at)
{
    uint64_t entry = be64toh(q->l1[index]);

    *at = entry & ENTRY_OFFSET;
    if ((entry & ~(ENTRY_OFFSET | ENTRY_COPIED)) || *at % q->cluster || *at >= q->file_size)
        return -EIO;
    return 0;
}

/* --- slices --- */

static void unlink_slice(struct qcow2 *q, struct slice *s)
{
    *(s->newer ? &s->newer->older : &q->newest) = s->older;
    *(s->older ? &s->older->newer : &q->oldest) = s->newer;
}

static void put_newest(struct qcow2 *q, struct slice *s)
{
    s->newer = NULL;
    s->older = q->newest;
    *(q->newest ? &q->newest->newer : &q->oldest) = s;
    q->newest = s;
}

static struct slice **place_of(struct qcow2 *q, uint64_t number)
{
    struct slice **at = &q->hash[number % SLICE_HASH];

    while (*at && (*at)->number != number)
        at = &(*at)->same_hash;
    return at;
}

static void drop_slice(struct qcow2 *q, struct slice *s)
{
    *place_of(q, s->number) = s->same_hash;
    unlink_slice(q, s);
    q->slices--;
    free(s);
}

void qcow2_free_tables(struct qcow2 *q)
{
    while (q->newest)
        drop_slice(q, q->newest);
    free(q->l1);
    free(q->l1_dirty);
}

static void make_room(struct qcow2 *q)
{
    unsigned keep = q->writable ? SLICES_WRITTEN : SLICES_READ;

    for (struct slice *s = q->oldest, *next; s && q->slices >= keep; s = next) {
        next = s->newer;
        if (!s->dirty && !s->taken)
            drop_slice(q, s);
    }
}

static int load_slice(struct qcow2 *q, uint64_t number, uint64_t at, struct slice **slice)
{
    struct slice *s = malloc(sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    r = read_at(q->fd, s->entry, q->slice_entries * sizeof(*s->entry), at);
    if (r < 0) {
        free(s);
        return r;
    }
    make_room(q);
    s->number = number;
    s->dirty = s->taken = false;
    s->same_hash = NULL;
    *place_of(q, number) = s;
    put_newest(q, s);
    q->slices++;
    *slice = s;
    return 0;
}

uint64_t qcow2_slice_at(const struct qcow2 *q, uint64_t number, uint64_t table)
{
    uint64_t first = number * q->slice_entries % q->l2_entries; /* its first entry in the table */

    return table + 8 * first;
}

int qcow2_find_slice(struct qcow2 *q, uint64_t cluster, struct slice **slice)
{
    uint64_t number = cluster / q->slice_entries, table;
    struct slice *s = *place_of(q, number);
    int r;

    *slice = s;
    if (s && s != q->newest) {
        unlink_slice(q, s);
        put_newest(q, s);
    }
    if (s)
        return 0;
    r = qcow2_l2_at(q, cluster / q->l2_entries, &table);
    return r < 0 || table == 0 ? r : load_slice(q, number, qcow2_slice_at(q, number, table), slice);
}

/* --- reading --- */

static bool read_packed(const struct qcow2 *q, uint64_t entry, struct qcow2_run *run)
{
    unsigned bits = 62 - (q->h.cluster_bits - 8); /* of the offset; above it the sectors behind the first */
    uint64_t sectors = (entry & (ENTRY_COMPRESSED - 1)) >> bits;

    run->kind = QCOW2_COMPRESSED;
    run->at = entry & ((1ULL << bits) - 1);
    run->packed = (uint32_t)((sectors + 1) * 512 - run->at % 512);
    run->zstd = q->h.zstd;
    return run->at < q->file_size && !q->writable;
}

bool qcow2_read_entry(const struct qcow2 *q, uint64_t entry, struct qcow2_run *run)
{
    uint64_t known = ENTRY_COPIED | ENTRY_OFFSET | (q->h.version == 3 ? ENTRY_ZERO : 0);

    if (entry & ENTRY_COMPRESSED)
        return read_packed(q, entry, run);
    run->at = entry & ENTRY_OFFSET;
    run->kind = entry & ENTRY_ZERO ? QCOW2_ZERO : run->at ? QCOW2_DATA : QCOW2_BELOW;
    return !(entry & ~known) && run->at % q->cluster == 0 && run->at < q->file_size;
}

/* Does the entry go on where the run of `n` clusters ends? */
static bool goes_on(const struct qcow2 *q, const struct qcow2_run *run, uint64_t entry, uint64_t n)
{
    struct qcow2_run more;

    return qcow2_read_entry(q, entry, &more) && more.kind == run->kind && run->kind != QCOW2_COMPRESSED &&
           (run->kind != QCOW2_DATA || more.at == run->at + n * q->cluster);
}

static void set_length(const struct qcow2 *q, struct qcow2_run *run, uint64_t offset, uint64_t len, uint64_t n)
{
    uint64_t inside = offset % q->cluster, have = n * q->cluster - inside;

    run->len = len < have ? len : have;
    if (run->kind == QCOW2_DATA)
        run->at += inside;
}

int qcow2_map(struct qcow2 *q, uint64_t offset, uint64_t len, struct qcow2_run *run)
{
    uint64_t cluster = offset / q->cluster, n = 1, wanted, i;
    struct slice *s;
    int r = qcow2_find_slice(q, cluster, &s);

    if (r < 0)
        return r;
    *run = (struct qcow2_run){.kind = QCOW2_BELOW};
    if (!s) {
        set_length(q, run, offset, len, q->l2_entries - cluster % q->l2_entries);
        return 0;
    }
    i = cluster % q->slice_entries;
    if (!qcow2_read_entry(q, be64toh(s->entry[i]), run))
        return -EIO;
    wanted = (offset % q->cluster + len + q->cluster - 1) / q->cluster;
    while (n < wanted && i + n < q->slice_entries && goes_on(q, run, be64toh(s->entry[i + n]), n))
        n++;
    set_length(q, run, offset, len, n);
    return 0;
}

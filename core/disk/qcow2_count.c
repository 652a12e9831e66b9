/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which clusters of an image that is written are used: by a walk at the open, not by its refcounts.  These
 * are written once, when it is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/disk/qcow2_parts.h"

#define FILE_MAX (2 * QCOW2_SIZE_MAX)
#define GROW 65536u /* bits */

static bool is_used(const struct qcow2 *q, uint64_t i)
{
    return i < q->used_room && (q->used[i / 8] & 1u << i % 8);
}

static int grow(struct qcow2 *q, uint64_t bits)
{
    uint64_t room = (bits + GROW) / GROW * GROW;
    uint8_t *more = realloc(q->used, room / 8);

    if (!more)
        return -ENOMEM;
    memset(more + q->used_room / 8, 0, (room - q->used_room) / 8);
    q->used = more;
    q->used_room = room;
    return 0;
}

int qcow2_mark(struct qcow2 *q, uint64_t at, uint64_t n, bool used)
{
    uint64_t first = at / q->cluster;

    if (first + n > q->used_room && grow(q, first + n) < 0)
        return -ENOMEM;
    if (first < q->counted)
        q->counted = first;
    for (uint64_t i = first; i < first + n; i++)
        q->used[i / 8] = (uint8_t)(used ? q->used[i / 8] | 1u << i % 8 : q->used[i / 8] & ~(1u << i % 8));
    return 0;
}

/* --- the walk --- */

static int found(struct qcow2 *q, uint64_t at, uint64_t n, const char *what, struct err *e)
{
    uint64_t first = at / q->cluster;

    if (at % q->cluster || first >= q->end || n > q->end - first)
        return err_set(e, EINVAL, "%s is outside the file", what);
    for (uint64_t i = first; i < first + n; i++)
        if (is_used(q, i))
            return err_set(e, EINVAL, "two things are in one place, and one of them is %s", what);
    return qcow2_mark(q, at, n, true) < 0 ? err_sys(e, ENOMEM, "%s", what) : 0;
}

static uint64_t clusters(const struct qcow2 *q, uint64_t bytes)
{
    return (bytes + q->cluster - 1) / q->cluster;
}

static int read_table(struct qcow2 *q, struct err *e)
{
    size_t bytes = (size_t)q->h.table_clusters * q->cluster;

    q->table_entries = bytes / 8;
    q->table = malloc(bytes);
    if (!q->table)
        return err_sys(e, ENOMEM, "its refcount table");
    if (pread(q->fd, q->table, bytes, (off_t)q->h.table_at) != (ssize_t)bytes)
        return err_sys(e, EIO, "read its refcount table");
    for (uint64_t i = 0; i < q->table_entries; i++) {
        uint64_t at = be64toh(q->table[i]);

        if (at && found(q, at, 1, "a refcount block", e) < 0)
            return -EINVAL;
    }
    return 0;
}

static int walk_l2(struct qcow2 *q, uint64_t table, uint8_t *bytes, struct err *e)
{
    ssize_t n = pread(q->fd, bytes, q->cluster, (off_t)table);

    if (n < 0)
        return err_sys(e, errno, "read an L2 table");
    memset(bytes + n, 0, q->cluster - (size_t)n);
    for (uint32_t i = 0; i < q->l2_entries; i++) {
        uint64_t entry = qcow2_get64(bytes + 8 * i);
        struct qcow2_run run = {0};

        if (entry & ENTRY_COMPRESSED)
            return err_set(e, EINVAL, "it can only be read: some of it is compressed; qemu-img convert makes "
                           "one that is not");
        if (!qcow2_read_entry(q, entry, &run))
            return err_set(e, EINVAL, "an entry of an L2 table is wrong");
        if (run.at && found(q, run.at, 1, "a cluster of data", e) < 0)
            return -EINVAL;
    }
    return 0;
}

static int walk_l1(struct qcow2 *q, struct err *e)
{
    auto_free uint8_t *bytes = malloc(q->cluster);
    int r = bytes ? 0 : err_sys(e, ENOMEM, "its tables");

    for (uint64_t i = 0; i < q->l1_entries && r == 0; i++) {
        uint64_t table;

        if (qcow2_l2_at(q, i, &table) < 0)
            return err_set(e, EINVAL, "an entry of its L1 table is wrong");
        if (table)
            r = found(q, table, 1, "an L2 table", e);
        if (table && r == 0)
            r = walk_l2(q, table, bytes, e);
    }
    return r;
}

/* After a crash: what nothing leads to goes back to the host, the end of the file first. */
static void give_back(struct qcow2 *q)
{
    uint64_t end = q->end;

    while (end && !is_used(q, end - 1))
        end--;
    if (end < q->end && ftruncate(q->fd, (off_t)(end * q->cluster)) == 0) {
        q->end = end;
        q->file_size = end * q->cluster;
    }
    for (uint64_t i = 0; i < q->end; i++)
        if (!is_used(q, i))
            fallocate(q->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(i * q->cluster), q->cluster);
}

int qcow2_walk(struct qcow2 *q, struct err *e)
{
    int r;

    if (q->file_size > FILE_MAX)
        return err_set(e, EFBIG, "its file is larger than any such disk needs");
    q->end = clusters(q, q->file_size);
    q->file_size = q->end * q->cluster; /* the rest of the last cluster reads as zeroes */
    r = found(q, 0, 1, "the header", e);
    if (r == 0)
        r = found(q, q->h.l1_at, clusters(q, 8ULL * q->h.l1_size), "the L1 table", e);
    if (r == 0)
        r = found(q, q->h.table_at, q->h.table_clusters, "the refcount table", e);
    if (r == 0)
        r = read_table(q, e);
    if (r == 0)
        r = walk_l1(q, e);
    if (r == 0 && q->dirty)
        give_back(q);
    q->counted = q->dirty ? 0 : q->end;
    return r;
}

/* --- the refcounts --- */

static int write_at(const struct qcow2 *q, const void *bytes, size_t len, uint64_t at)
{
    ssize_t n = pwrite(q->fd, bytes, len, (off_t)at);

    return n == (ssize_t)len ? 0 : n < 0 ? -errno : -ENOSPC;
}

/*
 * A cluster of zeroes at the end of the file, for refcount block `b`; qcow2_alloc has kept room for it.  It is in
 * the file before the table leads to it, whatever happens between: a table that leads out of its file refuses it.
 */
static int make_block(struct qcow2 *q, uint64_t b)
{
    uint64_t at = q->end * q->cluster, entry = htobe64(at);
    int r = fallocate(q->fd, 0, (off_t)at, q->cluster) < 0 && errno != EOPNOTSUPP ? -errno : 0;

    if (r == 0 && ftruncate(q->fd, (off_t)(at + q->cluster)) < 0)
        r = -errno;
    if (r == 0)
        r = qcow2_sync(q);
    if (r == 0)
        r = qcow2_mark(q, at, 1, true);
    if (r < 0)
        return r;
    r = write_at(q, &entry, sizeof(entry), q->h.table_at + 8 * b);
    if (r < 0) {
        qcow2_mark(q, at, 1, false);
        return r;
    }
    q->table[b] = entry;
    q->end++;
    q->file_size = q->end * q->cluster;
    return 0;
}

/* Those that are missing; they need counts themselves. */
static int make_blocks(struct qcow2 *q)
{
    int r = 0;

    for (uint64_t b = 0; b * COUNTS_IN_BLOCK < q->end && r == 0; b++) {
        if (b == q->table_entries)
            return -EFBIG;
        if (!q->table[b])
            r = make_block(q, b);
    }
    return r;
}

static int write_block(struct qcow2 *q, uint64_t b)
{
    uint8_t counts[QCOW2_CLUSTER];

    for (uint64_t i = 0; i < COUNTS_IN_BLOCK; i++)
        qcow2_put16(counts + 2 * i, is_used(q, b * COUNTS_IN_BLOCK + i));
    return write_at(q, counts, sizeof(counts), be64toh(q->table[b]));
}

static int set_clean(struct qcow2 *q)
{
    uint8_t bits[8];

    qcow2_put64(bits, q->h.incompatible & ~QCOW2_DIRTY);
    if (qcow2_sync(q) < 0)
        return -EIO;
    return write_at(q, bits, sizeof(bits), H_INCOMPATIBLE);
}

int qcow2_write_counts(struct qcow2 *q)
{
    uint64_t from = q->counted < q->end ? q->counted : q->end;
    int r = make_blocks(q);

    for (uint64_t b = from / COUNTS_IN_BLOCK; b * COUNTS_IN_BLOCK < q->end && r == 0; b++)
        r = write_block(q, b);
    if (r == 0 && ftruncate(q->fd, (off_t)(q->end * q->cluster)) < 0)
        r = -errno;
    if (r == 0)
        r = set_clean(q);
    if (r == 0)
        r = qcow2_sync(q);
    if (r < 0)
        return r;
    q->counted = q->end;
    q->dirty = false;
    return 0;
}

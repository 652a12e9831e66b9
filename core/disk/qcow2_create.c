/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fresh image: header, refcount table, first refcount block and L1 table, a cluster or more each, in
 * this order.  Of the tables only what is not zero is written, but all of their space is taken at once where the
 * file system can: a flush that has to write to them later shall not fail for lack of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/disk/qcow2.h"
#include "core/disk/qcow2_parts.h"

#define ENTRIES (QCOW2_CLUSTER / 8)             /* of an L1, L2 or refcount table's cluster */
#define COUNTS (QCOW2_CLUSTER / 2)              /* of a refcount block */
#define L2_SPAN ((uint64_t)ENTRIES * QCOW2_CLUSTER)
#define TABLE_SPAN ((uint64_t)ENTRIES * COUNTS * QCOW2_CLUSTER) /* a cluster of refcount table covers */

struct layout {
    uint64_t size, l1_entries;
    uint64_t l1_clusters, table_clusters; /* the refcount table never grows: it has room at once */
    uint64_t table_at, block_at, l1_at, end; /* in clusters */
};

static struct layout plan(uint64_t size)
{
    struct layout l = {.size = size, .table_at = 1};

    l.l1_entries = (size + L2_SPAN - 1) / L2_SPAN;
    l.l1_clusters = (l.l1_entries + ENTRIES - 1) / ENTRIES;
    l.table_clusters = 1 + size / (TABLE_SPAN / 2);
    l.block_at = l.table_at + l.table_clusters;
    l.l1_at = l.block_at + 1;
    l.end = l.l1_at + l.l1_clusters;
    return l;
}

static size_t put_extension(uint8_t *to, uint32_t type, const char *text)
{
    size_t len = strlen(text);

    qcow2_put32(to, type);
    qcow2_put32(to + 4, (uint32_t)len);
    memcpy(to + 8, text, len + 1); /* behind it the cluster is of zeros anyway */
    return 8 + (len + 7) / 8 * 8;
}

static void put_header(uint8_t *h, const struct layout *l, const char *backing, const char *format)
{
    size_t at = QCOW2_HEADER;

    qcow2_put32(h + H_MAGIC, QCOW2_MAGIC);
    qcow2_put32(h + H_VERSION, 3);
    qcow2_put32(h + H_CLUSTER_BITS, 16);
    qcow2_put64(h + H_SIZE, l->size);
    qcow2_put32(h + H_L1_SIZE, (uint32_t)l->l1_entries);
    qcow2_put64(h + H_L1_AT, l->l1_at * QCOW2_CLUSTER);
    qcow2_put64(h + H_TABLE_AT, l->table_at * QCOW2_CLUSTER);
    qcow2_put32(h + H_TABLE_CLUSTERS, (uint32_t)l->table_clusters);
    qcow2_put64(h + H_COMPATIBLE, QCOW2_LAZY_REFCOUNTS);
    qcow2_put32(h + H_REFCOUNT_ORDER, 4);
    qcow2_put32(h + H_LENGTH, QCOW2_HEADER);
    if (!backing)
        return;
    at += put_extension(h + at, EXTENSION_BACKING_FORMAT, format);
    at += put_extension(h + at, EXTENSION_END, "");
    qcow2_put64(h + H_BACKING_AT, at);
    qcow2_put32(h + H_BACKING_LEN, (uint32_t)strlen(backing));
    memcpy(h + at, backing, strlen(backing) + 1);
}

static int write_at(int fd, const void *bytes, size_t len, uint64_t at, struct err *e)
{
    if (lseek(fd, (off_t)at, SEEK_SET) < 0)
        return err_sys(e, errno, "seek");
    return file_write_all(fd, bytes, len, e);
}

static int write_counts(int fd, const struct layout *l, struct err *e)
{
    uint8_t block[QCOW2_CLUSTER] = {0}, entry[8];
    int r;

    for (uint64_t i = 0; i < l->end; i++)
        qcow2_put16(block + 2 * i, 1);
    r = write_at(fd, block, 2 * l->end, l->block_at * QCOW2_CLUSTER, e);
    qcow2_put64(entry, l->block_at * QCOW2_CLUSTER);
    return r == 0 ? write_at(fd, entry, sizeof(entry), l->table_at * QCOW2_CLUSTER, e) : r;
}

static int write_image(int fd, const struct layout *l, const char *backing, const char *format,
                       struct err *e)
{
    uint8_t header[4096] = {0};
    int r;

    put_header(header, l, backing, format);
    if (fallocate(fd, 0, 0, (off_t)(l->end * QCOW2_CLUSTER)) < 0 && errno != EOPNOTSUPP)
        return err_sys(e, errno, "take its space");
    r = write_at(fd, header, sizeof(header), 0, e);
    if (r == 0)
        r = write_counts(fd, l, e);
    if (r == 0 && (ftruncate(fd, (off_t)(l->end * QCOW2_CLUSTER)) < 0 || fsync(fd) < 0))
        r = err_sys(e, errno, "sync");
    return r;
}

int qcow2_create(const char *path, uint64_t size, const char *backing, const char *backing_format,
                 struct err *e)
{
    struct layout l = plan(size);
    auto_close int fd = -1;
    int r;

    if (size == 0 || size % 512 || size > QCOW2_SIZE_MAX)
        return err_set(e, EINVAL, "%s: %llu bytes is no size for a disk", path, (unsigned long long)size);
    if (backing && strlen(backing) > QCOW2_NAME_MAX)
        return err_set(e, ENAMETOOLONG, "%s: the name of the file below it is too long", path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(e, errno, "create %s", path);
    r = write_image(fd, &l, backing, backing_format, e);
    if (r < 0) {
        err_wrap(e, "%s", path);
        unlink(path);
    }
    return r;
}

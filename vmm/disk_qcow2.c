/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/iov.h"
#include "vmm/disk_qcow2_parts.h"
#include "vmm/io.h"

#define LOG "qcow2"
#include "core/base/log.h"

/* --- a request and its parts --- */

struct whole *whole_begin(disk_done *done, void *ctx)
{
    struct whole *w = malloc(sizeof(*w));

    if (w)
        *w = (struct whole){.parts = 1, .done = done, .ctx = ctx};
    else
        done(ctx, -ENOMEM);
    return w;
}

void whole_part_done(void *ctx, int result)
{
    struct whole *w = ctx;

    if (result < 0 && w->result == 0)
        w->result = result;
    if (--w->parts)
        return;
    w->done(w->ctx, w->result);
    free(w);
}

static void whole_failed(struct whole *w, int result)
{
    w->parts++;
    whole_part_done(w, result);
}

static struct q2 *q2_of(const struct disk *d)
{
    return d->image;
}

/* --- reading --- */

static void zero_pieces(const struct iovec *iov, int n, size_t from)
{
    for (int i = 0; i < n; i++) {
        size_t skip = from < iov[i].iov_len ? from : iov[i].iov_len;

        memset((char *)iov[i].iov_base + skip, 0, iov[i].iov_len - skip);
        from -= skip;
    }
}

static void read_below(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len,
                       struct whole *whole)
{
    struct disk *below = d->backing;
    uint64_t there = below && offset < below->size ? below->size - offset : 0;
    struct iovec pieces[IO_PIECES];

    if (there < len)
        zero_pieces(iov, n, there);
    if (there == 0)
        return;
    if (there < len) {
        n = (int)iov_slice(iov, (unsigned)n, 0, there, pieces, IO_PIECES);
        iov = pieces;
        len = there;
    }
    if (below->format == &disk_qcow2) {
        q2_read(below, iov, n, offset, len, whole);
        return;
    }
    whole->parts++;
    below->format->read(below, iov, n, offset, whole_part_done, whole);
}

static void read_packed(struct disk *d, const struct qcow2_run *run, const struct iovec *iov, int n,
                        uint64_t offset, struct whole *whole)
{
    uint32_t cluster = qcow2_cluster_size(q2_of(d)->q);
    auto_free uint8_t *bytes = malloc(cluster);
    int r = bytes ? q2_inflate(d, run, bytes) : -ENOMEM;

    if (r == 0)
        iov_write(iov, (unsigned)n, 0, bytes + offset % cluster, run->len);
    else
        whole_failed(whole, r);
}

static void read_run(struct disk *d, const struct qcow2_run *run, const struct iovec *iov, int n,
                     uint64_t offset, struct whole *whole)
{
    switch (run->kind) {
    case QCOW2_ZERO:
        zero_pieces(iov, n, 0);
        break;
    case QCOW2_BELOW:
        read_below(d, iov, n, offset, run->len, whole);
        break;
    case QCOW2_COMPRESSED:
        read_packed(d, run, iov, n, offset, whole);
        break;
    case QCOW2_DATA:
        whole->parts++;
        io_read(d->io, d->fd, iov, n, run->at, whole_part_done, whole);
        break;
    }
}

/* --- writing --- */

static void write_run(struct disk *d, const struct qcow2_run *run, const struct iovec *iov, int n,
                      uint64_t offset, struct whole *whole)
{
    struct growth *busy;

    if (run->kind == QCOW2_DATA) {
        whole->parts++;
        io_write(d->io, d->fd, iov, n, run->at, whole_part_done, whole);
        return;
    }
    busy = q2_busy(d, offset, run->len);
    if (busy)
        q2_wait(d, busy, iov, n, offset, run->len, whole);
    else
        q2_grow(d, iov, n, offset, run->len, whole);
}

/* --- both --- */

typedef void run_io(struct disk *d, const struct qcow2_run *run, const struct iovec *iov, int n, uint64_t offset,
                    struct whole *whole);

static void each_run(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len, run_io *io,
                     struct whole *whole)
{
    struct iovec pieces[IO_PIECES];
    struct qcow2_run run;

    for (uint64_t at = 0; at < len; at += run.len) {
        int r = qcow2_map(q2_of(d)->q, offset + at, len - at, &run);
        int count;

        if (r < 0) {
            whole_failed(whole, r);
            return;
        }
        count = (int)iov_slice(iov, (unsigned)n, at, run.len, pieces, IO_PIECES);
        io(d, &run, pieces, count, offset + at, whole);
    }
}

void q2_read(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len, struct whole *whole)
{
    each_run(d, iov, n, offset, len, read_run, whole);
}

void q2_write(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len, struct whole *whole)
{
    each_run(d, iov, n, offset, len, write_run, whole);
}

/* --- zeroes --- */

static const uint8_t zeroes[QCOW2_CLUSTER];

/* [offset, offset + len) is in one cluster, and not all of it. */
static void zero_part(struct disk *d, uint64_t offset, uint64_t len, struct whole *whole)
{
    struct iovec piece = {(void *)zeroes, len};

    q2_grow(d, &piece, 1, offset, len, whole);
}

static void zero_clusters(struct disk *d, uint64_t offset, uint64_t len, struct whole *whole)
{
    int r = qcow2_set_zero(q2_of(d)->q, offset, (len + QCOW2_CLUSTER - 1) / QCOW2_CLUSTER);

    if (r < 0)
        whole_failed(whole, r);
}

/* What is below shines through no more.  Returns the length done: up to the end of the partial cluster,
 * or of the whole ones. */
static uint64_t zero_below(struct disk *d, uint64_t offset, uint64_t len, struct whole *whole)
{
    uint64_t inside = offset % QCOW2_CLUSTER;
    bool to_end = offset + len == d->size;

    if (inside || (len < QCOW2_CLUSTER && !to_end)) {
        len = len < QCOW2_CLUSTER - inside ? len : QCOW2_CLUSTER - inside;
        zero_part(d, offset, len, whole);
        return len;
    }
    if (!to_end)
        len -= len % QCOW2_CLUSTER;
    zero_clusters(d, offset, len, whole);
    return len;
}

static uint64_t zero_run(struct disk *d, const struct qcow2_run *run, uint64_t offset, bool unmap,
                         struct whole *whole)
{
    struct growth *busy = run->kind == QCOW2_DATA ? NULL : q2_busy(d, offset, run->len);

    if (run->kind == QCOW2_DATA) { /* the cluster stays the disk's; its space goes back by the hole in it */
        whole->parts++;
        io_zero(d->io, d->fd, run->at, run->len, unmap, whole_part_done, whole);
    } else if (busy) {
        q2_wait_zero(d, busy, offset, run->len, unmap, whole);
    } else if (run->kind == QCOW2_BELOW && d->backing && offset < d->backing->size) {
        return zero_below(d, offset, run->len, whole);
    }
    return run->len;
}

void q2_zero(struct disk *d, uint64_t offset, uint64_t len, bool unmap, struct whole *whole)
{
    struct qcow2_run run;

    for (uint64_t end = offset + len; offset < end;) {
        int r = qcow2_map(q2_of(d)->q, offset, end - offset, &run);

        if (r < 0) {
            whole_failed(whole, r);
            return;
        }
        offset += zero_run(d, &run, offset, unmap, whole);
    }
    q2_flush_if_full(d);
}

/* --- the operations --- */

static uint64_t total(const struct iovec *iov, int n)
{
    return iov_total(iov, (unsigned)n);
}

static void qcow2_read_at(struct disk *d, const struct iovec *iov, int n, uint64_t offset, disk_done *done,
                          void *ctx)
{
    struct whole *w = whole_begin(done, ctx);

    if (!w)
        return;
    q2_read(d, iov, n, offset, total(iov, n), w);
    whole_end(w, 0);
}

static void qcow2_write_at(struct disk *d, const struct iovec *iov, int n, uint64_t offset, disk_done *done,
                           void *ctx)
{
    struct whole *w = whole_begin(done, ctx);

    if (!w)
        return;
    q2_write(d, iov, n, offset, total(iov, n), w);
    whole_end(w, 0);
}

static void qcow2_zero_at(struct disk *d, uint64_t offset, uint64_t len, bool unmap, disk_done *done,
                          void *ctx)
{
    struct whole *w = whole_begin(done, ctx);

    if (!w)
        return;
    q2_zero(d, offset, len, unmap, w);
    whole_end(w, 0);
}

static int open_image(struct disk *d, const char *path, struct err *e)
{
    struct q2 *q = calloc(1, sizeof(*q));

    if (!q)
        return err_sys(e, ENOMEM, "disk %s", path);
    q->q = qcow2_open(d->fd, !d->read_only, path, e);
    if (!q->q) {
        free(q);
        return err_wrap(e, "disk");
    }
    d->image = q;
    d->size = qcow2_disk_size(q->q);
    return 0;
}

static void close_image(struct disk *d)
{
    struct q2 *q = q2_of(d);
    int r = qcow2_close(q->q);

    if (r < 0)
        log_warn("a disk image is not closed in order (%s); it is repaired at its next use", strerror(-r));
    free(q);
    d->image = NULL;
}

static int freeze(struct disk *d, struct err *e)
{
    int r = qcow2_freeze(q2_of(d)->q);

    return r < 0 ? err_sys(e, -r, "write the disk image out") : 0;
}

static void thaw(struct disk *d)
{
    qcow2_thaw(q2_of(d)->q);
}

const char *disk_qcow2_wants_backing(const struct disk *d)
{
    return d->format == &disk_qcow2 ? qcow2_backing(q2_of(d)->q) : NULL;
}

bool disk_qcow2_is_empty(const struct disk *d)
{
    return d->format == &disk_qcow2 && qcow2_is_empty(q2_of(d)->q);
}

const struct disk_format disk_qcow2 = {.name = "qcow2", .overlay = true, .open = open_image,
                                       .close = close_image, .freeze = freeze, .thaw = thaw,
                                       .read = qcow2_read_at, .write = qcow2_write_at,
                                       .flush = q2_flush, .zero = qcow2_zero_at};

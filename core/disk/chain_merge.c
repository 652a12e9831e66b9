/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/disk/chain_parts.h"

#define PIECE ((uint64_t)16 * QCOW2_CLUSTER)
#define STEP ((uint64_t)512 * QCOW2_CLUSTER) /* between two looks at cancel and two words of progress */

/* The file being written: raw, or qcow2 with `q`. */
struct target {
    int fd;
    struct qcow2 *q;
};

static bool all_zero(const uint8_t *bytes, size_t len)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

static int write_at(int fd, const uint8_t *bytes, size_t len, uint64_t at)
{
    while (len) {
        ssize_t n = pwrite(fd, bytes, len, (off_t)at);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            bytes += n;
            at += (uint64_t)n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/*
 * Told also where nothing is to be below: until the tree says so, and after a kill -9 amid a deletion for long,
 * it is read over the layer that was merged into it.
 */
static int put_zero(struct target *t, uint64_t offset, uint64_t len)
{
    int r = t->q ? qcow2_set_zero(t->q, offset, (len + QCOW2_CLUSTER - 1) / QCOW2_CLUSTER) : 0;

    return r == 0 && t->q && qcow2_is_full(t->q) ? qcow2_flush(t->q) : r;
}

static int put_cluster(struct target *t, const uint8_t *bytes, size_t len, uint64_t offset)
{
    uint64_t at = offset;
    int r = 0;

    if (all_zero(bytes, len))
        return put_zero(t, offset, len);
    if (t->q)
        r = qcow2_alloc(t->q, 1, &at);
    if (r == 0)
        r = write_at(t->fd, bytes, len, at);
    if (r == 0 && t->q)
        r = qcow2_link(t->q, offset, 1, at);
    return r == 0 && t->q && qcow2_is_full(t->q) ? qcow2_flush(t->q) : r;
}

static int copy_run(struct target *t, const struct chain_run *run, uint64_t offset, uint8_t *bytes)
{
    int r = chain_read_at(run->fd, bytes, run->len, run->at);

    for (uint64_t at = 0; at < run->len && r == 0; at += QCOW2_CLUSTER) {
        size_t len = run->len - at < QCOW2_CLUSTER ? (size_t)(run->len - at) : QCOW2_CLUSTER;

        r = put_cluster(t, bytes + at, len, offset + at);
    }
    return r;
}

static int copy_step(struct chain *c, struct target *t, uint64_t offset, uint64_t end, uint8_t *bytes)
{
    while (offset < end) {
        struct chain_run run;
        int r = chain_map(c, offset, end - offset, &run);

        if (r == 0 && run.kind == QCOW2_DATA && run.len > PIECE)
            run.len = PIECE;
        if (r == 0 && run.kind == QCOW2_DATA)
            r = copy_run(t, &run, offset, bytes);
        else if (r == 0 && run.kind == QCOW2_ZERO && !run.hole) /* which reads as zeroes from above, too */
            r = put_zero(t, offset, run.len);
        if (r < 0)
            return r;
        offset += run.len;
    }
    return 0;
}

static int copy_all(struct chain *c, struct target *t, const struct chain_merge *m, struct err *e)
{
    uint64_t size = chain_size(c);
    auto_free uint8_t *bytes = malloc(PIECE);
    int r = bytes ? 0 : -ENOMEM;

    for (uint64_t at = 0; at < size && r == 0; at += STEP) {
        if (m->cancel && *m->cancel)
            return err_set(e, ECANCELED, "cancelled");
        if (m->progress)
            m->progress(m->ctx, at, size);
        r = copy_step(c, t, at, size - at < STEP ? size : at + STEP, bytes);
    }
    return r < 0 ? err_sys(e, -r, "merge") : 0;
}

static int open_target(struct target *t, const char *path, bool raw, uint64_t size,
                       const struct chain_merge *m, struct err *e)
{
    int r = raw ? 0 : qcow2_create(path, size, m->backing, m->backing_format, e);

    *t = (struct target){.fd = -1};
    if (r < 0)
        return r;
    t->fd = open(path, O_RDWR | O_CLOEXEC | (raw ? O_CREAT | O_EXCL : 0), 0600);
    if (t->fd < 0 || (raw && ftruncate(t->fd, (off_t)size) < 0))
        return err_sys(e, errno, "create %s", path);
    if (!raw)
        t->q = qcow2_open(t->fd, true, path, e);
    return raw || t->q ? 0 : -EIO;
}

static int close_target(struct target *t, int r, struct err *e)
{
    int closed = qcow2_close(t->q);

    if (r == 0 && closed < 0)
        r = err_sys(e, -closed, "write the merged image");
    if (r == 0 && fsync(t->fd) < 0)
        r = err_sys(e, errno, "sync the merged image");
    if (t->fd >= 0)
        close(t->fd);
    return r;
}

int chain_merge(struct chain *c, const char *path, const struct chain_merge *m, struct err *e)
{
    struct target t;
    int r = open_target(&t, path, m->raw, chain_size(c), m, e);

    if (r == 0)
        r = copy_all(c, &t, m, e);
    r = close_target(&t, r, e);
    if (r < 0)
        unlink(path);
    return r;
}

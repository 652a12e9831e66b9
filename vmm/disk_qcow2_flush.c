/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flush in the order of core/disk/qcow2.h: sync; L2 tables; sync and L1 table where that has changed;
 * sync.  One at a time: who asks meanwhile is served by the next one, all of them by the same.
 */
#include <errno.h>
#include <stdlib.h>

#include "vmm/disk_qcow2_parts.h"
#include "vmm/io.h"

struct flush_waiter {
    struct flush_waiter *next;
    disk_done *done;
    void *ctx;
};

struct flushing {
    struct disk *d;
    struct qcow2_batch batch;
    unsigned written;             /* of the batch */
    struct flush_waiter *waiters;
};

static void begin(struct disk *d);
static void next_step(struct flushing *f);

static struct q2 *q2_of(const struct disk *d)
{
    return d->image;
}

static void tell(struct flush_waiter *w, int result)
{
    for (struct flush_waiter *next; w; w = next) {
        next = w->next;
        w->done(w->ctx, result);
        free(w);
    }
}

static void end(struct flushing *f, int result)
{
    struct q2 *q = q2_of(f->d);
    struct flush_waiter *w = f->waiters;
    struct disk *d = f->d;

    qcow2_end_batch(q->q, &f->batch, result == 0);
    q->flush = NULL;
    free(f);
    if (q->waiters)
        begin(d);
    tell(w, result); /* last: who is told may close the disk */
}

static void on_sync(void *ctx, int result)
{
    struct flushing *f = ctx;

    if (result < 0) {
        qcow2_break(q2_of(f->d)->q);
        end(f, -EIO);
    } else {
        next_step(f);
    }
}

static void on_written(void *ctx, int result)
{
    struct flushing *f = ctx;

    if (result < 0)
        end(f, result);
    else
        io_flush(f->d->io, f->d->fd, on_sync, f);
}

/* After a sync: what is to be written before the next one, or nothing is left. */
static void next_step(struct flushing *f)
{
    unsigned to = f->written < f->batch.firsts ? f->batch.firsts : f->batch.count;
    struct whole *w;

    if (f->written == f->batch.count) {
        end(f, 0);
        return;
    }
    w = whole_begin(on_written, f);
    if (!w)
        return;
    for (; f->written < to; f->written++) {
        const struct qcow2_write *what = &f->batch.list[f->written];
        struct iovec piece = {what->bytes, what->len};

        w->parts++;
        io_write(f->d->io, f->d->fd, &piece, 1, what->at, whole_part_done, w);
    }
    whole_end(w, 0);
}

static void begin(struct disk *d)
{
    struct q2 *q = q2_of(d);
    struct flushing *f = calloc(1, sizeof(*f));
    struct flush_waiter *waiters = q->waiters;
    int r = !f ? -ENOMEM : qcow2_is_broken(q->q) ? -EIO : 0;

    q->waiters = NULL;
    if (r == 0 && qcow2_has_changes(q->q))
        r = qcow2_take(q->q, &f->batch);
    if (r < 0) {
        free(f);
        tell(waiters, r);
        return;
    }
    f->d = d;
    f->waiters = waiters;
    q->flush = f;
    io_flush(d->io, d->fd, on_sync, f);
}

void q2_flush(struct disk *d, disk_done *done, void *ctx)
{
    struct flush_waiter *w = malloc(sizeof(*w)), **at = &q2_of(d)->waiters;

    if (!w) {
        done(ctx, -ENOMEM);
        return;
    }
    *w = (struct flush_waiter){.done = done, .ctx = ctx};
    while (*at)
        at = &(*at)->next;
    *at = w;
    if (!q2_of(d)->flush)
        begin(d);
}

static void nobody(void *ctx, int result)
{
    (void)ctx;
    (void)result; /* the guest's own flush tells it */
}

void q2_flush_if_full(struct disk *d)
{
    if (!q2_of(d)->flush && qcow2_is_full(q2_of(d)->q))
        q2_flush(d, nobody, NULL);
}

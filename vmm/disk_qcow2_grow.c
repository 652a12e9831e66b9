/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes to clusters that the image does not have yet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/iov.h"
#include "vmm/disk_qcow2_parts.h"
#include "vmm/io.h"

/* A request, or a part of one, that waits for a growth. */
struct waiting {
    struct waiting *next;
    uint64_t offset, len;
    bool zero, unmap;
    struct whole *whole;
    int n;
    struct iovec iov[];
};

struct growth {
    struct growth *next;
    struct disk *d;
    struct whole *whole;
    uint64_t first, end;   /* of the disk: whole clusters */
    uint64_t offset, len;  /* what is written of them */
    uint64_t at;           /* of the file: where `first` goes */
    uint8_t *head, *tail;  /* what is kept of the first and last cluster; NULL: it is zeroes */
    struct waiting *waiting, **last_waiting;
    int n;
    struct iovec iov[];
};

static struct q2 *q2_of(const struct disk *d)
{
    return d->image;
}

struct growth *q2_busy(struct disk *d, uint64_t offset, uint64_t len)
{
    uint64_t first = offset - offset % QCOW2_CLUSTER;

    for (struct growth *g = q2_of(d)->growths; g; g = g->next)
        if (first < g->end && offset + len > g->first)
            return g;
    return NULL;
}

/* --- waiting --- */

static void add_waiting(struct growth *g, struct waiting *w, struct whole *whole)
{
    whole->parts++;
    if (!w) {
        whole_part_done(whole, -ENOMEM);
        return;
    }
    w->whole = whole;
    *g->last_waiting = w;
    g->last_waiting = &w->next;
}

void q2_wait(struct disk *d, struct growth *g, const struct iovec *iov, int n, uint64_t offset,
             uint64_t len, struct whole *whole)
{
    struct waiting *w = malloc(sizeof(*w) + (size_t)n * sizeof(*iov));

    (void)d;
    if (w) {
        *w = (struct waiting){.offset = offset, .len = len, .n = n};
        memcpy(w->iov, iov, (size_t)n * sizeof(*iov));
    }
    add_waiting(g, w, whole);
}

void q2_wait_zero(struct disk *d, struct growth *g, uint64_t offset, uint64_t len, bool unmap,
                  struct whole *whole)
{
    struct waiting *w = malloc(sizeof(*w));

    (void)d;
    if (w)
        *w = (struct waiting){.offset = offset, .len = len, .zero = true, .unmap = unmap};
    add_waiting(g, w, whole);
}

static void run_waiting(struct disk *d, struct waiting *w)
{
    for (struct waiting *next; w; w = next) {
        next = w->next;
        if (w->zero)
            q2_zero(d, w->offset, w->len, w->unmap, w->whole);
        else
            q2_write(d, w->iov, w->n, w->offset, w->len, w->whole);
        whole_part_done(w->whole, 0);
        free(w);
    }
}

/* --- the steps --- */

static void grown(void *ctx, int result)
{
    struct growth *g = ctx, **at = &q2_of(g->d)->growths;
    struct disk *d = g->d;
    struct waiting *w = g->waiting;
    struct whole *whole = g->whole;

    if (result == 0)
        result = qcow2_link(q2_of(d)->q, g->first, (g->end - g->first) / QCOW2_CLUSTER, g->at);
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    free(g->head);
    free(g->tail);
    free(g);
    run_waiting(d, w);
    q2_flush_if_full(d);
    whole_part_done(whole, result);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* New clusters are zeroes already. */
static void drop_zeroes(uint8_t **bytes, size_t len)
{
    if (*bytes && all_zero(*bytes, len)) {
        free(*bytes);
        *bytes = NULL;
    }
}

static void write_all(void *ctx, int result)
{
    struct growth *g = ctx;
    size_t head = g->offset - g->first, tail = g->end - g->offset - g->len;
    struct iovec iov[IO_PIECES];
    int n = 0;

    if (result < 0) {
        grown(g, result);
        return;
    }
    drop_zeroes(&g->head, head);
    drop_zeroes(&g->tail, tail);
    if (g->head)
        iov[n++] = (struct iovec){g->head, head};
    memcpy(iov + n, g->iov, (size_t)g->n * sizeof(*iov));
    n += g->n;
    if (g->tail)
        iov[n++] = (struct iovec){g->tail, tail};
    io_write(g->d->io, g->d->fd, iov, n, g->at + (g->head ? 0 : head), grown, g);
}

/* Of the cluster at `offset`: do the bytes that are not written have to be read at all? */
static bool is_below(struct disk *d, uint64_t offset)
{
    struct qcow2_run run;

    return d->backing && offset < d->backing->size &&
           (qcow2_map(q2_of(d)->q, offset, 1, &run) < 0 || run.kind == QCOW2_BELOW);
}

static void read_kept(struct growth *g, uint8_t **bytes, uint64_t offset, size_t len, struct whole *w)
{
    struct iovec piece;

    if (len == 0 || !is_below(g->d, offset))
        return;
    *bytes = malloc(len);
    if (!*bytes) {
        w->result = -ENOMEM;
        return;
    }
    piece = (struct iovec){*bytes, len};
    q2_read(g->d, &piece, 1, offset, len, w);
}

static void start(struct growth *g)
{
    struct whole *w = whole_begin(write_all, g);

    if (!w) /* write_all has been told */
        return;
    read_kept(g, &g->head, g->first, g->offset - g->first, w);
    read_kept(g, &g->tail, g->offset + g->len, g->end - g->offset - g->len, w);
    whole_end(w, 0);
}

void q2_grow(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len,
             struct whole *whole)
{
    struct growth *g = n <= IO_PIECES - 2 ? malloc(sizeof(*g) + (size_t)n * sizeof(*iov)) : NULL;
    uint64_t first = offset - offset % QCOW2_CLUSTER, end = offset + len + QCOW2_CLUSTER - 1, at = 0;
    int r = g ? 0 : -ENOMEM;

    end -= end % QCOW2_CLUSTER;
    whole->parts++;
    if (r == 0)
        r = qcow2_alloc(q2_of(d)->q, (end - first) / QCOW2_CLUSTER, &at);
    if (r < 0) {
        free(g);
        whole_part_done(whole, r == -EFBIG ? -ENOSPC : r);
        return;
    }
    *g = (struct growth){.next = q2_of(d)->growths, .d = d, .whole = whole, .first = first, .end = end,
                         .offset = offset, .len = len, .at = at, .n = n, .last_waiting = &g->waiting};
    memcpy(g->iov, iov, (size_t)n * sizeof(*iov));
    q2_of(d)->growths = g;
    start(g);
}

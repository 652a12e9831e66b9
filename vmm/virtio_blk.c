/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_blk.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/state.h"
#include "vmm/io.h"

#define SECTOR 512ULL
#define BLOCK 4096U /* what images and their host file systems like */
#define SEGMENTS_MAX 126
#define ZERO_SECTORS_MAX (1U << 21) /* 1 GiB a range */
#define ZERO_RANGES_MAX 16
#define BATCH 128

#define FEATURE(n) (1ULL << (n))

struct request {
    struct virtio_blk *blk;
    unsigned queue;
    uint16_t head;
    uint8_t *status;
    uint32_t written; /* data bytes the guest will find, beside the status */
    uint64_t started_us;
    unsigned parts;   /* operations of it still in flight */
    int result;
};

static struct virtio_blk *blk_of(struct virtio *v)
{
    return (struct virtio_blk *)((char *)v - offsetof(struct virtio_blk, v));
}

static void count_latency(struct virtio_stats *s, uint64_t us)
{
    s->latency_us_sum += us;
    if (us > s->latency_us_max)
        s->latency_us_max = us;
}

/* Status and used ring; the interrupt is the caller's. */
static void finish(struct request *q, uint8_t status)
{
    struct virtio *v = &q->blk->v;

    if (status != VIRTIO_BLK_S_OK) {
        v->stats.errors++;
        q->written = 0;
    }
    *q->status = status;
    count_latency(&v->stats, clock_us() - q->started_us);
    virtio_used(v, q->queue, q->head, q->written + 1);
    free(q);
}

static void on_done(void *ctx, int result)
{
    struct request *q = ctx;
    struct virtio *v = &q->blk->v;
    unsigned queue = q->queue;

    if (result < 0)
        q->result = result;
    if (--q->parts)
        return;
    finish(q, q->result == 0           ? VIRTIO_BLK_S_OK
              : q->result == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP
                                         : VIRTIO_BLK_S_IOERR);
    virtio_kick(v, queue);
}

/* Is [sector, sector + bytes) inside the disk? */
static bool in_range(const struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
    uint64_t sectors = b->disk.size / SECTOR;

    return bytes % SECTOR == 0 && sector <= sectors && bytes / SECTOR <= sectors - sector;
}

/* --- request types: each returns a status, or -1 once it is under way --- */

typedef int start_fn(struct request *q, const struct vreq *r, uint64_t sector);

/* The pieces of data between the 16-byte header and the status byte. */
static int data_pieces(const struct vreq *r, bool write, struct iovec *out)
{
    size_t skip = write ? sizeof(struct virtio_blk_outhdr) : 0;
    size_t left = write ? r->read_len - skip : r->write_len - 1;
    const struct iovec *in = write ? r->iov : r->iov + r->nread;
    int n = 0;

    for (; left; in++) {
        size_t take;

        if (skip >= in->iov_len) {
            skip -= in->iov_len;
            continue;
        }
        take = in->iov_len - skip < left ? in->iov_len - skip : left;
        out[n++] = (struct iovec){(char *)in->iov_base + skip, take};
        skip = 0;
        left -= take;
    }
    return n;
}

static int start_in(struct request *q, const struct vreq *r, uint64_t sector)
{
    struct iovec pieces[VREQ_PIECES];
    struct disk *d = &q->blk->disk;

    q->written = r->write_len - 1;
    if (!in_range(q->blk, sector, q->written))
        return VIRTIO_BLK_S_IOERR;
    q->blk->v.stats.read_bytes += q->written;
    q->parts = 1;
    d->format->read(d, pieces, data_pieces(r, false, pieces), sector * SECTOR, on_done, q);
    return -1;
}

static int start_out(struct request *q, const struct vreq *r, uint64_t sector)
{
    struct iovec pieces[VREQ_PIECES];
    struct disk *d = &q->blk->disk;
    uint64_t len = r->read_len - sizeof(struct virtio_blk_outhdr);

    if (d->read_only || !in_range(q->blk, sector, len))
        return VIRTIO_BLK_S_IOERR;
    q->blk->v.stats.write_bytes += len;
    q->parts = 1;
    d->format->write(d, pieces, data_pieces(r, true, pieces), sector * SECTOR, on_done, q);
    return -1;
}

static int start_flush(struct request *q, const struct vreq *r, uint64_t sector)
{
    (void)r;
    (void)sector;
    q->parts = 1;
    q->blk->disk.format->flush(&q->blk->disk, on_done, q);
    return -1;
}

static int start_get_id(struct request *q, const struct vreq *r, uint64_t sector)
{
    (void)sector;
    q->written = r->write_len - 1 < 20 ? r->write_len - 1 : 20;
    vreq_write(r, 0, q->blk->serial, q->written);
    return VIRTIO_BLK_S_OK;
}

/* 5.2.6: an array of {sector, number of sectors, flags}, checked whole before the first is done. */
static int copy_ranges(const struct request *q, const struct vreq *r,
                       struct virtio_blk_discard_write_zeroes *ranges, uint32_t flags_allowed)
{
    size_t len = r->read_len - sizeof(struct virtio_blk_outhdr), n = len / sizeof(*ranges);

    if (len == 0 || len % sizeof(*ranges) || n > ZERO_RANGES_MAX)
        return -VIRTIO_BLK_S_IOERR;
    vreq_read(r, sizeof(struct virtio_blk_outhdr), ranges, len);
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].flags & ~flags_allowed)
            return -VIRTIO_BLK_S_UNSUPP;
        if (ranges[i].num_sectors > ZERO_SECTORS_MAX ||
            !in_range(q->blk, ranges[i].sector, ranges[i].num_sectors * SECTOR))
            return -VIRTIO_BLK_S_IOERR;
    }
    return (int)n;
}

static int start_zero(struct request *q, const struct vreq *r, uint32_t flags_allowed,
                      bool always_unmap)
{
    struct virtio_blk_discard_write_zeroes ranges[ZERO_RANGES_MAX];
    struct disk *d = &q->blk->disk;
    int n = d->read_only ? -VIRTIO_BLK_S_IOERR : copy_ranges(q, r, ranges, flags_allowed);

    if (n < 0)
        return -n;
    q->parts = (unsigned)n;
    for (int i = 0; i < n; i++) {
        if (ranges[i].num_sectors == 0) /* nothing to do is done */
            on_done(q, 0);
        else
            d->format->zero(d, ranges[i].sector * SECTOR, ranges[i].num_sectors * SECTOR,
                            always_unmap || (ranges[i].flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP),
                            on_done, q);
    }
    return -1;
}

static int start_discard(struct request *q, const struct vreq *r, uint64_t sector)
{
    (void)sector;
    return start_zero(q, r, 0, true);
}

static int start_write_zeroes(struct request *q, const struct vreq *r, uint64_t sector)
{
    (void)sector;
    return start_zero(q, r, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP, false);
}

static const struct {
    uint32_t type;
    start_fn *start;
} types[] = {
    {VIRTIO_BLK_T_IN, start_in},           {VIRTIO_BLK_T_OUT, start_out},
    {VIRTIO_BLK_T_FLUSH, start_flush},     {VIRTIO_BLK_T_GET_ID, start_get_id},
    {VIRTIO_BLK_T_DISCARD, start_discard}, {VIRTIO_BLK_T_WRITE_ZEROES, start_write_zeroes},
};

static int start(struct request *q, const struct vreq *r, const struct virtio_blk_outhdr *h)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].type == h->type)
            return types[i].start(q, r, h->sector);
    return VIRTIO_BLK_S_UNSUPP;
}

/* False: the request is so malformed that there is no place for its status. */
static bool handle(struct virtio_blk *b, unsigned queue, const struct vreq *r)
{
    struct virtio_blk_outhdr h;
    const struct iovec *last;
    struct request *q;
    int status;

    if (r->write_len < 1 || vreq_read(r, 0, &h, sizeof(h)) != sizeof(h))
        return false;
    q = calloc(1, sizeof(*q));
    if (!q)
        return false;
    *q = (struct request){.blk = b, .queue = queue, .head = r->head, .started_us = clock_us()};
    last = &r->iov[r->nread + r->nwrite - 1];
    q->status = (uint8_t *)last->iov_base + last->iov_len - 1;
    status = start(q, r, &h);
    if (status >= 0)
        finish(q, (uint8_t)status);
    return true;
}

static void blk_notify(struct virtio *v, unsigned queue)
{
    struct virtio_blk *b = blk_of(v);
    struct vreq r;

    for (int i = 0; virtio_pop(v, queue, &r); i++) {
        if (!handle(b, queue, &r)) {
            virtio_fail(v, "a request without header or status");
            break;
        }
        if (i == BATCH) {
            virtio_again(v);
            break;
        }
    }
    io_submit(b->io);
    virtio_kick(v, queue);
}

static void blk_config_read(struct virtio *v, size_t offset, void *to, size_t len)
{
    struct virtio_blk *b = blk_of(v);
    struct virtio_blk_config c = {
        .capacity = b->disk.size / SECTOR,
        .seg_max = SEGMENTS_MAX,
        .blk_size = SECTOR,
        .physical_block_exp = 3, /* 4 KiB of 512 */
        .min_io_size = BLOCK / SECTOR,
        .opt_io_size = 0,
        .num_queues = (uint16_t)b->v.queues,
        .max_discard_sectors = ZERO_SECTORS_MAX,
        .max_discard_seg = ZERO_RANGES_MAX,
        .discard_sector_alignment = BLOCK / SECTOR,
        .max_write_zeroes_sectors = ZERO_SECTORS_MAX,
        .max_write_zeroes_seg = ZERO_RANGES_MAX,
        .write_zeroes_may_unmap = 1,
    };

    memcpy(to, (uint8_t *)&c + offset, len);
}

static void blk_reset(struct virtio *v)
{
    io_drain(blk_of(v)->io);
}

static void on_flushed(void *ctx, int result)
{
    *(int *)ctx = result;
}

/* What the guest wrote is in the image, whole, before its state is taken. */
static void blk_quiesce(struct virtio *v)
{
    struct virtio_blk *b = blk_of(v);

    io_drain(b->io);
    b->flushed = 0;
    if (!b->disk.read_only)
        b->disk.format->flush(&b->disk, on_flushed, &b->flushed);
    io_drain(b->io);
    if (b->flushed == 0)
        b->flushed = disk_settle(&b->disk);
}

/*
 * The guest remembers what it read of the disk: its memory belongs to just this state of the image.  The
 * time of the file's last change tells whether anybody has written to it since; one who restores a snapshot
 * has put an empty image over it.
 */
static void blk_state(struct virtio *v, struct state *s)
{
    struct virtio_blk *b = blk_of(v);
    uint64_t stamp = disk_stamp(&b->disk), saved = stamp;

    if (b->flushed < 0 || stamp == 0)
        state_refuse(s, "disk %s: what was written cannot be made durable", v->name);
    state_same(s, b->disk.size, "the size of a disk");
    state_bool(s, &b->disk.read_only);
    state_u64(s, &saved);
    if (s->loading && !disk_is_as_of(&b->disk, saved))
        state_refuse(s, "disk %s was written to since the machine was saved", v->name);
}

static const struct virtio_class blk_class = {
    .name = "blk",
    .id = 2,
    .queue_size = 128,
    .notify = blk_notify,
    .config_read = blk_config_read,
    .reset = blk_reset,
    .quiesce = blk_quiesce,
    .state = blk_state,
};

static uint64_t features(bool read_only, unsigned queues)
{
    uint64_t f = FEATURE(VIRTIO_BLK_F_SEG_MAX) | FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
                 FEATURE(VIRTIO_BLK_F_TOPOLOGY) | FEATURE(VIRTIO_BLK_F_FLUSH);

    f |= read_only ? FEATURE(VIRTIO_BLK_F_RO)
                   : FEATURE(VIRTIO_BLK_F_DISCARD) | FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);
    return queues > 1 ? f | FEATURE(VIRTIO_BLK_F_MQ) : f;
}

int virtio_blk_init(struct virtio_blk *b, const struct mem *mem, struct io *io, const char *name,
                    const char *path, const char *format, bool read_only, unsigned queues,
                    struct err *e)
{
    b->io = io;
    strncpy(b->serial, name, sizeof(b->serial) - 1);
    virtio_init(&b->v, &blk_class, name, mem, features(read_only, queues),
                sizeof(struct virtio_blk_config), queues);
    return disk_open(&b->disk, io, path, format, read_only, e);
}

void virtio_blk_release(struct virtio_blk *b)
{
    disk_close(&b->disk);
}

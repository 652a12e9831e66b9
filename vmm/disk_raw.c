/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/disk_raw.h"

#include "vmm/io.h"

static void raw_read(struct disk *d, const struct iovec *iov, int n, uint64_t offset,
                     disk_done *done, void *ctx)
{
    io_read(d->io, d->fd, iov, n, offset, done, ctx);
}

static void raw_write(struct disk *d, const struct iovec *iov, int n, uint64_t offset,
                      disk_done *done, void *ctx)
{
    io_write(d->io, d->fd, iov, n, offset, done, ctx);
}

static void raw_flush(struct disk *d, disk_done *done, void *ctx)
{
    io_flush(d->io, d->fd, done, ctx);
}

static void raw_zero(struct disk *d, uint64_t offset, uint64_t len, bool unmap, disk_done *done,
                     void *ctx)
{
    io_zero(d->io, d->fd, offset, len, unmap, done, ctx);
}

const struct disk_format disk_raw = {
    .name = "raw", .read = raw_read, .write = raw_write, .flush = raw_flush, .zero = raw_zero};

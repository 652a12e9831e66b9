/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/disk_raw.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "vmm/io.h"

static int raw_open(struct disk *d, const char *path, struct err *e)
{
    struct stat st;

    if (fstat(d->fd, &st) < 0)
        return err_sys(e, errno, "disk %s", path);
    d->size = (uint64_t)st.st_size;
    if (S_ISBLK(st.st_mode) && ioctl(d->fd, BLKGETSIZE64, &d->size) < 0)
        return err_sys(e, errno, "disk %s", path);
    if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set(e, EINVAL, "disk %s: neither a file nor a block device", path);
    if (d->size == 0 || d->size % 512)
        return err_set(e, EINVAL, "disk %s: its size of %llu bytes is no multiple of 512", path,
                       (unsigned long long)d->size);
    return 0;
}

static int raw_freeze(struct disk *d, struct err *e)
{
    return fdatasync(d->fd) < 0 ? err_sys(e, errno, "sync the disk") : 0;
}

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

const struct disk_format disk_raw = {.name = "raw", .open = raw_open, .freeze = raw_freeze,
                                     .read = raw_read, .write = raw_write, .flush = raw_flush,
                                     .zero = raw_zero};

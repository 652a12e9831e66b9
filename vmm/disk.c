/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/disk_raw.h"

static const struct disk_format *const formats[] = {&disk_raw};

static const struct disk_format *format_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

static int image_size(int fd, uint64_t *size, const char *path, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(e, errno, "disk %s", path);
    *size = (uint64_t)st.st_size;
    if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, size) < 0)
        return err_sys(e, errno, "disk %s", path);
    if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set(e, EINVAL, "disk %s: neither a file nor a block device", path);
    if (*size == 0 || *size % 512)
        return err_set(e, EINVAL, "disk %s: its size of %llu bytes is no multiple of 512", path,
                       (unsigned long long)*size);
    return 0;
}

static int lock_image(int fd, bool read_only, const char *path, struct err *e)
{
    struct flock whole = {.l_type = read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return 0;
    if (errno == EAGAIN || errno == EACCES)
        return err_set(e, EBUSY, "disk %s is in use by another machine", path);
    return err_sys(e, errno, "lock disk %s", path);
}

int disk_open(struct disk *d, struct io *io, const char *path, const char *format, bool read_only,
              struct err *e)
{
    auto_close int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    int r;

    *d = (struct disk){.format = format_of(format), .io = io, .fd = -1, .read_only = read_only};
    if (!d->format)
        return err_set(e, EINVAL, "disk %s: format '%s' is not known; raw is", path, format);
    if (fd < 0)
        return err_sys(e, errno, "disk %s", path);
    r = image_size(fd, &d->size, path, e);
    if (r == 0)
        r = lock_image(fd, read_only, path, e);
    if (r == 0)
        d->fd = steal_fd(&fd);
    return r;
}

uint64_t disk_stamp(const struct disk *d)
{
    struct stat st;

    if (fstat(d->fd, &st) < 0)
        return 0;
    return (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
}

void disk_close(struct disk *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

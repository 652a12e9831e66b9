/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/disk_qcow2.h"
#include "vmm/disk_raw.h"

#define LOG "disk"
#include "core/base/log.h"

static const struct disk_format *const formats[] = {&disk_raw, &disk_qcow2};

static const struct disk_format *format_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

static int set_lock(int fd, bool read_only)
{
    struct flock whole = {.l_type = read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_SETLK, &whole) == 0 ? 0 : -errno;
}

static int lock_image(int fd, bool read_only, const char *path, struct err *e)
{
    int r = set_lock(fd, read_only);

    if (r == 0)
        return 0;
    if (r == -EAGAIN || r == -EACCES)
        return err_set(e, EBUSY, "disk %s is in use by another machine", path);
    return err_sys(e, -r, "lock disk %s", path);
}

/* A frozen layer of a snapshot may be written by nobody, not even by root, whom its mode does not stop. */
static int check_frozen(int fd, bool read_only, const char *path, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(e, errno, "disk %s", path);
    if (!read_only && S_ISREG(st.st_mode) && !(st.st_mode & 0200))
        return err_set(e, EACCES, "disk %s is frozen: a snapshot stands on it", path);
    return 0;
}

int disk_open(struct disk *d, struct io *io, const char *path, const char *format, bool read_only,
              struct err *e)
{
    auto_close int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    int r;

    *d = (struct disk){.format = format_of(format), .io = io, .fd = -1, .read_only = read_only};
    if (!d->format)
        return err_set(e, EINVAL, "disk %s: format '%s' is not known; raw and qcow2 are", path, format);
    if (fd < 0)
        return err_sys(e, errno, "disk %s", path);
    r = check_frozen(fd, read_only, path, e);
    if (r == 0)
        r = lock_image(fd, read_only, path, e);
    d->fd = fd;
    if (r == 0)
        r = d->format->open(d, path, e);
    d->fd = r == 0 ? steal_fd(&fd) : -1;
    return r;
}

int disk_settle(struct disk *d)
{
    int r = d->read_only ? 0 : d->format->freeze(d, NULL);

    if (r == 0 && !d->read_only && d->format->thaw)
        d->format->thaw(d);
    return r;
}

uint64_t disk_stamp(const struct disk *d)
{
    struct stat st;

    if (fstat(d->fd, &st) < 0)
        return 0;
    return (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
}

bool disk_is_as_of(const struct disk *d, uint64_t stamp)
{
    return disk_stamp(d) == stamp ||
           (d->backing && disk_qcow2_is_empty(d) && disk_stamp(d->backing) == stamp);
}

void disk_close(struct disk *d)
{
    if (d->fd >= 0 && d->format->close)
        d->format->close(d);
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    if (d->backing)
        disk_close(d->backing);
    free(d->backing);
    d->backing = NULL;
}

/* --- chains --- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What the image says it stands on is only compared: after a merge that was cut short it may be old. */
static void compare_names(const struct disk *d, const char *path)
{
    const char *name = disk_qcow2_wants_backing(d);

    if (!name || strcmp(last_part(name), last_part(path)) != 0)
        log_warn("an image stands on %s as it was told, and not on '%s' as its header says", path,
                 name ? name : "");
}

int disk_add_backing(struct disk *d, const char *path, const char *format, struct err *e)
{
    struct disk *below;
    int r;

    while (d->backing)
        d = d->backing;
    if (!d->format->overlay)
        return err_set(e, EINVAL, "disk %s: an image of format %s stands on no other", path, d->format->name);
    below = malloc(sizeof(*below));
    if (!below)
        return err_sys(e, ENOMEM, "disk %s", path);
    r = disk_open(below, d->io, path, format, true, e);
    if (r == 0)
        d->backing = below;
    else
        free(below);
    if (r == 0)
        compare_names(d, path);
    return r;
}

static bool is_same_file(const struct disk *a, const struct disk *b)
{
    struct stat x, y;

    return fstat(a->fd, &x) < 0 || fstat(b->fd, &y) < 0 || (x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

int disk_check(const struct disk *d, struct err *e)
{
    for (; d; d = d->backing) {
        if (!d->backing && disk_qcow2_wants_backing(d))
            return err_set(e, EINVAL, "its image stands on '%.200s', which has to be named: "
                           "backing=PATH:FORMAT", disk_qcow2_wants_backing(d));
        for (const struct disk *below = d->backing; below; below = below->backing)
            if (is_same_file(d, below))
                return err_set(e, ELOOP, "one image stands on itself");
    }
    return 0;
}

static int give_name(const char *from, const char *to, struct err *e)
{
    auto_free char *folder = strrchr(to, '/') ? strndup(to, (size_t)(strrchr(to, '/') - to)) : strdup(".");

    if (!folder)
        return err_sys(e, ENOMEM, "disk %s", to);
    if (rename(from, to) < 0)
        return err_sys(e, errno, "rename %s to %s", from, to);
    file_fsync_dir(folder, NULL); /* it has happened, whatever this says */
    return 0;
}

/* The moment: nothing is written to the old image any more, and nothing yet to the new one. */
static int switch_to(struct disk *d, const struct disk *top, const char *from, const char *to, struct err *e)
{
    int r;

    if (top->size != d->size || d->read_only)
        return err_set(e, EINVAL, "%s is of another size, or the disk cannot be written", from);
    r = d->format->freeze(d, e);
    if (r < 0)
        return r;
    r = give_name(from, to, e);
    if (r < 0 && d->format->thaw)
        d->format->thaw(d);
    return r;
}

int disk_push(struct disk *d, const char *from, const char *to, struct err *e)
{
    struct disk *below = malloc(sizeof(*below)), top;
    int r = below ? disk_open(&top, d->io, from, "qcow2", false, e) : err_sys(e, ENOMEM, "snapshot");

    if (r == 0 && (r = switch_to(d, &top, from, to, e)) < 0)
        disk_close(&top);
    if (r < 0) {
        free(below);
        return r;
    }
    d->read_only = true;
    set_lock(d->fd, true);
    *below = *d;
    *d = top;
    d->backing = below;
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A loss of power, for files that are watched: what was written since a file's last sync is there or not, each
 * sector as it pleases.  io_uring is refused, so that all passes here.
 */
#ifndef TESTS_UNIT_POWER_H
#define TESTS_UNIT_POWER_H

#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define POWER_FILES 8
#define SECTOR 512

enum change_kind { CHANGE_WRITE, CHANGE_ZERO, CHANGE_LENGTH };
struct change {
    struct change *next;
    enum change_kind kind;
    off_t at, len;
    unsigned char bytes[];
};
/* "durable.N" is what is on the disk of file N for sure. */
static struct {
    bool off; /* nothing is watched just now */
    unsigned files;
    ino_t ino[POWER_FILES];
    struct change *pending[POWER_FILES];
    void (*before_sync)(void);
} power;

int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
    (void)entries;
    (void)ring;
    (void)flags;
    return -ENOSYS;
}

static inline void power_watch(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(shell("cp --sparse=always %s durable.%u", path, power.files), 0);
    power.ino[power.files++] = st.st_ino;
}

static inline struct change **pending_of(int fd)
{
    struct stat st;

    for (unsigned i = 0; !power.off && fstat(fd, &st) == 0 && i < power.files; i++)
        if (power.ino[i] == st.st_ino)
            return &power.pending[i];
    return NULL;
}

static inline struct change *power_add(int fd, enum change_kind kind, off_t at, off_t len, size_t bytes)
{
    struct change **p = pending_of(fd), *c = p ? calloc(1, sizeof(*c) + bytes) : NULL;

    if (!c)
        return NULL;
    while (*p)
        p = &(*p)->next;
    *c = (struct change){.kind = kind, .at = at, .len = len};
    *p = c;
    return c;
}

static inline void change_apply(int fd, const struct change *c, bool lossy)
{
    bool torn = lossy && rand() % 3 == 0;

    if (lossy && !torn && rand() % 2)
        return;
    if (c->kind == CHANGE_LENGTH)
        syscall(SYS_ftruncate, fd, c->len);
    else if (c->kind == CHANGE_ZERO)
        syscall(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, c->at, c->len);
    for (off_t done = 0, n; c->kind == CHANGE_WRITE && done < c->len; done += n) {
        n = SECTOR - (c->at + done) % SECTOR;
        n = n < c->len - done ? n : c->len - done;
        if (!torn || rand() % 2)
            syscall(SYS_pwrite64, fd, c->bytes + done, n, c->at + done);
    }
}

static inline void power_forget(unsigned i)
{
    for (struct change *c = power.pending[i], *next; c; c = next) {
        next = c->next;
        free(c);
    }
    power.pending[i] = NULL;
}

static inline void power_apply(unsigned i, const char *path, bool lossy)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    for (struct change *c = power.pending[i]; c; c = c->next)
        change_apply(fd, c, lossy);
    close(fd);
}

/* What may be left of file `i` if the power fails now, as "lost.N". */
static inline void power_fail(unsigned i)
{
    char path[32];

    snprintf(path, sizeof(path), "lost.%u", i);
    assert_int_equal(shell("rm -f %s; cp --sparse=always durable.%u %s", path, i, path), 0);
    power_apply(i, path, true);
}

static inline void power_reset(void)
{
    for (unsigned i = 0; i < power.files; i++)
        power_forget(i);
    power.files = 0;
    power.off = false;
    power.before_sync = NULL;
}

static inline int power_sync(int fd)
{
    struct change **p = pending_of(fd);
    unsigned i = p ? (unsigned)(p - power.pending) : 0;
    char path[32];

    if (!p)
        return 0;
    if (power.before_sync)
        power.before_sync();
    snprintf(path, sizeof(path), "durable.%u", i);
    power_apply(i, path, false);
    power_forget(i);
    return 0;
}

/* --- the calls --- */

int fsync(int fd)
{
    return power_sync(fd);
}

int fdatasync(int fd)
{
    return power_sync(fd);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
    struct change *c;
    size_t len = 0;

    for (int i = 0; i < n; i++)
        len += iov[i].iov_len;
    c = power_add(fd, CHANGE_WRITE, at, (off_t)len, len);
    for (int i = 0, to = 0; c && i < n; to += (int)iov[i++].iov_len)
        memcpy(c->bytes + to, iov[i].iov_base, iov[i].iov_len);
    return syscall(SYS_pwritev, fd, iov, n, at, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    struct iovec iov = {(void *)bytes, len};

    return pwritev(fd, &iov, 1, at);
}

int ftruncate(int fd, off_t len)
{
    power_add(fd, CHANGE_LENGTH, 0, len, 0);
    return (int)syscall(SYS_ftruncate, fd, len);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    struct stat st;

    if (mode)
        power_add(fd, CHANGE_ZERO, at, len, 0);
    else if (fstat(fd, &st) == 0 && at + len > st.st_size)
        power_add(fd, CHANGE_LENGTH, 0, at + len, 0);
    return (int)syscall(SYS_fallocate, fd, mode, at, len);
}

#endif

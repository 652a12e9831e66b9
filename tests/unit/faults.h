/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls by which files change, of the whole test program: the n-th of them is its last one, as with kill -9,
 * or finds the disk full.  What runs before the n-th call has happened; a process may add its own doing before it.
 */
#ifndef TESTS_UNIT_FAULTS_H
#define TESTS_UNIT_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAULT_DIED 99

enum fault_kind { FAULT_NONE, FAULT_DIE, FAULT_FULL };
static struct {
    enum fault_kind kind;
    int at, count;      /* FAULT_FULL: from the n-th call on there is no room */
    void (*meanwhile)(void); /* before each call */
} faults;

/* Does the call fail?  `room`: it needs some. */
static inline bool fault(bool room)
{
    int before = errno;

    if (faults.meanwhile)
        faults.meanwhile();
    errno = before;
    if (faults.kind == FAULT_NONE || ++faults.count < faults.at)
        return false;
    if (faults.kind == FAULT_DIE)
        _exit(FAULT_DIED);
    if (room)
        errno = ENOSPC;
    return room;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return fault(true) ? -1 : syscall(SYS_write, fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return fault(true) ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

int fsync(int fd)
{
    return fault(true) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fault(true) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t len)
{
    return fault(false) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    return fault(true) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, len);
}

int rename(const char *from, const char *to)
{
    return fault(true) ? -1 : (int)syscall(SYS_rename, from, to);
}

int link(const char *from, const char *to)
{
    return fault(true) ? -1 : (int)syscall(SYS_link, from, to);
}

int symlink(const char *to, const char *path)
{
    return fault(true) ? -1 : (int)syscall(SYS_symlink, to, path);
}

int mkdir(const char *path, mode_t mode)
{
    return fault(true) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

int chmod(const char *path, mode_t mode)
{
    return fault(false) ? -1 : (int)syscall(SYS_chmod, path, mode);
}

int unlink(const char *path)
{
    return fault(false) ? -1 : (int)syscall(SYS_unlink, path);
}

int unlinkat(int dir, const char *path, int flags)
{
    return fault(false) ? -1 : (int)syscall(SYS_unlinkat, dir, path, flags);
}

#endif

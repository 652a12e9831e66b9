/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of this machine: tree.h. */
#include "core/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"

static int result(int rc)
{
    return rc < 0 ? -errno : 0;
}

static int host_parent(struct tree *t, const char *path, int64_t *dir, char name[TREE_NAME_SIZE])
{
    auto_free char *head = strdup(path);
    size_t len = strlen(path);
    char *slash;
    int fd;

    (void)t;
    if (!head)
        return -ENOMEM;
    while (len > 0 && head[len - 1] == '/')
        head[--len] = '\0';
    slash = strrchr(head, '/');
    if (snprintf(name, TREE_NAME_SIZE, "%s", slash ? slash + 1 : head) >= TREE_NAME_SIZE)
        return -ENAMETOOLONG;
    if (slash)
        slash[slash == head] = '\0';
    fd = open(slash ? head : len == 0 && *path ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        if (fd >= 0)
            close(fd);
        return -EISDIR;
    }
    *dir = fd;
    return result(fd);
}

static int host_find(struct tree *t, const char *path, int64_t *handle, struct stat *st)
{
    int fd = open(path, O_PATH | O_CLOEXEC);

    (void)t;
    if (fd < 0)
        return -errno;
    *handle = fd;
    return result(fstat(fd, st));
}

static int host_look(struct tree *t, int64_t dir, const char *name, int64_t *handle, struct stat *st)
{
    int fd = openat((int)dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    (void)t;
    if (fd < 0)
        return -errno;
    *handle = fd;
    return result(fstat(fd, st));
}

/* The file looked at and no other, which a name could be by now. */
static int host_open(struct tree *t, int64_t *handle, bool is_dir)
{
    char path[64];
    int fd;

    (void)t;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)*handle);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0));
    if (fd < 0)
        return -errno;
    close((int)*handle);
    *handle = fd;
    return 0;
}

static int host_create(struct tree *t, int64_t dir, const char *name, mode_t mode, int64_t *handle)
{
    (void)t;
    *handle = openat((int)dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    return result((int)*handle);
}

static ssize_t host_read(struct tree *t, int64_t handle, void *bytes, size_t len, uint64_t offset)
{
    ssize_t n = pread((int)handle, bytes, len, (off_t)offset);

    (void)t;
    return n < 0 ? -errno : n;
}

static ssize_t host_write(struct tree *t, int64_t handle, const void *bytes, size_t len, uint64_t offset)
{
    ssize_t n = pwrite((int)handle, bytes, len, (off_t)offset);

    (void)t;
    return n < 0 ? -errno : n;
}

static int64_t host_next_data(struct tree *t, int64_t handle, uint64_t offset)
{
    off_t at = lseek((int)handle, (off_t)offset, SEEK_DATA);

    (void)t;
    if (at < 0 && errno == ENXIO)
        at = lseek((int)handle, 0, SEEK_END);
    return at < 0 ? -errno : at;
}

static int host_list(struct tree *t, int64_t handle, tree_each *each, void *ctx)
{
    int fd = dup((int)handle), rc = 0;
    auto_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    (void)t;
    if (!dir) {
        rc = -errno;
        if (fd >= 0)
            close(fd);
        return rc;
    }
    while (rc == 0 && (errno = 0, entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = each(ctx, entry->d_name);
    return rc == 0 ? -errno : rc;
}

static int host_mkdir(struct tree *t, int64_t dir, const char *name, mode_t mode)
{
    (void)t;
    return result(mkdirat((int)dir, name, mode));
}

static int host_symlink(struct tree *t, int64_t dir, const char *name, const char *target)
{
    (void)t;
    return result(symlinkat(target, (int)dir, name));
}

static int host_readlink(struct tree *t, int64_t handle, char target[TREE_LINK_SIZE])
{
    ssize_t n = readlinkat((int)handle, "", target, TREE_LINK_SIZE - 1);

    (void)t;
    if (n < 0)
        return -errno;
    target[n] = '\0';
    return 0;
}

/* Set-user-id bits from a distro are not for this machine. */
static int host_settle(struct tree *t, int64_t handle, const struct stat *st, bool times)
{
    const struct timespec both[2] = {st->st_atim, st->st_mtim};
    char path[64]; /* also of a folder that is not open */
    int rc = 0;

    (void)t;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)handle);
    if (S_ISREG(st->st_mode))
        rc = ftruncate((int)handle, st->st_size);
    if (rc == 0)
        rc = chmod(path, st->st_mode & 0777);
    if (rc == 0 && times)
        rc = utimensat(AT_FDCWD, path, both, 0);
    return result(rc);
}

static int host_rename(struct tree *t, int64_t dir, const char *old, const char *name)
{
    (void)t;
    return result(renameat((int)dir, old, (int)dir, name));
}

static int host_unlink(struct tree *t, int64_t dir, const char *name)
{
    (void)t;
    return result(unlinkat((int)dir, name, 0));
}

static int host_rmdir(struct tree *t, int64_t dir, const char *name)
{
    (void)t;
    return result(unlinkat((int)dir, name, AT_REMOVEDIR));
}

static void host_close(struct tree *t, int64_t handle)
{
    (void)t;
    close((int)handle);
}

static const struct tree_ops host_ops = {
    .parent = host_parent, .find = host_find, .look = host_look, .open = host_open,
    .create = host_create, .read = host_read, .write = host_write,
    .next_data = host_next_data, .list = host_list, .mkdir = host_mkdir, .symlink = host_symlink, .readlink = host_readlink,
    .settle = host_settle, .rename = host_rename, .unlink = host_unlink, .rmdir = host_rmdir, .close = host_close,
};

struct tree tree_host(void)
{
    return (struct tree){.ops = &host_ops};
}

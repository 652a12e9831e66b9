/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"

char *file_path(const char *fmt, ...)
{
    char *path = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&path, fmt, ap) < 0)
        path = NULL;
    va_end(ap);
    return path;
}

int file_read_all(int fd, void *bytes, size_t len, struct err *e)
{
    char *p = bytes;

    while (len) {
        ssize_t n = read(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, errno, "read");
        if (n == 0)
            return err_set(e, EIO, "read: the file ends too early");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int file_write_all(int fd, const void *bytes, size_t len, struct err *e)
{
    const char *p = bytes;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, errno, "write");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Reads to the end of the file: /proc files say that their size is 0. */
static int read_to_end(int fd, size_t max, char **text, size_t *len)
{
    size_t have = 0, room = 4096;
    auto_free char *buf = malloc(room + 1);

    while (buf) {
        ssize_t n = read(fd, buf + have, room - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        have += (size_t)n;
        if (have > max)
            return -EFBIG;
        if (n == 0)
            break;
        if (have == room) {
            char *bigger = realloc(buf, 2 * room + 1);

            if (!bigger)
                return -ENOMEM;
            buf = bigger;
            room *= 2;
        }
    }
    if (!buf)
        return -ENOMEM;
    buf[have] = '\0';
    if (len)
        *len = have;
    *text = steal_ptr(&buf);
    return 0;
}

/* To open a FIFO waits for its other end; that takes nobody by surprise who opens none. */
int file_read(const char *path, size_t max, char **text, size_t *len, struct err *e)
{
    auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    int r;

    if (fd < 0)
        return err_sys(e, errno, "open %s", path);
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        return err_sys(e, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, "read %s, which is no regular file", path);
    r = read_to_end(fd, max, text, len);
    return r < 0 ? err_sys(e, -r, "read %s", path) : 0;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int file_fsync_dir(const char *path, struct err *e)
{
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return err_sys(e, errno, "sync folder %s", path);
    return 0;
}

static int write_and_sync(int fd, const void *bytes, size_t len, mode_t mode, struct err *e)
{
    int r = file_write_all(fd, bytes, len, e);

    if (r < 0)
        return r;
    if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
        return err_sys(e, errno, "sync");
    return 0;
}

int file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
{
    auto_free char *folder = folder_of(path);
    auto_free char *temp = file_path("%s.XXXXXX", path);
    auto_close int fd = -1;
    int r;

    if (!folder || !temp)
        return err_sys(e, ENOMEM, "write %s", path);
    fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, errno, "create %s", temp);
    r = write_and_sync(fd, bytes, len, mode, e);
    if (r < 0)
        err_wrap(e, "%s", temp);
    else if (rename(temp, path) < 0)
        r = err_sys(e, errno, "rename %s to %s", temp, path);
    if (r < 0) {
        unlink(temp);
        return r;
    }
    return file_fsync_dir(folder, e);
}

int file_lock(const char *path, struct err *e)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_sys(e, errno, "open lock %s", path);
    if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
        return err_sys(e, errno == EACCES ? EAGAIN : errno, "lock %s", path);
    return steal_fd(&fd);
}

bool file_is_locked(const char *path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    auto_close int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

static int make_folder(const char *path, mode_t mode, struct err *e)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return 0;
    if (errno != EEXIST)
        return err_sys(e, errno, "make folder %s", path);
    if (stat(path, &st) < 0)
        return err_sys(e, errno, "folder %s", path);
    return S_ISDIR(st.st_mode) ? 0 : err_sys(e, ENOTDIR, "folder %s", path);
}

int file_mkdirs(const char *path, mode_t mode, struct err *e)
{
    auto_free char *copy = strdup(path);
    int r;

    if (!copy || !*copy)
        return err_sys(e, copy ? ENOENT : ENOMEM, "make folder %s", path);
    for (char *p = copy + 1;; p++) {
        char c = *p;

        if (c && c != '/')
            continue;
        *p = '\0';
        r = make_folder(copy, mode, e);
        *p = c;
        if (r < 0 || !c)
            return r;
    }
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int file_remove_tree(const char *path, struct err *e)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
        return err_sys(e, errno, "remove %s", path);
    return 0;
}

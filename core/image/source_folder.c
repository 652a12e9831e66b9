/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/image/ext4.h"
#include "core/image/source.h"

#define CHUNK (1024 * 1024)
#define XATTRS_MAX 64
#define DEPTH_MAX 256

/* The first path of a file with several names. */
struct first_name {
    dev_t device;
    ino_t inode;
    char *path;
};

struct walk {
    struct ext4 *x;
    const struct source_progress *progress;
    uint64_t done;
    void *names; /* tsearch of struct first_name */
    char *chunk;
    unsigned depth;
};

static int compare_names(const void *a, const void *b)
{
    const struct first_name *x = a, *y = b;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static void free_name(void *node)
{
    struct first_name *n = node;

    free(n->path);
    free(n);
}

/* The path under which this file was copied already; NULL: this is its first name, now kept. */
static const char *earlier_name(struct walk *w, const struct stat *st, const char *path)
{
    struct first_name key = {st->st_dev, st->st_ino, NULL}, *n;
    void *found = tfind(&key, &w->names, compare_names);

    if (found)
        return (*(struct first_name **)found)->path;
    n = malloc(sizeof(*n));
    if (n) {
        *n = (struct first_name){st->st_dev, st->st_ino, strdup(path)};
        if (!n->path || !tsearch(n, &w->names, compare_names))
            free_name(n);
    }
    return NULL;
}

static int copy_range(struct walk *w, int fd, off_t at, off_t end, struct err *e)
{
    while (at < end) {
        size_t want = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
        ssize_t n = pread(fd, w->chunk, want, at);
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, errno, "read");
        if (n == 0)
            return 0; /* it has become shorter meanwhile */
        r = ext4_write(w->x, (uint64_t)at, w->chunk, (size_t)n, e);
        at += n;
        w->done += (uint64_t)n;
        if (r == 0)
            r = source_tell(w->progress, w->done, 0, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int copy_data(struct walk *w, int fd, off_t size, struct err *e)
{
    off_t at = 0;
    int r = 0;

    while (r == 0 && at < size) {
        off_t data = lseek(fd, at, SEEK_DATA), hole;

        if (data < 0 && errno == ENXIO)
            return ext4_set_size(w->x, (uint64_t)size, e); /* it ends in a hole */
        if (data < 0) /* a file system that knows no holes */
            return copy_range(w, fd, at, size, e);
        hole = lseek(fd, data, SEEK_HOLE);
        r = copy_range(w, fd, data, hole < 0 ? size : hole, e);
        at = hole < 0 ? size : hole;
    }
    return r;
}

/* Reads through /proc/self/fd, since `fd` may be of a link or a device that must not be opened. */
static int copy_xattrs(struct walk *w, const char *proc, struct err *e)
{
    char names[4096];
    struct ext4_xattr list[XATTRS_MAX];
    auto_free char *values = malloc(XATTRS_MAX * 4096UL);
    ssize_t len = listxattr(proc, names, sizeof(names));
    size_t n = 0;

    for (char *p = names; values && len > 0 && p < names + len && n < XATTRS_MAX;
         p += strlen(p) + 1) {
        char *value = values + n * 4096;
        ssize_t got = getxattr(proc, p, value, 4096);

        if (got >= 0)
            list[n++] = (struct ext4_xattr){p, value, (size_t)got};
    }
    return values ? ext4_set_xattrs(w->x, list, n, e) : err_sys(e, ENOMEM, "xattrs");
}

static int copy_folder(struct walk *w, int fd, const char *path, struct err *e);

static int copy_content(struct walk *w, int fd, const struct stat *st, const char *path,
                        struct err *e)
{
    char proc[40];
    auto_close int data = -1;
    int r;

    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    if (S_ISREG(st->st_mode)) {
        data = open(proc, O_RDONLY | O_CLOEXEC);
        if (data < 0)
            return err_sys(e, errno, "%.200s", path);
        r = copy_data(w, data, st->st_size, e);
        if (r < 0)
            return err_wrap(e, "%.200s", path);
    }
    r = S_ISLNK(st->st_mode) ? 0 : copy_xattrs(w, proc, e);
    return r == 0 && S_ISDIR(st->st_mode) ? copy_folder(w, fd, path, e) : r;
}

static int copy_one(struct walk *w, int folder, const char *name, const char *path, struct err *e)
{
    auto_close int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    char target[PATH_MAX];
    const char *earlier;
    struct ext4_attr a;
    struct stat st;
    ssize_t n = 0;
    int r;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, errno, "%.200s", path);
    earlier = !S_ISDIR(st.st_mode) && st.st_nlink > 1 ? earlier_name(w, &st, path) : NULL;
    if (earlier)
        return ext4_link(w->x, path, earlier, e);
    if (S_ISLNK(st.st_mode) && (n = readlinkat(fd, "", target, sizeof(target) - 1)) < 0)
        return err_sys(e, errno, "%.200s", path);
    target[n] = '\0';
    a = (struct ext4_attr){st.st_mode, st.st_uid, st.st_gid, st.st_atim, st.st_mtim, st.st_rdev};
    r = ext4_add(w->x, path, &a, S_ISLNK(st.st_mode) ? target : NULL, e);
    return r == 0 ? copy_content(w, fd, &st, path, e) : r;
}

static int is_entry(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int copy_folder(struct walk *w, int fd, const char *path, struct err *e)
{
    struct dirent **list;
    int n = scandirat(fd, ".", &list, is_entry, alphasort), r = 0;

    if (n < 0)
        return err_sys(e, errno, "%.200s", path);
    if (++w->depth > DEPTH_MAX)
        r = err_set(e, ELOOP, "%.200s: folders nested deeper than %d", path, DEPTH_MAX);
    for (int i = 0; i < n; i++) {
        auto_free char *below = file_path("%s%s%s", path, *path ? "/" : "", list[i]->d_name);

        if (r == 0)
            r = below ? copy_one(w, fd, list[i]->d_name, below, e) : err_sys(e, ENOMEM, "copy");
        free(list[i]);
    }
    w->depth--;
    free(list);
    return r;
}

int source_copy_folder(const char *path, struct ext4 *x, const struct source_progress *p,
                       struct err *e)
{
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct walk w = {.x = x, .progress = p, .chunk = malloc(CHUNK)};
    int r;

    if (fd < 0 || !w.chunk)
        r = err_sys(e, w.chunk ? errno : ENOMEM, "folder %.200s", path);
    else
        r = copy_folder(&w, fd, "", e);
    tdestroy(w.names, free_name);
    free(w.chunk);
    return r;
}

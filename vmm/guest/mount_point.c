/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/mount_point.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define LINKS_MAX 40 /* as Linux has it */

/* On the way: the folder so far, and what is left of the path. */
struct way {
    int dir;
    unsigned links;
    char rest[2 * PATH_MAX];
};

static void enter(struct way *w, int fd)
{
    if (w->dir >= 0)
        close(w->dir);
    w->dir = fd;
}

static bool is_roots_alone(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_uid == 0 && !(S_ISDIR(st.st_mode) && (st.st_mode & (S_IWGRP | S_IWOTH)));
}

/* The target comes before what is left. */
static int follow(struct way *w, int link, const char *name, struct err *e)
{
    char target[PATH_MAX], left[sizeof(w->rest)];
    ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);

    if (n < 0)
        return err_sys(e, errno, "read the link %s", name);
    if (!is_roots_alone(link) || !is_roots_alone(w->dir))
        return err_set(e, EPERM, "%s on the way there is a link that others than root may have laid", name);
    if (++w->links > LINKS_MAX)
        return err_sys(e, ELOOP, "%s", name);
    target[n] = '\0';
    strcpy(left, w->rest);
    if (snprintf(w->rest, sizeof(w->rest), "%s/%s", target, left) >= (int)sizeof(w->rest))
        return err_sys(e, ENAMETOOLONG, "%s", name);
    if (target[0] == '/')
        enter(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    return 0;
}

static int step(struct way *w, const char *name, struct err *e)
{
    auto_close int fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno == ENOENT && (mkdirat(w->dir, name, 0755) == 0 || errno == EEXIST))
        fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, errno, "%s", name);
    if (S_ISLNK(st.st_mode))
        return follow(w, fd, name, e);
    if (!S_ISDIR(st.st_mode))
        return err_sys(e, ENOTDIR, "%s", name);
    enter(w, steal_fd(&fd));
    return 0;
}

/* Takes the next name from what is left; false: there is none. */
static bool next_name(struct way *w, char name[PATH_MAX])
{
    const char *at = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(at, "/");

    if (len == 0)
        return false;
    snprintf(name, PATH_MAX, "%.*s", (int)len, at);
    memmove(w->rest, at + len, strlen(at + len) + 1);
    return true;
}

int mount_point_open(const char *path, struct err *e)
{
    struct way w = {.dir = -1};
    char name[PATH_MAX];
    int rc = 0;

    if (strlen(path) >= PATH_MAX)
        return err_sys(e, ENAMETOOLONG, "%s", path);
    strcpy(w.rest, path);
    enter(&w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    while (rc == 0 && next_name(&w, name))
        rc = step(&w, name, e);
    if (rc < 0)
        enter(&w, -1);
    return rc < 0 ? rc : w.dir;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installs and removals, safe against kill -9 at any moment: store.h. */
#include "core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/store_parts.h"

#define LOCK_TRIES 100

/* --- installs --- */

static bool is_taken(void *ctx, const char *name)
{
    const struct paths *p = ctx;
    auto_free char *there = store_folder(p, "", name);
    auto_free char *coming = store_folder(p, NEW_PREFIX, name);

    return there && coming && (access(there, F_OK) == 0 || access(coming, F_OK) == 0);
}

char *store_suggest_name(const struct paths *p, const char *source)
{
    return distro_name_free(source, is_taken, (void *)p);
}

static int name_taken(const char *name, struct err *e)
{
    return err_set(e, EEXIST, "there is a distro named '%s' already; give another name with --name",
                   name);
}

/* -ESTALE: what was locked has meanwhile been removed by its last owner, or a sweep. */
static int lock_once(struct store_new *n, const char *lock, struct err *e)
{
    struct stat ours, there;

    if (mkdir(n->folder, 0700) < 0 && errno != EEXIST)
        return err_sys(e, errno, "make folder %s", n->folder);
    n->lock_fd = file_lock(lock, e);
    if (n->lock_fd == -EAGAIN)
        return err_set(e, EEXIST, "a distro named '%s' is being installed already", n->name);
    if (n->lock_fd < 0)
        return n->lock_fd == -ENOENT ? err_sys(e, ESTALE, "%s", lock) : n->lock_fd;
    if (fstat(n->lock_fd, &ours) == 0 && stat(lock, &there) == 0 && ours.st_ino == there.st_ino &&
        ours.st_dev == there.st_dev)
        return 0;
    close(n->lock_fd);
    n->lock_fd = -1;
    return err_sys(e, ESTALE, "%s", lock);
}

static int lock_folder(struct store_new *n, struct err *e)
{
    auto_free char *lock = file_path("%s/lock", n->folder);
    int r = lock ? -ESTALE : err_sys(e, ENOMEM, "install %s", n->name);

    for (int i = 0; r == -ESTALE && i < LOCK_TRIES; i++)
        r = lock_once(n, lock, e);
    return r;
}

static void clear_folder(const char *folder)
{
    static const char *const left[] = {"root.img", "layers", "snapshots.json"};

    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        auto_free char *path = file_path("%s/%s", folder, left[i]);

        if (path)
            file_remove_tree(path, NULL);
    }
}

int store_begin(const struct paths *p, const char *name, struct store_new *n, struct err *e)
{
    auto_free char *there = store_folder(p, "", name);
    auto_free char *folder = file_path("%s/distros", p->data);
    int r = distro_name_check(name, e);

    *n = (struct store_new){.lock_fd = -1};
    if (r < 0)
        return r;
    snprintf(n->name, sizeof(n->name), "%s", name);
    n->folder = store_folder(p, NEW_PREFIX, name);
    if (!there || !folder || !n->folder)
        r = err_sys(e, ENOMEM, "install %s", name);
    else
        r = file_mkdirs(folder, 0700, e);
    if (r == 0)
        r = lock_folder(n, e);
    if (r == 0 && access(there, F_OK) == 0)
        r = name_taken(name, e);
    if (r < 0 && n->lock_fd >= 0) {
        store_abort(n);
    } else if (r < 0) {
        free(n->folder);
        n->folder = NULL;
    } else { /* what a process that died left under this name */
        clear_folder(n->folder);
    }
    return r;
}

static int sync_disk(const char *folder, struct err *e)
{
    auto_free char *disk = file_path("%s/root.img", folder);
    auto_free char *layers = file_path("%s/layers", folder);
    auto_close int fd = disk ? open(disk, O_RDONLY | O_CLOEXEC) : -1;

    if (!layers || (fd < 0 && errno != ENOENT) || (fd >= 0 && fsync(fd) < 0))
        return err_sys(e, errno, "sync the new disk");
    if (access(layers, F_OK) == 0 && file_fsync_dir(layers, e) < 0) /* a clone's, synced themselves */
        return -EIO;
    return file_fsync_dir(folder, e);
}

int store_commit(const struct paths *p, struct store_new *n, const char *source,
                 const char *disk_format, const struct options *o, struct err *e)
{
    auto_free char *there = store_folder(p, "", n->name);
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_free char *lock = NULL;
    int r;

    if (!there || !folder)
        return err_sys(e, ENOMEM, "install %s", n->name);
    r = store_write_conf(n->folder, source, disk_format, time(NULL), o, e);
    if (r == 0)
        r = sync_disk(n->folder, e);
    if (r < 0)
        return r;
    /* RENAME_NOREPLACE: a distro of this name that appeared meanwhile is not replaced. */
    if (renameat2(AT_FDCWD, n->folder, AT_FDCWD, there, RENAME_NOREPLACE) < 0)
        return errno == EEXIST ? name_taken(n->name, e)
                               : err_sys(e, errno, "rename %s", n->folder);
    r = file_fsync_dir(folder, e);
    lock = file_path("%s/lock", there);
    if (lock)
        unlink(lock);
    close(n->lock_fd);
    free(n->folder);
    *n = (struct store_new){.lock_fd = -1};
    return r;
}

/* --- removal --- */

/*
 * A folder of a distro goes: first its name, at once, then what is in it.  Removed in place it could be
 * entered by the next install of the name as soon as its lock is gone, and that one's files would go, too.
 */
static int remove_folder(const char *folder, struct err *e)
{
    int dir = (int)(strrchr(folder, '/') - folder);
    auto_free char *old = file_path("%.*s/" OLD_PREFIX "XXXXXX", dir, folder);

    if (!old)
        return err_sys(e, ENOMEM, "remove %s", folder);
    if (!mkdtemp(old))
        return err_sys(e, errno, "make folder %s", old);
    if (rename(folder, old) < 0) { /* onto an empty folder */
        int code = errno;

        rmdir(old);
        return err_sys(e, code, "rename %s", folder);
    }
    return file_remove_tree(old, e);
}

void store_abort(struct store_new *n)
{
    if (n->folder)
        remove_folder(n->folder, NULL);
    if (n->lock_fd >= 0)
        close(n->lock_fd);
    free(n->folder);
    *n = (struct store_new){.lock_fd = -1};
}

int store_remove(const struct paths *p, const char *name, struct err *e)
{
    auto_free char *folder = store_folder(p, "", name);

    if (!folder)
        return err_sys(e, ENOMEM, "remove %s", name);
    if (distro_name_check(name, NULL) < 0 || access(folder, F_OK) < 0)
        return distro_name_unknown(p, name, e);
    return remove_folder(folder, e);
}

static void sweep_new(const struct paths *p, const char *entry)
{
    struct store_new n = {.lock_fd = -1, .folder = file_path("%s/distros/%s", p->data, entry)};

    /* With the lock taken nobody else works there: what is there is debris. */
    if (n.folder && lock_folder(&n, NULL) == 0)
        store_abort(&n);
    free(n.folder);
}

void store_sweep(const struct paths *p)
{
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *d;

    while (dir && (d = readdir(dir))) {
        auto_free char *path = file_path("%s/%s", folder, d->d_name);

        if (strncmp(d->d_name, NEW_PREFIX, strlen(NEW_PREFIX)) == 0)
            sweep_new(p, d->d_name);
        else if (path && strncmp(d->d_name, OLD_PREFIX, strlen(OLD_PREFIX)) == 0)
            file_remove_tree(path, NULL);
    }
}

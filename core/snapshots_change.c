/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the tree that need no data to be moved: snapshots.h says in what order, and why. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/disk/qcow2.h"
#include "core/distro_name.h"
#include "core/snapshots_parts.h"
#include "core/suspended.h"

void snapshots_fresh_id(char id[SNAPSHOT_ID + 1])
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof(number), 0) < 0)
        number = (uint64_t)time(NULL); /* never for so few bytes */
    snprintf(id, SNAPSHOT_ID + 1, "%016llx", (unsigned long long)number);
}

int snapshots_rename(const char *from, const char *to, struct err *e)
{
    auto_free char *folder = strndup(to, (size_t)(strrchr(to, '/') - to));

    if (!folder)
        return err_sys(e, ENOMEM, "%s", to);
    if (rename(from, to) < 0)
        return err_sys(e, errno, "rename %s", from);
    return file_fsync_dir(folder, e);
}

void snapshots_freeze(const struct snapshots *s, const char *layer)
{
    auto_free char *path = file_path("%s/%s", s->folder, layer);

    if (path)
        chmod(path, 0400);
}

/* Where that fails the saved machine does not go on, and boots. */
void snapshots_keep_date(const char *from, const char *to)
{
    struct stat st;

    if (stat(from, &st) == 0)
        utimensat(AT_FDCWD, to, (const struct timespec[]){st.st_atim, st.st_mtim}, 0);
}

/* --- debris --- */

static bool is_named(const struct snapshots *s, const char *entry)
{
    size_t dir = strlen("layers/");

    if (strcmp(s->active, entry) == 0)
        return true;
    for (unsigned i = 0; i < s->count; i++) {
        const struct snapshot *n = &s->list[i];

        if (strcmp(n->layer, entry) == 0 ||
            (n->memory && strncmp(entry, "memory/", dir) == 0 && strcmp(entry + dir, n->id) == 0))
            return true;
    }
    return false;
}

static void sweep_folder(const struct snapshots *s, const char *name)
{
    auto_free char *path = file_path("%s/%s", s->folder, name);
    auto_closedir DIR *dir = path ? opendir(path) : NULL;
    struct dirent *d;

    while (dir && (d = readdir(dir))) {
        auto_free char *entry = file_path("%s/%s", name, d->d_name);
        auto_free char *full = file_path("%s/%s", path, d->d_name);

        if (entry && full && d->d_name[0] != '.' && !is_named(s, entry))
            file_remove_tree(full, NULL);
    }
}

/* After a merge the base may be another file. */
static void sweep_base(const struct snapshots *s)
{
    auto_free char *base = file_path("%s/" SNAPSHOTS_BASE, s->folder);

    if (base && !is_named(s, SNAPSHOTS_BASE))
        unlink(base);
}

void snapshots_tidy(const struct snapshots *s)
{
    sweep_folder(s, "layers");
    sweep_folder(s, "memory");
    sweep_base(s);
    for (unsigned i = 0; i < s->count; i++)
        snapshots_freeze(s, s->list[i].layer);
}

static bool is_unfinished(const char *name)
{
    size_t len = strlen(name), end = strlen(SNAPSHOTS_TEMP);

    return len > end && strcmp(name + len - end, SNAPSHOTS_TEMP) == 0;
}

/* As file_write_atomic leaves it where it is killed. */
static bool is_half_tree(const char *name)
{
    return strncmp(name, "snapshots.json.", strlen("snapshots.json.")) == 0;
}

static void unlink_all(const char *folder, bool (*is_one)(const char *name))
{
    auto_closedir DIR *dir = opendir(folder);
    struct dirent *d;

    while (dir && (d = readdir(dir)))
        if (is_one(d->d_name))
            unlinkat(dirfd(dir), d->d_name, 0);
}

/* A lxtop that was killed may have asked a machine for a snapshot: from here on it cannot come about. */
static void sweep_temporary(const struct snapshots *s)
{
    auto_free char *layers = file_path("%s/layers", s->folder);

    if (layers)
        unlink_all(layers, is_unfinished);
    unlink_all(s->folder, is_half_tree);
}

static int lock_folder(const struct snapshots *s, const char *distro, struct err *e)
{
    auto_free char *path = file_path("%s/snapshots.lock", s->folder);
    int fd = path ? file_lock(path, e) : err_sys(e, ENOMEM, "snapshots of %s", distro);

    return fd == -EAGAIN ? err_set(e, EBUSY, "another lxtop is at work on the snapshots of %s; wait until "
                                   "it is done", distro) : fd;
}

int snapshots_lock(const struct paths *p, const char *distro, struct snapshots *s, struct err *e)
{
    int r = snapshots_load(p, distro, s, e); /* is there such a distro at all? */
    auto_close int fd = r == 0 ? lock_folder(s, distro, e) : r;

    if (fd < 0) {
        snapshots_release(s);
        return fd;
    }
    sweep_temporary(s);
    r = snapshots_reload(s, e);
    if (r < 0)
        return r;
    snapshots_tidy(s);
    return steal_fd(&fd);
}

void snapshots_sweep(const struct paths *p)
{
    auto_free char *folder = file_path("%s/distros", p->data);
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *d;

    while (dir && (d = readdir(dir))) {
        auto_free char *json = file_path("%s/%s/snapshots.json", folder, d->d_name);
        struct snapshots s;
        int fd;

        if (!json || distro_name_check(d->d_name, NULL) < 0 || access(json, F_OK) < 0 ||
            (fd = snapshots_lock(p, d->d_name, &s, NULL)) < 0)
            continue;
        snapshots_release(&s);
        close(fd);
    }
}

/* --- a new layer --- */

int snapshots_disk_size(const struct snapshots *s, const char *layer, uint64_t *size, struct err *e)
{
    auto_free char *path = file_path("%s/%s", s->folder, layer);
    struct stat st;

    if (!path)
        return err_sys(e, ENOMEM, "%s", layer);
    if (strcmp(snapshots_format(layer), "qcow2") == 0)
        return qcow2_size(path, size, e);
    if (stat(path, &st) < 0)
        return err_sys(e, errno, "%s", path);
    *size = (uint64_t)st.st_size;
    return 0;
}

/* Layers are beside each other but for the base, which is a folder higher. */
char *snapshots_relative(const char *layer)
{
    return strncmp(layer, "layers/", 7) == 0 ? strdup(layer + 7) : file_path("../%s", layer);
}

int snapshots_make_layer(const struct snapshots *s, const char *layer, const char *below, struct err *e)
{
    auto_free char *folder = file_path("%s/layers", s->folder);
    auto_free char *path = file_path("%s/%s" SNAPSHOTS_TEMP, s->folder, layer);
    auto_free char *name = snapshots_relative(below);
    uint64_t size;
    int r = folder && path && name ? file_mkdirs(folder, 0700, e) : err_sys(e, ENOMEM, "snapshot");

    if (r == 0)
        r = snapshots_disk_size(s, below, &size, e);
    if (r == 0)
        r = qcow2_create(path, size, name, snapshots_format(below), e);
    return r == 0 ? file_fsync_dir(folder, e) : r;
}

/* --- a snapshot --- */

bool snapshots_name_is_free(const struct snapshots *s, const char *name)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].name, name) == 0)
            return false;
    return true;
}

static void name_by_time(const struct snapshots *s, char *name, size_t size)
{
    time_t now = time(NULL);
    char when[32];
    struct tm tm;

    localtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
    snprintf(name, size, "%s", when);
    for (unsigned i = 2; !snapshots_name_is_free(s, name); i++)
        snprintf(name, size, "%s-%u", when, i);
}

static bool is_text(const char *note)
{
    json_t *s = json_string(note);
    bool ok = s != NULL; /* UTF-8 */

    json_decref(s);
    return ok;
}

static int check_note(const char *note, struct err *e)
{
    if (strlen(note) > SNAPSHOT_NOTE_MAX)
        return err_set(e, EINVAL, "a note has at most %d bytes", SNAPSHOT_NOTE_MAX);
    return is_text(note) ? 0 : err_set(e, EINVAL, "a note is text in UTF-8");
}

static unsigned depth_of(const struct snapshots *s)
{
    unsigned depth = 0;
    const char *id = s->base;

    for (unsigned i = s->count; i-- > 0;) /* parents come first */
        if (strcmp(s->list[i].id, id) == 0) {
            id = s->list[i].parent;
            depth++;
        }
    return depth;
}

static int check_new(const struct snapshots *s, const char *name, const char *note, struct err *e)
{
    int r = name ? snapshots_check_name(name, e) : 0;

    if (r == 0 && note)
        r = check_note(note, e);
    if (r == 0 && name && !snapshots_name_is_free(s, name))
        r = err_set(e, EEXIST, "there is a snapshot named '%s' already", name);
    if (r == 0 && (s->count >= SNAPSHOTS_MAX || depth_of(s) >= SNAPSHOTS_DEPTH_MAX))
        r = err_set(e, ENOSPC, "there are as many snapshots as there can be, %d or %d in a row; delete some",
                    SNAPSHOTS_MAX, SNAPSHOTS_DEPTH_MAX);
    return r;
}

static int make_memory_folder(struct snapshot_new *n, struct err *e)
{
    auto_free char *above = file_path("%s/memory", n->s.folder);

    n->memory = snapshots_memory(&n->s, n->id);
    return above && n->memory ? file_mkdirs(above, 0700, e) : err_sys(e, ENOMEM, "snapshot");
}

static int write_intent(struct snapshot_new *n, const char *layer, const char *name, const char *note,
                        struct err *e)
{
    struct snapshot row = {.note = (char *)(note ? note : ""), .layer = n->s.active,
                           .created = time(NULL), .memory = n->memory != NULL};
    struct snapshots_next next = {.active = layer, .base = n->id, .snapshot = &row};

    strcpy(row.id, n->id);
    strcpy(row.parent, n->s.base);
    snprintf(row.name, sizeof(row.name), "%s", name ? name : "");
    if (!name)
        name_by_time(&n->s, row.name, sizeof(row.name));
    return snapshots_write(&n->s, &next, e);
}

int snapshots_begin(const struct paths *p, const char *distro, const char *name, const char *note,
                    bool memory, struct snapshot_new *n, struct err *e)
{
    auto_free char *layer = NULL;
    char fresh[SNAPSHOT_ID + 1];
    int r;

    *n = (struct snapshot_new){.lock_fd = -1};
    n->lock_fd = snapshots_lock(p, distro, &n->s, e);
    if (n->lock_fd < 0)
        return n->lock_fd;
    snapshots_fresh_id(n->id);
    snapshots_fresh_id(fresh);
    layer = file_path("layers/%s.qcow2", fresh);
    n->to = layer ? file_path("%s/%s", n->s.folder, layer) : NULL;
    n->from = n->to ? file_path("%s" SNAPSHOTS_TEMP, n->to) : NULL;
    r = n->from ? check_new(&n->s, name, note, e) : err_sys(e, ENOMEM, "snapshot");
    if (r == 0)
        r = snapshots_make_layer(&n->s, layer, n->s.active, e);
    if (r == 0 && memory)
        r = make_memory_folder(n, e);
    if (r == 0)
        r = write_intent(n, layer, name, note, e);
    if (r < 0)
        snapshots_abort(n);
    return r;
}

int snapshots_settle(struct snapshots *s, struct err *e)
{
    int r = snapshots_reload(s, e);

    return r == 0 ? snapshots_write(s, NULL, e) : r;
}

int snapshots_commit(struct snapshot_new *n, struct err *e)
{
    int r = 0;

    if (access(n->to, F_OK) < 0)
        r = snapshots_rename(n->from, n->to, e);
    if (r == 0)
        r = snapshots_settle(&n->s, e);
    if (r == 0)
        snapshots_tidy(&n->s);
    return r;
}

void snapshots_abort(struct snapshot_new *n)
{
    if (n->lock_fd < 0)
        return;
    if (n->from)
        unlink(n->from); /* a machine that is slow to answer finds nothing to rename from here on */
    if (n->to && access(n->to, F_OK) < 0 && n->s.active) {
        snapshots_write(&n->s, NULL, NULL);
        snapshots_tidy(&n->s);
    }
    close(n->lock_fd);
    snapshots_release(&n->s);
    free(n->from);
    free(n->to);
    free(n->memory);
    *n = (struct snapshot_new){.lock_fd = -1};
}

/* --- the others --- */

static int rename_row(struct snapshots *s, struct snapshot *n, const char *name, const char *note,
                      struct err *e)
{
    int r = check_new(s, name && strcmp(name, n->name) != 0 ? name : NULL, note, e);

    if (r == -ENOSPC)
        r = 0; /* it is there already */
    if (r == 0 && name)
        snprintf(n->name, sizeof(n->name), "%s", name);
    if (r == 0 && note) {
        free(n->note);
        n->note = strdup(note);
        r = n->note ? 0 : err_sys(e, ENOMEM, "note");
    }
    return r == 0 ? snapshots_write(s, NULL, e) : r;
}

int snapshots_describe(const struct paths *p, const char *distro, const char *snapshot,
                       const char *name, const char *note, struct err *e)
{
    struct snapshots s;
    auto_close int lock = snapshots_lock(p, distro, &s, e);
    const struct snapshot *n;
    int r;

    if (lock < 0)
        return lock;
    n = snapshots_get(&s, snapshot, e);
    r = n ? rename_row(&s, &s.list[n - s.list], name, note, e) : -ENOENT;
    snapshots_release(&s);
    return r;
}

int snapshots_drop_memory(const struct paths *p, const char *distro, const char *snapshot, struct err *e)
{
    struct snapshots s;
    auto_close int lock = snapshots_lock(p, distro, &s, e);
    const struct snapshot *n;
    int r = -ENOENT;

    if (lock < 0)
        return lock;
    n = snapshots_get(&s, snapshot, e);
    if (n) {
        s.list[n - s.list].memory = false;
        r = snapshots_write(&s, NULL, e);
        snapshots_tidy(&s);
    }
    snapshots_release(&s);
    return r;
}

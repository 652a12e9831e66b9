/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/distro_name.h"
#include "core/snapshots_parts.h"

#define FILE_MAX (8 * 1024 * 1024)

/* Not isalnum(): it takes more letters in some locales. */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

int snapshots_check_name(const char *name, struct err *e)
{
    size_t len = strlen(name);

    if (len >= 1 && len <= SNAPSHOT_NAME_MAX && strspn(name, NAME_LETTERS "._-") == len &&
        strspn(name, NAME_LETTERS) > 0)
        return 0;
    return err_set(e, EINVAL, "'%.80s' is no name for a snapshot: use letters, digits, '.', '_' and '-', "
                   "a letter or digit first, at most %d characters", name, SNAPSHOT_NAME_MAX);
}

int snapshots_add(struct snapshots *s, const struct snapshot *from)
{
    struct snapshot *more = realloc(s->list, (s->count + 1) * sizeof(*more));
    struct snapshot *n;

    if (!more)
        return -ENOMEM;
    s->list = more;
    n = &more[s->count];
    *n = *from;
    n->note = strdup(from->note);
    n->layer = strdup(from->layer);
    s->count++;
    return n->note && n->layer ? 0 : -ENOMEM;
}

void snapshots_remove_row(struct snapshots *s, const char *id)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].id, id) == 0) {
            free(s->list[i].note);
            free(s->list[i].layer);
            memmove(&s->list[i], &s->list[i + 1], (--s->count - i) * sizeof(*s->list));
            return;
        }
}

void snapshots_release(struct snapshots *s)
{
    while (s->count)
        snapshots_remove_row(s, s->list[s->count - 1].id);
    free(s->list);
    free(s->active);
    free(s->folder);
    *s = (struct snapshots){0};
}

/* --- loading --- */

static int load_file(struct snapshots *s, struct err *e)
{
    auto_free char *path = file_path("%s/snapshots.json", s->folder);
    auto_free char *text = NULL;
    size_t len;
    int r;

    if (!path)
        return err_sys(e, ENOMEM, "snapshots");
    if (access(path, F_OK) < 0 && errno == ENOENT) {
        s->active = strdup(SNAPSHOTS_BASE);
        return s->active ? 0 : err_sys(e, ENOMEM, "snapshots");
    }
    r = file_read(path, FILE_MAX, &text, &len, e);
    return r < 0 ? r : snapshots_parse(text, len, s, e);
}

int snapshots_reload(struct snapshots *s, struct err *e)
{
    char *folder = steal_ptr(&s->folder);
    int r;

    snapshots_release(s);
    s->folder = folder;
    r = load_file(s, e);
    if (r < 0)
        snapshots_release(s);
    return r;
}

int snapshots_load(const struct paths *p, const char *distro, struct snapshots *s, struct err *e)
{
    int r;

    *s = (struct snapshots){.folder = file_path("%s/distros/%s", p->data, distro)};
    if (!s->folder)
        return err_sys(e, ENOMEM, "snapshots of %s", distro);
    if (distro_name_check(distro, NULL) < 0 || access(s->folder, F_OK) < 0)
        r = distro_name_unknown(p, distro, e);
    else if ((r = load_file(s, e)) < 0)
        err_wrap(e, "%s", distro);
    if (r < 0)
        snapshots_release(s);
    return r;
}

/* --- the tree --- */

const struct snapshot *snapshots_by_id(const struct snapshots *s, const char *id)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].id, id) == 0)
            return &s->list[i];
    return NULL;
}

const struct snapshot *snapshots_find(const struct snapshots *s, const char *name)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].name, name) == 0)
            return &s->list[i];
    return snapshots_by_id(s, name);
}

const struct snapshot *snapshots_get(const struct snapshots *s, const char *name, struct err *e)
{
    const struct snapshot *n = snapshots_find(s, name);
    const char *distro = strrchr(s->folder, '/') + 1;

    if (!n)
        err_set(e, ENOENT, "%s has no snapshot '%.80s'; `lxtop snapshot list %s` shows them", distro, name,
                distro);
    return n;
}

bool snapshots_is_below(const struct snapshots *s, const char *id, const char *of)
{
    for (const struct snapshot *n = snapshots_by_id(s, of); n; n = snapshots_by_id(s, n->parent))
        if (strcmp(n->id, id) == 0)
            return true;
    return false;
}

/* --- disks --- */

const char *snapshots_format(const char *layer)
{
    size_t len = strlen(layer);

    return len > 6 && strcmp(layer + len - 6, ".qcow2") == 0 ? "qcow2" : "raw";
}

void snapshots_free_files(char **files)
{
    for (char **f = files; f && *f; f++)
        free(*f);
    free(files);
}

char **snapshots_files(const struct snapshots *s, const struct snapshot *of)
{
    const char *layer = of ? of->layer : s->active, *parent = of ? of->parent : s->base;
    char **files = calloc(s->count + 2, sizeof(*files));

    for (unsigned i = 0; files && layer; i++) {
        const struct snapshot *below = snapshots_by_id(s, parent);

        files[i] = file_path("%s/%s", s->folder, layer);
        if (!files[i]) {
            snapshots_free_files(files);
            return NULL;
        }
        layer = below ? below->layer : NULL;
        parent = below ? below->parent : "";
    }
    return files;
}

char *snapshots_disk(const struct snapshots *s, const struct snapshot *of)
{
    char **files = snapshots_files(s, of), *text = NULL;
    size_t len;
    FILE *f = files && files[0] ? open_memstream(&text, &len) : NULL;

    if (f) {
        fprintf(f, "%s,format=%s", files[0], snapshots_format(files[0]));
        for (char **below = files + 1; *below; below++)
            fprintf(f, ",backing=%s:%s", *below, snapshots_format(*below));
        fclose(f);
    }
    snapshots_free_files(files);
    return text;
}

char *snapshots_memory(const struct snapshots *s, const char *id)
{
    return file_path("%s/memory/%s", s->folder, id);
}

int64_t snapshots_memory_bytes(const struct snapshots *s, const struct snapshot *n)
{
    auto_free char *folder = n->memory ? snapshots_memory(s, n->id) : NULL;
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *d;
    int64_t sum = 0;
    struct stat st;

    while (dir && (d = readdir(dir)))
        if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            sum += (int64_t)st.st_blocks * 512;
    return sum;
}

int64_t snapshots_layer_bytes(const struct snapshots *s, const struct snapshot *n)
{
    auto_free char *path = file_path("%s/%s", s->folder, n ? n->layer : s->active);
    struct stat st;

    return path && stat(path, &st) == 0 ? (int64_t)st.st_blocks * 512 : 0;
}

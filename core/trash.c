/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/conf.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"

#define PLACE_TRIES 100 /* distros of one name that are removed within as many seconds */

static char *place(const struct paths *p, const struct trashed *t)
{
    return file_path("%s/trash/%s@%lld", p->data, t->name, (long long)t->removed);
}

/* Data and state may be one folder. */
static char *place_of_run(const struct paths *p, const struct trashed *t)
{
    return file_path("%s/removed/%s@%lld", p->state, t->name, (long long)t->removed);
}

/* The folder may not be there, as that of a distro that never ran; else where it went is durable, too. */
static int move(const char *from, const char *to, struct err *e)
{
    const char *both[] = {from, to};

    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
        return err_sys(e, errno, "rename %s to %s", from, to);
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        auto_free char *folder = strndup(both[i], (size_t)(strrchr(both[i], '/') - both[i]));
        int r = folder ? file_fsync_dir(folder, e) : err_sys(e, ENOMEM, "rename %s", from);

        if (r < 0)
            return r;
    }
    return 0;
}

static int make_folders(const struct paths *p, struct err *e)
{
    auto_free char *trash = file_path("%s/trash", p->data), *removed = file_path("%s/removed", p->state);
    int r = trash && removed ? file_mkdirs(trash, 0700, e) : err_sys(e, ENOMEM, "trash");

    return r == 0 ? file_mkdirs(removed, 0700, e) : r;
}

/* --- there --- */

static int put_distro(const struct paths *p, struct trashed *t, struct err *e)
{
    auto_free char *from = file_path("%s/distros/%s", p->data, t->name);
    int r = -EEXIST;

    for (int i = 0; r == -EEXIST && i < PLACE_TRIES; i++, t->removed += r == -EEXIST) {
        auto_free char *to = place(p, t);

        r = from && to ? move(from, to, e) : err_sys(e, ENOMEM, "remove %s", t->name);
    }
    return r;
}

int trash_put(const struct paths *p, const char *name, struct err *e)
{
    struct trashed t = {.removed = time(NULL)};
    auto_free char *from = file_path("%s/machines/%s", p->state, name), *to = NULL;
    int r = distro_name_check(name, e);

    if (r < 0)
        return r;
    snprintf(t.name, sizeof(t.name), "%s", name);
    r = make_folders(p, e);
    if (r == 0)
        r = put_distro(p, &t, e);
    if (r < 0)
        return r == -ENOENT ? distro_name_unknown(p, name, e) : r;
    to = place_of_run(p, &t);
    r = from && to ? move(from, to, e) : err_sys(e, ENOMEM, "remove %s", name);
    return r == -ENOENT ? 0 : r;
}

/* --- what is there --- */

static bool parse_entry(const char *entry, struct trashed *t)
{
    const char *at = strchr(entry, '@');
    char *end;

    if (!at || at == entry || at - entry > NAME_MAX_LEN)
        return false;
    snprintf(t->name, sizeof(t->name), "%.*s", (int)(at - entry), entry);
    t->removed = strtoll(at + 1, &end, 10);
    return t->removed > 0 && !*end && distro_name_check(t->name, NULL) == 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct trashed *x = a, *y = b;

    return x->removed != y->removed ? (x->removed < y->removed) - (x->removed > y->removed) : strcmp(x->name, y->name);
}

struct trashed *trash_list(const struct paths *p, unsigned *count)
{
    auto_free char *folder = file_path("%s/trash", p->data);
    auto_closedir DIR *dir = folder ? opendir(folder) : NULL;
    struct trashed *list = NULL, *more, t;
    struct dirent *d;

    *count = 0;
    while (dir && (d = readdir(dir)))
        if (parse_entry(d->d_name, &t) && (more = realloc(list, (*count + 1) * sizeof(*list)))) {
            list = more;
            list[(*count)++] = t;
        }
    if (*count)
        qsort(list, *count, sizeof(*list), newest_first);
    return list;
}

int64_t trash_changed_ns(const struct paths *p)
{
    auto_free char *folder = file_path("%s/trash", p->data);
    struct stat st;

    return folder && stat(folder, &st) == 0 ? st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec : 0;
}

time_t trash_until(const struct paths *p, const struct options *defaults, const struct trashed *t)
{
    auto_free char *folder = place(p, t), *conf = folder ? file_path("%s/distro.conf", folder) : NULL;
    time_t until = t->removed + options_number(defaults, OPT_TRASH);
    struct options o;

    if (!conf || options_copy(&o, defaults, NULL) < 0)
        return until;
    conf_read_options(conf, NULL, ORIGIN_DISTRO, &o, NULL, NULL);
    until = t->removed + options_number(&o, OPT_TRASH);
    options_release(&o);
    return until;
}

int64_t trash_used(const struct paths *p, const struct trashed *t)
{
    auto_free char *folder = place(p, t);
    char *roots[] = {folder, NULL};
    FTS *walk = folder ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    int64_t used = 0;

    for (FTSENT *f; walk && (f = fts_read(walk));)
        if (f->fts_info == FTS_F)
            used += (int64_t)f->fts_statp->st_blocks * 512;
    if (walk)
        fts_close(walk);
    return used;
}

/* --- and back --- */

static int find_newest(const struct paths *p, const char *name, struct trashed *t, struct err *e)
{
    unsigned count;
    auto_free struct trashed *list = trash_list(p, &count);

    for (unsigned i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0) {
            *t = list[i];
            return 0;
        }
    return err_set(e, ENOENT, "there is no '%.80s' in the trash; `lxtop trash list` shows what is", name);
}

static int in_use(const char *name, const char *as, struct err *e)
{
    return err_set(e, EEXIST, "there is a distro named '%s' already; `lxtop trash restore %s --as NEWNAME` brings it back "
                   "under another name", as, name);
}

int trash_restore(const struct paths *p, const char *name, const char *as, struct err *e)
{
    auto_free char *to = file_path("%s/distros/%s", p->data, as ? as : name), *from = NULL, *state = NULL;
    auto_free char *last = file_path("%s/machines/%s", p->state, as ? as : name);
    struct trashed t = {0};
    int r = as ? distro_name_check(as, e) : 0;

    if (r == 0)
        r = find_newest(p, name, &t, e);
    if (r < 0)
        return r;
    from = place(p, &t);
    state = place_of_run(p, &t);
    if (!from || !to || !state || !last)
        return err_sys(e, ENOMEM, "bring %s back", name);
    if (access(to, F_OK) == 0)
        return in_use(name, as ? as : name, e);
    if (access(state, F_OK) == 0) { /* of a machine of this name that is gone */
        file_remove_tree(last, NULL);
        r = move(state, last, e);
    }
    if (r == 0)
        r = move(from, to, e);
    return r == -EEXIST ? in_use(name, as ? as : name, e) : r;
}

int trash_delete(const struct paths *p, const struct trashed *t, struct err *e)
{
    auto_free char *folder = place(p, t), *state = place_of_run(p, t);
    auto_free char *going = file_path("%s/distros/.old-%s@%lld", p->data, t->name, (long long)t->removed);
    int r = folder && state && going ? move(folder, going, e) : err_sys(e, ENOMEM, "delete %s", t->name);

    if (r == -ENOENT)
        return err_set(e, ENOENT, "%s is in the trash no more", t->name);
    if (r == 0)
        r = file_remove_tree(going, e);
    if (r == 0 && access(state, F_OK) == 0)
        r = file_remove_tree(state, e);
    return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A distro of its own from a snapshot: hard links of the frozen layers, which nobody ever writes and which
 * live as long as one of their names, and a fresh active layer.  Where the file system has no hard links,
 * copies.  The clone has the snapshots that lead to this one; where that one has memory the clone is suspended
 * at it, on links of the same files, so that machines which go on from them share the pages that they only read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/uuid.h"
#include "core/disk/chain.h"
#include "core/snapshots_parts.h"
#include "core/store.h"
#include "core/suspended.h"

/* A copy of one layer: a merge of it with nothing. */
static int copy_layer(const char *from, const char *to, const char *below, const struct snapshots_work *w,
                      struct err *e)
{
    struct chain_layer layer = {from, strcmp(snapshots_format(from), "raw") != 0};
    auto_free char *name = below ? snapshots_relative(below) : NULL;
    struct chain_merge m = {.raw = !layer.qcow2, .backing = name, .backing_format = below ? snapshots_format(below) : NULL,
                            .cancel = w->cancel, .progress = w->progress, .ctx = w->ctx};
    struct chain *c = chain_open(&layer, 1, e);
    int r = c ? chain_merge(c, to, &m, e) : -EIO;

    chain_close(c);
    if (r == 0)
        snapshots_keep_date(from, to);
    return r;
}

static int link_layer(const struct snapshots *s, const char *folder, const struct snapshot *n,
                      const struct snapshots_work *w, struct err *e)
{
    const struct snapshot *below = snapshots_by_id(s, n->parent);
    auto_free char *from = file_path("%s/%s", s->folder, n->layer);
    auto_free char *to = file_path("%s/%s", folder, n->layer);

    if (!from || !to)
        return err_sys(e, ENOMEM, "clone");
    if (link(from, to) == 0)
        return 0;
    if (errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP && errno != EXDEV)
        return err_sys(e, errno, "link %s", from);
    return copy_layer(from, to, below ? below->layer : NULL, w, e);
}

static int link_files(const char *from, const char *to, struct err *e)
{
    auto_closedir DIR *dir = opendir(from);
    int r = dir ? file_mkdirs(to, 0700, e) : err_sys(e, errno, "open %s", from);
    struct dirent *d;

    while (r == 0 && (d = readdir(dir))) {
        auto_free char *name = file_path("%s/%s", to, d->d_name);

        if (!name || (d->d_name[0] != '.' && linkat(dirfd(dir), d->d_name, AT_FDCWD, name, 0) < 0))
            r = err_sys(e, name ? errno : ENOMEM, "link %s/%s", from, d->d_name);
    }
    return r;
}

/* Without hard links there is no memory to share, and the clone boots. */
static bool link_memory(const struct snapshots *s, const char *folder, const struct snapshot *of,
                        const struct snapshots_work *w)
{
    auto_free char *from = snapshots_memory(s, of->id), *to = file_path("%s/memory/%s", folder, of->id);
    struct err e = {0};
    char text[512];
    int r = from && to ? link_files(from, to, &e) : err_sys(&e, ENOMEM, "clone");

    if (r == 0)
        r = suspended_at(folder, of->id, &e);
    if (r == 0)
        return true;
    if (to)
        file_remove_tree(to, NULL);
    snprintf(text, sizeof(text), "the clone boots from the snapshot's disk and does not go on in its memory, which could "
                                 "not be shared with it: %s", e.msg);
    if (w->note)
        w->note(w->ctx, text);
    return false;
}

static int fill_clone(const struct snapshots *s, const struct snapshot *of, struct snapshots *clone,
                      const struct snapshots_work *w, struct err *e)
{
    int r = 0;

    for (unsigned i = 0; i < s->count && r == 0; i++) {
        struct snapshot n = s->list[i];

        if (!snapshots_is_below(s, n.id, of->id))
            continue;
        n.memory = n.memory && strcmp(n.id, of->id) == 0 && link_memory(s, clone->folder, of, w);
        r = link_layer(s, clone->folder, &n, w, e);
        if (r == 0 && snapshots_add(clone, &n) < 0)
            r = err_sys(e, ENOMEM, "clone");
    }
    strcpy(clone->base, of->id);
    uuid_fresh_text(clone->machine_id);
    return r;
}

static int add_active(struct snapshots *clone, const struct snapshot *of, struct err *e)
{
    char fresh[SNAPSHOT_ID + 1];
    auto_free char *from = NULL, *to = NULL;
    int r;

    snapshots_fresh_id(fresh);
    clone->active = file_path("layers/%s.qcow2", fresh);
    to = clone->active ? file_path("%s/%s", clone->folder, clone->active) : NULL;
    from = to ? file_path("%s" SNAPSHOTS_TEMP, to) : NULL;
    r = from ? snapshots_make_layer(clone, clone->active, of->layer, e) : err_sys(e, ENOMEM, "clone");
    if (r == 0)
        r = snapshots_rename(from, to, e);
    return r == 0 ? snapshots_write(clone, NULL, e) : r;
}

/* The settings of the first; but a port of the host leads to one distro only. */
static int take_settings(const struct paths *p, const struct options *defaults, const char *distro,
                         struct distro *d, struct err *e)
{
    int r = store_load(p, defaults, distro, d, e);

    return r < 0 ? r : options_set(&d->options, option_table[OPT_FORWARDS].name, "", ORIGIN_DISTRO, e);
}

static int build(const struct paths *p, const struct snapshots *s, const struct snapshot *of,
                 struct store_new *n, const struct distro *d, const struct snapshots_work *w, struct err *e)
{
    auto_free char *layers = file_path("%s/layers", n->folder);
    struct snapshots clone = {.folder = strdup(n->folder)};
    int r = layers && clone.folder ? file_mkdirs(layers, 0700, e) : err_sys(e, ENOMEM, "clone");

    if (r == 0)
        r = fill_clone(s, of, &clone, w, e);
    if (r == 0)
        r = add_active(&clone, of, e);
    if (r == 0)
        r = store_commit(p, n, d->source ? d->source : "", d->disk_format, &d->options, e);
    snapshots_release(&clone);
    return r;
}

static int clone_locked(const struct paths *p, const struct options *defaults, const struct snapshots *s,
                        const char *snapshot, const char *name, const struct snapshots_work *w, struct err *e)
{
    const struct snapshot *of = snapshots_get(s, snapshot, e);
    struct distro d = {0};
    struct store_new n;
    int r = of ? store_begin(p, name, &n, e) : -ENOENT;

    if (r < 0)
        return r;
    r = take_settings(p, defaults, strrchr(s->folder, '/') + 1, &d, e);
    if (r == 0)
        r = build(p, s, of, &n, &d, w, e);
    distro_release(&d);
    store_abort(&n);
    return r;
}

int snapshots_clone(const struct paths *p, const struct options *defaults, const char *distro,
                    const char *snapshot, const char *name, const struct snapshots_work *w, struct err *e)
{
    struct snapshots s;
    auto_close int lock = snapshots_lock(p, distro, &s, e);
    int r;

    if (lock < 0)
        return lock;
    r = clone_locked(p, defaults, &s, snapshot, name, w, e);
    snapshots_release(&s);
    return r;
}

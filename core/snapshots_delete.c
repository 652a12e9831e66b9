/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deleting a snapshot.  Each layer that stands on its own is merged with it into a new file, which then
 * takes that layer's name, so that headers of layers above still name the right one.  What is read there
 * is the same before and after, whether the snapshot is still below or not: a cancel, an error or kill -9
 * between any two steps changes no content.  No file is changed in place: clones and a machine that runs
 * keep what they have open or linked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/disk/chain.h"
#include "core/snapshots_parts.h"

struct deletion {
    struct snapshots s;
    struct snapshot gone;   /* borrows from the row, which stays until the end */
    unsigned merges, merged;
    const struct snapshots_work *work;
};

static void on_merge(void *ctx, uint64_t done, uint64_t total)
{
    struct deletion *d = ctx;

    if (d->work->progress)
        d->work->progress(d->work->ctx, d->merged * total + done, d->merges * total);
}

static const struct snapshot *parent_of(const struct deletion *d)
{
    return snapshots_by_id(&d->s, d->gone.parent);
}

static bool is_raw(const char *layer)
{
    return strcmp(snapshots_format(layer), "raw") == 0;
}

static int merge_files(struct deletion *d, const char *upper, const char *to, bool raw, struct err *e)
{
    const struct snapshot *below = parent_of(d);
    auto_free char *top = file_path("%s/%s", d->s.folder, upper);
    auto_free char *bottom = file_path("%s/%s", d->s.folder, d->gone.layer);
    auto_free char *backing = below ? snapshots_relative(below->layer) : NULL;
    struct chain_merge m = {.raw = raw, .backing = backing, .backing_format = below ? snapshots_format(below->layer) : NULL,
                            .cancel = d->work->cancel, .progress = on_merge, .ctx = d};
    struct chain_layer layers[] = {{top, true}, {bottom, !is_raw(d->gone.layer)}};
    struct chain *c = top && bottom ? chain_open(layers, 2, e) : NULL;
    int r = c ? chain_merge(c, to, &m, e) : -EIO;

    chain_close(c);
    if (r == 0)
        snapshots_keep_date(top, to);
    d->merged++;
    return r;
}

/* The active layer becomes the base where nothing else is left below it: raw, as an install makes it.  No
 * layer stands on it, so it may have a new name. */
static char *new_name(const struct deletion *d, const char *layer, bool active)
{
    char fresh[SNAPSHOT_ID + 1];

    if (!active || *d->gone.parent)
        return strdup(layer);
    snapshots_fresh_id(fresh);
    return file_path("layers/%s.img", fresh);
}

static int merge_into(struct deletion *d, char **layer, bool active, struct err *e)
{
    auto_free char *name = new_name(d, *layer, active);
    auto_free char *to = name ? file_path("%s/%s", d->s.folder, name) : NULL;
    auto_free char *from = to ? file_path("%s" SNAPSHOTS_TEMP, to) : NULL;
    int r = from ? merge_files(d, *layer, from, is_raw(name), e) : err_sys(e, ENOMEM, "merge");

    if (r == 0)
        r = snapshots_rename(from, to, e);
    if (r < 0)
        return r;
    free(*layer);
    *layer = steal_ptr(&name);
    return 0;
}

static bool is_child(const struct deletion *d, const struct snapshot *n)
{
    return strcmp(n->parent, d->gone.id) == 0;
}

static int merge_all(struct deletion *d, struct err *e)
{
    bool active = strcmp(d->s.base, d->gone.id) == 0;
    int r = 0;

    d->merges = active;
    for (unsigned i = 0; i < d->s.count; i++)
        d->merges += is_child(d, &d->s.list[i]);
    for (unsigned i = 0; i < d->s.count && r == 0; i++)
        if (is_child(d, &d->s.list[i]))
            r = merge_into(d, &d->s.list[i].layer, false, e);
    if (active && r == 0)
        r = merge_into(d, &d->s.active, true, e);
    return r;
}

/* The tree without it; what nobody names then, its own layer above all, is swept. */
static int write_tree(struct deletion *d, struct err *e)
{
    for (unsigned i = 0; i < d->s.count; i++)
        if (is_child(d, &d->s.list[i]))
            strcpy(d->s.list[i].parent, d->gone.parent);
    if (strcmp(d->s.base, d->gone.id) == 0)
        strcpy(d->s.base, d->gone.parent);
    snapshots_remove_row(&d->s, d->gone.id);
    return snapshots_write(&d->s, NULL, e);
}

int snapshots_delete(const struct paths *p, const char *distro, const char *snapshot, bool live,
                     const struct snapshots_work *work, struct err *e)
{
    struct deletion d = {.work = work};
    auto_close int lock = snapshots_lock(p, distro, &d.s, e);
    const struct snapshot *n;
    int r;

    if (lock < 0)
        return lock;
    n = snapshots_get(&d.s, snapshot, e);
    if (n)
        d.gone = *n;
    if (!n)
        r = -ENOENT;
    else if (live && strcmp(d.s.base, n->id) == 0)
        r = err_set(e, EBUSY, "%s runs on '%s' right now; stop it first: lxtop stop %s", distro, n->name, distro);
    else
        r = merge_all(&d, e);
    if (r == 0)
        r = write_tree(&d, e);
    snapshots_release(&d.s);
    if (lock >= 0 && snapshots_load(p, distro, &d.s, NULL) == 0) {
        snapshots_tidy(&d.s);
        snapshots_release(&d.s);
    }
    return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going back to a snapshot, and taking that back.
 *
 * Both put another disk in the place of the active one by a single renaming (snapshots.h), which is also the moment at
 * which what the old one holds becomes a snapshot of its own.  The undo needs no layer over that: where nobody else has
 * come to need it, the layer itself is active again, under a fresh name, and its snapshot is no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/disk/qcow2.h"
#include "core/snapshots_parts.h"
#include "core/suspended.h"

/* One exchange of the active disk. */
struct change {
    const struct paths *paths;
    const char *distro;
    struct snapshots s;
    const struct snapshot *target;
    bool itself;          /* the target's own layer is the new disk */
    char *layer;          /* the new active one, and its two names */
    char *from, *to;
    struct snapshot kept; /* of the old one; no id: none */
    char note[SNAPSHOT_NAME_MAX + 64];
    char drop[SNAPSHOT_ID + 1];
};

/* --- what there is --- */

/* Nothing stands on it, so it can go at once. */
static bool is_leaf(const struct snapshots *s, const struct snapshot *n)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->list[i].parent, n->id) == 0)
            return false;
    return strcmp(s->base, n->id) != 0;
}

const struct snapshot *snapshots_undo_to(const struct snapshots *s)
{
    return *s->undo ? snapshots_by_id(s, s->undo) : NULL;
}

/* A clone may have another name of it. */
static bool is_alone(const struct snapshots *s, const struct snapshot *n)
{
    auto_free char *path = file_path("%s/%s", s->folder, n->layer);
    struct stat st;

    return path && stat(path, &st) == 0 && st.st_nlink == 1;
}

/* The active layer holds nothing of its own: the disk is what a snapshot holds already. */
static bool is_empty(const struct snapshots *s)
{
    auto_free char *path = file_path("%s/%s", s->folder, s->active);
    auto_close int fd = path && strcmp(snapshots_format(s->active), "qcow2") == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct qcow2 *q = fd >= 0 ? qcow2_open(fd, false, path, NULL) : NULL;
    bool empty = q && qcow2_is_empty(q);

    if (q)
        qcow2_close(q);
    return empty;
}

/* A machine that was saved since it ran on the disk; one that is a snapshot's is a link. */
static bool has_memory(const struct snapshots *s)
{
    auto_free char *path = file_path("%s/suspended", s->folder);
    struct stat st;

    return path && lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_worth_keeping(const struct snapshots *s)
{
    return !is_empty(s) || has_memory(s);
}

const struct snapshot *snapshots_lost(const struct snapshots *s, const struct snapshot *target)
{
    const struct snapshot *before = snapshots_undo_to(s);

    return before && before != target && is_leaf(s, before) && is_worth_keeping(s) ? before : NULL;
}

/* --- what comes next --- */

/* What is dropped at the moment leaves its name. */
static bool may_have_name(const struct change *c, const char *name)
{
    const struct snapshot *gone = snapshots_by_id(&c->s, c->drop);

    return snapshots_name_is_free(&c->s, name) || (gone && strcmp(gone->name, name) == 0);
}

static int keep_old(struct change *c, const char *name, struct err *e)
{
    struct snapshot *k = &c->kept;

    if (!is_worth_keeping(&c->s))
        return 0;
    if (c->s.count - (*c->drop != '\0') >= SNAPSHOTS_MAX)
        return err_set(e, ENOSPC, "there are as many snapshots as there can be, %d, so what the disk holds now cannot be kept; delete some",
                       SNAPSHOTS_MAX);
    snapshots_fresh_id(k->id);
    strcpy(k->parent, c->s.base);
    snprintf(k->name, sizeof(k->name), "%s", name);
    for (unsigned i = 2; !may_have_name(c, k->name); i++)
        snprintf(k->name, sizeof(k->name), "%s-%u", name, i);
    k->created = time(NULL);
    k->note = c->note;
    k->layer = c->s.active;
    k->memory = has_memory(&c->s);
    return 0;
}

/* Where the target's own layer is taken again it has to be known under another name: the moment is a renaming. */
static int name_layer(struct change *c, struct err *e)
{
    char fresh[SNAPSHOT_ID + 1];
    bool raw = strcmp(snapshots_format(c->target->layer), "raw") == 0;

    snapshots_fresh_id(fresh);
    c->layer = file_path("layers/%s.%s", fresh, c->itself && raw ? "img" : "qcow2");
    c->to = c->layer ? file_path("%s/%s", c->s.folder, c->layer) : NULL;
    if (c->to)
        c->from = c->itself ? file_path("%s/%s", c->s.folder, c->target->layer) : file_path("%s" SNAPSHOTS_TEMP, c->to);
    return c->from ? 0 : err_sys(e, ENOMEM, "%s", c->distro);
}

static int make_layer(struct change *c, struct err *e)
{
    if (!c->itself)
        return snapshots_make_layer(&c->s, c->layer, c->target->layer, e);
    return chmod(c->from, 0600) == 0 ? 0 : err_sys(e, errno, "%s", c->from);
}

static int write_intent(struct change *c, struct err *e)
{
    const struct snapshots_next next = {.active = c->layer, .base = c->itself ? c->target->parent : c->target->id,
                                        .snapshot = *c->kept.id ? &c->kept : NULL, .drop = c->drop,
                                        .undo = *c->kept.id || c->itself ? c->kept.id : NULL};

    return snapshots_write(&c->s, &next, e);
}

/* --- memory: it belongs to one disk; the old disk's goes before that disk does, the new one's comes after its own --- */

static int put_memory_away(const struct change *c, struct err *e)
{
    auto_free char *from = file_path("%s/suspended", c->s.folder), *above = file_path("%s/memory", c->s.folder);
    auto_free char *to = c->kept.memory ? snapshots_memory(&c->s, c->kept.id) : NULL;
    int r;

    if (!c->kept.memory) {
        suspended_discard(c->paths, c->distro);
        return 0;
    }
    r = from && above && to ? file_mkdirs(above, 0700, e) : err_sys(e, ENOMEM, "%s", c->distro);
    return r < 0 ? r : snapshots_rename(from, to, e);
}

/* The moment has not come, so it is the old disk's still. */
static void put_memory_back(const struct change *c)
{
    auto_free char *to = file_path("%s/suspended", c->s.folder), *from = snapshots_memory(&c->s, c->kept.id);

    if (from && to && c->kept.memory && c->to && access(c->to, F_OK) < 0)
        snapshots_rename(from, to, NULL);
}

static int take_memory(const struct change *c, const char *id, struct err *e)
{
    auto_free char *from = snapshots_memory(&c->s, id), *to = file_path("%s/suspended", c->s.folder);

    if (!c->itself)
        return suspended_at(c->s.folder, id, e);
    return from && to ? snapshots_rename(from, to, e) : err_sys(e, ENOMEM, "%s", c->distro);
}

static int carry_out(struct change *c, struct err *e)
{
    bool memory = c->target->memory;
    char id[SNAPSHOT_ID + 1];
    int r;

    strcpy(id, c->target->id);
    r = make_layer(c, e);
    if (r == 0)
        r = write_intent(c, e);
    if (r == 0)
        r = put_memory_away(c, e);
    if (r == 0)
        r = snapshots_rename(c->from, c->to, e);
    if (r < 0)
        put_memory_back(c);
    else
        r = snapshots_settle(&c->s, e);
    return r == 0 && memory ? take_memory(c, id, e) : r;
}

static int exchange(struct change *c, const char *name, char *kept, struct err *e)
{
    int r = keep_old(c, name, e);

    if (r == 0)
        r = name_layer(c, e);
    if (r == 0)
        r = carry_out(c, e);
    if (kept)
        snprintf(kept, SNAPSHOT_NAME_MAX + 1, "%s", r == 0 ? c->kept.name : "");
    free(c->layer);
    free(c->from);
    free(c->to);
    return r;
}

/* Whatever has gone wrong, the files say which disk it is now: what they name stays. */
static int finish(struct change *c, int r)
{
    if (snapshots_reload(&c->s, NULL) == 0)
        snapshots_tidy(&c->s);
    snapshots_release(&c->s);
    return r;
}

int snapshots_restore(const struct paths *p, const char *distro, const char *snapshot, char *kept, struct err *e)
{
    struct change c = {.paths = p, .distro = distro};
    auto_close int lock = snapshots_lock(p, distro, &c.s, e);
    const struct snapshot *lost;

    if (lock < 0)
        return lock;
    c.target = snapshots_get(&c.s, snapshot, e);
    if (!c.target)
        return finish(&c, -ENOENT);
    lost = snapshots_lost(&c.s, c.target);
    if (lost)
        strcpy(c.drop, lost->id);
    snprintf(c.note, sizeof(c.note), "what the disk held before it went back to %s", c.target->name);
    return finish(&c, exchange(&c, "before-restore", kept, e));
}

int snapshots_undo(const struct paths *p, const char *distro, char *kept, struct err *e)
{
    struct change c = {.paths = p, .distro = distro};
    auto_close int lock = snapshots_lock(p, distro, &c.s, e);

    if (lock < 0)
        return lock;
    c.target = snapshots_undo_to(&c.s);
    if (!c.target)
        return finish(&c, err_set(e, ENOENT, "%s has not gone back to a snapshot, or what it held before is deleted: there is nothing to undo",
                                  distro));
    c.itself = is_leaf(&c.s, c.target) && is_alone(&c.s, c.target);
    if (c.itself)
        strcpy(c.drop, c.target->id);
    snprintf(c.note, sizeof(c.note), "what the disk held before the undo");
    return finish(&c, exchange(&c, "before-undo", kept, e));
}

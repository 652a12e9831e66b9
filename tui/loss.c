/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/loss.h"

#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/op.h"
#include "core/snapshots.h"
#include "core/words.h"

static bool loss_of_stop(const struct op_args *a, const struct model_distro *d, char *to)
{
    if (!(a->flags & FLAG_FORCE))
        return false;
    if (d->state == MACHINE_SUSPENDED)
        snprintf(to, LOSS_TEXT, "What %s had in memory when it was suspended is thrown away.", d->name);
    else
        snprintf(to, LOSS_TEXT, "This ends %s as if its power failed; what it has not written to its disk is lost.", d->name);
    return true;
}

static void loss_of_remove(const struct op_args *a, const struct model_distro *d, char *to)
{
    char kept[WORDS_TEXT];

    if ((a->flags & FLAG_PURGE) || d->trash_seconds == 0)
        snprintf(to, LOSS_TEXT, "This removes %s and everything in it, for good.", d->name);
    else
        snprintf(to, LOSS_TEXT, "This removes %s; for %s it can be brought back.", d->name,
                 words_time(kept, d->trash_seconds * 1000000));
}

/* A restore keeps what the disk holds, in the place of what the one before it kept. */
static bool loss_of_restore(const struct core *c, const struct op_args *a, char *to)
{
    const struct snapshot *target, *lost;
    struct snapshots s;

    if (snapshots_load(&c->paths, a->distro, &s, NULL) < 0)
        return false;
    target = snapshots_find(&s, a->word[1]);
    lost = target ? snapshots_lost(&s, target) : NULL;
    if (lost)
        snprintf(to, LOSS_TEXT, "What %s held before the last restore, its snapshot %s, is deleted; what it holds now is kept instead.",
                 a->distro, lost->name);
    snapshots_release(&s);
    return lost;
}

/* Where the snapshot is not there the operation says so, and nothing is asked. */
static bool snapshot_is_there(const struct core *c, const struct op_args *a)
{
    struct snapshots s;
    bool found;

    if (snapshots_load(&c->paths, a->distro, &s, NULL) < 0)
        return false;
    found = snapshots_find(&s, a->word[1]);
    snapshots_release(&s);
    return found;
}

static bool loss_of_distro(const struct core *c, const struct op_args *a, const struct model_distro *d, char *to,
                           const char **name)
{
    *name = d->name;
    switch (a->op) {
    case OP_REMOVE:
        loss_of_remove(a, d, to);
        return true;
    case OP_STOP:
        return loss_of_stop(a, d, to);
    case OP_SNAPSHOT_RESTORE:
        return loss_of_restore(c, a, to);
    case OP_SNAPSHOT_DELETE:
        *name = a->word[1];
        snprintf(to, LOSS_TEXT, "This deletes the snapshot %s of %s; what stands on it stays.", a->word[1], d->name);
        return snapshot_is_there(c, a);
    default:
        return false;
    }
}

static bool is_removed(const struct model *m, const char *name)
{
    for (unsigned i = 0; i < m->removed_count; i++)
        if (!name || strcmp(m->removed[i].name, name) == 0)
            return true;
    return false;
}

bool loss_of(const struct core *c, const struct op_args *a, char *to, const char **name)
{
    const struct model_distro *d = a->distro ? model_find(&c->model, a->distro) : NULL;

    if (a->op == OP_TRASH_EMPTY) {
        *name = a->distro ? a->distro : "trash";
        snprintf(to, LOSS_TEXT, "This deletes %s%s for good.", a->distro ? "the removed " : "all that is in the ", *name);
        return is_removed(&c->model, a->distro);
    }
    return d && op_legal(a->op, d->state) && loss_of_distro(c, a, d, to, name);
}

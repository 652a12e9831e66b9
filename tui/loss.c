/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/loss.h"

#include <stdio.h>

#include "core/op.h"

static bool loss_of_stop(const struct op_args *a, const struct model_distro *d, char *to)
{
    if (d->state == MACHINE_SUSPENDED)
        snprintf(to, LOSS_TEXT, "What %s had in memory when it was suspended is thrown away.", d->name);
    else if (a->flags & FLAG_FORCE)
        snprintf(to, LOSS_TEXT, "This ends %s as if its power failed; what it has not written to its disk is lost.", d->name);
    else
        return false;
    return true;
}

bool loss_of(const struct op_args *a, const struct model_distro *d, char *to, const char **name)
{
    *name = d->name;
    switch (a->op) {
    case OP_REMOVE:
        snprintf(to, LOSS_TEXT, "This removes %s and everything in it.", d->name);
        return true;
    case OP_STOP:
        return loss_of_stop(a, d, to);
    case OP_SNAPSHOT_RESTORE:
        snprintf(to, LOSS_TEXT, "This puts the disk of %s back to %s; what it holds now and no snapshot has is lost.",
                 d->name, a->word[1]);
        return true;
    case OP_SNAPSHOT_DELETE:
        *name = a->word[1];
        snprintf(to, LOSS_TEXT, "This deletes the snapshot %s of %s; what stands on it stays.", a->word[1], d->name);
        return true;
    default:
        return false;
    }
}

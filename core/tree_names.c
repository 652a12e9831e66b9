/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of a folder, kept: tree.h. */
#include "core/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int keep(void *ctx, const char *name)
{
    struct tree_names *n = ctx;

    if (n->max && n->count == n->max) {
        n->left_out++;
        return 0;
    }
    if (n->count == n->room) {
        size_t room = n->room ? 2 * n->room : 32;
        char **grown = realloc(n->name, room * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        n->name = grown;
        n->room = room;
    }
    n->name[n->count] = strdup(name);
    return n->name[n->count] ? (n->count++, 0) : -ENOMEM;
}

int tree_names_read(struct tree *t, int64_t handle, struct tree_names *n)
{
    int rc = t->ops->open(t, &handle, true);

    if (rc == 0)
        rc = t->ops->list(t, handle, keep, n);
    t->ops->close(t, handle);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void tree_names_sort(struct tree_names *n)
{
    if (n->count)
        qsort(n->name, n->count, sizeof(*n->name), by_name);
}

void tree_names_release(struct tree_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->name[i]);
    free(n->name);
    *n = (struct tree_names){0};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/browse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/plain.h"

#define REMOVE_DEPTH 128

/* --- listing --- */

static bool leads_to_folder(struct tree *t, const char *folder, const char *name)
{
    char path[TREE_LINK_SIZE];
    struct stat st;
    int64_t handle;

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) || t->ops->find(t, path, &handle, &st) < 0)
        return false;
    t->ops->close(t, handle);
    return S_ISDIR(st.st_mode);
}

static void take(struct tree *t, int64_t dir, const char *folder, const char *name, struct model_folder *f)
{
    struct model_file *to = &f->files[f->count];
    struct stat st;
    int64_t handle;

    if (t->ops->look(t, dir, name, &handle, &st) < 0)
        return; /* gone meanwhile */
    t->ops->close(t, handle);
    *to = (struct model_file){.name = strdup(name), .shown = plain_dup(name, false), .size = (int64_t)st.st_size,
                              .changed = st.st_mtime, .mode = (unsigned)st.st_mode};
    if (!to->name || !to->shown) {
        free(to->name);
        free(to->shown);
        return;
    }
    to->folder = S_ISDIR(st.st_mode) || (S_ISLNK(st.st_mode) && leads_to_folder(t, folder, name));
    f->count++;
}

static int by_name(const void *a, const void *b)
{
    const struct model_file *x = a, *y = b;

    if ((strcmp(x->name, "..") == 0) != (strcmp(y->name, "..") == 0))
        return strcmp(x->name, "..") == 0 ? -1 : 1;
    return x->folder != y->folder ? y->folder - x->folder : strcmp(x->name, y->name);
}

static int list_names(struct tree *t, const char *path, struct tree_names *n, int64_t *dir)
{
    int64_t names;
    struct stat st;
    int rc = t->ops->find(t, path, dir, &st);

    if (rc < 0)
        return rc;
    rc = S_ISDIR(st.st_mode) ? t->ops->find(t, path, &names, &st) : -ENOTDIR;
    if (rc == 0)
        rc = tree_names_read(t, names, n);
    if (rc < 0)
        t->ops->close(t, *dir);
    return rc;
}

int browse_list(struct tree *t, const char *path, const atomic_bool *cancel, struct model_folder *f)
{
    struct tree_names n = {.max = BROWSE_MAX};
    int64_t dir;
    int rc = list_names(t, path, &n, &dir);

    if (rc == 0) {
        f->files = calloc(n.count + 1, sizeof(*f->files));
        for (size_t i = 0; i < n.count && f->files && !*cancel; i++)
            take(t, dir, path, n.name[i], f);
        t->ops->close(t, dir);
        if (f->files && strcmp(path, "/") != 0)
            f->files[f->count++] = (struct model_file){.name = strdup(".."), .shown = strdup(".."), .folder = true,
                                                       .size = -1, .mode = S_IFDIR};
        if (f->files)
            qsort(f->files, f->count, sizeof(*f->files), by_name);
        f->left_out = n.left_out;
        rc = !f->files ? -ENOMEM : *cancel ? -ECANCELED : 0;
    }
    tree_names_release(&n);
    return rc;
}

/* --- renaming, removing --- */

int browse_rename(struct tree *t, const char *path, const char *name)
{
    char old[TREE_NAME_SIZE];
    struct stat st;
    int64_t dir, handle;
    int rc;

    if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EINVAL;
    rc = t->ops->parent(t, path, &dir, old);
    if (rc < 0)
        return rc;
    if (t->ops->look(t, dir, name, &handle, &st) == 0) {
        t->ops->close(t, handle);
        rc = -EEXIST;
    } else {
        rc = *old ? t->ops->rename(t, dir, old, name) : -EBUSY;
    }
    t->ops->close(t, dir);
    return rc;
}

static int remove_name(struct tree *t, int64_t dir, const char *name, const atomic_bool *cancel, int depth);

/* What is in the folder `handle`, which stays as it is. */
static int empty(struct tree *t, int64_t dir, const char *name, const atomic_bool *cancel, int depth)
{
    struct tree_names n = {.max = BROWSE_MAX};
    struct stat st;
    int64_t handle, names;
    int rc = t->ops->look(t, dir, name, &handle, &st);

    if (rc < 0)
        return rc;
    rc = t->ops->look(t, dir, name, &names, &st);
    if (rc == 0)
        rc = tree_names_read(t, names, &n);
    for (size_t i = 0; i < n.count && rc == 0; i++)
        rc = remove_name(t, handle, n.name[i], cancel, depth + 1);
    t->ops->close(t, handle);
    if (rc == 0 && n.left_out)
        rc = -EAGAIN;
    tree_names_release(&n);
    return rc;
}

static int remove_name(struct tree *t, int64_t dir, const char *name, const atomic_bool *cancel, int depth)
{
    struct stat st;
    int64_t handle;
    int rc = *cancel ? -ECANCELED : depth > REMOVE_DEPTH ? -ELOOP : t->ops->look(t, dir, name, &handle, &st);

    if (rc < 0)
        return rc;
    t->ops->close(t, handle);
    if (!S_ISDIR(st.st_mode))
        return t->ops->unlink(t, dir, name);
    do
        rc = empty(t, dir, name, cancel, depth);
    while (rc == -EAGAIN); /* more names than one look takes */
    return rc < 0 ? rc : t->ops->rmdir(t, dir, name);
}

int browse_remove(struct tree *t, const char *path, const atomic_bool *cancel)
{
    char name[TREE_NAME_SIZE];
    int64_t dir;
    int rc = t->ops->parent(t, path, &dir, name);

    if (rc < 0)
        return rc;
    rc = *name ? remove_name(t, dir, name, cancel, 0) : -EBUSY;
    t->ops->close(t, dir);
    return rc;
}

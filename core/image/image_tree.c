/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image/image_tree.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"

static int compare(const void *a, const void *b)
{
    const struct image_node *x = a, *y = b;

    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void node_free(struct image_node *n)
{
    free(n->name);
    free(n->target);
    free(n);
}

static struct image_node *node_new(struct image_node *parent, const char *name, uint32_t ino,
                                   mode_t type, const char *target)
{
    struct image_node *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    *n = (struct image_node){.parent = parent, .name = strdup(name), .ino = ino, .type = type,
                             .target = target ? strdup(target) : NULL};
    if (n->name && (!target || n->target))
        return n;
    node_free(n);
    return NULL;
}

int tree_init(struct image_tree *t, uint32_t root_ino, struct err *e)
{
    *t = (struct image_tree){.root = node_new(NULL, "", root_ino, S_IFDIR, NULL)};
    return t->root ? 0 : err_sys(e, ENOMEM, "image");
}

static void keep(void *node)
{
    (void)node; /* the index does not own the nodes */
}

void tree_release(struct image_tree *t)
{
    struct image_node *n = t->root, *up;

    tdestroy(t->index, keep);
    while (n) { /* depth first without recursion: a hostile archive may nest deep */
        if (n->first_child) {
            struct image_node *child = n->first_child;

            n->first_child = child->next;
            n = child;
            continue;
        }
        up = n->parent;
        node_free(n);
        n = up;
    }
    *t = (struct image_tree){0};
}

struct image_node *tree_find(const struct image_tree *t, const struct image_node *parent,
                             const char *name)
{
    struct image_node key = {.parent = (struct image_node *)parent, .name = (char *)name};
    void *found = tfind(&key, &t->index, compare);

    return found ? *(struct image_node **)found : NULL;
}

struct image_node *tree_add(struct image_tree *t, struct image_node *parent, const char *name,
                            uint32_t ino, mode_t type, const char *target)
{
    struct image_node *n = node_new(parent, name, ino, type, target);

    if (!n || !tsearch(n, &t->index, compare)) {
        if (n)
            node_free(n);
        return NULL;
    }
    if (parent->last_child)
        parent->last_child->next = n;
    else
        parent->first_child = n;
    parent->last_child = n;
    return n;
}

void tree_remove(struct image_tree *t, struct image_node *n)
{
    struct image_node **at = &n->parent->first_child, *before = NULL;

    tdelete(n, &t->index, compare);
    for (; *at != n; at = &(*at)->next)
        before = *at;
    *at = n->next;
    if (n->parent->last_child == n)
        n->parent->last_child = before;
    node_free(n);
}

/* --- paths --- */

/* A path being walked: what is left of it, with the targets of followed links put in front. */
struct walk {
    struct image_tree *t;
    struct image_node *at;
    char rest[PATH_MAX];
    char *p;
    unsigned links;
};

static int walk_init(struct walk *w, struct image_tree *t, const char *path, struct err *e)
{
    *w = (struct walk){.t = t, .at = t->root, .p = w->rest};
    if (strlen(path) >= sizeof(w->rest))
        return err_set(e, ENAMETOOLONG, "a path of %zu bytes", strlen(path));
    strcpy(w->rest, path);
    return 0;
}

/* Takes the next part into `name`; 0: none left. */
static int next_part(struct walk *w, char *name, struct err *e)
{
    size_t len;

    do {
        w->p += strspn(w->p, "/");
        len = strcspn(w->p, "/");
        if (len > NAME_MAX)
            return err_set(e, ENAMETOOLONG, "a name of %zu bytes", len);
        memcpy(name, w->p, len);
        name[len] = '\0';
        w->p += len;
    } while (strcmp(name, ".") == 0);
    return len > 0;
}

static int follow(struct walk *w, const struct image_node *link, struct err *e)
{
    char joined[PATH_MAX];
    int n = snprintf(joined, sizeof(joined), "%s/%s", link->target, w->p);

    if (++w->links > TREE_LINKS_MAX)
        return err_set(e, ELOOP, "symbolic links that lead in a circle");
    if (n < 0 || (size_t)n >= sizeof(joined))
        return err_set(e, ENAMETOOLONG, "a path too long");
    memcpy(w->rest, joined, (size_t)n + 1);
    w->p = w->rest;
    if (link->target[0] == '/')
        w->at = w->t->root;
    return 0;
}

static bool is_last(const struct walk *w)
{
    return w->p[strspn(w->p, "/.")] == '\0' && !strstr(w->p, "..");
}

/* One step down into `name`. */
static int step(struct walk *w, const char *name, tree_make *make, void *ctx, struct err *e)
{
    struct image_node *n;

    if (strcmp(name, "..") == 0) { /* only from a link's target: paths with it are refused before */
        w->at = w->at->parent ? w->at->parent : w->at;
        return 0;
    }
    n = tree_find(w->t, w->at, name);
    if (!n && make) {
        int r = make(ctx, w->at, name, e);

        if (r < 0)
            return r;
        n = tree_find(w->t, w->at, name);
    }
    if (!n)
        return err_set(e, ENOENT, "there is no %s", name);
    if (n->type == S_IFLNK)
        return follow(w, n, e);
    if (n->type != S_IFDIR)
        return err_set(e, ENOTDIR, "%s is not a folder", name);
    w->at = n;
    return 0;
}

int tree_walk(struct image_tree *t, const char *path, struct image_node **parent, char *last,
              tree_make *make, void *ctx, struct err *e)
{
    auto_free struct walk *w = malloc(sizeof(*w));
    int r = w ? walk_init(w, t, path, e) : err_sys(e, ENOMEM, "image");

    last[0] = '\0';
    while (r == 0) {
        r = next_part(w, last, e);
        if (r <= 0 || is_last(w))
            break;
        r = step(w, last, make, ctx, e);
    }
    *parent = r < 0 ? NULL : w->at;
    return r < 0 ? r : 0;
}

struct image_node *tree_resolve(struct image_tree *t, const char *path)
{
    auto_free struct walk *w = malloc(sizeof(*w));
    char name[NAME_MAX + 1];

    if (!w || walk_init(w, t, path, NULL) < 0)
        return NULL;
    while (next_part(w, name, NULL) > 0) {
        struct image_node *n = strcmp(name, "..") ? tree_find(t, w->at, name) : NULL;

        if (n && n->type != S_IFDIR && n->type != S_IFLNK)
            return is_last(w) ? n : NULL;
        if (step(w, name, NULL, NULL, NULL) < 0)
            return NULL;
    }
    return w->at;
}

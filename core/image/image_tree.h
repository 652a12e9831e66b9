/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of a file system image in the making: a tree of nodes in memory.
 */
#ifndef CORE_IMAGE_TREE_H
#define CORE_IMAGE_TREE_H

#include <stdint.h>
#include <sys/types.h>

struct err;

#define TREE_LINKS_MAX 40 /* symbolic links followed in one path, as Linux does */

struct image_node {
    struct image_node *parent, *first_child, *last_child, *next;
    char *name;   /* owned */
    char *target; /* owned: of a symbolic link */
    uint32_t ino;
    mode_t type;  /* S_IF* */
};

struct image_tree {
    struct image_node *root;
    void *index; /* tsearch: by parent and name */
};

int tree_init(struct image_tree *t, uint32_t root_ino, struct err *e);
void tree_release(struct image_tree *t);

struct image_node *tree_find(const struct image_tree *t, const struct image_node *parent,
                             const char *name);
/* Adds a name; NULL for lack of memory. The name must be free. */
struct image_node *tree_add(struct image_tree *t, struct image_node *parent, const char *name,
                            uint32_t ino, mode_t type, const char *target);
void tree_remove(struct image_tree *t, struct image_node *n);

/*
 * Walks `path` (relative, without "..") to the folder that holds its last part: *parent, and the
 * last part in `last` (NAME_MAX + 1 bytes; "" for the root itself).  Links on the way are followed.
 * `make` is called for a folder that is missing: it adds it, or fails; NULL: -ENOENT.
 */
typedef int tree_make(void *ctx, struct image_node *parent, const char *name, struct err *e);
int tree_walk(struct image_tree *t, const char *path, struct image_node **parent, char *last,
              tree_make *make, void *ctx, struct err *e);

/* What a path leads to, links followed also at its end; NULL when nothing. */
struct image_node *tree_resolve(struct image_tree *t, const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of this machine or of a distro, alike: what a copy from one to the other needs.
 *
 * A handle is a descriptor here and a fid there.  Names are single components beneath a folder's handle
 * and links in the way are never followed, so a tree that changes meanwhile leads nowhere else.
 * Functions return 0 (or a count) or -errno.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct p9_client;
struct tree;

#define TREE_NAME_SIZE 256
#define TREE_LINK_SIZE 4096

/* One name of a listing; not 0 ends it and is what list returns. */
typedef int tree_each(void *ctx, const char *name);

struct tree_ops {
    /* A folder's handle and the last name of the path; name "" where the path is the root. */
    int (*parent)(struct tree *t, const char *path, int64_t *dir, char name[TREE_NAME_SIZE]);
    /* As the path is resolved by those who live there: links followed. */
    int (*find)(struct tree *t, const char *path, int64_t *handle, struct stat *st);
    /* Not followed where it is a link.  The handle is not open for reading yet. */
    int (*look)(struct tree *t, int64_t dir, const char *name, int64_t *handle, struct stat *st);
    int (*open)(struct tree *t, int64_t *handle, bool is_dir); /* replaces the handle */
    int (*create)(struct tree *t, int64_t dir, const char *name, mode_t mode, int64_t *handle);
    ssize_t (*read)(struct tree *t, int64_t handle, void *bytes, size_t len, uint64_t offset);
    ssize_t (*write)(struct tree *t, int64_t handle, const void *bytes, size_t len, uint64_t offset);
    /* Where data is next, at `offset` or behind it, or the file's size; -errno: not known. */
    int64_t (*next_data)(struct tree *t, int64_t handle, uint64_t offset);
    int (*list)(struct tree *t, int64_t handle, tree_each *each, void *ctx);
    int (*mkdir)(struct tree *t, int64_t dir, const char *name, mode_t mode);
    int (*symlink)(struct tree *t, int64_t dir, const char *name, const char *target);
    int (*readlink)(struct tree *t, int64_t handle, char target[TREE_LINK_SIZE]);
    /* Mode and times of `st`, and its size where it is a regular file; of something open. */
    int (*settle)(struct tree *t, int64_t handle, const struct stat *st, bool times);
    int (*rename)(struct tree *t, int64_t dir, const char *old, const char *name);
    int (*unlink)(struct tree *t, int64_t dir, const char *name);
    int (*rmdir)(struct tree *t, int64_t dir, const char *name); /* an empty folder */
    void (*close)(struct tree *t, int64_t handle);
};

struct tree {
    const struct tree_ops *ops;
    struct p9_client *client; /* borrowed; NULL here */
    const char *distro;       /* for messages; borrowed; NULL here */
};

struct tree tree_host(void);
struct tree tree_guest(struct p9_client *client, const char *distro);

struct tree_names {
    char **name;
    size_t count, room;
    size_t max;        /* at most so many; 0: all */
    unsigned left_out; /* because of it */
};

/* Ends `handle`, which was looked up for this alone: a fid that is open for listing does not walk everywhere. */
int tree_names_read(struct tree *t, int64_t handle, struct tree_names *n);
void tree_names_sort(struct tree_names *n);
void tree_names_release(struct tree_names *n);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where files of a share are, so that another process can find them again: fs.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/state.h"
#include "p9/localfs_node.h"

#define PATH_SIZE 4096

/* The kernel's name of what a descriptor holds, absolute; its length or -errno. */
static ssize_t name_of(struct localfs *l, int fd, char name[PATH_SIZE])
{
    ssize_t n = readlinkat(l->proc, local_fd_name(fd).s, name, PATH_SIZE - 1);

    if (n < 0)
        return -errno;
    name[n] = '\0';
    return n == PATH_SIZE - 1 ? -ENAMETOOLONG : n;
}

/* The part of `name` beneath the folder `root`; NULL: it is elsewhere. */
static const char *beneath(const char *root, const char *name)
{
    size_t n = strlen(root);

    if (n > 1 && strncmp(name, root, n) != 0)
        return NULL;
    if (n > 1 && name[n] != '/' && name[n] != '\0')
        return NULL;
    name += n > 1 ? n : 0;
    return name + strspn(name, "/");
}

int local_find(struct p9_fs *fs, const char *path, bool root, struct p9_node **node)
{
    struct localfs *l = localfs_of(fs);
    int fd = local_open_beneath(l->root, *path ? path : ".", 0, 0);

    return fd < 0 ? fd : local_node_new(l, fd, root || !*path, NULL, node);
}

/* A file that was removed has a name with " (deleted)" behind, which another file may bear: it is looked at. */
int local_place(struct p9_fs *fs, struct p9_node *node, char *path, size_t size)
{
    struct localfs *l = localfs_of(fs);
    char root[PATH_SIZE], name[PATH_SIZE];
    const char *rest;
    struct p9_node *found;
    int rc;

    if (name_of(l, l->root, root) < 0 || name_of(l, local_node_of(node)->fd, name) < 0 ||
        !(rest = beneath(root, name)) || strlen(rest) >= size)
        return -ESTALE;
    if ((rc = local_find(fs, rest, false, &found)) < 0)
        return rc;
    rc = found->qid.path == node->qid.path && found->qid.version == node->qid.version ? 0 : -ESTALE;
    p9_node_put(fs, found);
    strcpy(path, rest);
    return rc;
}

/* File systems have numbers in the order of their appearance, and qids hold those. */
void local_state(struct p9_fs *fs, struct state *s)
{
    struct localfs *l = localfs_of(fs);
    uint32_t n = l->devices;

    state_count(s, &n, LOCALFS_DEVICES);
    for (uint32_t i = 0; i < n; i++)
        state_u64(s, &l->device[i]);
    l->devices = n;
    if (n && l->device[0] != l->dev)
        l->device[0] = l->dev; /* another root: no file of before will be found the same */
}

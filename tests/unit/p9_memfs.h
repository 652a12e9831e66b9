/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file system in memory for the 9P server: for tests that must hold a file still, and for fuzzing.
 *
 * Reads of a file named "slow" wait while the gate is closed.  Sizes are bounded; one lock guards all.
 */
#ifndef TESTS_UNIT_P9_MEMFS_H
#define TESTS_UNIT_P9_MEMFS_H

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "p9/fs.h"

#define MEM_FILE_MAX 8192
#define MEM_DIR_MAX 64
#define MEM_XATTR_MAX 256

struct mem_node;

struct mem_entry {
    char name[P9_NAME_SIZE];
    struct mem_node *node; /* held */
};

struct mem_node {
    struct p9_node node;
    mode_t mode;
    unsigned links;
    bool slow;
    uint8_t *data; /* MEM_FILE_MAX bytes, of a file or link */
    size_t size;
    struct mem_entry *entry; /* of a folder */
    size_t entries;
    uint8_t xattr[MEM_XATTR_MAX];
    size_t xattr_size;
    bool has_xattr;
};

struct mem_file {
    struct p9_file file;
    struct mem_node *node; /* held */
};

struct memfs {
    struct p9_fs fs;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool closed;       /* the gate */
    unsigned waiting;  /* at the gate */
    uint64_t next;     /* qid path */
    struct mem_node *root;
};

#define MEM(fs) ((struct memfs *)(fs))
#define MNODE(n) ((struct mem_node *)(n))
#define MFILE(f) (((struct mem_file *)(f))->node)

static inline struct mem_node *mem_make(struct memfs *m, mode_t mode, const char *name)
{
    struct mem_node *n = calloc(1, sizeof(*n));

    atomic_init(&n->node.refs, 1);
    n->mode = mode;
    n->slow = strcmp(name, "slow") == 0;
    n->node.qid = (struct p9_qid){S_ISDIR(mode)   ? P9_QID_DIR
                                  : S_ISLNK(mode) ? P9_QID_LINK
                                                  : P9_QID_FILE, 1, m->next++};
    if (S_ISDIR(mode))
        n->entry = calloc(MEM_DIR_MAX, sizeof(*n->entry));
    else
        n->data = calloc(1, MEM_FILE_MAX);
    return n;
}

static inline void mem_node_free(struct p9_fs *fs, struct p9_node *node)
{
    struct mem_node *n = MNODE(node);

    for (size_t i = 0; i < n->entries; i++)
        p9_node_put(fs, &n->entry[i].node->node);
    free(n->entry);
    free(n->data);
    free(n);
}

static inline struct mem_entry *mem_find(struct p9_node *dir, const char *name)
{
    struct mem_node *d = MNODE(dir);

    for (size_t i = 0; i < d->entries; i++)
        if (strcmp(d->entry[i].name, name) == 0)
            return &d->entry[i];
    return NULL;
}

/* Takes the node's hold. */
static inline int mem_add(struct p9_node *dir, const char *name, struct mem_node *n)
{
    struct mem_node *d = MNODE(dir);

    if (d->entries == MEM_DIR_MAX)
        return -ENOSPC;
    strcpy(d->entry[d->entries].name, name);
    d->entry[d->entries++].node = n;
    n->links++;
    return 0;
}

/* The caller puts what it returns, without the lock. */
static inline struct p9_node *mem_drop(struct p9_node *dir, struct mem_entry *e)
{
    struct mem_node *d = MNODE(dir), *n = e->node;

    n->links--;
    *e = d->entry[--d->entries];
    return &n->node;
}

static inline int mem_attach(struct p9_fs *fs, const char *aname, struct p9_node **root)
{
    if (aname[0] && strcmp(aname, "/") != 0)
        return -ENOENT;
    *root = p9_node_get(&MEM(fs)->root->node);
    return 0;
}

static inline int mem_walk(struct p9_fs *fs, struct p9_node *dir, const char *name,
                           struct p9_node **found)
{
    struct mem_entry *e;
    int rc = -ENOENT;

    if (!MNODE(dir)->entry)
        return -ENOTDIR;
    pthread_mutex_lock(&MEM(fs)->lock);
    if ((e = mem_find(dir, name))) {
        *found = p9_node_get(&e->node->node);
        rc = 0;
    }
    pthread_mutex_unlock(&MEM(fs)->lock);
    return rc;
}

static inline bool mem_is_at(struct p9_fs *fs, struct p9_node *dir, const char *name,
                             struct p9_node *node)
{
    struct mem_entry *e;
    bool is;

    pthread_mutex_lock(&MEM(fs)->lock);
    is = (e = mem_find(dir, name)) && &e->node->node == node;
    pthread_mutex_unlock(&MEM(fs)->lock);
    return is;
}

static inline int mem_open(struct p9_fs *fs, struct p9_node *node, uint32_t flags,
                           struct p9_file **file)
{
    struct mem_file *f;

    (void)fs;
    (void)flags;
    if (S_ISLNK(MNODE(node)->mode))
        return -ELOOP;
    f = calloc(1, sizeof(*f));
    atomic_init(&f->file.refs, 1);
    f->node = MNODE(p9_node_get(node));
    *file = &f->file;
    return 0;
}

static inline void mem_file_free(struct p9_fs *fs, struct p9_file *file)
{
    p9_node_put(fs, &MFILE(file)->node);
    free(file);
}

/* A new name, unless it is there; *made is held for the caller. */
static inline int mem_new(struct p9_fs *fs, struct p9_node *dir, const char *name, mode_t mode,
                          struct p9_node **made)
{
    struct mem_node *n;
    int rc;

    if (!MNODE(dir)->entry)
        return -ENOTDIR;
    pthread_mutex_lock(&MEM(fs)->lock);
    n = mem_make(MEM(fs), mode, name);
    rc = mem_find(dir, name) ? -EEXIST : mem_add(dir, name, n);
    *made = rc == 0 ? p9_node_get(&n->node) : &n->node;
    pthread_mutex_unlock(&MEM(fs)->lock);
    if (rc < 0)
        p9_node_put(fs, *made);
    return rc;
}

static inline int mem_create(struct p9_fs *fs, struct p9_node *dir, const char *name,
                             uint32_t flags, const struct p9_make *make, struct p9_node **node,
                             struct p9_file **file)
{
    int rc = mem_new(fs, dir, name, S_IFREG | (make->mode & 07777), node);

    if (rc == 0 && (rc = mem_open(fs, *node, flags, file)) < 0)
        p9_node_put(fs, *node);
    return rc;
}

static inline ssize_t mem_move(struct mem_node *n, const struct iovec *iov, unsigned count,
                               uint64_t offset, bool write)
{
    size_t moved = 0, end = write ? MEM_FILE_MAX : n->size;

    for (unsigned i = 0; i < count && offset + moved < end; i++) {
        size_t len = iov[i].iov_len < end - offset - moved ? iov[i].iov_len
                                                           : end - (size_t)offset - moved;

        if (write)
            memcpy(n->data + offset + moved, iov[i].iov_base, len);
        else
            memcpy(iov[i].iov_base, n->data + offset + moved, len);
        moved += len;
    }
    if (write && moved > 0 && offset + moved > n->size)
        n->size = (size_t)offset + moved;
    return (ssize_t)moved;
}

static inline ssize_t memfs_read(struct p9_fs *fs, struct p9_file *file, const struct iovec *iov,
                               unsigned n, uint64_t offset)
{
    struct memfs *m = MEM(fs);
    ssize_t got = -EISDIR;

    pthread_mutex_lock(&m->lock);
    m->waiting += MFILE(file)->slow;
    pthread_cond_broadcast(&m->change);
    while (MFILE(file)->slow && m->closed)
        pthread_cond_wait(&m->change, &m->lock);
    m->waiting -= MFILE(file)->slow;
    if (MFILE(file)->data && offset < MEM_FILE_MAX)
        got = mem_move(MFILE(file), iov, n, offset, false);
    pthread_mutex_unlock(&m->lock);
    return got;
}

static inline ssize_t memfs_write(struct p9_fs *fs, struct p9_file *file, const struct iovec *iov,
                                unsigned n, uint64_t offset)
{
    ssize_t put = -EBADF;

    pthread_mutex_lock(&MEM(fs)->lock);
    if (MFILE(file)->data)
        put = offset < MEM_FILE_MAX ? mem_move(MFILE(file), iov, n, offset, true) : -ENOSPC;
    pthread_mutex_unlock(&MEM(fs)->lock);
    return put;
}

/* With the lock held. */
static inline struct p9_attr mem_attr_of(const struct mem_node *n)
{
    return (struct p9_attr){.valid = P9_GETATTR_BASIC, .qid = n->node.qid, .mode = n->mode, .nlink = n->links,
                            .size = n->size};
}

static inline int mem_readdir(struct p9_fs *fs, struct p9_file *file, uint64_t offset, unsigned how,
                              p9_fill *fill, void *ctx)
{
    struct mem_node *d = MFILE(file);

    if (!d->entry)
        return -ENOTDIR;
    pthread_mutex_lock(&MEM(fs)->lock);
    for (; offset < d->entries; offset++) {
        struct mem_node *n = d->entry[offset].node;
        struct p9_dirent entry = {.qid = n->node.qid, .next = offset + 1, .name = p9_str_of(d->entry[offset].name)};

        if (how & P9_LIST_ATTRS)
            entry.attr = mem_attr_of(n);
        if (!fill(ctx, &entry))
            break;
    }
    pthread_mutex_unlock(&MEM(fs)->lock);
    return 0;
}

static inline int mem_fsync(struct p9_fs *fs, struct p9_file *file, bool data_only)
{
    (void)fs, (void)file, (void)data_only;
    return 0;
}

static inline int mem_lock(struct p9_fs *fs, struct p9_file *file, const struct p9_lock *lock,
                           const struct p9_lock_owner *owner)
{
    (void)fs, (void)file, (void)owner;
    return lock->proc_id & 1 ? -EAGAIN : 0;
}

static inline int mem_getlock(struct p9_fs *fs, struct p9_file *file, struct p9_lock *lock,
                              const struct p9_lock_owner *owner)
{
    (void)fs, (void)file, (void)owner;
    lock->kind = P9_LOCK_NONE;
    return 0;
}

static inline int mem_getattr(struct p9_fs *fs, struct p9_node *node, struct p9_attr *a)
{
    pthread_mutex_lock(&MEM(fs)->lock);
    *a = mem_attr_of(MNODE(node));
    pthread_mutex_unlock(&MEM(fs)->lock);
    return 0;
}

static inline int mem_setattr(struct p9_fs *fs, struct p9_node *node, struct p9_file *file,
                              const struct p9_setattr *s)
{
    (void)file;
    if ((s->valid & P9_SET_SIZE) && (!MNODE(node)->data || s->size > MEM_FILE_MAX))
        return -EINVAL;
    pthread_mutex_lock(&MEM(fs)->lock);
    if (s->valid & P9_SET_SIZE)
        MNODE(node)->size = (size_t)s->size;
    if (s->valid & P9_SET_MODE)
        MNODE(node)->mode = (MNODE(node)->mode & S_IFMT) | (s->mode & 07777);
    pthread_mutex_unlock(&MEM(fs)->lock);
    return 0;
}

static inline int mem_statfs(struct p9_fs *fs, struct p9_node *node, struct p9_statfs *st)
{
    (void)fs, (void)node;
    *st = (struct p9_statfs){.bsize = 4096, .namelen = 255};
    return 0;
}

static inline ssize_t mem_readlink(struct p9_fs *fs, struct p9_node *node, char *target, size_t cap)
{
    size_t len = MNODE(node)->size < cap ? MNODE(node)->size : cap;

    (void)fs;
    memcpy(target, MNODE(node)->data, len);
    return (ssize_t)len;
}

static inline int mem_named(struct p9_fs *fs, struct p9_node *dir, const char *name, mode_t mode,
                            const char *text, struct p9_qid *qid)
{
    struct p9_node *n;
    int rc = mem_new(fs, dir, name, mode, &n);

    if (rc < 0)
        return rc;
    if (text) { /* Nobody writes to a link but this; its size is set once. */
        pthread_mutex_lock(&MEM(fs)->lock);
        MNODE(n)->size = strlen(text);
        memcpy(MNODE(n)->data, text, strlen(text));
        pthread_mutex_unlock(&MEM(fs)->lock);
    }
    *qid = n->qid;
    p9_node_put(fs, n);
    return 0;
}

static inline int mem_mkdir(struct p9_fs *fs, struct p9_node *dir, const char *name,
                            const struct p9_make *make, struct p9_qid *qid)
{
    return mem_named(fs, dir, name, S_IFDIR | (make->mode & 07777), NULL, qid);
}

static inline int mem_symlink(struct p9_fs *fs, struct p9_node *dir, const char *name,
                              const char *target, const struct p9_make *make, struct p9_qid *qid)
{
    (void)make;
    return mem_named(fs, dir, name, S_IFLNK | 0777, target, qid);
}

static inline int mem_mknod(struct p9_fs *fs, struct p9_node *dir, const char *name,
                            uint32_t major, uint32_t minor, const struct p9_make *make,
                            struct p9_qid *qid)
{
    (void)major, (void)minor;
    return mem_named(fs, dir, name, S_IFREG | (make->mode & 07777), NULL, qid);
}

static inline int mem_link(struct p9_fs *fs, struct p9_node *dir, const char *name,
                           struct p9_node *node)
{
    int rc = -EPERM;

    if (!MNODE(dir)->entry || MNODE(node)->entry)
        return rc;
    pthread_mutex_lock(&MEM(fs)->lock);
    rc = mem_find(dir, name) ? -EEXIST : mem_add(dir, name, MNODE(node));
    if (rc == 0)
        p9_node_get(node);
    pthread_mutex_unlock(&MEM(fs)->lock);
    return rc;
}

/* Folders stay where they are: no loops to look for. */
static inline int mem_rename(struct p9_fs *fs, struct p9_node *from, const char *old,
                             struct p9_node *to, const char *name)
{
    struct mem_entry *e;
    int rc = -ENOENT;

    if (!MNODE(from)->entry || !MNODE(to)->entry)
        return -ENOTDIR;
    pthread_mutex_lock(&MEM(fs)->lock);
    if ((e = mem_find(from, old)) && !e->node->entry)
        rc = mem_find(to, name) ? -EEXIST : mem_add(to, name, e->node);
    if (rc == 0)
        mem_drop(from, mem_find(from, old)); /* Its hold went along. */
    pthread_mutex_unlock(&MEM(fs)->lock);
    return rc;
}

static inline int mem_unlink(struct p9_fs *fs, struct p9_node *dir, const char *name, bool is_dir)
{
    struct p9_node *gone = NULL;
    struct mem_entry *e;
    int rc = -ENOENT;

    if (!MNODE(dir)->entry)
        return -ENOTDIR;
    pthread_mutex_lock(&MEM(fs)->lock);
    if ((e = mem_find(dir, name)))
        rc = is_dir != !!e->node->entry ? -EISDIR : e->node->entries > 0 ? -ENOTEMPTY : 0;
    if (rc == 0)
        gone = mem_drop(dir, e);
    pthread_mutex_unlock(&MEM(fs)->lock);
    p9_node_put(fs, gone);
    return rc;
}

static inline ssize_t mem_xattr_get(struct p9_fs *fs, struct p9_node *node, const char *name,
                                    void *value, size_t cap)
{
    struct mem_node *n = MNODE(node);
    ssize_t rc = -ENODATA;

    pthread_mutex_lock(&MEM(fs)->lock);
    if (name[0] == '\0')
        rc = 0;
    else if (n->has_xattr)
        rc = cap > 0 && n->xattr_size > cap ? -ERANGE : (ssize_t)n->xattr_size;
    if (rc > 0 && cap > 0)
        memcpy(value, n->xattr, (size_t)rc);
    pthread_mutex_unlock(&MEM(fs)->lock);
    return rc;
}

static inline int mem_xattr_set(struct p9_fs *fs, struct p9_node *node, const char *name,
                                const void *value, size_t len, uint32_t flags)
{
    struct mem_node *n = MNODE(node);

    (void)name, (void)flags;
    if (len > MEM_XATTR_MAX)
        return -ENOSPC;
    pthread_mutex_lock(&MEM(fs)->lock);
    n->has_xattr = value != NULL;
    n->xattr_size = len;
    if (value)
        memcpy(n->xattr, value, len);
    pthread_mutex_unlock(&MEM(fs)->lock);
    return 0;
}

static const struct p9_fs_ops mem_ops = {
    .attach = mem_attach, .walk = mem_walk, .is_at = mem_is_at, .node_free = mem_node_free,
    .open = mem_open, .create = mem_create, .file_free = mem_file_free, .read = memfs_read,
    .write = memfs_write, .readdir = mem_readdir, .fsync = mem_fsync, .lock = mem_lock,
    .getlock = mem_getlock, .getattr = mem_getattr, .setattr = mem_setattr, .statfs = mem_statfs,
    .readlink = mem_readlink, .mkdir = mem_mkdir, .symlink = mem_symlink, .mknod = mem_mknod,
    .link = mem_link, .rename = mem_rename, .unlink = mem_unlink, .xattr_get = mem_xattr_get,
    .xattr_set = mem_xattr_set,
};

static inline void memfs_init(struct memfs *m)
{
    *m = (struct memfs){.fs = {.ops = &mem_ops}, .next = 1};
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->change, NULL);
    m->root = mem_make(m, S_IFDIR | 0755, "");
}

static inline void memfs_release(struct memfs *m)
{
    p9_node_put(&m->fs, &m->root->node);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->change);
}

/* Closed: reads of "slow" wait. */
static inline void memfs_gate(struct memfs *m, bool closed)
{
    pthread_mutex_lock(&m->lock);
    m->closed = closed;
    pthread_cond_broadcast(&m->change);
    pthread_mutex_unlock(&m->lock);
}

/* Until `n` reads wait at the gate. */
static inline void memfs_wait(struct memfs *m, unsigned n)
{
    pthread_mutex_lock(&m->lock);
    while (m->waiting < n)
        pthread_cond_wait(&m->change, &m->lock);
    pthread_mutex_unlock(&m->lock);
}

#endif

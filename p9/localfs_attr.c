/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/localfs_node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/auto.h"

#define V9FS_MAGIC 0x01021997
#define XATTR_LIST_LONGEST 65536
/* Programs read in pieces of st_blksize; each is a round trip here. */
#define BLOCK_SIZE (128u << 10)
#define KEEP ((uint32_t)-1)

/* --- Getattr ------------------------------------------------------------------------------------- */

/* Linux's 32-bit dev_t, as its client decodes it. */
static uint64_t device_number(dev_t dev)
{
    return (minor(dev) & 0xff) | (uint64_t)major(dev) << 8 | (uint64_t)(minor(dev) & ~0xffu) << 12;
}

static struct p9_time time_of(const struct timespec *t)
{
    return (struct p9_time){(uint64_t)t->tv_sec, (uint64_t)t->tv_nsec};
}

/* The birth time, which statx knows, no client shows. */
void local_attr_of(struct localfs *l, int fd, const struct stat *st, struct p9_attr *a)
{
    *a = (struct p9_attr){
        .valid = P9_GETATTR_BASIC, .mode = st->st_mode, .uid = st->st_uid, .gid = st->st_gid,
        .nlink = st->st_nlink, .rdev = device_number(st->st_rdev), .size = (uint64_t)st->st_size,
        .blksize = st->st_blksize > BLOCK_SIZE ? (uint64_t)st->st_blksize : BLOCK_SIZE,
        .blocks = (uint64_t)st->st_blocks, .atime = time_of(&st->st_atim), .mtime = time_of(&st->st_mtim),
        .ctime = time_of(&st->st_ctim),
    };
    p9_owner_shown(&l->c.owners, fd, st->st_mode & S_IFMT, &a->uid, &a->gid);
}

/* By fstat, which the kernel answers without a name. */
int local_getattr(struct p9_fs *fs, struct p9_node *node, struct p9_attr *a)
{
    struct local_node *n = local_node_of(node);
    struct stat st;

    if (fstat(n->fd, &st) < 0)
        return -errno;
    local_attr_of(localfs_of(fs), n->fd, &st, a);
    return 0;
}

int local_statfs(struct p9_fs *fs, struct p9_node *node, struct p9_statfs *out)
{
    struct statfs st;

    (void)fs;
    if (fstatfs(local_node_of(node)->fd, &st) < 0)
        return -errno;
    *out = (struct p9_statfs){
        .type = V9FS_MAGIC, .bsize = (uint32_t)st.f_bsize, .blocks = st.f_blocks,
        .bfree = st.f_bfree, .bavail = st.f_bavail, .files = st.f_files, .ffree = st.f_ffree,
        .namelen = (uint32_t)st.f_namelen,
    };
    memcpy(&out->fsid, &st.f_fsid, sizeof(out->fsid));
    return 0;
}

/* --- Setattr ------------------------------------------------------------------------------------- */

/* On the client's own open file if there is one: its mode may forbid to open it again. */
static int set_size(struct localfs *l, struct local_node *n, struct local_file *f, uint64_t size)
{
    auto_close int fd = -1;

    if (size > INT64_MAX)
        return -EFBIG;
    if (!S_ISREG(n->type))
        return S_ISDIR(n->type) ? -EISDIR : -EINVAL;
    if (f && (f->flags & P9_O_ACCMODE))
        return ftruncate(f->fd, (off_t)size) < 0 ? -errno : 0;
    if ((fd = local_reopen(l, n->fd, O_WRONLY | O_NOCTTY)) < 0)
        return fd;
    return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static int set_mode(struct localfs *l, struct local_node *n, uint32_t mode)
{
    if (S_ISLNK(n->type))
        return -EOPNOTSUPP;
    return fchmodat(l->proc, local_fd_name(n->fd).s, mode & 07777, 0) < 0 ? -errno : 0;
}

static struct timespec time_to_set(const struct p9_setattr *s, uint32_t set, uint32_t to,
                                   const struct p9_time *t)
{
    if (!(s->valid & set))
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    if (!(s->valid & to))
        return (struct timespec){.tv_nsec = UTIME_NOW};
    return (struct timespec){(time_t)t->sec, (long)t->nsec};
}

static int set_times(struct localfs *l, struct local_node *n, const struct p9_setattr *s)
{
    struct timespec t[2] = {time_to_set(s, P9_SET_ATIME, P9_SET_ATIME_TO, &s->atime),
                            time_to_set(s, P9_SET_MTIME, P9_SET_MTIME_TO, &s->mtime)};

    if (s->atime.nsec > 999999999 || s->mtime.nsec > 999999999)
        return -EINVAL;
    return utimensat(l->proc, local_fd_name(n->fd).s, t, 0) < 0 ? -errno : 0;
}

static int set_owner(struct localfs *l, struct local_node *n, const struct p9_setattr *s)
{
    return p9_owner_change(&l->c.owners, n->fd, n->type, s->valid & P9_SET_UID ? s->uid : KEEP,
                           s->valid & P9_SET_GID ? s->gid : KEEP);
}

/* Owner before mode, because a change of owner drops set-user-id; times last, all else changes them. */
int local_setattr(struct p9_fs *fs, struct p9_node *node, struct p9_file *file,
                  const struct p9_setattr *s)
{
    struct localfs *l = localfs_of(fs);
    struct local_node *n = local_node_of(node);
    int rc = 0;

    if (s->valid & P9_SET_SIZE)
        rc = set_size(l, n, file ? local_file_of(file) : NULL, s->size);
    /* Alone, ctime asks to be set to now, which a change of nothing does. */
    if (rc == 0 && ((s->valid & (P9_SET_UID | P9_SET_GID)) || s->valid == P9_SET_CTIME))
        rc = set_owner(l, n, s);
    if (rc == 0 && (s->valid & P9_SET_MODE))
        rc = set_mode(l, n, s->mode);
    if (rc == 0 && (s->valid & (P9_SET_ATIME | P9_SET_MTIME)))
        rc = set_times(l, n, s);
    return rc;
}

/* --- Extended attributes ------------------------------------------------------------------------- */

/* By path: no call before Linux 6.13 takes an O_PATH descriptor.  The link's target is the file itself,
 * also where that is a symbolic link: what a magic link leads to is not followed on. */
struct proc_path {
    char s[32];
};

static struct proc_path path_of(struct p9_node *node)
{
    struct proc_path p;

    snprintf(p.s, sizeof(p.s), "/proc/self/fd/%d", local_node_of(node)->fd);
    return p;
}

/* Keeps the names that a client may see; returns their length. */
static size_t filter_names(const struct p9_owners *o, char *names, size_t len)
{
    size_t kept = 0, size;

    for (char *at = names; at < names + len; at += size) {
        size = strlen(at) + 1;
        if (!p9_owner_allows(o, at))
            continue;
        memmove(names + kept, at, size);
        kept += size;
    }
    return kept;
}

/* `names`: room for XATTR_LIST_LONGEST bytes. */
static ssize_t list_by(struct localfs *l, struct p9_node *node, char *names, void *value, size_t cap)
{
    ssize_t len = listxattr(path_of(node).s, names, XATTR_LIST_LONGEST);
    size_t kept;

    if (len < 0)
        return -errno;
    kept = filter_names(&l->c.owners, names, (size_t)len);
    if (cap > 0 && kept > cap)
        return -ERANGE;
    if (cap > 0)
        memcpy(value, names, kept);
    return (ssize_t)kept;
}

static ssize_t list_names(struct localfs *l, struct p9_node *node, void *value, size_t cap)
{
    char *names = malloc(XATTR_LIST_LONGEST);
    ssize_t len = names ? list_by(l, node, names, value, cap) : -ENOMEM;

    free(names);
    return len;
}

static ssize_t next_data(struct localfs *l, struct local_node *n, const char *from, void *value,
                         size_t cap)
{
    auto_close int fd = S_ISREG(n->type) ? local_reopen(l, n->fd, O_RDONLY | O_NOCTTY) : -EOPNOTSUPP;
    char text[32], *end;
    long long offset = strtoll(from, &end, 10);
    off_t at;
    int len;

    if (fd < 0)
        return fd;
    if (end == from || *end || offset < 0)
        return -EINVAL;
    at = lseek(fd, offset, SEEK_DATA);
    if (at < 0 && errno == ENXIO)
        at = lseek(fd, 0, SEEK_END);
    if (at < 0)
        return -errno;
    len = snprintf(text, sizeof(text), "%lld", (long long)at);
    if (cap > 0 && (size_t)len > cap)
        return -ERANGE;
    if (cap > 0)
        memcpy(value, text, (size_t)len);
    return len;
}

ssize_t local_xattr_get(struct p9_fs *fs, struct p9_node *node, const char *name, void *value,
                        size_t cap)
{
    ssize_t len;

    if (name[0] == '\0')
        return list_names(localfs_of(fs), node, value, cap);
    if (strncmp(name, P9_DATA_XATTR, strlen(P9_DATA_XATTR)) == 0)
        return next_data(localfs_of(fs), local_node_of(node), name + strlen(P9_DATA_XATTR), value, cap);
    if (!p9_owner_allows(&localfs_of(fs)->c.owners, name))
        return -EOPNOTSUPP;
    len = getxattr(path_of(node).s, name, value, cap);
    return len < 0 ? -errno : len;
}

int local_xattr_set(struct p9_fs *fs, struct p9_node *node, const char *name, const void *value,
                    size_t len, uint32_t flags)
{
    int rc;

    if (!p9_owner_allows(&localfs_of(fs)->c.owners, name))
        return -EOPNOTSUPP;
    rc = value ? setxattr(path_of(node).s, name, value, len, (int)flags)
               : removexattr(path_of(node).s, name);
    return rc < 0 ? -errno : 0;
}

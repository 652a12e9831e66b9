/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/localfs_node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/auto.h"

#define ENTRIES_SIZE (32u << 10)
#define LISTINGS_MAX 256 /* buffers kept from one request to the next */
#define NOWHERE UINT64_MAX

/* --- Reading ------------------------------------------------------------------------------------- */

/* Goes where the client wants to read on; usually that is where the last reply ended. */
static int seek_to(struct local_file *f, uint64_t offset)
{
    if (offset == f->offset && offset != 0)
        return 0;
    f->start = f->end = 0;
    if (offset > INT64_MAX || lseek(f->fd, (off_t)offset, SEEK_SET) < 0)
        return -EINVAL;
    f->offset = offset;
    return 0;
}

void local_listing_close(struct localfs *l, struct local_file *f)
{
    if (!f->entries)
        return;
    free(f->entries);
    f->entries = NULL;
    atomic_fetch_sub(&l->listings, 1);
}

/* Whoever has thousands of folders half read has them read again from where they are. */
static void keep_few(struct localfs *l, struct local_file *f)
{
    if (atomic_load(&l->listings) <= LISTINGS_MAX)
        return;
    local_listing_close(l, f);
    f->start = f->end = 0;
    f->offset = NOWHERE;
}

/* 1: an entry is at f->start; 0: the end, and the buffer is given back. */
static int more_entries(struct localfs *l, struct local_file *f)
{
    ssize_t got;

    if (f->start < f->end)
        return 1;
    if (!f->entries) {
        if (!(f->entries = malloc(ENTRIES_SIZE)))
            return -ENOMEM;
        atomic_fetch_add(&l->listings, 1);
    }
    got = getdents64(f->fd, f->entries, ENTRIES_SIZE);
    if (got < 0)
        return -errno;
    f->start = 0;
    f->end = (size_t)got;
    if (got > 0)
        return 1;
    local_listing_close(l, f);
    return 0;
}

/* Overlays are not among them: what lies below may be anything. */
bool local_is_plain(const struct statfs *st)
{
    static const long types[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                 TMPFS_MAGIC, F2FS_SUPER_MAGIC};

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
        if (st->f_type == types[i])
            return true;
    return false;
}

static void look_at_folder(struct local_file *f)
{
    struct statfs st;
    uint32_t version;

    f->looked = true;
    f->plain = fstatfs(f->fd, &st) == 0 && local_is_plain(&st) && local_handle_version(f->fd, "", &f->mount, &version) == 0;
}

/* Saves the stat of what is neither a folder nor a mount point: half the cost of a long listing. */
static bool identify_plainly(struct localfs *l, const struct local_file *f,
                             const struct dirent64 *d, struct local_identity *id)
{
    int mount;

    if (!f->plain || d->d_type == DT_DIR || d->d_type == DT_UNKNOWN)
        return false;
    if (local_handle_version(f->fd, d->d_name, &mount, &id->qid.version) < 0 || mount != f->mount)
        return false;
    id->qid.type = d->d_type == DT_LNK ? P9_QID_LINK : P9_QID_FILE;
    id->qid.path = local_qid_path(l, f->dev, d->d_ino);
    id->mode = DTTOIF(d->d_type);
    id->dev = f->dev;
    return true;
}

/* A folder that may be read but not searched, or a mount whose server is gone: what the entry itself says. */
static void identify_by_entry(struct localfs *l, const struct local_file *f, const struct dirent64 *d,
                              struct local_identity *id)
{
    id->mode = DTTOIF(d->d_type);
    id->dev = 0; /* whose it is nobody knows */
    id->qid = (struct p9_qid){local_qid_type(id->mode), 1, local_qid_path(l, f->dev, d->d_ino)};
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Without a step onto a mount, at whose server even its root may have to be looked up: -EAGAIN. */
static int identify_near(struct localfs *l, const struct local_file *f, const struct dirent64 *d,
                         struct local_identity *id)
{
    auto_close int fd = local_open_beneath(f->fd, d->d_name, 0, RESOLVE_NO_XDEV);

    if (fd < 0)
        return fd == -EXDEV ? -EAGAIN : fd;
    return local_identify_near(l, fd, id);
}

/* -ENOENT: the name vanished meanwhile; -EAGAIN. */
static int identify_entry(struct localfs *l, const struct local_file *f, const struct dirent64 *d, bool near,
                          struct local_identity *id)
{
    /* What is above the share is nobody's business. */
    bool above = f->root && strcmp(d->d_name, "..") == 0;
    int rc;

    if (identify_plainly(l, f, d, id))
        return 0;
    if (near && d->d_type == DT_DIR && !is_dots(d->d_name))
        rc = identify_near(l, f, d, id);
    else
        rc = local_identify(l, f->fd, above ? "." : d->d_name, id);
    if (rc == 0 || rc == -ENOENT || rc == -EAGAIN)
        return rc;
    identify_by_entry(l, f, d, id);
    return 0;
}

/*
 * By the name once more, which may lead to another file meanwhile; what is mounted there may have a server that hangs,
 * and an owner that is kept in an attribute is read by a descriptor: a lookup sees to these.
 */
static void look_at_entry(struct localfs *l, const struct local_file *f, uint64_t dev, struct p9_dirent *entry)
{
    struct stat st;

    if (dev != f->dev || is_dots(entry->name.s) || l->c.owners.kind == P9_OWNER_XATTR ||
        fstatat(f->fd, entry->name.s, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 || st.st_dev != f->dev ||
        local_qid_type(st.st_mode) != entry->qid.type || local_qid_path(l, st.st_dev, st.st_ino) != entry->qid.path)
        return;
    local_attr_of(l, -1, &st, &entry->attr);
    entry->attr.qid = entry->qid;
}

static int read_entries(struct localfs *l, struct local_file *f, unsigned how, p9_fill *fill, void *ctx)
{
    int rc;

    while ((rc = more_entries(l, f)) > 0) {
        struct dirent64 *d = (struct dirent64 *)(f->entries + f->start);
        struct p9_dirent entry = {.next = (uint64_t)d->d_off, .name = p9_str_of(d->d_name)};
        struct local_identity id;

        if ((rc = identify_entry(l, f, d, how & P9_LIST_NEAR, &id)) == -EAGAIN)
            return rc;
        if (rc == 0) {
            entry.qid = id.qid;
            entry.type = IFTODT(id.mode);
            if (how & P9_LIST_ATTRS)
                look_at_entry(l, f, id.dev, &entry);
            if (!fill(ctx, &entry))
                return 0;
        }
        f->start += d->d_reclen;
        f->offset = (uint64_t)d->d_off;
    }
    return rc;
}

int local_readdir(struct p9_fs *fs, struct p9_file *file, uint64_t offset, unsigned how, p9_fill *fill, void *ctx)
{
    struct local_file *f = local_file_of(file);
    int rc;

    if (!(f->qid.type & P9_QID_DIR))
        return -ENOTDIR;
    pthread_mutex_lock(&f->lock);
    if (!f->looked)
        look_at_folder(f);
    rc = seek_to(f, offset);
    if (rc == 0)
        rc = read_entries(localfs_of(fs), f, how, fill, ctx);
    keep_few(localfs_of(fs), f);
    pthread_mutex_unlock(&f->lock);
    return rc;
}

/* --- Making -------------------------------------------------------------------------------------- */

/* A name was made: gives it its owner, and tells its qid. */
static int made(struct p9_fs *fs, struct p9_node *dir, const char *name,
                const struct p9_make *make, struct p9_qid *qid)
{
    struct p9_node *node;
    int rc = local_walk(fs, dir, name, &node);

    if (rc < 0)
        return rc;
    p9_owner_made(&localfs_of(fs)->c.owners, local_node_of(dir)->fd, local_node_of(node)->fd,
                  local_node_of(node)->type, make->uid, make->gid);
    *qid = node->qid;
    p9_node_put(fs, node);
    return 0;
}

int local_mkdir(struct p9_fs *fs, struct p9_node *dir, const char *name,
                const struct p9_make *make, struct p9_qid *qid)
{
    p9_owner_making(&localfs_of(fs)->c.owners, make->gid);
    if (mkdirat(local_node_of(dir)->fd, name, make->mode & 07777) < 0)
        return -errno;
    return made(fs, dir, name, make, qid);
}

int local_symlink(struct p9_fs *fs, struct p9_node *dir, const char *name, const char *target,
                  const struct p9_make *make, struct p9_qid *qid)
{
    p9_owner_making(&localfs_of(fs)->c.owners, make->gid);
    if (symlinkat(target, local_node_of(dir)->fd, name) < 0)
        return -errno;
    return made(fs, dir, name, make, qid);
}

int local_mknod(struct p9_fs *fs, struct p9_node *dir, const char *name, uint32_t major,
                uint32_t minor, const struct p9_make *make, struct p9_qid *qid)
{
    mode_t type = make->mode & S_IFMT;

    if ((S_ISCHR(type) || S_ISBLK(type)) && !localfs_of(fs)->c.devices)
        return -EPERM;
    if (S_ISDIR(type) || S_ISLNK(type))
        return -EINVAL;
    p9_owner_making(&localfs_of(fs)->c.owners, make->gid);
    if (mknodat(local_node_of(dir)->fd, name, type | (make->mode & 07777),
                makedev(major, minor)) < 0)
        return -errno;
    return made(fs, dir, name, make, qid);
}

/* --- Names --------------------------------------------------------------------------------------- */

/* By /proc, because AT_EMPTY_PATH wants a capability; it links a symbolic link itself, too. */
int local_link(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node *node)
{
    struct fd_name from = local_fd_name(local_node_of(node)->fd);

    if (S_ISDIR(local_node_of(node)->type))
        return -EPERM;
    return linkat(localfs_of(fs)->proc, from.s, local_node_of(dir)->fd, name,
                  AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int local_rename(struct p9_fs *fs, struct p9_node *from, const char *old, struct p9_node *to,
                 const char *name)
{
    (void)fs;
    return renameat(local_node_of(from)->fd, old, local_node_of(to)->fd, name) < 0 ? -errno : 0;
}

int local_unlink(struct p9_fs *fs, struct p9_node *dir, const char *name, bool is_dir)
{
    (void)fs;
    return unlinkat(local_node_of(dir)->fd, name, is_dir ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

ssize_t local_readlink(struct p9_fs *fs, struct p9_node *node, char *target, size_t cap)
{
    ssize_t len = readlinkat(local_node_of(node)->fd, "", target, cap);

    (void)fs;
    return len < 0 ? -errno : len;
}

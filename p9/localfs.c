/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/localfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "p9/localfs_node.h"

#define V9FS_MAGIC 0x01021997

/* --- Nodes --------------------------------------------------------------------------------------- */

struct fd_name local_fd_name(int fd)
{
    struct fd_name n;

    snprintf(n.s, sizeof(n.s), "%d", fd);
    return n;
}

int local_charge_fd(struct localfs *l)
{
    if (atomic_fetch_add(&l->fds, 1) < l->c.fds_max)
        return 0;
    atomic_fetch_sub(&l->fds, 1);
    return -EMFILE;
}

void local_uncharge_fd(struct localfs *l)
{
    atomic_fetch_sub(&l->fds, 1);
}

/*
 * Of a file of `dev`, found from `dir` (NULL: from the root).  Only behind a mount is it asked, which may take for ever
 * there.  A mount of ours inside the share would lead round in circles.
 */
static int look_at_mount(struct localfs *l, int fd, uint64_t dev, const struct local_node *dir, bool *apart)
{
    struct statfs st;

    *apart = dir ? dir->node.apart : !l->plain;
    if (dev == (dir ? dir->dev : l->dev))
        return 0;
    *apart = dev == l->dev ? !l->plain : true;
    if (fstatfs(fd, &st) < 0)
        return 0;
    *apart = !local_is_plain(&st);
    return l->c.refuse_9p && st.f_type == V9FS_MAGIC ? -EACCES : 0;
}

static int node_new(struct localfs *l, int taken, bool root, const struct local_node *dir, bool near,
                    struct p9_node **node)
{
    auto_close int fd = taken;
    struct local_identity id;
    struct local_node *n;
    bool apart;
    int rc;

    rc = near ? local_identify_near(l, fd, &id) : local_identify(l, fd, "", &id);
    if (rc < 0 || (rc = look_at_mount(l, fd, id.dev, dir, &apart)) < 0 ||
        (rc = local_charge_fd(l)) < 0)
        return rc;
    if (!(n = calloc(1, sizeof(*n)))) {
        local_uncharge_fd(l);
        return -ENOMEM;
    }
    atomic_init(&n->node.refs, 1);
    n->node.qid = id.qid;
    n->fd = steal_fd(&fd);
    n->type = id.mode & S_IFMT;
    n->dev = id.dev;
    n->root = root;
    n->node.apart = apart;
    *node = &n->node;
    return 0;
}

int local_node_new(struct localfs *l, int fd, bool root, const struct local_node *dir, struct p9_node **node)
{
    return node_new(l, fd, root, dir, false, node);
}

static void node_free(struct p9_fs *fs, struct p9_node *node)
{
    struct local_node *n = local_node_of(node);

    close(n->fd);
    free(n);
    local_uncharge_fd(localfs_of(fs));
}

int local_open_beneath(int dir, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)(O_PATH | O_NOFOLLOW | O_CLOEXEC | flags),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | resolve,
    };
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

static int attach(struct p9_fs *fs, const char *aname, struct p9_node **root)
{
    struct localfs *l = localfs_of(fs);
    int fd;

    aname += strspn(aname, "/");
    fd = local_open_beneath(l->root, *aname ? aname : ".", O_DIRECTORY, 0);
    return fd < 0 ? fd : local_node_new(l, fd, true, NULL, root);
}

static int walk(struct p9_fs *fs, struct p9_node *dir, const char *name, uint64_t resolve,
                struct p9_node **found)
{
    struct local_node *d = local_node_of(dir);
    int fd;

    if (!S_ISDIR(d->type))
        return -ENOTDIR;
    fd = local_open_beneath(d->fd, name, 0, resolve);
    return fd < 0 ? fd : node_new(localfs_of(fs), fd, false, d, (resolve & RESOLVE_NO_XDEV) && !dir->apart, found);
}

int local_walk(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node **found)
{
    return walk(fs, dir, name, 0, found);
}

/* At once: by what the kernel remembers. */
static int walk_near(struct p9_fs *fs, struct p9_node *dir, const char *name, bool at_once, struct p9_node **found)
{
    int rc = walk(fs, dir, name, RESOLVE_NO_XDEV | (at_once ? RESOLVE_CACHED : 0), found);

    return rc == -EXDEV ? -EAGAIN : rc;
}

bool local_is_at(struct p9_fs *fs, struct p9_node *dir, const char *name, struct p9_node *node)
{
    struct local_identity id;

    return local_identify(localfs_of(fs), local_node_of(dir)->fd, name, &id) == 0 &&
           id.qid.path == node->qid.path && id.qid.version == node->qid.version;
}

/* --- Files --------------------------------------------------------------------------------------- */

/* Client's flags that mean something on the host; O_DIRECT and O_NONBLOCK are the client's affair. */
static int host_flags(const struct localfs *l, uint32_t flags)
{
    static const struct {
        uint32_t p9;
        int host;
    } map[] = {
        {P9_O_WRONLY, O_WRONLY}, {P9_O_RDWR, O_RDWR}, {P9_O_TRUNC, O_TRUNC},
        {P9_O_APPEND, O_APPEND}, {P9_O_DSYNC, O_DSYNC}, {P9_O_SYNC, O_SYNC},
        {P9_O_DIRECTORY, O_DIRECTORY},
    };
    int host = O_CLOEXEC | O_NOCTTY;

    for (unsigned i = 0; i < ARRAY_SIZE(map); i++)
        if (flags & map[i].p9)
            host |= map[i].host;
    return l->c.append_at_offset ? host & ~O_APPEND : host;
}

int local_reopen(struct localfs *l, int fd, int flags)
{
    int again = openat(l->proc, local_fd_name(fd).s, flags | O_CLOEXEC);

    return again < 0 ? -errno : again;
}

/* Takes `fd`, also when it fails. */
static int file_new(struct localfs *l, int taken, const struct local_node *n, uint32_t flags,
                    struct p9_file **file)
{
    auto_close int fd = taken;
    struct local_file *f;

    if (local_charge_fd(l) < 0)
        return -EMFILE;
    if (!(f = calloc(1, sizeof(*f)))) {
        local_uncharge_fd(l);
        return -ENOMEM;
    }
    atomic_init(&f->file.refs, 1);
    pthread_mutex_init(&f->lock, NULL);
    f->fd = steal_fd(&fd);
    f->flags = flags;
    f->qid = n->node.qid;
    f->dev = n->dev;
    f->root = n->root;
    *file = &f->file;
    return 0;
}

static void file_free(struct p9_fs *fs, struct p9_file *file)
{
    struct local_file *f = local_file_of(file);

    local_lock_close(localfs_of(fs), f);
    pthread_mutex_destroy(&f->lock);
    local_listing_close(localfs_of(fs), f);
    close(f->fd);
    free(f);
    local_uncharge_fd(localfs_of(fs));
}

/*
 * Some regular files are wells that may be dry (/proc/kmsg, trace_pipe): they must not keep a worker.  Else it
 * means nothing, but to an open that has to wait for another's lease.
 */
static int open_at_once(struct localfs *l, int node_fd, int flags, bool waits)
{
    int fd = local_reopen(l, node_fd, flags | O_NONBLOCK);

    return fd == -EAGAIN && waits ? local_reopen(l, node_fd, flags) : fd;
}

static int open_node(struct p9_fs *fs, struct p9_node *node, uint32_t flags, struct p9_file **file)
{
    struct local_node *n = local_node_of(node);
    int fd;

    /* An inode's type never changes: what passes here is never a device, FIFO or socket. */
    if (!S_ISREG(n->type) && !S_ISDIR(n->type))
        return S_ISLNK(n->type) ? -ELOOP : -ENXIO;
    if ((flags & P9_O_ACCMODE) == P9_O_ACCMODE)
        return -EINVAL;
    fd = open_at_once(localfs_of(fs), n->fd, host_flags(localfs_of(fs), flags), !(flags & P9_FS_NOWAIT));
    return fd < 0 ? fd : file_new(localfs_of(fs), fd, n, flags & ~P9_FS_NOWAIT, file);
}

/* The file was made just now by openat, which gave `taken`. */
static int made_file(struct localfs *l, const struct local_node *dir, int taken, uint32_t flags,
                     const struct p9_make *make, struct p9_node **node, struct p9_file **file)
{
    auto_close int fd = taken;
    int rc, path = local_reopen(l, fd, O_PATH);

    if (path < 0 || (rc = local_node_new(l, path, false, dir, node)) < 0)
        return path < 0 ? path : rc;
    p9_owner_made(&l->c.owners, dir->fd, local_node_of(*node)->fd, S_IFREG, make->uid, make->gid);
    rc = file_new(l, steal_fd(&fd), local_node_of(*node), flags, file);
    if (rc < 0)
        p9_node_put(&l->fs, *node);
    return rc;
}

/* Who makes files has looked before: that a mount is in the way is seldom, and to enter it might take for ever. */
static int open_existing(struct p9_fs *fs, struct p9_node *dir, const char *name, uint32_t flags,
                         struct p9_node **node, struct p9_file **file)
{
    int rc = walk_near(fs, dir, name, false, node);

    if (rc < 0)
        return rc == -EAGAIN ? -EEXIST : rc;
    if ((rc = open_node(fs, *node, flags, file)) < 0)
        p9_node_put(fs, *node);
    return rc;
}

/*
 * Either the file is new, or it is looked at before it is opened: open(2) alone would hang on a FIFO
 * that is there already.  Names come and go meanwhile; a few rounds settle it.
 */
static int create(struct p9_fs *fs, struct p9_node *dir, const char *name, uint32_t flags,
                  const struct p9_make *make, struct p9_node **node, struct p9_file **file)
{
    struct localfs *l = localfs_of(fs);
    int rc = -ENOENT;

    if ((flags & P9_O_ACCMODE) == P9_O_ACCMODE || !S_ISDIR(local_node_of(dir)->type))
        return (flags & P9_O_ACCMODE) == P9_O_ACCMODE ? -EINVAL : -ENOTDIR;
    p9_owner_making(&l->c.owners, make->gid);
    for (int tries = 0; rc == -ENOENT && tries < 8; tries++) {
        int fd = openat(local_node_of(dir)->fd, name,
                        host_flags(l, flags & ~P9_O_DIRECTORY) | O_CREAT | O_EXCL | O_NOFOLLOW,
                        make->mode & 07777);

        if (fd >= 0)
            return made_file(l, local_node_of(dir), fd, flags, make, node, file);
        if (errno != EEXIST || (flags & P9_O_EXCL))
            return -errno;
        rc = open_existing(fs, dir, name, flags, node, file);
    }
    return rc;
}

static ssize_t read_file(struct p9_fs *fs, struct p9_file *file, const struct iovec *iov,
                         unsigned n, uint64_t offset)
{
    ssize_t got;

    (void)fs;
    if (offset > INT64_MAX)
        return -EINVAL;
    got = preadv(local_file_of(file)->fd, iov, (int)n, (off_t)offset);
    return got < 0 ? -errno : got;
}

static ssize_t write_file(struct p9_fs *fs, struct p9_file *file, const struct iovec *iov,
                          unsigned n, uint64_t offset)
{
    ssize_t put;

    (void)fs;
    if (offset > INT64_MAX)
        return -EFBIG;
    put = pwritev(local_file_of(file)->fd, iov, (int)n, (off_t)offset);
    return put < 0 ? -errno : put;
}

static int sync_file(struct p9_fs *fs, struct p9_file *file, bool data_only)
{
    int fd = local_file_of(file)->fd;

    (void)fs;
    return (data_only ? fdatasync(fd) : fsync(fd)) < 0 ? -errno : 0;
}

/* --- Life ---------------------------------------------------------------------------------------- */

static void thread_start(struct p9_fs *fs)
{
    (void)fs;
    if (unshare(CLONE_FS) == 0)
        umask(0);
}

static void become(struct p9_fs *fs, uint32_t uid, bool changes_data)
{
    p9_owner_become(&localfs_of(fs)->c.owners, uid, changes_data);
}

static const struct p9_fs_ops local_ops = {
    .thread_start = thread_start,
    .become = become,
    .place = local_place,
    .find = local_find,
    .state = local_state,
    .attach = attach,
    .walk = local_walk,
    .walk_near = walk_near,
    .is_at = local_is_at,
    .node_free = node_free,
    .open = open_node,
    .create = create,
    .file_free = file_free,
    .read = read_file,
    .write = write_file,
    .readdir = local_readdir,
    .fsync = sync_file,
    .lock = local_lock,
    .getlock = local_getlock,
    .getattr = local_getattr,
    .setattr = local_setattr,
    .statfs = local_statfs,
    .readlink = local_readlink,
    .mkdir = local_mkdir,
    .symlink = local_symlink,
    .mknod = local_mknod,
    .link = local_link,
    .rename = local_rename,
    .unlink = local_unlink,
    .xattr_get = local_xattr_get,
    .xattr_set = local_xattr_set,
};

static unsigned fds_by_default(void)
{
    struct rlimit r;

    return getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < 1u << 30
               ? (unsigned)(r.rlim_cur - r.rlim_cur / 4)
               : 1u << 20;
}

static int open_roots(struct localfs *l, const char *root, struct err *e)
{
    struct local_identity id;
    struct statfs st;
    int rc;

    if ((l->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        return err_sys(e, errno, "share %s", root);
    if ((l->proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        return err_sys(e, errno, "share %s: /proc/self/fd", root);
    if ((rc = local_identify(l, l->root, "", &id)) < 0)
        return err_sys(e, -rc, "share %s", root);
    l->dev = id.dev;
    l->plain = fstatfs(l->root, &st) == 0 && local_is_plain(&st);
    l->fs.brisk = l->plain;
    l->fs.personal = l->c.owners.kind >= P9_OWNER_PASS;
    return 0;
}

struct p9_fs *p9_localfs_new(const struct p9_localfs_config *c, struct err *e)
{
    struct localfs *l = calloc(1, sizeof(*l));

    if (!l) {
        err_set(e, ENOMEM, "no memory for share %s", c->root);
        return NULL;
    }
    l->fs.ops = &local_ops;
    l->c = *c;
    l->c.root = NULL;
    l->c.owners.root = geteuid() == 0;
    if (l->c.fds_max == 0)
        l->c.fds_max = fds_by_default();
    l->root = l->proc = -1;
    pthread_mutex_init(&l->devices_lock, NULL);
    local_locks_init(l);
    if (open_roots(l, c->root, e) == 0)
        return &l->fs;
    p9_localfs_free(&l->fs);
    return NULL;
}

void p9_localfs_free(struct p9_fs *fs)
{
    struct localfs *l = localfs_of(fs);

    if (!fs)
        return;
    if (l->root >= 0)
        close(l->root);
    if (l->proc >= 0)
        close(l->proc);
    pthread_mutex_destroy(&l->devices_lock);
    local_locks_release(l);
    free(l);
}

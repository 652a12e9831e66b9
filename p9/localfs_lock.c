/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's locks as OFD locks: an open file description stands for one lock owner on one file.
 *
 * Linux's client settles conflicts between its own processes before it asks here, and sends flock(2)
 * as a lock of the whole file by the calling process.  Three things follow.  A flock passes with its
 * descriptor to other processes, so a lock of the whole file replaces what other owners hold through that
 * same open file; and the unlocking of a whole file with the "wait" flag (flock's;
 * close(2) sends none) by an owner without locks unlocks all that came through that open file.  And a lock of
 * the whole file is taken as flock(2) of the host's file, too: only so do programs of both sides that use
 * flock see each other.
 */
#include "p9/localfs_node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/auto.h"

/* A lock owner on a file; lives as long as an open file of the client uses it. */
struct local_lock {
    struct local_lock *next;
    struct p9_lock_owner owner;
    struct p9_qid qid;
    int fd;
    bool flocks;  /* flock(2) is a lock of its own there */
    short whole;  /* what it has of the whole file, by flock(2) */
    struct local_range *ranges;
    unsigned uses;
};

struct local_lock_use {
    struct local_lock_use *next;
    struct local_lock *lock;
};

static bool same_owner(const struct p9_lock_owner *a, const struct p9_lock_owner *b)
{
    return a->session == b->session && a->proc_id == b->proc_id &&
           strcmp(a->client_id, b->client_id) == 0;
}

void local_locks_init(struct localfs *l)
{
    for (unsigned i = 0; i < LOCALFS_LOCK_BUCKETS; i++)
        pthread_mutex_init(&l->locks[i].lock, NULL);
}

void local_locks_release(struct localfs *l)
{
    for (unsigned i = 0; i < LOCALFS_LOCK_BUCKETS; i++)
        pthread_mutex_destroy(&l->locks[i].lock);
}

static struct local_locks *locks_of(struct localfs *l, const struct p9_qid *qid)
{
    return &l->locks[(qid->path ^ qid->path >> 56) % LOCALFS_LOCK_BUCKETS];
}

/* --- Owners, with the lock held of all that is the file's ---------------------------------------- */

static struct local_lock *find(struct localfs *l, const struct local_file *f,
                               const struct p9_lock_owner *owner)
{
    struct local_lock *k = locks_of(l, &f->qid)->first;

    while (k && !(k->qid.path == f->qid.path && k->qid.version == f->qid.version &&
                  same_owner(&k->owner, owner)))
        k = k->next;
    return k;
}

/* A write lock needs a description open for writing, which the next request may ask for. */
static int open_for_locks(struct localfs *l, const struct local_file *f)
{
    int fd = local_reopen(l, f->fd, O_RDWR | O_NOCTTY);

    return fd >= 0 ? fd : local_reopen(l, f->fd, (int)(f->flags & P9_O_ACCMODE) | O_NOCTTY);
}

/* Where flock(2) becomes a lock of bytes, it would meet the one that we have. */
static bool has_flock(int fd)
{
    static const uint32_t remote[] = {NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC,
                                      V9FS_MAGIC, FUSE_SUPER_MAGIC};
    struct statfs st;

    if (fstatfs(fd, &st) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
        if ((uint32_t)st.f_type == remote[i])
            return false;
    return true;
}

static struct local_lock *add(struct localfs *l, struct local_file *f,
                              const struct p9_lock_owner *owner)
{
    struct local_lock *k;

    if (local_charge_fd(l) < 0)
        return NULL;
    k = calloc(1, sizeof(*k));
    if (!k || (k->fd = open_for_locks(l, f)) < 0) {
        free(k);
        local_uncharge_fd(l);
        return NULL;
    }
    k->owner = *owner;
    k->qid = f->qid;
    k->flocks = has_flock(k->fd);
    k->whole = F_UNLCK;
    k->next = locks_of(l, &k->qid)->first;
    locks_of(l, &k->qid)->first = k;
    return k;
}

static void drop(struct localfs *l, struct local_lock *k)
{
    struct local_lock **at = &locks_of(l, &k->qid)->first;

    if (--k->uses > 0)
        return;
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    close(k->fd);
    local_ranges_drop(l, &k->ranges);
    free(k);
    local_uncharge_fd(l);
}

/* The open file keeps the owner's locks alive from now on. */
static int use(struct local_file *f, struct local_lock *k)
{
    struct local_lock_use *u = f->uses;

    while (u && u->lock != k)
        u = u->next;
    if (u)
        return 0;
    if (!(u = calloc(1, sizeof(*u))))
        return -ENOLCK;
    *u = (struct local_lock_use){.next = f->uses, .lock = k};
    f->uses = u;
    k->uses++;
    return 0;
}

static void release_uses(struct localfs *l, struct local_file *f)
{
    for (struct local_lock_use *u = f->uses, *next; u; u = next) {
        next = u->next;
        drop(l, u->lock);
        free(u);
    }
    f->uses = NULL;
}

void local_lock_close(struct localfs *l, struct local_file *f)
{
    pthread_mutex_t *lock = &locks_of(l, &f->qid)->lock;

    if (!f->uses)
        return;
    pthread_mutex_lock(lock);
    release_uses(l, f);
    pthread_mutex_unlock(lock);
}

/* --- Locking ------------------------------------------------------------------------------------- */

static int to_flock(const struct p9_lock *in, struct flock *out)
{
    static const short kinds[] = {F_RDLCK, F_WRLCK, F_UNLCK};

    if (in->kind > P9_LOCK_NONE || in->start > INT64_MAX)
        return -EINVAL;
    *out = (struct flock){.l_type = kinds[in->kind], .l_whence = SEEK_SET,
                          .l_start = (off_t)in->start, .l_len = (off_t)in->length};
    if (in->length > (uint64_t)INT64_MAX - in->start)
        out->l_len = 0; /* To the end of what a file can hold. */
    return 0;
}

static bool is_whole(const struct flock *range)
{
    return range->l_start == 0 && range->l_len == 0;
}

static int set_flock(int fd, short type)
{
    int op = type == F_RDLCK ? LOCK_SH : type == F_WRLCK ? LOCK_EX : LOCK_UN;

    return flock(fd, op | LOCK_NB) < 0 ? -errno : 0;
}

/* Both kinds or none. */
static int set_both(struct local_lock *k, const struct flock *want)
{
    bool both = k->flocks && is_whole(want);
    struct flock copy = *want;
    int rc = both ? set_flock(k->fd, want->l_type) : 0;

    if (rc == 0 && fcntl(k->fd, F_OFD_SETLK, &copy) < 0)
        rc = -errno;
    if (both && rc < 0)
        set_flock(k->fd, k->whole);
    else if (both)
        k->whole = want->l_type;
    return rc;
}

static int set(struct localfs *l, struct local_lock *k, const struct flock *want)
{
    struct local_range *spare;
    int rc = local_ranges_reserve(l, k->ranges, want, &spare);

    if (rc == 0 && (rc = set_both(k, want)) == 0)
        local_ranges_set(l, &k->ranges, want, &spare);
    local_ranges_drop(l, &spare);
    return rc;
}

static void unlock_others(struct localfs *l, struct local_file *f, const struct local_lock *mine, struct flock range)
{
    range.l_type = F_UNLCK;
    for (struct local_lock_use *u = f->uses; u; u = u->next)
        if (u->lock != mine)
            set(l, u->lock, &range);
}

static int unlock(struct localfs *l, struct local_file *f, const struct p9_lock *lock,
                  const struct flock *range, struct local_lock *k)
{
    if (k)
        return set(l, k, range);
    if (is_whole(range) && (lock->flags & P9_LOCK_BLOCK))
        release_uses(l, f);
    return 0;
}

static int take(struct localfs *l, struct local_file *f, const struct flock *range,
                struct local_lock *k, const struct p9_lock_owner *owner)
{
    bool fresh = !k;
    int rc;

    if (!k && !(k = add(l, f, owner)))
        return -ENOLCK;
    if ((rc = use(f, k)) < 0) {
        k->uses += fresh;
        if (fresh)
            drop(l, k);
        return rc;
    }
    if ((rc = set(l, k, range)) == -EAGAIN && is_whole(range)) {
        unlock_others(l, f, k, *range);
        rc = set(l, k, range);
    }
    return rc;
}

int local_lock(struct p9_fs *fs, struct p9_file *file, const struct p9_lock *lock,
               const struct p9_lock_owner *owner)
{
    struct localfs *l = localfs_of(fs);
    struct local_file *f = local_file_of(file);
    struct local_lock *k;
    struct flock range;
    pthread_mutex_t *held = &locks_of(l, &f->qid)->lock;
    int rc = to_flock(lock, &range);

    if (rc < 0 || (f->qid.type & P9_QID_DIR))
        return rc < 0 ? rc : -EINVAL;
    pthread_mutex_lock(held);
    k = find(l, f, owner);
    rc = range.l_type == F_UNLCK ? unlock(l, f, lock, &range, k) : take(l, f, &range, k, owner);
    pthread_mutex_unlock(held);
    return rc;
}

static void from_flock(const struct flock *in, struct p9_lock *out)
{
    static const char host[] = "host";

    if (in->l_type == F_UNLCK) {
        out->kind = P9_LOCK_NONE;
        return;
    }
    out->kind = in->l_type == F_WRLCK ? P9_LOCK_WRITE : P9_LOCK_READ;
    out->start = (uint64_t)in->l_start;
    out->length = (uint64_t)in->l_len;
    out->proc_id = in->l_pid > 0 ? (uint32_t)in->l_pid : 0; /* -1: an OFD lock is no process's */
    out->client_id = (struct p9_str){host, sizeof(host) - 1};
}

int local_getlock(struct p9_fs *fs, struct p9_file *file, struct p9_lock *lock,
                  const struct p9_lock_owner *owner)
{
    struct localfs *l = localfs_of(fs);
    struct local_file *f = local_file_of(file);
    struct local_lock *k;
    struct flock range;
    pthread_mutex_t *held = &locks_of(l, &f->qid)->lock;
    int rc = to_flock(lock, &range);

    if (rc < 0 || (f->qid.type & P9_QID_DIR))
        return rc < 0 ? rc : -EINVAL;
    /* Linux's client has found no conflict of its own by then, and asks with the type that says so. */
    if (range.l_type == F_UNLCK)
        range.l_type = F_WRLCK;
    pthread_mutex_lock(held);
    k = find(l, f, owner);
    rc = fcntl(k ? k->fd : f->fd, F_OFD_GETLK, &range) < 0 ? -errno : 0;
    pthread_mutex_unlock(held);
    if (rc == 0)
        from_flock(&range, lock);
    return rc;
}

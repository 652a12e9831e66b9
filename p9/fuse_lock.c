/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/fuse_lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "p9/client.h"
#include "p9/fuse_mount.h"

#define AGAIN_MS 50

struct waiter {
    struct waiter *next;
    fuse_req_t req;
    fuse_ino_t ino;
    uint32_t fid;
    uint64_t owner;
    struct flock lock;
};

struct fuse_locks {
    struct p9_client *client; /* [const] */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct waiter *waiters;   /* [lock] */
    bool stop;                /* [lock] */
};

/* --- Asking -------------------------------------------------------------------------------------- */

static uint8_t kind_of(short type)
{
    return type == F_RDLCK ? P9_LOCK_READ : type == F_WRLCK ? P9_LOCK_WRITE : P9_LOCK_NONE;
}

static short type_of(uint8_t kind)
{
    return kind == P9_LOCK_READ ? F_RDLCK : kind == P9_LOCK_WRITE ? F_WRLCK : F_UNLCK;
}

/* The owner is in the name: proc_id has half its bits.  `name` lives as long as the lock is used. */
static struct p9_lock lock_of(uint32_t fid, uint64_t owner, const struct flock *l, char name[32])
{
    snprintf(name, 32, "host-%016llx", (unsigned long long)owner);
    return (struct p9_lock){
        .fid = fid,
        .kind = kind_of(l->l_type),
        .start = (uint64_t)l->l_start,
        .length = (uint64_t)l->l_len,
        .proc_id = (uint32_t)(owner ^ owner >> 32),
        .client_id = p9_str_of(name),
    };
}

static int ask(struct fuse_locks *t, uint32_t fid, uint64_t owner, const struct flock *l)
{
    char name[32];
    struct p9_lock lock = lock_of(fid, owner, l, name);

    return p9_client_lock(t->client, &lock);
}

int fuse_locks_get(struct fuse_locks *t, uint32_t fid, uint64_t owner, struct flock *l)
{
    char name[32];
    struct p9_lock lock = lock_of(fid, owner, l, name);
    int rc = p9_client_getlock(t->client, &lock);

    if (rc < 0)
        return rc;
    l->l_type = type_of(lock.kind);
    if (l->l_type == F_UNLCK)
        return 0;
    l->l_whence = SEEK_SET;
    l->l_start = (off_t)lock.start;
    l->l_len = (off_t)lock.length;
    l->l_pid = (pid_t)(lock.proc_id & INT32_MAX);
    return 0;
}

void fuse_locks_drop(struct fuse_locks *t, uint32_t fid, uint64_t owner)
{
    ask(t, fid, owner, &(struct flock){.l_type = F_UNLCK});
}

/*
 * Whoever gets a lock must see what was written under it before: the kernel drops what it has of the file.
 * It asks for that inside no operation that holds the file (fuse_lowlevel.h names those).
 */
static void answer(fuse_req_t req, fuse_ino_t ino, const struct flock *l, int rc)
{
    if (rc == 0 && l->l_type != F_UNLCK)
        fuse_lowlevel_notify_inval_inode(mount_of(req)->session, ino, 0, 0);
    fuse_reply_err(req, -rc);
}

/* --- Waiting ------------------------------------------------------------------------------------- */

/* False while it has to wait on. */
static bool try_again(struct fuse_locks *t, struct waiter *w, bool stop)
{
    int rc = stop ? -ENOTCONN : fuse_req_interrupted(w->req) ? -EINTR
                                                             : ask(t, w->fid, w->owner, &w->lock);

    if (rc == -EAGAIN)
        return false;
    answer(w->req, w->ino, &w->lock, rc);
    return true;
}

/* Asks for all of them once; the list is the thread's own meanwhile. */
static struct waiter *try_all(struct fuse_locks *t, struct waiter *list, bool stop)
{
    struct waiter *left = NULL, **last = &left;

    for (struct waiter *w = list, *next; w; w = next) {
        next = w->next;
        w->next = NULL;
        if (try_again(t, w, stop)) {
            free(w);
        } else {
            *last = w;
            last = &w->next;
        }
    }
    return left;
}

static void put_back(struct fuse_locks *t, struct waiter *list)
{
    struct waiter **at = &list;

    while (*at)
        at = &(*at)->next;
    *at = t->waiters;
    t->waiters = list;
}

static void *retry(void *arg)
{
    struct fuse_locks *t = arg;
    bool stop = false;

    pthread_mutex_lock(&t->lock);
    while (!stop) {
        struct waiter *list;

        while (!t->waiters && !t->stop)
            pthread_cond_wait(&t->wake, &t->lock);
        list = t->waiters;
        t->waiters = NULL;
        stop = t->stop;
        pthread_mutex_unlock(&t->lock);
        if (!stop)
            usleep(AGAIN_MS * 1000);
        list = try_all(t, list, stop);
        pthread_mutex_lock(&t->lock);
        put_back(t, list);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static int wait_for_it(struct fuse_locks *t, fuse_req_t req, fuse_ino_t ino, uint32_t fid, uint64_t owner,
                       const struct flock *l)
{
    struct waiter *w = malloc(sizeof(*w));

    if (!w)
        return -ENOLCK;
    *w = (struct waiter){.req = req, .ino = ino, .fid = fid, .owner = owner, .lock = *l};
    pthread_mutex_lock(&t->lock);
    w->next = t->waiters;
    t->waiters = w;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    return 0;
}

void fuse_locks_set(struct fuse_locks *t, fuse_req_t req, uint64_t ino, uint32_t fid, uint64_t owner,
                    const struct flock *l, bool sleep)
{
    int rc = ask(t, fid, owner, l);

    if (rc == -EAGAIN && sleep && (rc = wait_for_it(t, req, ino, fid, owner, l)) == 0)
        return;
    answer(req, ino, l, rc);
}

/* --- Life ---------------------------------------------------------------------------------------- */

struct fuse_locks *fuse_locks_new(struct p9_client *client, struct err *e)
{
    struct fuse_locks *t = calloc(1, sizeof(*t));
    int rc;

    if (!t) {
        err_sys(e, ENOMEM, "locks of a mount");
        return NULL;
    }
    t->client = client;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    if ((rc = pthread_create(&t->thread, NULL, retry, t)) == 0)
        return t;
    err_sys(e, rc, "thread of a mount's locks");
    free(t);
    return NULL;
}

void fuse_locks_free(struct fuse_locks *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    free(t);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/transport_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/cursor.h"
#include "core/base/err.h"
#include "p9/fs.h"
#include "p9/msg.h"

#define STAGE_SIZE (32u << 10)
#define LOOK_SIZE 23u          /* size, type, tag, fid, offset and count of Tread */
#define REPLY_ROOM 4224u       /* all replies but those with a payload */
#define PIECES 64

/* A message and its reply, in one piece of memory. */
struct item {
    struct p9_request r; /* first: complete gets these back */
    struct iovec in, out;
    size_t cost;
    uint8_t bytes[];
};

struct p9_stream {
    int fd;                  /* [const] until freed */
    uint32_t msize;          /* [const] */
    size_t bytes_max;        /* [const] */
    struct p9_fs *fs;        /* [const] */
    struct p9_session *session; /* [const] */
    pthread_t reader;
    pthread_mutex_t lock;
    pthread_cond_t room;
    size_t bytes;            /* [lock] in items that are not done */
    bool broken;             /* [lock] nothing more can be sent */
    bool ended;              /* [lock] */
    /* The reader's own: bytes received and not looked at yet; requests not submitted yet. */
    size_t start, end;
    struct p9_request *first, **last;
    uint8_t stage[STAGE_SIZE];
};

/* --- Replies ------------------------------------------------------------------------------------- */

static int send_all(int fd, struct iovec *iov, size_t n)
{
    while (n > 0) {
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
        ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        for (; n > 0 && (size_t)sent >= iov->iov_len; iov++, n--)
            sent -= (ssize_t)iov->iov_len;
        if (n > 0) {
            iov->iov_base = (char *)iov->iov_base + sent;
            iov->iov_len -= (size_t)sent;
        }
    }
    return 0;
}

static bool is_broken(struct p9_stream *t)
{
    bool broken;

    pthread_mutex_lock(&t->lock);
    broken = t->broken;
    pthread_mutex_unlock(&t->lock);
    return broken;
}

/* The reader sees the end of the socket and does the rest. */
static void break_off(struct p9_stream *t)
{
    pthread_mutex_lock(&t->lock);
    t->broken = true;
    pthread_mutex_unlock(&t->lock);
    shutdown(t->fd, SHUT_RDWR);
}

/* Sends up to PIECES replies; returns the first request that is not among them. */
static struct p9_request *send_some(struct p9_stream *t, struct p9_request *r)
{
    struct iovec iov[PIECES];
    size_t n = 0;

    for (; r && n < PIECES; r = r->next) {
        struct item *item = (struct item *)r;

        if (r->reply_len > 0)
            iov[n++] = (struct iovec){item->out.iov_base, r->reply_len};
    }
    if (n > 0 && !is_broken(t) && send_all(t->fd, iov, n) < 0)
        break_off(t);
    return r;
}

static void complete(void *ctx, struct p9_request *list)
{
    struct p9_stream *t = ctx;
    size_t freed = 0;

    for (struct p9_request *r = list; r;)
        r = send_some(t, r);
    for (struct p9_request *r = list, *next; r; r = next) {
        next = r->next;
        freed += ((struct item *)r)->cost;
        free(r);
    }
    pthread_mutex_lock(&t->lock);
    t->bytes -= freed;
    pthread_cond_signal(&t->room);
    pthread_mutex_unlock(&t->lock);
}

/* --- Requests ------------------------------------------------------------------------------------ */

static void submit(struct p9_stream *t)
{
    struct p9_request *list = t->first;

    t->first = NULL;
    t->last = &t->first;
    if (list)
        p9_session_submit(t->session, list);
}

/* At least one byte more in `to`, or false: the client is gone. */
static ssize_t receive(struct p9_stream *t, uint8_t *to, size_t len)
{
    ssize_t got;

    do
        got = recv(t->fd, to, len, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Until `want` bytes are staged.  What was read before is submitted before waiting. */
static bool stage(struct p9_stream *t, size_t want)
{
    while (t->end - t->start < want) {
        ssize_t got;

        submit(t);
        memmove(t->stage, t->stage + t->start, t->end - t->start);
        t->end -= t->start;
        t->start = 0;
        if ((got = receive(t, t->stage + t->end, STAGE_SIZE - t->end)) <= 0)
            return false;
        t->end += (size_t)got;
    }
    return true;
}

/* The rest of a message: what is staged, then straight from the socket. */
static bool take(struct p9_stream *t, uint8_t *to, size_t len)
{
    size_t staged = t->end - t->start < len ? t->end - t->start : len;

    memcpy(to, t->stage + t->start, staged);
    t->start += staged;
    if (staged < len)
        submit(t);
    while (staged < len) {
        ssize_t got = receive(t, to + staged, len - staged);

        if (got <= 0)
            return false;
        staged += (size_t)got;
    }
    return true;
}

/* Room for the reply: only what carries data depends on what was asked for. */
static size_t reply_room(const struct p9_stream *t, const uint8_t *look, size_t len)
{
    struct cursor c = cursor_over(look, len);
    uint32_t count;
    uint8_t type;

    cursor_le32(&c);
    type = cursor_u8(&c);
    cursor_bytes(&c, 2 + 4 + 8);
    count = cursor_le32(&c);
    if (c.bad || (type != P9_TREAD && type != P9_TREADDIR && type != P9_TLIST))
        return REPLY_ROOM;
    return P9_READ_HEAD + (count < t->msize - P9_READ_HEAD ? count : t->msize - P9_READ_HEAD);
}

static void wait_for_room(struct p9_stream *t, size_t cost)
{
    pthread_mutex_lock(&t->lock);
    if (t->bytes + cost > t->bytes_max && t->bytes > 0) {
        pthread_mutex_unlock(&t->lock);
        submit(t);
        pthread_mutex_lock(&t->lock);
        while (t->bytes + cost > t->bytes_max && t->bytes > 0)
            pthread_cond_wait(&t->room, &t->lock);
    }
    t->bytes += cost;
    pthread_mutex_unlock(&t->lock);
}

static void give_back(struct p9_stream *t, struct item *item)
{
    pthread_mutex_lock(&t->lock);
    t->bytes -= item->cost;
    pthread_mutex_unlock(&t->lock);
    free(item);
}

/* NULL: no memory. */
static struct item *item_new(struct p9_stream *t, uint32_t size, size_t room)
{
    size_t cost = sizeof(struct item) + size + room;
    struct item *item;

    wait_for_room(t, cost);
    if (!(item = malloc(cost)))
        return NULL;
    memset(item, 0, sizeof(*item));
    item->cost = cost;
    item->in = (struct iovec){item->bytes, size};
    item->out = (struct iovec){item->bytes + size, room};
    item->r.in = &item->in;
    item->r.out = &item->out;
    item->r.in_n = item->r.out_n = 1;
    return item;
}

/* One message; false ends the connection. */
static bool read_message(struct p9_stream *t)
{
    struct item *item;
    struct cursor c;
    uint32_t size;
    size_t look;

    if (!stage(t, 4))
        return false;
    c = cursor_over(t->stage + t->start, 4);
    size = cursor_le32(&c);
    look = size < LOOK_SIZE ? size : LOOK_SIZE;
    if (size < P9_HEADER || size > t->msize || !stage(t, look))
        return false;
    item = item_new(t, size, reply_room(t, t->stage + t->start, look));
    if (!item)
        return false;
    if (!take(t, item->bytes, size)) {
        give_back(t, item);
        return false;
    }
    *t->last = &item->r;
    t->last = &item->r.next;
    return true;
}

static void *reader(void *arg)
{
    struct p9_stream *t = arg;

    if (t->fs->ops->thread_start)
        t->fs->ops->thread_start(t->fs);
    while (read_message(t))
        ;
    submit(t);
    break_off(t);
    p9_session_reset(t->session, -1); /* Locks and open files end with the client, not with our owner. */
    pthread_mutex_lock(&t->lock);
    t->ended = true;
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* --- Life ---------------------------------------------------------------------------------------- */

static void stream_free(struct p9_stream *t)
{
    p9_session_free(t->session);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->room);
    close(t->fd);
    free(t);
}

struct p9_stream *p9_stream_start(int taken, const struct p9_export *x, size_t bytes_max,
                                  struct err *e)
{
    auto_close int fd = taken;
    struct p9_stream *t = calloc(1, sizeof(*t));
    struct p9_export export = *x;
    int rc = 0;

    if (!t) {
        err_set(e, ENOMEM, "no memory for a 9P connection");
        return NULL;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    t->fd = steal_fd(&fd);
    t->msize = x->limits.msize;
    t->bytes_max = bytes_max ? bytes_max : 16 * (size_t)t->msize;
    t->last = &t->first;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->room, NULL);
    t->fs = x->fs;
    export.here = export.ours = true; /* the reader's, who only waits for what comes next */
    t->session = p9_session_new(&export, complete, t, e);
    if (t->session && (rc = pthread_create(&t->reader, NULL, reader, t)) == 0)
        return t;
    if (t->session)
        err_sys(e, rc, "thread of a 9P connection");
    stream_free(t);
    return NULL;
}

bool p9_stream_ended(struct p9_stream *t)
{
    bool ended;

    pthread_mutex_lock(&t->lock);
    ended = t->ended;
    pthread_mutex_unlock(&t->lock);
    return ended;
}

void p9_stream_join(struct p9_stream *t)
{
    if (!t)
        return;
    pthread_join(t->reader, NULL);
    stream_free(t);
}

void p9_stream_stop(struct p9_stream *t)
{
    if (!t)
        return;
    break_off(t);
    p9_stream_join(t);
}

void p9_stream_stats(struct p9_stream *t, struct p9_session_stats *st)
{
    p9_session_stats(t->session, st);
}

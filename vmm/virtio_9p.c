/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_9p.h"

#include <errno.h>
#include <linux/virtio_9p.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/state.h"

#define QUEUE_SIZE 128
#define QUIET_MS 5000  /* for requests under way, when the machine is to be saved */
#define RESET_MS 1000  /* ... when the guest resets the device: the machine stands still meanwhile */
#define END_MS 1000    /* ... when it ends */
#define TAG_SIZE_BYTES 2 /* struct virtio_9p_config: le16 length, then the tag */

struct request {
    struct p9_request p9; /* first: the server gives these back */
    uint16_t head;
    uint32_t resets;       /* of the device, when it was taken from the ring */
    uint64_t started_us;
    struct iovec pieces[]; /* readable, then writable */
};

static struct virtio_9p *p9_of(struct virtio *v)
{
    return (struct virtio_9p *)((char *)v - offsetof(struct virtio_9p, v));
}

/* --- Replies --------------------------------------------------------------------------------------- */

static void publish(struct virtio_9p *p, struct request *q)
{
    struct virtio_stats *s = &p->v.stats;
    uint64_t us = clock_us() - q->started_us;

    s->latency_us_sum += us;
    s->latency_us_max = us > s->latency_us_max ? us : s->latency_us_max;
    s->read_bytes += q->p9.reply_len;
    virtio_used(&p->v, 0, q->head, (uint32_t)q->p9.reply_len);
}

static struct p9_request *take_done(struct virtio_9p *p)
{
    struct p9_request *list;

    pthread_mutex_lock(&p->lock);
    list = p->done;
    p->done = NULL;
    p->done_end = &p->done;
    pthread_mutex_unlock(&p->lock);
    return list;
}

/* With the machine's lock held.  Of what is from before a reset the guest hears nothing. */
static void finish(struct virtio_9p *p)
{
    struct p9_request *next, *list = take_done(p);
    bool any = false, gone = virtio_is_reset(&p->v);

    for (; list; list = next) {
        struct request *q = (struct request *)list;

        next = list->next;
        if (q->resets == p->resets && !gone) {
            publish(p, q);
            p->in_flight--;
            any = true;
        }
        free(q);
    }
    if (any)
        virtio_kick(&p->v, 0);
}

static void on_done(void *ctx, uint32_t events)
{
    struct virtio_9p *p = ctx;
    uint64_t count;

    (void)events;
    if (read(p->event_fd, &count, sizeof(count)) == sizeof(count))
        finish(p);
}

/* True when they are the first in the list: the loop thread has not been told of any. */
static bool add_done(struct virtio_9p *p, struct p9_request *list)
{
    bool first;

    pthread_mutex_lock(&p->lock);
    first = !p->done;
    *p->done_end = list;
    while (*p->done_end)
        p->done_end = &(*p->done_end)->next;
    pthread_mutex_unlock(&p->lock);
    return first;
}

/*
 * On a worker or inside a submit, without the lock, or inside a reset, with it.  Never waits for it: who holds
 * it may be waiting for this very request in a reset.
 */
static void complete(void *ctx, struct p9_request *list)
{
    struct virtio_9p *p = ctx;
    bool first = add_done(p, list);
    uint64_t one = 1;

    if (loop_trylock(p->loop)) {
        finish(p);
        loop_unlock(p->loop);
    } else if (first && write(p->event_fd, &one, sizeof(one)) < 0) {
        return; /* full: it rings already */
    }
}

/* --- Requests -------------------------------------------------------------------------------------- */

static struct p9_request *make_request(struct virtio_9p *p, const struct vreq *r)
{
    unsigned n = (unsigned)r->nread + r->nwrite;
    struct request *q = malloc(sizeof(*q) + n * sizeof(*q->pieces));

    if (!q)
        return NULL;
    memcpy(q->pieces, r->iov, n * sizeof(*q->pieces));
    q->p9 = (struct p9_request){.in = q->pieces, .in_n = r->nread,
                                .out = q->pieces + r->nread, .out_n = r->nwrite};
    q->head = r->head;
    q->resets = p->resets;
    q->started_us = clock_us();
    p->v.stats.write_bytes += r->read_len;
    p->in_flight++;
    return &q->p9;
}

/*
 * Every chain in flight has a descriptor of its own in the ring, so one that offers more offers some
 * twice; without this it could have any amount of memory held.
 */
static const char *refusal(const struct virtio_9p *p)
{
    return p->in_flight >= p->v.queue[0].size ? "more requests than descriptors" : NULL;
}

static void p9_notify(struct virtio *v, unsigned queue)
{
    struct virtio_9p *p = p9_of(v);
    struct p9_request *list = NULL, **end = &list;
    bool here = !v->on_loop; /* a vCPU's thread is ready for it (vcpu.c), and stalls nobody else */
    const char *why = NULL;
    struct vreq r;

    while (!why && virtio_pop(v, queue, &r)) {
        why = refusal(p);
        if (!why && !(*end = make_request(p, &r)))
            why = "no memory for a request";
        else if (!why)
            end = &(*end)->next;
    }
    if (why)
        virtio_fail(v, why);
    if (!list)
        return;
    /* A reset by another vCPU finds these in the session or done.  Its work no other device waits for. */
    p9_session_queue(p->session, list);
    loop_unlock(p->loop);
    p9_session_work(p->session, here);
    loop_lock(p->loop);
}

static void p9_config_read(struct virtio *v, size_t offset, void *to, size_t len)
{
    const char *tag = p9_of(v)->tag;
    uint8_t config[TAG_SIZE_BYTES + VIRTIO_9P_TAG_MAX] = {0};

    for (size_t i = 0; tag[i]; i++)
        config[TAG_SIZE_BYTES + config[0]++] = (uint8_t)tag[i]; /* not a string: no byte behind it */
    memcpy(to, config + offset, len);
}

static void p9_reset(struct virtio *v)
{
    struct virtio_9p *p = p9_of(v);

    p->resets++;
    p->in_flight = 0;
    p9_session_reset(p->session, RESET_MS);
    finish(p);
}

static void p9_quiesce(struct virtio *v)
{
    struct virtio_9p *p = p9_of(v);

    p->stuck = !p9_session_drain(p->session, QUIET_MS);
    finish(p);
}

static void p9_state(struct virtio *v, struct state *s)
{
    struct virtio_9p *p = p9_of(v);

    if (p->stuck)
        state_refuse(s, "share %s: a file of the host does not answer", p->tag);
    else
        p9_session_state(p->session, s);
}

static const struct virtio_class p9_class = {
    .name = "9p",
    .id = 9,
    .queue_size = QUEUE_SIZE,
    .on_vcpu = true,
    .notify = p9_notify,
    .config_read = p9_config_read,
    .reset = p9_reset,
    .quiesce = p9_quiesce,
    .state = p9_state,
};

/* A driver's reset may be seen late (virtio_mmio.h); from then on its memory is whoever's.  Without the lock. */
static bool is_lent(void *ctx)
{
    return !virtio_is_reset(&((struct virtio_9p *)ctx)->v);
}

/* --- Life ------------------------------------------------------------------------------------------ */

int virtio_9p_init(struct virtio_9p *p, const struct mem *mem, struct loop *loop, const char *tag,
                   const struct p9_export *x, struct err *e)
{
    size_t len = strlen(tag);
    struct p9_export export = *x;

    *p = (struct virtio_9p){.loop = loop, .watch.fd = -1, .event_fd = -1};
    p->done_end = &p->done;
    pthread_mutex_init(&p->lock, NULL);
    if (len == 0 || len > VIRTIO_9P_TAG_MAX)
        return err_set(e, EINVAL, "a share's tag has 1 to %d bytes", VIRTIO_9P_TAG_MAX);
    memcpy(p->tag, tag, len);
    virtio_init(&p->v, &p9_class, p->tag, mem, 1ULL << VIRTIO_9P_MOUNT_TAG, TAG_SIZE_BYTES + len, 1);
    p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->event_fd < 0)
        return err_sys(e, errno, "share %s", tag);
    export.here = true;
    export.lent = is_lent;
    export.lent_ctx = p;
    p->session = p9_session_new(&export, complete, p, e);
    return p->session ? loop_add(loop, &p->watch, p->event_fd, EPOLLIN, on_done, p, e) : -ENOMEM;
}

/* Whatever still ends is of before. */
static void leave_guest(struct virtio_9p *p)
{
    loop_lock(p->loop);
    p->resets++;
    p->in_flight = 0;
    loop_unlock(p->loop);
}

bool virtio_9p_release(struct virtio_9p *p)
{
    leave_guest(p);
    if (p->session && !p9_session_reset(p->session, END_MS))
        return false;
    p9_session_free(p->session);
    finish(p);
    loop_remove(p->loop, &p->watch);
    if (p->event_fd >= 0)
        close(p->event_fd);
    pthread_mutex_destroy(&p->lock);
    return true;
}

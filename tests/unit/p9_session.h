/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session over memfs, and requests to it: what a transport is to it. */
#ifndef TESTS_UNIT_P9_SESSION_H
#define TESTS_UNIT_P9_SESSION_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "p9/msg.h"
#include "p9/server.h"
#include "tests/unit/fixture.h"
#include "tests/unit/p9_memfs.h"

#define ROOM 8192

/* A request with its memory, and what became of it. */
struct call {
    struct p9_request r;
    struct iovec in, out;
    uint8_t request[512], reply[ROOM];
    unsigned order; /* 1: the first to complete; 0: not yet */
};

struct world {
    struct memfs mem;     /* first: its file system leads here */
    struct p9_session *session;
    pthread_mutex_t lock;
    pthread_cond_t completed;
    unsigned count, batches;
    bool held;            /* completions wait here */
};

static inline void completed(void *ctx, struct p9_request *list)
{
    struct world *w = ctx;

    pthread_mutex_lock(&w->lock);
    w->batches++;
    while (w->held)
        pthread_cond_wait(&w->completed, &w->lock);
    for (struct p9_request *r = list; r; r = r->next)
        ((struct call *)r)->order = ++w->count;
    pthread_cond_broadcast(&w->completed);
    pthread_mutex_unlock(&w->lock);
}

static inline void await(struct world *w, unsigned count)
{
    pthread_mutex_lock(&w->lock);
    while (w->count < count)
        pthread_cond_wait(&w->completed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static inline void prepare(struct call *c, uint16_t tag, struct p9_msg m)
{
    int len;

    m.tag = tag;
    memset(c, 0, sizeof(*c));
    len = p9_msg_encode(&m, c->request, sizeof(c->request));
    assert_true(len > 0);
    c->in = (struct iovec){c->request, (size_t)len};
    c->out = (struct iovec){c->reply, ROOM};
    c->r.in = &c->in;
    c->r.out = &c->out;
    c->r.in_n = c->r.out_n = 1;
}

static inline void await_call(struct world *w, const struct call *c)
{
    pthread_mutex_lock(&w->lock);
    while (c->order == 0)
        pthread_cond_wait(&w->completed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

#define MSG(...) ((struct p9_msg){__VA_ARGS__})
#define READ(f) MSG(.type = P9_TREAD, .io = {f, 0, 10})
#define GETATTR(f) MSG(.type = P9_TGETATTR, .tgetattr = {f, 0})

static inline void world_init(struct world *w)
{
    memfs_init(&w->mem);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->completed, NULL);
}

static inline int set_up_session(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    world_init(w);
    *state = w;
    return 0;
}

static inline int tear_down_session(void **state)
{
    struct world *w = *state;

    memfs_gate(&w->mem, false);
    p9_session_free(w->session);
    memfs_release(&w->mem);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->completed);
    free(w);
    return 0;
}

#endif

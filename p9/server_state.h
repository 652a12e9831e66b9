/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the 9P server share; for nobody else.
 *
 * server.c: the queue, who works on it, what comes in and goes out; server_life.c: a session from its making
 * to its end.  Functions with "locked" in their name need the session's lock.
 */
#ifndef P9_SERVER_STATE_H
#define P9_SERVER_STATE_H

#include <pthread.h>

#include "p9/dispatch.h"

#define WORKERS_MAX 64
#define TAG_BUCKETS 256

enum { QUEUED = 1, RUNNING, WAITING, DONE }; /* WAITING: a Tflush, for another request */

struct p9_request_list {
    struct p9_request *head, *tail;
};

struct p9_session {
    struct p9_context context;
    struct p9_export export;       /* [const] */
    p9_complete *complete;         /* [const] */
    void *ctx;                     /* [const] */
    unsigned workers;              /* [const] */
    bool here;                     /* [const] submitters work, too */
    pthread_mutex_t lock;          /* guards all below */
    pthread_cond_t work, quiet;
    struct p9_request_list queue;  /* by `link` */
    unsigned queued;
    struct p9_request *tag[TAG_BUCKETS]; /* in flight, by `tag_link` */
    struct p9_request *running[WORKERS_MAX];
    unsigned running_n, idle, threads;
    pthread_t thread[WORKERS_MAX];
    struct p9_request_list done;   /* by `next` */
    bool delivering, stopping;
    struct p9_request forget;      /* no client's: a reset, which has its place in the queue */
    uint64_t requests, errors;
    unsigned wary;                 /* so many more requests do not take their chance here */
};

/* --- server.c --- */
void session_enqueue_locked(struct p9_session *s, struct p9_request *r);
/* What is queued completes with reply_len 0; what runs or waits for that is not found by its tag any more. */
void session_cancel_locked(struct p9_session *s);
/* Hands over what is done, unless somebody is at it. */
void session_deliver_locked(struct p9_session *s);
/* Threads for what is queued; without any the caller works. Returns how many to wake, behind the lock. */
unsigned session_employ_locked(struct p9_session *s);

/* --- server_life.c --- */
/* The reset's turn: no request of before it runs any more, and none of behind it yet. */
void session_forget(struct p9_session *s);

#endif

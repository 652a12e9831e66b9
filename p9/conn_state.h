/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of a 9P connection share; for nobody else.
 *
 * conn.c: its life, and calls that are waited for; conn_send.c: tags and what goes out; conn_receive.c:
 * what comes in, and which thread reads it.  Functions with "locked" below need the connection's lock.
 */
#ifndef P9_CONN_STATE_H
#define P9_CONN_STATE_H

#include <stdatomic.h>
#include <stddef.h>

#include "p9/conn.h"

/* TAG_GIVEN_UP: the call is gone, the reply is swallowed; the tag is free once its Tflush is answered. */
enum conn_tag_state { TAG_FREE, TAG_LIVE, TAG_GIVEN_UP, TAG_FLUSHING };

struct conn_tag {
    uint8_t state, type;
    uint16_t flushed;      /* TAG_FLUSHING: the tag that becomes free with the reply */
    struct p9_call *call;  /* TAG_LIVE */
};

LIST_HEAD(conn_calls, p9_call);

struct p9_conn {
    atomic_uint refs;
    int fd, wake;          /* [const] wake: an eventfd that gets the leader out of poll */
    uint32_t msize;        /* [const] after the version is agreed, as the next */
    bool own;
    int timeout_ms, grace_ms; /* [const] */
    pthread_mutex_t sending;
    pthread_mutex_t lock;
    struct conn_tag tag[P9_CONN_TAGS]; /* [lock] */
    unsigned next_tag;     /* [lock] */
    pthread_cond_t tag_free;
    unsigned tag_waiters;  /* [lock] */
    struct conn_calls waiting;  /* [lock] */
    bool leader;           /* [lock] whose holder alone touches `in` and `filled` */
    const char *lost;      /* [lock] */
    uint8_t *in;           /* msize bytes */
    size_t filled;
};

struct timespec conn_time_of(int64_t ms); /* of clock_ms */

/* --- conn.c --- */
/* Locked.  Where a `done` is due the call may be gone after it. */
void conn_end_call(struct p9_call *call, int result);
/* Locked. */
void conn_break_locked(struct p9_conn *c, const char *why);

/* --- conn_receive.c --- */
/* Gets the leader out of its wait for the socket. */
void conn_nudge_leader(struct p9_conn *c);
/* Locked, as the leader: takes what has come or waits once for `events`; gives the lock up meanwhile. */
void conn_lead_once(struct p9_conn *c, short events, int64_t deadline);
/* Locked. */
void conn_stop_leading(struct p9_conn *c);
/* Locked: until the call has ended, is out of time or, if heeded, cancelled. */
void conn_wait_locked(struct p9_conn *c, struct p9_call *call, bool heed_cancel);

/* --- conn_send.c --- */
/* Locked. */
void conn_free_tag(struct p9_conn *c, uint16_t tag);
/* Locked: a tag, or -errno. */
int conn_take_tag(struct p9_conn *c, int64_t deadline);
/* Locked: puts the call into the table; 0 or -errno. */
int conn_enter(struct p9_conn *c, struct p9_call *call, uint8_t type);
/* A message whole, with `data` after its head; its failure ends the connection. */
int conn_transmit(struct p9_conn *c, const struct p9_msg *m, const struct iovec *data,
                  int64_t deadline);

#endif

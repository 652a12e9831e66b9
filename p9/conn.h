/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to a 9P server: many requests of many threads in flight over one stream socket.
 *
 * It has no thread of its own.  Of the threads that wait for a reply one is the leader: it reads the
 * socket and hands every reply to the call it answers; when its own has come it makes another waiting
 * thread the leader.  So a lone request costs no change of threads.
 *
 * The server is hostile.  A message is taken whole into one buffer of msize bytes, checked, and copied
 * to where its call wants it, which is never larger than was asked for.  A size, tag or type that no
 * correct server sends ends the connection; what can be an honest mistake in one reply ends that call.
 *
 * Nothing waits for ever: a call that is not answered in time is flushed (Tflush) and fails with
 * -ETIMEDOUT; a server that then says nothing at all within the grace time is dead, and the connection
 * with it: every call, now and later, fails with -ENOTCONN at once.
 */
#ifndef P9_CONN_H
#define P9_CONN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "p9/msg.h"

struct err;

#define P9_CONN_TAGS 256u /* requests in flight at most; more wait for a tag */

struct p9_conn;

/* One request in flight.  The caller fills the first block (the rest zero) and keeps it until it ends. */
struct p9_call {
    struct iovec data; /* for the payload of Rread and Rreaddir: as many bytes as were asked for */
    struct iovec text; /* for the bytes of a reply's string; a longer one is -EIO */
    void (*done)(struct p9_call *call, int result); /* p9_conn_post alone */
    void *ctx;

    struct p9_msg reply; /* once it has ended with 0; its string borrows from `text` */
    /* The connection's own. */
    int result;
    uint8_t type;
    uint16_t tag;
    bool ended, waiting, cancelled;
    int64_t deadline;
    pthread_cond_t wake;
    LIST_ENTRY(p9_call) link;
};

struct p9_conn_config {
    uint32_t msize;              /* asked for; the server may want less */
    int timeout_ms, grace_ms;    /* of one call; and until a silent server is dead.  0: 30 s, 5 s */
};

/* Takes `fd` (also when it fails) and agrees on version and msize.  One reference, or NULL and an error. */
struct p9_conn *p9_conn_new(int fd, const struct p9_conn_config *config, struct err *e);
/* One more reference to it, and one less: the last ends it, with the calls of p9_conn_post. */
struct p9_conn *p9_conn_get(struct p9_conn *c);
void p9_conn_put(struct p9_conn *c); /* NULL allowed */
uint32_t p9_conn_msize(const struct p9_conn *c);
/* Does the server know the messages of our own dialect (msg.h)? */
bool p9_conn_is_own(const struct p9_conn *c);

/*
 * Sends a request; `data` follows the message's head (Twrite).  0: p9_conn_wait must follow; -errno:
 * nothing is in flight.  Waits for a free tag, and while the socket is full.
 */
int p9_conn_send(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m,
                 const struct iovec *data);
/*
 * Sends those of the `n` requests whose rc is 0, together; none has a payload.  Where rc stays 0 p9_conn_wait
 * must follow.
 */
void p9_conn_send_many(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m, unsigned n,
                       int *rc);
/* 0: the reply is in the call; else -errno: the server's own, or -EIO for a reply out of bounds. */
int p9_conn_wait(struct p9_conn *c, struct p9_call *call);
/* Both; no payload to send. */
int p9_conn_call(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m);
/*
 * Sends a request that nobody waits for.  call->done runs once, on any thread that uses the connection,
 * and may free the call; it must not use the connection.  It runs with -ENOTCONN where nothing was sent.
 */
void p9_conn_post(struct p9_conn *c, struct p9_call *call, const struct p9_msg *m);

/* From any thread: the call ends with -EINTR once the server has given it up. */
void p9_conn_cancel(struct p9_conn *c, struct p9_call *call);
/* From any thread: every call fails with -ENOTCONN, now and later. */
void p9_conn_break(struct p9_conn *c, const char *why);
/* Why it ended, for people; NULL while it lives. */
const char *p9_conn_lost(struct p9_conn *c);
/* The same after a look at the socket, which may have ended while nobody waited for anything. */
const char *p9_conn_look(struct p9_conn *c);

#endif

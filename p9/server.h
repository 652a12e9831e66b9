/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P2000.L server: sessions over any transport, worked on by a pool of threads.
 *
 *     transport --p9_session_submit--> queue --> worker: decode, dispatch, reply --complete--> transport
 *
 * A transport hands over requests as pieces of memory and gets replies written into pieces of memory:
 * guest RAM for virtio, buffers for a socket.  File data goes between those pieces and the file without
 * a copy; the head of a request is copied once, checked and used, so memory that a hostile client
 * changes meanwhile does no harm.
 *
 * Order: requests run in parallel, at most a part of the workers on one fid, and on file systems that may wait for
 * somebody else (fs.h, `apart`), so that a file which is slow does not hold up the others.  Tversion waits for all
 * before it and holds back all behind it.  Tflush takes a request out of the queue (it completes with reply_len 0), or
 * is answered after it.
 * Replies complete in batches: what finished while a batch was being delivered is the next batch.
 *
 * The client is hostile.  Whatever it sends, it gets an Rlerror at worst; it can hold no more than the
 * limits say, and reach nothing that the file system does not hand out.
 */
#ifndef P9_SERVER_H
#define P9_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct err;
struct p9_fs;
struct p9_session;
struct state;

struct p9_limits {
    uint32_t msize;      /* largest message, both ways, bytes; at least P9_MSIZE_MIN */
    unsigned workers;    /* threads, started when needed; 0: those that submit do the work */
    unsigned fids;
    unsigned files;      /* open at a time */
    size_t xattr_bytes;  /* in attributes being read or written */
    uint64_t brisk_us;   /* what a call may take that was made in haste; after one of more, care is taken */
};

/* Sensible limits for one machine's share, with virtio's largest msize. */
struct p9_limits p9_limits_default(void);

struct p9_export {
    struct p9_fs *fs; /* borrowed for the session's life */
    bool read_only;
    /*
     * Requests' memory is lent: theirs until a reset, which does not wait for files that never answer, and only as long
     * as this says so, for the client may have taken it back before anybody could reset the session.  Asked by any
     * thread before an answer is begun, and before one is copied that was long in coming.  NULL: it is the transport's.
     */
    bool (*lent)(void *ctx);
    void *lent_ctx;
    bool here; /* threads that submit have umask 0 and may do what is quick, if the fs is brisk (fs.h) ... */
    bool ours; /* ... and personal: they are the session's as its workers are */
    struct p9_limits limits;
};

/* One message and room for its reply; embedded in what the transport keeps about it. */
struct p9_request {
    /* The transport fills these; they and the memory live until the request completes. */
    const struct iovec *in, *out;
    unsigned in_n, out_n;
    /* The answer: bytes of reply in `out`; 0: no reply (flushed, dropped, or no room for any). */
    size_t reply_len;
    struct p9_request *next; /* in lists of submit and complete */
    /* The server's own. */
    uint16_t tag;
    uint8_t type, state;
    bool leisurely; /* the workers' */
    bool apart;     /* of what may wait for ever */
    bool dropped;   /* by a reset: nobody wants its answer */
    uint32_t fid;
    struct p9_request *flushes; /* Tflush requests that wait for this one */
    struct p9_request *link, *tag_link;
};

/*
 * Takes back finished requests, linked by `next` in the order their replies must go out.  Called on a
 * worker (or inside submit), by one thread at a time for a session, each request exactly once.  It may
 * submit more, but not reset or free, and must not wait for a lock that the caller of these two holds.
 */
typedef void p9_complete(void *ctx, struct p9_request *list);

struct p9_session *p9_session_new(const struct p9_export *x, p9_complete *complete, void *ctx,
                                  struct err *e);
/* As reset; then ends the threads. */
void p9_session_free(struct p9_session *s); /* NULL allowed */

/*
 * Hands over requests linked by `next`, which a thread then sees to that works for the session.  Completes none,
 * and never waits.
 */
void p9_session_queue(struct p9_session *s, struct p9_request *list);
/*
 * Sees to what was handed over.  Where export and caller allow it (`here`), what cannot wait is done at once on the
 * caller's thread, and so is a request that is the only one, if the last were quick: a change of threads costs
 * more than it.  Else it never waits, unless there are no workers: then it returns when all is done, or left to
 * another thread that is in here.  Several may at a time.
 */
void p9_session_work(struct p9_session *s, bool here);
/* Both, here. */
void p9_session_submit(struct p9_session *s, struct p9_request *list);

/*
 * Forgets the client: what is queued completes with reply_len 0, then, when what runs has ended, every fid is
 * dropped, and what is submitted later waits for that.  Waits for it up to `timeout_ms`, -1: as long as it
 * takes; for what is in a local file system, which ends by itself, always, where memory is lent.  True: no request is
 * left; false: one is under way still (a host's file that does not answer), which will complete.  Either way memory
 * that is lent is not touched any more.
 */
bool p9_session_reset(struct p9_session *s, int timeout_ms);

/*
 * For a machine that is paused: waits until everything handed over has been answered and completed, up to
 * `timeout_ms`; false: something is under way still (a host's file that does not answer).  Nobody
 * submits meanwhile.  Fids stay.
 */
bool p9_session_drain(struct p9_session *s, int timeout_ms);
/* Of a drained session, and into a new one, what its client holds (context_state.h). */
void p9_session_state(struct p9_session *s, struct state *t);

/* What a session does and holds, for tests and statistics. */
struct p9_session_stats {
    uint64_t requests, errors; /* errors: answered by Rlerror */
    unsigned fids, files, threads;
};
void p9_session_stats(struct p9_session *s, struct p9_session_stats *st);

#endif

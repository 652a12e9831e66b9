/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P transport device: a host folder, a share, in a guest.  Virtio 1.2 (chapter 5) reserves its
 * number, 9; what it is, Linux's driver says: net/9p/trans_virtio.c.
 *
 * One queue, served on the vCPU that notifies: most calls of a local file system take less than a change of
 * threads, and what may take longer the server gives to its workers.  The readable pieces of a chain are a request, its writable pieces take the reply; the
 * server (p9/server.h) works on guest memory itself, so that file data is copied once.  Its workers
 * finish requests without the machine's lock: they take it if it is free, else the loop thread
 * publishes for them.  What finished together is one interrupt.
 *
 * A reset drops what waits, and the guest's fids with it.  What a worker is in is waited for, but not for
 * ever: a file of the host that does not answer (one on a network, say) must not hold the machine up.  Such
 * a request has memory of its own (p9/apart.h) and ends some time later, the guest neither hears of it nor finds
 * anything of it, and what the next driver asks waits for it.
 * A chain whose request was flushed comes back with nothing written, as Linux's driver expects.
 */
#ifndef VMM_VIRTIO_9P_H
#define VMM_VIRTIO_9P_H

#include <pthread.h>

#include "p9/server.h"
#include "vmm/loop.h"
#include "vmm/virtio.h"

#define VIRTIO_9P_TAG_MAX 31 /* bytes of a tag; the guest names the share by it */

struct virtio_9p {
    struct virtio v;
    struct loop *loop;          /* [const] */
    struct p9_session *session; /* [const] */
    char tag[VIRTIO_9P_TAG_MAX + 1]; /* [const] */
    unsigned in_flight;         /* since the last reset */
    uint32_t resets;
    bool stuck;                 /* the last quiesce met a request that would not end */
    struct loop_watch watch;
    int event_fd;               /* [const] rings when `done` got its first */
    pthread_mutex_t lock;       /* of `done`: workers that do not get the machine's lock */
    struct p9_request *done, **done_end;
};

/* `x` is copied, its file system borrowed until the release. */
int virtio_9p_init(struct virtio_9p *p, const struct mem *mem, struct loop *loop, const char *tag,
                   const struct p9_export *x, struct err *e);
/*
 * Waits a second for requests in flight; the lock is not needed.  False: one has not ended.  It, its file
 * system, the loop and the guest's memory must then stay until the process ends, which must be soon.
 */
bool virtio_9p_release(struct virtio_9p *p);

#endif

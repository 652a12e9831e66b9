/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each 9P message does: one table row a message, one function a row.
 *
 * No threads, queues or transports here: a call comes decoded, with its fid held, on some thread; the
 * function fills `out` (type and tag are set) and, for Rread and Rreaddir, the payload in the
 * request's `out` pieces behind P9_READ_HEAD.
 */
#ifndef P9_DISPATCH_H
#define P9_DISPATCH_H

#include "p9/fid.h"
#include "p9/server.h"

/* What calls of one session share. */
struct p9_context {
    const struct p9_export *export;
    struct p9_fs *fs;
    struct p9_fids fids;
    uint64_t id;           /* [const] tells the locks of sessions apart */
    _Atomic uint32_t msize; /* agreed; 0: no Tversion yet */
    atomic_bool own;        /* agreed: the messages of our own dialect, too (msg.h) */
};

/* How long a call may take; each is stricter than those before it. */
enum p9_haste {
    P9_PATIENT, /* as long as it takes */
    P9_NEAR,    /* where it waits for nobody but this host's disks, else P9_APART */
    P9_BRISK,   /* where a wait is not to be expected, else P9_LATER: nobody else is waiting */
    P9_AT_ONCE, /* where no wait is possible, else P9_LATER */
};
#define P9_LATER (-100000) /* no -errno */
#define P9_APART (-100001)

struct p9_call {
    struct p9_context *s;
    enum p9_haste haste;
    const struct p9_request *req;
    size_t payload;        /* offset in req->in of Twrite's data */
    uint32_t room;         /* bytes of reply that fit: pieces and msize */
    const struct p9_msg *in;
    struct p9_msg *out;
    struct p9_fid *fid;    /* that the message names first; NULL where it names none */
    char *text;            /* P9_TEXT_SIZE bytes for what `out` borrows */
};

#define P9_TEXT_SIZE 4096

/* Answers one message: 0, or -errno for Rlerror.  P9_LATER, P9_APART: nothing was done. */
int p9_dispatch(struct p9_call *c);
/* May a message of this type wait for long on any file? */
bool p9_dispatch_is_long(uint8_t type);
/* Is it worth to try a message of this type in haste? */
bool p9_dispatch_may(uint8_t type, enum p9_haste haste);

#endif

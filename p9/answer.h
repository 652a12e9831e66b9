/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request, from the memory it came in to the memory its reply goes to: decode, dispatch, encode.
 *
 * On any thread; what threads share is in struct p9_context.
 */
#ifndef P9_ANSWER_H
#define P9_ANSWER_H

#include "p9/dispatch.h"

/* What a thread works with; on its stack. */
struct p9_scratch {
    uint8_t head[P9_HEAD_MAX];
    uint8_t reply[P9_TEXT_SIZE + 64];
    char text[P9_TEXT_SIZE];
};

/*
 * Sets r->reply_len: 0 when it went well, -errno when the reply is an Rlerror.  P9_LATER: nothing was
 * done, since it might take a while; only where `haste` asks for that.
 */
int p9_answer(struct p9_context *s, struct p9_request *r, struct p9_scratch *x, enum p9_haste haste);

/* Write a reply that has no fields, or an Rlerror; return its length. */
size_t p9_answer_empty(const struct p9_request *r, struct p9_scratch *x);
size_t p9_answer_error(const struct p9_request *r, int code, struct p9_scratch *x);

#endif

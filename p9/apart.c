/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/apart.h"

#include <stdlib.h>

#include "core/base/iov.h"

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

struct p9_apart *p9_apart_new(const struct p9_request *r, size_t msize)
{
    size_t in = at_most(iov_total(r->in, r->in_n), msize), out = at_most(iov_total(r->out, r->out_n), msize);
    struct p9_apart *a = malloc(sizeof(*a) + in + out);

    if (!a)
        return NULL;
    a->r = *r;
    a->in = (struct iovec){a->bytes, iov_read(r->in, r->in_n, 0, a->bytes, in)};
    a->out = (struct iovec){a->bytes + in, out};
    a->r.in = &a->in;
    a->r.out = &a->out;
    a->r.in_n = a->r.out_n = 1;
    return a;
}

void p9_apart_answer(const struct p9_apart *a, struct p9_request *r)
{
    r->reply_len = a->r.reply_len;
    iov_write(r->out, r->out_n, 0, a->out.iov_base, r->reply_len);
}

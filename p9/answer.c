/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/answer.h"

#include <errno.h>

#include "core/base/cursor.h"
#include "core/base/iov.h"

/* Writes a reply without payload, or the head of one with. */
static size_t put_reply(const struct p9_request *r, const struct p9_msg *m, struct p9_scratch *x,
                        size_t room)
{
    int head = p9_msg_encode(m, x->reply, sizeof(x->reply));
    struct cursor c = cursor_over(x->reply, 4);
    uint32_t size = cursor_le32(&c);

    if (head < 0 || size > room)
        return 0;
    iov_write(r->out, r->out_n, 0, x->reply, (size_t)head);
    return size;
}

size_t p9_answer_error(const struct p9_request *r, int code, struct p9_scratch *x)
{
    struct p9_msg m = {.type = P9_RLERROR, .tag = r->tag};

    m.rlerror.ecode = code > 0 && code < 4096 ? (uint32_t)code : EIO;
    return put_reply(r, &m, x, iov_total(r->out, r->out_n));
}

/* Data is not copied here: of a Twrite only what comes before it. */
static size_t head_max(const struct p9_request *r)
{
    return r->type == P9_TWRITE ? P9_WRITE_HEAD : P9_HEAD_MAX;
}

/* Memory of a hostile client changes: another fid than the queue took it for may be held by a worker for long. */
static bool is_another(const struct p9_request *r, const struct p9_msg *m)
{
    return m->type != r->type || m->tag != r->tag || (!(m->type & 1) && m->fid != r->fid);
}

/* Copies the head once and decodes the copy; what was looked at in the queue must still be so. */
static int decode(struct p9_context *s, const struct p9_request *r, struct p9_msg *m,
                  struct p9_scratch *x)
{
    size_t total = iov_total(r->in, r->in_n), len;
    uint32_t msize = atomic_load(&s->msize), size;
    struct cursor c;
    int head;

    len = iov_read(r->in, r->in_n, 0, x->head, head_max(r));
    c = cursor_over(x->head, len);
    size = cursor_le32(&c);
    if (c.bad || size < P9_HEADER || size > total)
        return -EBADMSG;
    if (size > (msize ? msize : s->export->limits.msize))
        return -EMSGSIZE;
    head = p9_msg_decode(m, x->head, len < size ? len : size, size);
    return head >= 0 && is_another(r, m) ? -EBADMSG : head;
}

static uint32_t room_of(struct p9_context *s, const struct p9_request *r)
{
    size_t room = iov_total(r->out, r->out_n);
    uint32_t msize = atomic_load(&s->msize);

    if (msize == 0)
        msize = P9_MSIZE_MIN;
    return room < msize ? (uint32_t)room : msize;
}

size_t p9_answer_empty(const struct p9_request *r, struct p9_scratch *x)
{
    struct p9_msg m = {.type = (uint8_t)(r->type + 1), .tag = r->tag};

    return put_reply(r, &m, x, iov_total(r->out, r->out_n));
}

int p9_answer(struct p9_context *s, struct p9_request *r, struct p9_scratch *x, enum p9_haste haste)
{
    struct p9_msg in, out = {.type = (uint8_t)(r->type + 1), .tag = r->tag};
    struct p9_call c = {.s = s, .req = r, .in = &in, .out = &out, .text = x->text,
                        .room = room_of(s, r), .haste = haste};
    int rc = decode(s, r, &in, x);

    if (rc >= 0) {
        c.payload = (size_t)rc;
        rc = p9_dispatch(&c);
    }
    if (rc == P9_LATER || rc == P9_APART)
        return rc;
    if (rc >= 0) {
        r->reply_len = put_reply(r, &out, x, c.room);
        rc = r->reply_len > 0 ? 0 : -EMSGSIZE;
    }
    if (rc < 0)
        r->reply_len = p9_answer_error(r, -rc, x);
    return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vsock_packet.h"

#include "core/base/cursor.h"

bool vsock_header_decode(struct vsock_header *h, const void *bytes, size_t len)
{
    struct cursor c = cursor_over(bytes, len);

    h->src_cid = cursor_le64(&c);
    h->dst_cid = cursor_le64(&c);
    h->src_port = cursor_le32(&c);
    h->dst_port = cursor_le32(&c);
    h->len = cursor_le32(&c);
    h->type = cursor_le16(&c);
    h->op = cursor_le16(&c);
    h->flags = cursor_le32(&c);
    h->buf_alloc = cursor_le32(&c);
    h->fwd_cnt = cursor_le32(&c);
    return !c.bad;
}

static uint8_t *put(uint8_t *at, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> 8 * i);
    return at + len;
}

void vsock_header_encode(const struct vsock_header *h, uint8_t bytes[VSOCK_HEADER_SIZE])
{
    uint8_t *at = put(bytes, h->src_cid, 8);

    at = put(at, h->dst_cid, 8);
    at = put(at, h->src_port, 4);
    at = put(at, h->dst_port, 4);
    at = put(at, h->len, 4);
    at = put(at, h->type, 2);
    at = put(at, h->op, 2);
    at = put(at, h->flags, 4);
    at = put(at, h->buf_alloc, 4);
    put(at, h->fwd_cnt, 4);
}

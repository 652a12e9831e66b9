/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P server over a file system in memory: the input is a client's messages, one behind the other,
 * each with one byte before it that says how its memory is cut and how much room its reply has.
 *
 * Every request must complete once, with a reply that decodes and carries its tag; at the end nothing
 * may be left (the leak checker looks).
 */
#include <stdlib.h>

#include "p9/server.h"
#include "tests/unit/p9_memfs.h"

#define MSIZE 8192

struct item {
    struct p9_request r;
    struct iovec in[2], out[3];
    uint16_t tag;
};

static unsigned completed;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct item *item)
{
    uint8_t bytes[MSIZE];
    struct p9_msg m;
    size_t at = 0;

    for (unsigned i = 0; i < item->r.out_n; i++) {
        memcpy(bytes + at, item->out[i].iov_base, item->out[i].iov_len);
        at += item->out[i].iov_len;
    }
    if (item->r.reply_len > at)
        abort();
    if (item->r.reply_len == 0)
        return;
    if (p9_msg_decode(&m, bytes, item->r.reply_len, item->r.reply_len) < 0 || m.tag != item->tag)
        abort();
}

static void complete(void *ctx, struct p9_request *list)
{
    (void)ctx;
    for (; list; list = list->next) {
        check_reply((struct item *)list);
        completed++;
    }
}

/* Memory of its exact size for each piece, so that asan sees every step over an edge. */
static void set_pieces(struct iovec *iov, unsigned n, const uint8_t *bytes, size_t len, size_t cut)
{
    for (unsigned i = 0; i < n; i++) {
        size_t piece = i == n - 1 ? len : cut < len ? cut : len;

        iov[i] = (struct iovec){malloc(piece + 1), piece};
        if (bytes)
            memcpy(iov[i].iov_base, bytes, piece);
        else
            memset(iov[i].iov_base, 0, piece);
        bytes = bytes ? bytes + piece : NULL;
        len -= piece;
    }
}

static void submit(struct p9_session *s, const uint8_t *bytes, size_t len, uint8_t how)
{
    struct item item = {.tag = P9_NOTAG};
    size_t room = how & 0x80 ? how & 0x3f : MSIZE;
    unsigned before = completed;

    set_pieces(item.in, 2, bytes, len, how & 0x1f);
    set_pieces(item.out, 3, NULL, room, P9_READ_HEAD);
    item.r.in = item.in;
    item.r.in_n = 2;
    item.r.out = item.out;
    item.r.out_n = 3;
    if (len >= P9_HEADER)
        item.tag = (uint16_t)(bytes[5] | bytes[6] << 8);
    p9_session_submit(s, &item.r);
    if (completed != before + 1)
        abort();
    for (unsigned i = 0; i < 2; i++)
        free(item.in[i].iov_base);
    for (unsigned i = 0; i < 3; i++)
        free(item.out[i].iov_base);
}

/* Every input starts with a client that has attached: fid 0 is the root. */
static void say_hello(struct p9_session *s)
{
    struct p9_msg hello[] = {
        {.type = P9_TVERSION, .tag = P9_NOTAG, .version = {MSIZE, {P9_VERSION_OWN, sizeof(P9_VERSION_OWN) - 1}}},
        {.type = P9_TATTACH, .tattach = {0, P9_NOFID, {"", 0}, {"", 0}, 0}},
    };
    uint8_t bytes[64];

    for (unsigned i = 0; i < 2; i++)
        submit(s, bytes, (size_t)p9_msg_encode(&hello[i], bytes, sizeof(bytes)), 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct p9_limits limits = {.msize = MSIZE, .fids = 32, .files = 8, .xattr_bytes = 4096};
    struct memfs mem;
    struct p9_export x = {.fs = &mem.fs, .limits = limits};
    struct p9_session *s;

    memfs_init(&mem);
    s = p9_session_new(&x, complete, NULL, NULL);
    say_hello(s);
    while (size > 5) {
        uint32_t len;

        memcpy(&len, data + 1, 4);
        if (len > size - 1 || len < 5)
            len = (uint32_t)(size - 1);
        submit(s, data + 1, len, data[0]);
        data += 1 + len;
        size -= 1 + len;
    }
    p9_session_free(s);
    memfs_release(&mem);
    return 0;
}

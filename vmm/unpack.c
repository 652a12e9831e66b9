/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/unpack.h"

#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "core/base/auto.h"
#include "core/base/cursor.h"
#include "core/base/err.h"

/* Output that grows up to UNPACK_MAX. */
struct output {
    uint8_t *bytes;
    size_t len, room;
};

/* Room for at least one byte more; false when there is none. */
static bool output_grow(struct output *o)
{
    size_t room = o->room ? 2 * o->room : 16UL << 20;
    uint8_t *bytes;

    if (o->len < o->room)
        return true;
    if (room > UNPACK_MAX)
        return false;
    bytes = realloc(o->bytes, room);
    if (!bytes)
        return false;
    o->bytes = bytes;
    o->room = room;
    return true;
}

static bool unpack_gzip(const uint8_t *in, size_t len, struct output *o)
{
    z_stream z = {.next_in = (uint8_t *)in, .avail_in = (unsigned)len};
    int r = inflateInit2(&z, 16 + MAX_WBITS);

    while (r == Z_OK && output_grow(o)) {
        z.next_out = o->bytes + o->len;
        z.avail_out = (unsigned)(o->room - o->len);
        r = inflate(&z, Z_NO_FLUSH);
        o->len = o->room - z.avail_out;
    }
    inflateEnd(&z);
    return r == Z_STREAM_END;
}

static bool unpack_xz(const uint8_t *in, size_t len, struct output *o)
{
    lzma_stream x = LZMA_STREAM_INIT;
    lzma_ret r = lzma_stream_decoder(&x, UNPACK_MAX, 0);

    x.next_in = in;
    x.avail_in = len;
    while (r == LZMA_OK && output_grow(o)) {
        x.next_out = o->bytes + o->len;
        x.avail_out = o->room - o->len;
        r = lzma_code(&x, LZMA_RUN);
        o->len = o->room - x.avail_out;
    }
    lzma_end(&x);
    return r == LZMA_STREAM_END;
}

static bool unpack_zstd(const uint8_t *in, size_t len, struct output *o)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer ib = {.src = in, .size = len};
    size_t r = 1;

    while (z && r != 0 && !ZSTD_isError(r) && output_grow(o)) {
        ZSTD_outBuffer ob = {.dst = o->bytes + o->len, .size = o->room - o->len};

        r = ZSTD_decompressStream(z, &ob, &ib);
        o->len += ob.pos;
        if (ob.pos == 0 && ib.pos == ib.size)
            break; /* truncated */
    }
    ZSTD_freeDStream(z);
    return r == 0;
}

/*
 * Legacy frame: magic, then blocks {le32 size, data}, 8 MiB each when unpacked but the last.  It has
 * no end mark; the kernel's build puts the unpacked size behind it, and that tells a whole one.
 */
#define LZ4_BLOCK (8 << 20)
static bool unpack_lz4(const uint8_t *in, size_t len, struct output *o)
{
    struct cursor c = cursor_over(in + 4, len - 4);

    while (cursor_left(&c) >= 4) {
        uint32_t size = cursor_le32(&c);
        const uint8_t *block;
        int n;

        if (cursor_left(&c) == 0)
            return o->len > 0 && size == (uint32_t)o->len;
        if (size == 0 || size > cursor_left(&c) || size > LZ4_COMPRESSBOUND(LZ4_BLOCK))
            return false;
        block = cursor_bytes(&c, size);
        while (o->room - o->len < LZ4_BLOCK) {
            size_t len_before = o->len;
            bool grown;

            o->len = o->room;
            grown = output_grow(o);
            o->len = len_before;
            if (!grown)
                return false;
        }
        n = LZ4_decompress_safe((const char *)block, (char *)o->bytes + o->len, (int)size,
                                LZ4_BLOCK);
        if (n < 0)
            return false;
        o->len += (size_t)n;
    }
    return o->len > 0 && cursor_left(&c) == 0;
}

static const struct {
    const char *name;
    uint8_t magic[6];
    size_t magic_len;
    bool (*fn)(const uint8_t *in, size_t len, struct output *o);
} formats[] = {
    {"gzip", {0x1f, 0x8b, 0x08}, 3, unpack_gzip},
    {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6, unpack_xz},
    {"lz4", {0x02, 0x21, 0x4c, 0x18}, 4, unpack_lz4},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, unpack_zstd},
};

int unpack(const uint8_t *in, size_t in_len, uint8_t **out, size_t *out_len, struct err *e)
{
    struct output o = {0};

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        if (in_len < formats[i].magic_len || memcmp(in, formats[i].magic, formats[i].magic_len) != 0)
            continue;
        if (!formats[i].fn(in, in_len, &o)) {
            free(o.bytes);
            return err_set(e, EBADMSG, "its %s data is damaged, cut short or over %lu MiB",
                           formats[i].name, UNPACK_MAX >> 20);
        }
        *out = o.bytes;
        *out_len = o.len;
        return 0;
    }
    return err_set(e, ENOTSUP, "its payload is not gzip, xz, lz4 or zstd");
}

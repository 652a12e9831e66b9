/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packs bytes as the kernel's build does: gzip, and xz, lz4 (legacy frames) and zstd with the
 * unpacked size behind them as four bytes.  Each returns a malloc'ed buffer.
 */
#ifndef TESTS_UNIT_PACK_H
#define TESTS_UNIT_PACK_H

#include <assert.h>
#include <lz4.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define PACK_LZ4_BLOCK (8U << 20)

static inline size_t pack_size_behind(uint8_t *packed, size_t len, size_t unpacked)
{
    uint32_t size = (uint32_t)unpacked;

    memcpy(packed + len, &size, sizeof(size));
    return len + sizeof(size);
}

static inline uint8_t *pack_gzip(const uint8_t *in, size_t len, size_t *packed)
{
    z_stream z = {0};
    size_t room;
    uint8_t *out;
    int r = deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);

    assert(r == Z_OK);
    room = deflateBound(&z, len);
    out = malloc(room);
    z.next_in = (uint8_t *)in, z.avail_in = (unsigned)len;
    z.next_out = out, z.avail_out = (unsigned)room;
    r = deflate(&z, Z_FINISH);
    assert(r == Z_STREAM_END);
    *packed = z.total_out;
    deflateEnd(&z);
    return out;
}

static inline uint8_t *pack_xz(const uint8_t *in, size_t len, size_t *packed)
{
    size_t room = lzma_stream_buffer_bound(len), at = 0;
    uint8_t *out = malloc(room + 4);
    lzma_ret r = lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, in, len, out, &at, room);

    assert(r == LZMA_OK);
    *packed = pack_size_behind(out, at, len);
    return out;
}

static inline uint8_t *pack_zstd(const uint8_t *in, size_t len, size_t *packed)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    uint8_t *out = malloc(ZSTD_compressBound(len) + 4);
    size_t n;

    ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    n = ZSTD_compress2(z, out, ZSTD_compressBound(len), in, len);
    assert(!ZSTD_isError(n));
    ZSTD_freeCCtx(z);
    *packed = pack_size_behind(out, n, len);
    return out;
}

static inline uint8_t *pack_lz4(const uint8_t *in, size_t len, size_t *packed)
{
    size_t blocks = (len + PACK_LZ4_BLOCK - 1) / PACK_LZ4_BLOCK, at = 4;
    uint8_t *out = malloc(8 + blocks * (4 + LZ4_COMPRESSBOUND(PACK_LZ4_BLOCK)));

    memcpy(out, "\x02\x21\x4c\x18", 4);
    for (size_t i = 0; i < len; i += PACK_LZ4_BLOCK) {
        size_t block = len - i < PACK_LZ4_BLOCK ? len - i : PACK_LZ4_BLOCK;
        int n = LZ4_compress_default((const char *)in + i, (char *)out + at + 4, (int)block,
                                     LZ4_COMPRESSBOUND(PACK_LZ4_BLOCK));

        assert(n > 0);
        pack_size_behind(out, at, (size_t)n);
        at += 4 + (size_t)n;
    }
    *packed = pack_size_behind(out, at, len);
    return out;
}

#endif

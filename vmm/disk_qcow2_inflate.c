/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed clusters ("Compressed Clusters Descriptor"): raw deflate, or zstd. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "core/base/auto.h"
#include "vmm/disk_qcow2_parts.h"

static int from_zlib(const uint8_t *packed, uint32_t n, uint8_t *to, uint32_t size)
{
    z_stream z = {.next_in = (Bytef *)packed, .avail_in = n, .next_out = to, .avail_out = size};
    int r;

    if (inflateInit2(&z, -12) != Z_OK)
        return -ENOMEM;
    r = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    /* The sector count is rounded up: what is behind the end is not looked at. */
    return (r == Z_STREAM_END || r == Z_BUF_ERROR) && z.avail_out == 0 ? 0 : -EIO;
}

static int from_zstd(const uint8_t *packed, uint32_t n, uint8_t *to, uint32_t size)
{
    ZSTD_inBuffer in = {packed, n, 0};
    ZSTD_outBuffer out = {to, size, 0};
    ZSTD_DStream *z = ZSTD_createDStream();
    size_t r = 1;

    while (z && r && !ZSTD_isError(r) && out.pos < out.size && in.pos < in.size)
        r = ZSTD_decompressStream(z, &out, &in);
    ZSTD_freeDStream(z);
    return z && !ZSTD_isError(r) && out.pos == out.size ? 0 : -EIO;
}

int q2_inflate(const struct disk *d, const struct qcow2_run *run, uint8_t *cluster)
{
    const struct q2 *q = d->image;
    auto_free uint8_t *packed = malloc(run->packed);
    ssize_t n = packed ? pread(d->fd, packed, run->packed, (off_t)run->at) : -1;
    int r;

    if (n < 0)
        return packed ? -errno : -ENOMEM;
    r = (run->zstd ? from_zstd : from_zlib)(packed, (uint32_t)n, cluster, qcow2_cluster_size(q->q));
    return r;
}

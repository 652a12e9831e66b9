/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of core/disk/qcow2*.c share; nobody else includes it.  Numbers are big-endian. */
#ifndef CORE_DISK_QCOW2_PARTS_H
#define CORE_DISK_QCOW2_PARTS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "core/disk/qcow2.h"

#define QCOW2_MAGIC 0x514649fbu
#define QCOW2_HEADER 104u       /* of version 3; version 2 has the first 72 bytes */
#define QCOW2_HEADER_2 72u
#define QCOW2_SIZE_MAX (1ULL << 46) /* 64 TiB: the L1 table stays below 1 MiB */

/* Offsets in the header. */
enum {
    H_MAGIC = 0, H_VERSION = 4, H_BACKING_AT = 8, H_BACKING_LEN = 16, H_CLUSTER_BITS = 20, H_SIZE = 24,
    H_CRYPT = 32, H_L1_SIZE = 36, H_L1_AT = 40, H_TABLE_AT = 48, H_TABLE_CLUSTERS = 56,
    H_SNAPSHOTS = 60, H_INCOMPATIBLE = 72, H_COMPATIBLE = 80, H_AUTOCLEAR = 88, H_REFCOUNT_ORDER = 96,
    H_LENGTH = 100, H_COMPRESSION = 104
};
#define EXTENSION_END 0u
#define EXTENSION_BACKING_FORMAT 0xe2792acau

/* Incompatible features. */
#define QCOW2_DIRTY (1ULL << 0)
#define QCOW2_CORRUPT (1ULL << 1)
#define QCOW2_COMPRESSION (1ULL << 3)
/* Compatible ones. */
#define QCOW2_LAZY_REFCOUNTS (1ULL << 0)

struct qcow2_header {
    uint32_t version, cluster_bits, l1_size, table_clusters, refcount_order;
    uint64_t size, l1_at, table_at, incompatible, autoclear;
    bool has_backing, zstd;
    char backing[QCOW2_NAME_MAX + 1];
};
/* -EINVAL and what is wrong with it.  Tables are then inside the file, their entries not checked. */
int qcow2_read_header(int fd, struct qcow2_header *h, uint64_t *file_size, struct err *e);

static inline uint32_t qcow2_get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return be32toh(v);
}

static inline uint64_t qcow2_get64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return be64toh(v);
}

static inline void qcow2_put16(uint8_t *p, uint16_t v)
{
    v = htobe16(v);
    memcpy(p, &v, sizeof(v));
}

static inline void qcow2_put32(uint8_t *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof(v));
}

static inline void qcow2_put64(uint8_t *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof(v));
}

#endif

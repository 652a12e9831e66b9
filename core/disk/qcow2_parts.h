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
#define QCOW2_DATA_FILE (1ULL << 2)
#define QCOW2_COMPRESSION (1ULL << 3)
#define QCOW2_SUBCLUSTERS (1ULL << 4)
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

/* Of an L2 entry, and of an L1 entry the first two. */
#define ENTRY_OFFSET 0x00fffffffffffe00ULL
#define ENTRY_COPIED (1ULL << 63)
#define ENTRY_COMPRESSED (1ULL << 62)
#define ENTRY_ZERO 1ULL

/* A piece of an L2 table in memory, entries as in the file. */
#define SLICE_ENTRIES 512u
struct slice {
    struct slice *same_hash, *newer, *older;
    uint64_t number; /* of the disk: its clusters number * slice_entries ... */
    bool dirty, taken; /* taken: its changes are in a batch on its way to the file */
    uint64_t entry[SLICE_ENTRIES];
};
#define SLICE_HASH 256u

struct qcow2 {
    int fd;
    bool writable, broken;
    bool dirty;          /* so the file says */
    char *name;
    struct qcow2_header h;
    uint32_t cluster, l2_entries, slice_entries;
    uint64_t file_size;  /* bytes; of one that is written: up to the end of its last cluster */
    uint64_t l1_entries; /* those that the disk needs */
    uint64_t *l1;        /* as in the file */
    uint8_t *l1_dirty;   /* enum l1_dirty, by sector of the table */
    struct slice *hash[SLICE_HASH], *newest, *oldest;
    unsigned slices, dirty_slices;
    /* Of one that is written: */
    uint64_t end;        /* clusters in the file: the next one to be taken */
    uint64_t counted;    /* refcounts in the file are right for clusters below this one */
    uint8_t *used;       /* a bit each: something leads to it */
    uint64_t used_room;  /* bits */
    uint64_t *table;     /* the refcount table */
    uint64_t table_entries;
};
#define L1_SECTOR 64u /* entries in 512 bytes */
enum l1_dirty { L1_CLEAN, L1_DIRTY, L1_TAKEN };
#define COUNTS_IN_BLOCK (QCOW2_CLUSTER / 2)

/* qcow2_table.c */
int qcow2_load_l1(struct qcow2 *q, struct err *e);
void qcow2_free_tables(struct qcow2 *q);
/* Where the L2 table of an L1 entry is: 0, none; -EIO. */
int qcow2_l2_at(const struct qcow2 *q, uint64_t index, uint64_t *at);
uint64_t qcow2_slice_at(const struct qcow2 *q, uint64_t number, uint64_t table);
/* The slice that has `cluster` of the disk; NULL where there is no L2 table. */
int qcow2_find_slice(struct qcow2 *q, uint64_t cluster, struct slice **slice);
/* Judges an entry; `index` of the cluster is not needed for it.  False: it cannot be. */
bool qcow2_read_entry(const struct qcow2 *q, uint64_t entry, struct qcow2_run *run);

/* qcow2_change.c: an error is final: the image is broken after it, since what was not written may be gone. */
int qcow2_sync(struct qcow2 *q);

/* qcow2_count.c: which clusters are used, and the refcounts. */
int qcow2_walk(struct qcow2 *q, struct err *e);
int qcow2_write_counts(struct qcow2 *q);
int qcow2_mark(struct qcow2 *q, uint64_t at, uint64_t n, bool used);

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

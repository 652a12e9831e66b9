/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qcow2 format (QEMU docs/interop/qcow2.txt): where the bytes of a disk are in an image file.
 *
 * Tables only, synchronous, one thread; whoever uses it moves the data: lxtop-vmm by io_uring
 * (vmm/disk_qcow2.c), lxtop by pread (core/disk/chain.h).  Everything in the file is hostile: each
 * number is checked before its first use, and again where it is read anew from the file.
 *
 * Read are versions 2 and 3 with clusters of 512 B to 2 MiB; written is what qemu-img makes by default:
 * version 3, clusters of 64 KiB, refcounts of 16 bits, nothing compressed.  Refused are encryption,
 * internal snapshots, external data files, subclusters, and every incompatible feature not named here;
 * unknown compatible bits and header extensions stay as they are, unknown autoclear bits are cleared
 * with the first change.
 *
 * How it is safe against a loss of power and against kill -9 at any moment:
 *   - New clusters are always taken at the end of the file, so they are holes, which read as zeroes; no
 *     cluster is ever given to another use while the image is open.
 *   - Changes of the tables stay in memory until a flush, which writes in this order with a sync
 *     between: data, L2 tables, L1 table.  So no table ever leads to data that is not there.
 *   - Refcounts are lazy: the dirty bit is in the file before the first change of a table, the refcounts
 *     are written and the bit is taken back at an orderly close.  Opened for writing, an image is
 *     always walked whole (L1, L2; the refcounts in it are not believed): two uses of a cluster, or one
 *     outside the file, refuse it; after a crash what nothing leads to is given back to the host.
 * An error of a sync is final (what it did not write may be gone): everything fails after it.
 */
#ifndef CORE_DISK_QCOW2_H
#define CORE_DISK_QCOW2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct qcow2;

#define QCOW2_CLUSTER 65536u /* of images that are written */
#define QCOW2_NAME_MAX 1023  /* bytes of a backing file's name */

/*
 * Makes an empty image (which must not exist) of `size` bytes, synced.  The name of the file that it
 * stands on, and its format, are written for qemu-img's sake: relative to the image; NULL: on nothing.
 */
int qcow2_create(const char *path, uint64_t size, const char *backing, const char *backing_format,
                 struct err *e);
/* The size of the disk that an image says it holds, without a look at its tables. */
int qcow2_size(const char *path, uint64_t *size, struct err *e);

/*
 * The image in `fd`, which stays the caller's and outlives it; `name` is for messages.  NULL and an error
 * where it cannot be read, or not be written, safely.
 */
struct qcow2 *qcow2_open(int fd, bool writable, const char *name, struct err *e);
/* Writes all out and the refcounts too; from now on it is only read.  -errno: the dirty bit stays. */
int qcow2_freeze(struct qcow2 *q);
/* It may be written again after all. */
void qcow2_thaw(struct qcow2 *q);
/* As qcow2_freeze where it is written, then frees it.  What fails then is repaired at the next open. */
int qcow2_close(struct qcow2 *q);

uint64_t qcow2_disk_size(const struct qcow2 *q);
uint32_t qcow2_cluster_size(const struct qcow2 *q);
/* The name in the header: only to be shown or compared; NULL: it stands on nothing. */
const char *qcow2_backing(const struct qcow2 *q);
/* Nothing has been written to it: it is as it was created. */
bool qcow2_is_empty(const struct qcow2 *q);

/* --- where bytes are --- */

enum qcow2_kind {
    QCOW2_BELOW,      /* not here: in the image below, or zeroes */
    QCOW2_ZERO,
    QCOW2_DATA,       /* at `at` of the file; behind the file's end are zeroes */
    QCOW2_COMPRESSED  /* one cluster, or its rest: `packed` bytes at `at` give it whole */
};
struct qcow2_run {
    enum qcow2_kind kind;
    uint64_t len;     /* bytes of the disk, at most as many as asked for, at least one */
    uint64_t at;
    uint32_t packed;
    bool zstd;
};
/* How it goes on from `offset`, inside the disk.  -EIO: the tables are damaged, or cannot be read. */
int qcow2_map(struct qcow2 *q, uint64_t offset, uint64_t len, struct qcow2_run *run);

/* --- changes, of an image opened for writing; offsets are those of clusters --- */

/* `n` new clusters in a row at *at, all zeroes, that nothing leads to yet.  -ENOSPC, -EFBIG. */
int qcow2_alloc(struct qcow2 *q, uint64_t n, uint64_t *at);
/* The disk's `n` clusters at `offset` are now those at `at`, whose data has been written. */
int qcow2_link(struct qcow2 *q, uint64_t offset, uint64_t n, uint64_t at);
/* The disk's `n` clusters at `offset`, none of them QCOW2_DATA, are zeroes now. */
int qcow2_set_zero(struct qcow2 *q, uint64_t offset, uint64_t n);

/* All out, in order.  -EIO and nothing else any more once a sync has failed. */
int qcow2_flush(struct qcow2 *q);
/*
 * The same in steps, for who does not want to wait.  Take; sync; write the firsts; if there are others,
 * sync and write them; sync.  One batch at a time.
 */
struct qcow2_write {
    uint64_t at;
    uint32_t len;
    uint8_t *bytes;
};
struct qcow2_batch {
    struct qcow2_write *list; /* list[0..firsts) are of L2 tables, the rest of the L1 table */
    unsigned firsts, count;
};
/* What has changed until now. */
int qcow2_take(struct qcow2 *q, struct qcow2_batch *b);
/* It is written (the last sync may still be due), or it was not and comes again; frees the batch. */
void qcow2_end_batch(struct qcow2 *q, struct qcow2_batch *b, bool written);
/* A sync failed: the image is not written any more. */
void qcow2_break(struct qcow2 *q);
bool qcow2_has_changes(const struct qcow2 *q);
/* Many changes are in memory: time for a flush. */
bool qcow2_is_full(const struct qcow2 *q);
bool qcow2_is_broken(const struct qcow2 *q);

#endif

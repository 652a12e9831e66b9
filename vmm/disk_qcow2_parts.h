/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of vmm/disk_qcow2*.c share; nobody else includes it. */
#ifndef VMM_DISK_QCOW2_PARTS_H
#define VMM_DISK_QCOW2_PARTS_H

#include "core/disk/qcow2.h"
#include "vmm/disk_qcow2.h"

/* A request that is done when all its parts are; the first error stands. */
struct whole {
    unsigned parts; /* one is the caller's until whole_end */
    int result;
    disk_done *done;
    void *ctx;
};
struct whole *whole_begin(disk_done *done, void *ctx);
void whole_part_done(void *whole, int result); /* a disk_done */
#define whole_end whole_part_done

struct growth;
struct flushing;
struct flush_waiter;

/* disk->image of this format. */
struct q2 {
    struct qcow2 *q;
    struct growth *growths; /* under way */
    struct flushing *flush; /* under way; NULL: none */
    struct flush_waiter *waiters; /* for the next one */
};

/* disk_qcow2_grow.c: [offset, offset + len) is in clusters that the image does not have. */
void q2_grow(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len,
             struct whole *whole);
/* The growth that clusters of the range are part of, or NULL. */
struct growth *q2_busy(struct disk *d, uint64_t offset, uint64_t len);
/* Runs again once the growth is over: a write (`iov` is copied), or zeroes. */
void q2_wait(struct disk *d, struct growth *g, const struct iovec *iov, int n, uint64_t offset,
             uint64_t len, struct whole *whole);
void q2_wait_zero(struct disk *d, struct growth *g, uint64_t offset, uint64_t len, bool unmap,
                  struct whole *whole);
/* disk_qcow2.c: parts of a write, of zeroes. */
void q2_write(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len,
              struct whole *whole);
void q2_zero(struct disk *d, uint64_t offset, uint64_t len, bool unmap, struct whole *whole);
/* From this image or those below; beyond them are zeroes. */
void q2_read(struct disk *d, const struct iovec *iov, int n, uint64_t offset, uint64_t len,
             struct whole *whole);

/* disk_qcow2_flush.c */
void q2_flush(struct disk *d, disk_done *done, void *ctx);
/* Starts one by itself where many tables have changed. */
void q2_flush_if_full(struct disk *d);

/* disk_qcow2_inflate.c: the whole cluster at `offset` of the disk; 0 or -errno. */
int q2_inflate(const struct disk *d, const struct qcow2_run *run, uint8_t *cluster);

#endif

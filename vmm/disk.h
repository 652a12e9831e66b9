/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk image: a format behind a small table of operations.
 *
 * The format is stated, never probed: a guest could write another format's header into its raw disk
 * and have host files read as its "backing file" (CVE-2026-27211).  An image in use carries an OFD
 * lock, shared for readers, so that no two machines write one image.
 */
#ifndef VMM_DISK_H
#define VMM_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct err;
struct io;
struct disk;

/* What an operation does when it ends: 0 or -errno; on the loop thread with the lock held. */
typedef void disk_done(void *ctx, int result);

struct disk_format {
    const char *name;
    /* `offset` and `len` are in bytes, inside the disk; `iov` lives until `done`. */
    void (*read)(struct disk *d, const struct iovec *iov, int n, uint64_t offset, disk_done *done,
                 void *ctx);
    void (*write)(struct disk *d, const struct iovec *iov, int n, uint64_t offset, disk_done *done,
                  void *ctx);
    void (*flush)(struct disk *d, disk_done *done, void *ctx);
    /* The range reads as zeroes afterwards; `unmap`: and gives its space back. */
    void (*zero)(struct disk *d, uint64_t offset, uint64_t len, bool unmap, disk_done *done,
                 void *ctx);
};

struct disk {
    const struct disk_format *format;
    struct io *io;
    int fd;
    uint64_t size; /* bytes, a multiple of 512 */
    bool read_only;
};

int disk_open(struct disk *d, struct io *io, const char *path, const char *format, bool read_only,
              struct err *e);
/* Of the image's last change, nanoseconds since 1970; 0: it cannot be told. */
uint64_t disk_stamp(const struct disk *d);
void disk_close(struct disk *d);

#endif

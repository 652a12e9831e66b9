/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk image: a format behind a small table of operations, and the images that it stands on.
 *
 * The format is stated, never probed: a guest could write another format's header into its raw disk
 * and have host files read as its "backing file" (CVE-2026-27211).  For the same reason what an image
 * stands on is told by whoever opens it, and not by the image.  An image in use carries an OFD lock,
 * shared for readers, so that no two machines write one image.
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
    bool overlay; /* may stand on another image */
    /* Judges the image in d->fd and sets d->size. */
    int (*open)(struct disk *d, const char *path, struct err *e);
    /* Nothing is in flight.  `freeze`: all is written out, from now on it is only read; `thaw` takes
     * that back.  `close` and `thaw` may be NULL. */
    void (*close)(struct disk *d);
    int (*freeze)(struct disk *d, struct err *e);
    void (*thaw)(struct disk *d);
    /* `offset` and `len` are in bytes, inside the disk; `iov` itself is copied, what it names lives
     * until `done`. */
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
    uint64_t size;        /* bytes, a multiple of 512 */
    bool read_only;
    struct disk *backing; /* owned; read where this one has nothing; NULL: zeroes */
    void *image;          /* the format's own */
};

int disk_open(struct disk *d, struct io *io, const char *path, const char *format, bool read_only,
              struct err *e);
/* What was flushed is in the image, and closing it will change nothing any more.  Nothing is in flight. */
int disk_settle(struct disk *d);
/* Of the image's last change, nanoseconds since 1970; 0: it cannot be told. */
uint64_t disk_stamp(const struct disk *d);
/*
 * Does it hold just what it held when its stamp was that?  The same image unchanged, or one in which nothing
 * was written yet that stands on it.
 */
bool disk_is_as_of(const struct disk *d, uint64_t stamp);
/* Puts an image below the lowest one of the disk, to be read only. */
int disk_add_backing(struct disk *d, const char *path, const char *format, struct err *e);
/* To be called once all are there: is one missing, or one there twice? */
int disk_check(const struct disk *d, struct err *e);
/*
 * A snapshot: what was written until now stays as it is, and what is written from now on goes to the
 * empty qcow2 image `from`, which is renamed to `to` between the two.  Nothing may be in flight
 * (io_drain).  After an error all is as before.
 */
int disk_push(struct disk *d, const char *from, const char *to, struct err *e);
void disk_close(struct disk *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File I/O that does not hold the device loop up: io_uring, kept to what disks need.
 *
 * Each operation calls `done(ctx, 0 or -errno)` exactly once, later, on the loop thread with the lock
 * held.  Short transfers are continued here; a read behind the end of the file gives zeroes.  Where
 * the host refuses io_uring (some container sandboxes) operations run on the loop thread instead:
 * slower, and told once in the log; `done` then runs before the call returns.
 */
#ifndef VMM_IO_H
#define VMM_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct err;
struct loop;
struct io;

typedef void io_done(void *ctx, int result);

struct io *io_new(struct loop *l, struct err *e);
void io_free(struct io *io); /* waits for what is in flight */

/* `iov` (at most IO_PIECES entries) is copied; the memory it names lives until `done`. */
#define IO_PIECES 256
void io_read(struct io *io, int fd, const struct iovec *iov, int n, uint64_t offset, io_done *done,
             void *ctx);
void io_write(struct io *io, int fd, const struct iovec *iov, int n, uint64_t offset, io_done *done,
              void *ctx);
void io_flush(struct io *io, int fd, io_done *done, void *ctx);
/* The range becomes zeroes; `unmap`: and a hole if the file system can. */
void io_zero(struct io *io, int fd, uint64_t offset, uint64_t len, bool unmap, io_done *done,
             void *ctx);

/* Starts what was queued since the last call: call it after a batch. */
void io_submit(struct io *io);
/* Returns when nothing is in flight; every `done` has run. */
void io_drain(struct io *io);

#endif

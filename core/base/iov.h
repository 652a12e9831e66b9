/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of memory seen as one stream of bytes.
 *
 * A virtio driver cuts requests and replies wherever it likes (Linux puts the 11 bytes before a
 * read's data in a piece of their own), so nothing here or above assumes where a field lies.
 */
#ifndef CORE_BASE_IOV_H
#define CORE_BASE_IOV_H

#include <stddef.h>
#include <sys/uio.h>

size_t iov_total(const struct iovec *iov, unsigned n);
/* Copies from or to the stream at `offset`; returns the bytes moved. */
size_t iov_read(const struct iovec *iov, unsigned n, size_t offset, void *to, size_t len);
size_t iov_write(const struct iovec *iov, unsigned n, size_t offset, const void *from, size_t len);
/* The pieces of `len` bytes at `offset`, at most `room` of them, in `out`; returns their number. */
unsigned iov_slice(const struct iovec *iov, unsigned n, size_t offset, size_t len,
                   struct iovec *out, unsigned room);

#endif

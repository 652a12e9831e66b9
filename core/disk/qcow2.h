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

#endif

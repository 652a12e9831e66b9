/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qcow2 format (core/disk/qcow2.h) with its data moved by io_uring.
 *
 * Tables are read as they are needed, 4 KiB at a time, on the loop thread: they are small and mostly in
 * the host's page cache.  A write to clusters that the image has goes straight to the file.  A write to
 * others takes new clusters, reads what it does not cover of them from below, writes the lot at once and
 * then changes the table in memory; requests to the same clusters wait that long, others do not.  Tables
 * are written at a flush, or when many have changed.
 */
#ifndef VMM_DISK_QCOW2_H
#define VMM_DISK_QCOW2_H

#include "vmm/disk.h"

extern const struct disk_format disk_qcow2;

/* The name of the image that this one says it stands on; NULL: on none, or of another format. */
const char *disk_qcow2_wants_backing(const struct disk *d);

/* Nothing was ever written to it; false of another format. */
bool disk_qcow2_is_empty(const struct disk *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The raw format: byte N of the disk is byte N of the file.
 */
#ifndef VMM_DISK_RAW_H
#define VMM_DISK_RAW_H

#include "vmm/disk.h"

extern const struct disk_format disk_raw;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacks a compressed kernel payload: gzip, xz, lz4 (legacy frames, as the kernel's build makes
 * them) and zstd, told apart by their magic numbers.
 */
#ifndef VMM_UNPACK_H
#define VMM_UNPACK_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define UNPACK_MAX (512UL << 20) /* bytes; more is refused as a bomb */

/* *out is malloc'ed; -ENOTSUP when no magic fits, -EBADMSG when the data is damaged. */
int unpack(const uint8_t *in, size_t in_len, uint8_t **out, size_t *out_len, struct err *e);

#endif

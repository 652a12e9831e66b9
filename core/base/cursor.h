/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounds-checked reader of bytes from outside (little-endian).
 *
 * A read past the end sets `bad`, yields zeroes (or NULL) and moves nothing; the caller checks
 * `bad` once, after the last read.  Nothing is copied by cursor_bytes: it borrows from the buffer.
 */
#ifndef CORE_BASE_CURSOR_H
#define CORE_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
    const uint8_t *p, *end;
    bool bad;
};

struct cursor cursor_over(const void *bytes, size_t len);
size_t cursor_left(const struct cursor *c);
const uint8_t *cursor_bytes(struct cursor *c, size_t len);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_le16(struct cursor *c);
uint32_t cursor_le32(struct cursor *c);
uint64_t cursor_le64(struct cursor *c);

#endif

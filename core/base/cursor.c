/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/cursor.h"

#include <endian.h>
#include <string.h>

struct cursor cursor_over(const void *bytes, size_t len)
{
    return (struct cursor){.p = bytes, .end = (const uint8_t *)bytes + len};
}

size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

const uint8_t *cursor_bytes(struct cursor *c, size_t len)
{
    const uint8_t *at = c->p;

    if (c->bad || len > cursor_left(c)) {
        c->bad = true;
        return NULL;
    }
    c->p += len;
    return at;
}

static uint64_t little_endian(struct cursor *c, size_t width)
{
    const uint8_t *at = cursor_bytes(c, width);
    uint64_t value = 0;

    if (at)
        memcpy(&value, at, width);
    return le64toh(value);
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)little_endian(c, 1);
}

uint16_t cursor_le16(struct cursor *c)
{
    return (uint16_t)little_endian(c, 2);
}

uint32_t cursor_le32(struct cursor *c)
{
    return (uint32_t)little_endian(c, 4);
}

uint64_t cursor_le64(struct cursor *c)
{
    return little_endian(c, 8);
}

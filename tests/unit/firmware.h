/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads tables that a firmware would have left: little-endian numbers and checksums.
 */
#ifndef TESTS_UNIT_FIRMWARE_H
#define TESTS_UNIT_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t number(const uint8_t *p, unsigned bytes)
{
    uint64_t n = 0;

    memcpy(&n, p, bytes);
    return n;
}

/* 0 for a table whose checksum is right. */
static inline uint8_t sum(const uint8_t *p, size_t len)
{
    uint8_t s = 0;

    while (len--)
        s += *p++;
    return s;
}

#endif

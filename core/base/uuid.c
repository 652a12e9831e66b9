/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/uuid.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

bool uuid_fresh(uint8_t id[16])
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return false;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    memcpy(id, bytes, sizeof(bytes));
    return true;
}

bool uuid_fresh_text(char text[UUID_TEXT])
{
    uint8_t id[16];

    if (!uuid_fresh(id))
        return false;
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
    return true;
}

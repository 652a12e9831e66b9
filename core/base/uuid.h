/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random UUIDs (RFC 4122, version 4), of file systems and machines. */
#ifndef CORE_BASE_UUID_H
#define CORE_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT 33 /* 32 hexadecimal digits, as in machine-id(5) */

/* False: the kernel gives no random bytes, which for so few it always does; `id` is not set then. */
bool uuid_fresh(uint8_t id[16]);
bool uuid_fresh_text(char text[UUID_TEXT]);

#endif

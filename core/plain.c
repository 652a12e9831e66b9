/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/plain.h"

#include <stdlib.h>
#include <string.h>

#define ESC 0x1b
#define BEL 0x07

/* Length of the well-formed UTF-8 character at `p`, 0 when it is none (Unicode 15, table 3-7). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 0;

    if (p[0] >= 0xf0 && p[0] <= 0xf4)
        n = 4;
    if (!n || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

/* Length of the escape sequence at `p` (ECMA-48 5.3, 5.4, 8.3.89), at least 1. */
static size_t escape_len(const unsigned char *p, size_t left)
{
    size_t i = 2;

    if (left < 2)
        return left;
    if (p[1] == '[') {
        while (i < left && p[i] >= 0x20 && p[i] < 0x40)
            i++;
        return i < left ? i + 1 : i;
    }
    if (strchr("]PX^_", p[1]) && p[1]) {
        while (i < left && p[i] != BEL && p[i] != ESC && p[i] != '\n')
            i++;
        if (i + 1 < left && p[i] == ESC && p[i + 1] == '\\')
            return i + 2;
        return i < left && p[i] == BEL ? i + 1 : i;
    }
    while (i <= left && p[i - 1] >= 0x20 && p[i - 1] < 0x30 && i < left)
        i++;
    return i;
}

void plain_copy(char *to, size_t size, const char *from, size_t len, bool keep_newlines)
{
    const unsigned char *p = (const unsigned char *)from;
    size_t used = 0;

    if (!size)
        return;
    while (len && used + 1 < size) {
        size_t n = utf8_len(p, len);

        if (p[0] == ESC) {
            n = escape_len(p, len);
        } else if (p[0] == '\n' && keep_newlines) {
            to[used++] = '\n';
        } else if (p[0] == '\r' && len > 1 && p[1] == '\n') {
            n = 1;
        } else if (strchr("\t\n\v\f\r", p[0]) && p[0]) {
            to[used++] = ' ';
        } else if (n == 0 || p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0)) {
            to[used++] = '?';
            n = n ? n : 1;
        } else {
            if (used + n >= size)
                break;
            memcpy(to + used, p, n);
            used += n;
        }
        p += n;
        len -= n;
    }
    to[used] = '\0';
}

char *plain_dup(const char *from, bool keep_newlines)
{
    size_t len = strlen(from);
    char *to = malloc(len + 1);

    if (to)
        plain_copy(to, len + 1, from, len, keep_newlines);
    return to;
}

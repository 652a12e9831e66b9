/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/line.h"

#include <stdarg.h>
#include <string.h>

#include "core/plain.h"

static void __attribute__((format(printf, 3, 0))) put(FILE *f, const char *end, const char *fmt, va_list ap)
{
    char text[4096], plain[4096];

    vsnprintf(text, sizeof(text), fmt, ap);
    plain_copy(plain, sizeof(plain), text, strlen(text), false);
    fprintf(f, "%s%s", plain, end);
    fflush(f);
}

void line_say(FILE *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(f, "\n", fmt, ap);
    va_end(ap);
}

void line_ask(FILE *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(f, "", fmt, ap);
    va_end(ap);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int (err_set)(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return -code;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    e->code = code;
    return -code;
}

int (err_sys)(struct err *e, int code, const char *fmt, ...)
{
    char text[ERR_MSG_SIZE];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return err_set(e, code, "%s: %s", text, strerror(code));
}

int (err_wrap)(struct err *e, const char *fmt, ...)
{
    char context[ERR_MSG_SIZE], inner[ERR_MSG_SIZE];
    va_list ap;

    if (!e)
        return -EIO;
    va_start(ap, fmt);
    vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    memcpy(inner, e->msg, sizeof(inner));
    return err_set(e, e->code, "%s: %s", context, inner);
}

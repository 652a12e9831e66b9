/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *process;
    int fd;
    enum log_level max;
} sink = {"lxtop", STDERR_FILENO, LOG_WARN};

void log_open(const char *process, int fd, enum log_level max)
{
    sink.process = process;
    sink.fd = fd;
    sink.max = max;
}

/* Control characters from a guest or a file must not reach whoever reads the log. */
static void make_printable(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            *s = '?';
}

void log_line(enum log_level level, const char *module, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    char text[768], line[1024];
    struct timespec now;
    struct tm tm;
    va_list ap;
    int n;

    if (level > sink.max)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    make_printable(text);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    n = snprintf(line, sizeof(line), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s %s: %s\n",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 now.tv_nsec / 1000000, names[level], sink.process, module, text);
    if (write(sink.fd, line, (size_t)n) < 0)
        return; /* A log that cannot be written must not stop the work it speaks of. */
}

int log_allowed(struct log_limit *l, unsigned burst)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (l->count < burst) {
        l->count++;
        l->second = now.tv_sec;
        return 1;
    }
    if (now.tv_sec == l->second)
        return 0;
    l->second = now.tv_sec;
    return 1;
}

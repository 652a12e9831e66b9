/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/format.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"

static const struct {
    const char *shorter, *words;
} units[] = {{"B", "bytes"}, {"K", "KB"}, {"M", "MB"}, {"G", "GB"}, {"T", "TB"}};

static double scale(double bytes, unsigned *unit)
{
    for (*unit = 0; bytes >= 1000 && *unit < ARRAY_SIZE(units) - 1; ++*unit)
        bytes /= 1024;
    return bytes;
}

/* At most four digits: "9.8M", "142M". */
static const char *size_text(char *to, double bytes, const char *none, bool words)
{
    unsigned unit;
    double value = scale(bytes, &unit);

    if (bytes < 0)
        return strcpy(to, none);
    snprintf(to, FORMAT_TEXT, value < 10 && unit ? "%.1f%s%s" : "%.0f%s%s", value, words ? " " : "",
             words ? units[unit].words : units[unit].shorter);
    return to;
}

const char *format_size(char *to, int64_t bytes)
{
    return size_text(to, (double)bytes, "-", false);
}

const char *format_size_words(char *to, int64_t bytes)
{
    return size_text(to, (double)bytes, "not known", true);
}

const char *format_rate(char *to, double bytes_per_second)
{
    return size_text(to, bytes_per_second, "-", false);
}

const char *format_time(char *to, int64_t us)
{
    if (us < 0)
        return strcpy(to, "-");
    if (us < 1000000)
        snprintf(to, FORMAT_TEXT, "%dms", (int)(us / 1000));
    else if (us < 100000000)
        snprintf(to, FORMAT_TEXT, "%.2fs", (double)us / 1e6);
    else
        snprintf(to, FORMAT_TEXT, "%lldm", (long long)us / 60000000);
    return to;
}

const char *format_time_words(char *to, int64_t us)
{
    if (us < 0)
        return strcpy(to, "not known");
    if (us < 1000000)
        snprintf(to, FORMAT_TEXT, "%d milliseconds", (int)(us / 1000));
    else
        snprintf(to, FORMAT_TEXT, "%.2f seconds", (double)us / 1e6);
    return to;
}

const char *format_percent(char *to, double percent)
{
    if (percent < 0)
        return strcpy(to, "-");
    snprintf(to, FORMAT_TEXT, "%.0f%%", percent);
    return to;
}

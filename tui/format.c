/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/format.h"

#include <stdio.h>
#include <string.h>

static const char units[] = "BKMGTPE";

static double scale(double bytes, unsigned *unit)
{
    for (*unit = 0; bytes >= 999.5 && units[*unit + 1]; ++*unit)
        bytes /= 1024;
    return bytes;
}

/* At most three digits: "9.8M", "142M". NaN is not known either. */
static const char *size_text(char *to, double bytes)
{
    unsigned unit;
    double value = scale(bytes, &unit);

    if (!(bytes >= 0))
        return strcpy(to, "-");
    snprintf(to, FORMAT_TEXT, value < 9.95 && unit ? "%.1f%c" : "%.0f%c", value, units[unit]);
    return to;
}

const char *format_size(char *to, int64_t bytes)
{
    return size_text(to, (double)bytes);
}

const char *format_rate(char *to, double bytes_per_second)
{
    return size_text(to, bytes_per_second);
}

const char *format_time(char *to, int64_t us)
{
    long long s = us / 1000000;

    if (us < 0)
        return strcpy(to, "-");
    if (us < 1000000)
        snprintf(to, FORMAT_TEXT, "%dms", (int)(us / 1000));
    else if (us < 100000000)
        snprintf(to, FORMAT_TEXT, "%lld.%02llds", s, (long long)us / 10000 % 100);
    else if (s < 6000)
        snprintf(to, FORMAT_TEXT, "%lldm%02llds", s / 60, s % 60);
    else
        snprintf(to, FORMAT_TEXT, "%lldh%02lldm", s / 3600, s / 60 % 60);
    return to;
}

const char *format_percent(char *to, double percent)
{
    if (!(percent >= 0))
        return strcpy(to, "-");
    snprintf(to, FORMAT_TEXT, "%.0f%%", percent);
    return to;
}

const char *format_age(char *to, int64_t seconds)
{
    long long s = seconds;

    if (s < 0)
        return strcpy(to, "-");
    if (s < 60)
        snprintf(to, FORMAT_TEXT, "%llds", s);
    else if (s < 3600)
        snprintf(to, FORMAT_TEXT, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf(to, FORMAT_TEXT, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        snprintf(to, FORMAT_TEXT, "%lldd%02lldh", s / 86400, s / 3600 % 24);
    return to;
}

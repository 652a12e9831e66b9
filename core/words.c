/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/words.h"

#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"

static const char *const units[] = {"byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte", "exabyte"};

/* At most three digits; no ".0", which is only more to listen to. */
const char *words_size(char *to, int64_t bytes)
{
    char figure[16];
    double value = (double)bytes;
    unsigned unit = 0;
    size_t len;

    if (bytes < 0)
        return strcpy(to, "not known");
    for (; value >= 999.5 && unit < ARRAY_SIZE(units) - 1; unit++)
        value /= 1024;
    snprintf(figure, sizeof(figure), value < 9.95 && unit ? "%.1f" : "%.0f", value);
    len = strlen(figure);
    if (len > 2 && strcmp(figure + len - 2, ".0") == 0)
        figure[len - 2] = '\0';
    snprintf(to, WORDS_TEXT, "%s %s%s", figure, units[unit], strcmp(figure, "1") == 0 ? "" : "s");
    return to;
}

static const char *plural(long long n)
{
    return n == 1 ? "" : "s";
}

/* "2 hours 1 minute", "2 hours". */
static void two_units(char *to, long long large, const char *of, long long small, const char *of_small)
{
    int len = snprintf(to, WORDS_TEXT, "%lld %s%s", large, of, plural(large));

    if (small)
        snprintf(to + len, WORDS_TEXT - (size_t)len, " %lld %s%s", small, of_small, plural(small));
}

const char *words_time(char *to, int64_t us)
{
    long long s = us / 1000000;

    if (us < 0)
        return strcpy(to, "not known");
    if (us < 1000000)
        snprintf(to, WORDS_TEXT, "%d millisecond%s", (int)(us / 1000), plural(us / 1000));
    else if (us < 100000000)
        snprintf(to, WORDS_TEXT, "%lld.%02lld seconds", s, (long long)us / 10000 % 100);
    else if (s < 7200)
        two_units(to, s / 60, "minute", s % 60, "second");
    else if (s < 172800)
        two_units(to, s / 3600, "hour", s / 60 % 60, "minute");
    else
        two_units(to, s / 86400, "day", s / 3600 % 24, "hour");
    return to;
}

const char *words_count(char *to, int64_t n, const char *one)
{
    if (n == 0)
        snprintf(to, WORDS_TEXT, "no %ss", one);
    else
        snprintf(to, WORDS_TEXT, "%lld %s%s", (long long)n, one, plural(n));
    return to;
}

const char *words_moment(char *to, time_t t)
{
    struct tm tm;

    if (!localtime_r(&t, &tm) || strftime(to, WORDS_TEXT, "%Y-%m-%d %H:%M", &tm) == 0)
        strcpy(to, "not known");
    return to;
}

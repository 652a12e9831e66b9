/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures for people in tables, short: "142ms", "31M".  What is not known is "-".  In words: core/words.h.
 * Sizes are in binary units: 1 MB is 1048576 bytes, as everywhere in lxtop.
 */
#ifndef TUI_FORMAT_H
#define TUI_FORMAT_H

#include <stdint.h>

#define FORMAT_TEXT 32

/* All write into `to`, of FORMAT_TEXT bytes, and return it. */
const char *format_size(char *to, int64_t bytes);
const char *format_rate(char *to, double bytes_per_second);
const char *format_time(char *to, int64_t us);
/* Whole seconds, short: "5s", "3m07s", "2h05m", "4d03h". */
const char *format_age(char *to, int64_t seconds);
const char *format_percent(char *to, double percent);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures in words, as one would say them: "512 megabytes", "1.5 gigabytes", "142 milliseconds".  For text mode:
 * a screen reader spells what it does not know for a word ("142ms" becomes "M S").
 * Sizes are in binary units: a megabyte is 1048576 bytes, as everywhere in lxtop.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#include <stdint.h>
#include <time.h>

#define WORDS_TEXT 48

/* All write into `to`, of WORDS_TEXT bytes, and return it; negative: "not known". */
const char *words_size(char *to, int64_t bytes);
const char *words_time(char *to, int64_t us);
/* "1 request", "3 requests", "no requests"; `one` is the singular. */
const char *words_count(char *to, int64_t n, const char *one);
/* "2026-11-26 10:34", of here. */
const char *words_moment(char *to, time_t t);

#endif

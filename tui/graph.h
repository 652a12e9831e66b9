/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures as pictures in a line of text.  Each has an ASCII form; none is the only sign of its figure. */
#ifndef TUI_GRAPH_H
#define TUI_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#define GRAPH_TEXT 1024 /* bytes that any of them needs at most */

/*
 * `count` figures from the oldest to the newest as one character each, of a scale from 0 to `top`;
 * negative ones are blanks.  At most 255 of them.
 */
const char *graph_line(char to[GRAPH_TEXT], const double *value, unsigned count, double top, bool ascii);
/* A bar from `from` to `till` of `whole`, `width` columns long; at least one column of it is shown. */
const char *graph_span(char to[GRAPH_TEXT], double from, double till, double whole, unsigned width, bool ascii);
/* "[||||      ]", `width` columns with its brackets; `part` from 0 to 1. */
const char *graph_meter(char to[GRAPH_TEXT], double part, unsigned width);

#endif

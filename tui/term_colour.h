/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours of the styles, and what few colours make of many. Only for term*.c and its tests. */
#ifndef TUI_TERM_COLOUR_H
#define TUI_TERM_COLOUR_H

#include <stdint.h>

#include "tui/grid.h"
#include "tui/term.h"

/* Colours of xterm's 256, -1: the terminal's own. Attributes: enum cell_look, and LOOK_DIM. */
#define LOOK_DIM 32
struct term_paint {
    int16_t fg, bg;
    uint8_t look;
};
/* `colours`: how many the terminal has, 0 none. */
struct term_paint term_paint_of(enum term_scheme s, enum style style, int colours);
/* The same of a cell of STYLE_PANE, which says itself how it looks. */
struct term_paint term_paint_of_pane(enum term_scheme s, const struct cell *c, int colours);
/* The nearest of `colours` (8, 16 or 256) to one of 256. */
int term_nearest(int colour, int colours);
/* One of 256 for what programs give as red, green and blue. */
uint8_t term_from_rgb(uint8_t r, uint8_t g, uint8_t b);
/* As 0xRRGGBB, by xterm's defaults. */
uint32_t term_rgb(int colour);

#endif

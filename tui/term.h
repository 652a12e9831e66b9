/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: the only file that knows curses.  A grid goes out, keys come in.
 *
 * Only changed cells are written (curses compares); the hardware cursor is put to rest as the last
 * act of every refresh, also when it is hidden, so that a screen reader finds the selection.
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>

#include "tui/grid.h"
#include "tui/key.h"

/* Can the terminal place its cursor (terminfo `cup`)? initscr succeeds on TERM=dumb and paints rubbish. */
bool term_can_place_cursor(void);

bool term_open(void);
void term_close(void); /* the terminal is as it was */
/* Rows and columns now. */
void term_size(int *rows, int *cols);
void term_show(const struct grid *g);
void term_repaint(void); /* everything anew at the next term_show */
/* K_NONE when none waits. */
ui_key term_key(void);

#endif

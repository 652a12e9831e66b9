/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal of xterm's kind in a rectangle of the grid: a program's bytes in, cells out; keys in, bytes for
 * the program out.
 *
 * The program is hostile: memory is bounded (the screen twice, the scrollback's lines, a few hundred bytes
 * of an unfinished sequence), no byte of it reaches the real terminal but as a cell (grid.h), its answers to
 * questions of the program are bytes for the program alone.  The mouse and the person's clipboard are not
 * the program's.  A cell shows one character: combining ones are left out.
 */
#ifndef TUI_PANE_H
#define TUI_PANE_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/grid.h"
#include "config/key.h"

#define PANE_ROWS_MAX 500
#define PANE_COLS_MAX 1000
#define PANE_LINES_MAX 100000 /* of scrollback */

struct pane;
struct pane_events {
    /* For the program: keys, pastes, answers. What it does not take now is lost. `ctx` must not free the pane. */
    void (*typed)(void *ctx, const char *p, size_t len);
    void (*bell)(void *ctx); /* may be NULL */
};

/* NULL only for lack of memory. Sizes are brought into 1..MAX (columns from 2). */
struct pane *pane_new(int rows, int cols, unsigned lines, const struct pane_events *ev, void *ctx);
void pane_free(struct pane *p); /* NULL allowed */
void pane_feed(struct pane *p, const void *bytes, size_t len);
void pane_resize(struct pane *p, int rows, int cols);
/* K_PASTE and K_PASTE_END tell the program, where it has asked for it, what is pasted. */
void pane_key(struct pane *p, ui_key k);
/* The same for a text; of control characters only tabs and line ends remain. */
void pane_paste(struct pane *p, const char *text, size_t len);
/* As it is: what is pasted between K_PASTE and K_PASTE_END. */
void pane_text(struct pane *p, const char *text, size_t len);
/* Draws all of it, clipped, and puts the grid's cursor where the program has it. */
void pane_draw(struct pane *p, struct grid *g, int row, int col);
const char *pane_title(const struct pane *p); /* plain; "" while it has none */

/*
 * Copy mode: the screen and the lines that have left it, to move in and to take text from.  What the program
 * writes goes on to come in, below.  h j k l, arrows, pages, g and G move; Space begins and ends a selection;
 * Enter or y takes it; q or Esc leaves.
 */
void pane_copy_begin(struct pane *p);
bool pane_copying(const struct pane *p);
/* The text taken, for the caller to free; NULL: none. */
char *pane_copy_key(struct pane *p, ui_key k);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A screen in memory: views draw into it, term.c puts it on the terminal, tests compare it.
 *
 * Everything is clipped; nothing outside the grid can be written.  Control characters and bytes
 * that are no UTF-8 are shown as '?', whatever their origin.  A wide character takes two cells, the
 * second with ch 0; it is left out where only one is free.
 */
#ifndef TUI_GRID_H
#define TUI_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What a cell is for; term.c maps it to colours and attributes. Never the only sign of anything. */
enum style {
    STYLE_PLAIN,
    STYLE_HEADER,   /* title line */
    STYLE_COLUMNS,  /* heading of the table */
    STYLE_SELECTED,
    STYLE_GOOD,     /* running */
    STYLE_BUSY,     /* installing, starting, stopping */
    STYLE_BAD,      /* failed, errors */
    STYLE_DIM,
    STYLE_KEY,      /* a key in the bottom line */
    STYLE_LABEL,    /* what it does */
    STYLE_PROMPT,
    STYLE_PANE,     /* a terminal's: the cell says itself how it looks */
    STYLE_MARKED,   /* a row that is marked; its '+' says so too */
    STYLE_TAB,      /* the view one is in, in the title line; its brackets say so too */
    STYLE_FOLDER,   /* a folder among files; its '/' says so too */
    STYLE_GRAPH,    /* bars and graphs; figures stand beside them */
    STYLES
};

/* How a cell of STYLE_PANE looks; `fg` and `bg` count only with their bit. */
enum cell_look { CELL_BOLD = 1, CELL_UNDERLINE = 2, CELL_ITALIC = 4, CELL_BLINK = 8, CELL_REVERSE = 16,
                 CELL_FG = 64, CELL_BG = 128 };
struct cell {
    uint32_t ch; /* 0: right half of the wide character before it */
    uint8_t style;
    uint8_t look;   /* enum cell_look */
    uint8_t fg, bg; /* of xterm's 256 colours */
};
struct grid {
    int rows, cols;
    int cursor_row, cursor_col; /* where the hardware cursor has to rest */
    struct cell *cells;
};

int grid_init(struct grid *g, int rows, int cols); /* -ENOMEM; sizes below 1 become 1 */
void grid_release(struct grid *g);
int grid_resize(struct grid *g, int rows, int cols); /* blank afterwards */
void grid_clear(struct grid *g);

/*
 * Puts UTF-8 text, at most `width` columns of it, and returns the columns used.  Text that does not
 * fit ends in "~" so that a cut is seen.
 */
int grid_put(struct grid *g, int row, int col, int width, enum style s, const char *text);
/* The same, flush right in `width`. */
void grid_put_right(struct grid *g, int row, int col, int width, enum style s, const char *text);
void grid_fill(struct grid *g, int row, int col, int width, enum style s, char ch);
/* Restyles cells, keeping what is in them. */
void grid_style(struct grid *g, int row, int col, int width, enum style s);
/* A cell as it is, clipped; a wide one needs its right half put after it. */
void grid_put_cell(struct grid *g, int row, int col, const struct cell *c);
void grid_cursor(struct grid *g, int row, int col);
int text_width(const char *text); /* columns that grid_put would use */
/*
 * Puts text broken at blanks (a longer word wherever it has to be) into at most `rows` rows of
 * `width`; the last one ends in "~" where text is left.  Returns the rows used, at least 1.
 */
int grid_put_rows(struct grid *g, int row, int col, int width, int rows, enum style s, const char *text);
/* Bytes of the first such row of `text`; *next: where the one after it begins. */
size_t text_row(const char *text, int width, const char **next);
int text_rows(const char *text, int width); /* rows that grid_put_rows would use */

/* Writes a code point as UTF-8 (RFC 3629), without NUL, and returns its bytes. */
#define UTF8_MAX 4
unsigned utf8_put(char *to, uint32_t ch);

/*
 * For golden files: the text of every row without trailing blanks, last the cursor "cursor ROW,COL".
 */
void grid_dump(const struct grid *g, FILE *f);

#endif

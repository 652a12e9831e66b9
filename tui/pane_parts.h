/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pane.c and pane_copy.c know of each other. */
#ifndef TUI_PANE_PARTS_H
#define TUI_PANE_PARTS_H

#include <vterm.h>

#include "tui/pane.h"
#include "tui/pane_parse.h"

struct pane_line {
    struct cell *cells; /* without the blanks at its end; NULL: empty */
    int len;
};

/*
 * Lines have numbers that stay: `gone` lines have left the ring for good, then come those in it, then the
 * screen's rows.
 */
struct pane_copy {
    bool on, selecting;
    long top, line, anchor; /* first shown, the cursor's, where the selection began */
    int col, anchor_col;
};

struct pane {
    VTerm *vt;
    VTermScreen *screen;
    struct pane_parse parse;
    const struct pane_events *ev;
    void *ctx;
    int rows, cols;
    struct pane_line *ring;
    unsigned ring_size, ring_first, ring_count;
    long gone;
    char title[PARSE_TITLE];
    uint32_t rgb;        /* the last one that was looked up, and what it is of the 256 */
    uint8_t rgb_colour;
    struct pane_copy copy;
};

/* Cells of a line, at most `size`; returns how many, the rest is blank. */
int pane_line_cells(struct pane *p, long line, struct cell *to, int size);
/* The first line there still is, and one behind the last. */
long pane_first_line(const struct pane *p);
long pane_end_line(const struct pane *p);
/* In pane_copy.c: keeps the copy mode's places within what there still is. */
void pane_copy_clip(struct pane *p);

#endif

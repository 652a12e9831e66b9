/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is seen of a pane, and its copy mode. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "tui/pane_parts.h"

static const struct cell blank = {.ch = ' ', .style = STYLE_PANE};

/* --- places --- */

static long clip_line(const struct pane *p, long line)
{
    long first = pane_first_line(p), last = pane_end_line(p) - 1;

    return line < first ? first : line > last ? last : line;
}

/* The cursor stays on the screen; the selection's begin goes with the line it is in, as long as there is one. */
void pane_copy_clip(struct pane *p)
{
    struct pane_copy *c = &p->copy;
    long top_last = pane_end_line(p) - p->rows;

    c->line = clip_line(p, c->line);
    c->anchor = clip_line(p, c->anchor);
    c->col = c->col < 0 ? 0 : c->col >= p->cols ? p->cols - 1 : c->col;
    if (c->top > c->line)
        c->top = c->line;
    if (c->top < c->line - p->rows + 1)
        c->top = c->line - p->rows + 1;
    if (c->top < pane_first_line(p))
        c->top = pane_first_line(p);
    if (c->top > top_last)
        c->top = top_last;
}

void pane_copy_begin(struct pane *p)
{
    VTermPos at;

    vterm_state_get_cursorpos(vterm_obtain_state(p->vt), &at);
    p->copy = (struct pane_copy){.on = true, .top = pane_end_line(p) - p->rows, .col = at.col};
    p->copy.line = p->copy.top + at.row;
}

bool pane_copying(const struct pane *p)
{
    return p->copy.on;
}

static bool before(long a_line, int a_col, long b_line, int b_col)
{
    return a_line < b_line || (a_line == b_line && a_col < b_col);
}

/* Is it between where the selection began and the cursor, both included? */
static bool is_selected(const struct pane_copy *c, long line, int col)
{
    bool down = before(c->anchor, c->anchor_col, c->line, c->col);
    long first = down ? c->anchor : c->line, last = down ? c->line : c->anchor;
    int first_col = down ? c->anchor_col : c->col, last_col = down ? c->col : c->anchor_col;

    return c->on && c->selecting && !before(line, col, first, first_col) && !before(last, last_col, line, col);
}

/* --- what is seen --- */

static void draw_line(struct pane *p, long line, struct grid *g, int row, int col)
{
    struct cell cells[PANE_COLS_MAX];
    int len = pane_line_cells(p, line, cells, p->cols);

    for (int i = 0; i < p->cols; i++) {
        struct cell c = i < len ? cells[i] : blank;

        if (is_selected(&p->copy, line, i))
            c.look ^= CELL_REVERSE;
        grid_put_cell(g, row, col + i, &c);
    }
}

void pane_draw(struct pane *p, struct grid *g, int row, int col)
{
    long top = p->copy.on ? p->copy.top : pane_end_line(p) - p->rows;
    VTermPos at;

    for (int i = 0; i < p->rows; i++)
        draw_line(p, top + i, g, row + i, col);
    vterm_state_get_cursorpos(vterm_obtain_state(p->vt), &at);
    if (p->copy.on)
        at = (VTermPos){(int)(p->copy.line - top), p->copy.col};
    grid_cursor(g, row + at.row, col + at.col);
}

/* --- keys --- */

static void put_line(struct pane *p, long line, FILE *f)
{
    struct cell cells[PANE_COLS_MAX];
    int len = pane_line_cells(p, line, cells, p->cols), end = 0;
    char bytes[UTF8_MAX];

    for (int i = 0; i < len; i++)
        if (is_selected(&p->copy, line, i) && cells[i].ch != ' ')
            end = i + 1;
    for (int i = 0; i < end; i++)
        if (is_selected(&p->copy, line, i) && cells[i].ch)
            fwrite(bytes, 1, utf8_put(bytes, cells[i].ch), f);
}

static char *selected_text(struct pane *p)
{
    const struct pane_copy *c = &p->copy;
    long first = c->line < c->anchor ? c->line : c->anchor, last = c->line < c->anchor ? c->anchor : c->line;
    char *text = NULL;
    size_t len;
    FILE *f = c->selecting ? open_memstream(&text, &len) : NULL;

    if (!f)
        return NULL;
    for (long line = first; line <= last; line++) {
        put_line(p, line, f);
        if (line < last)
            fputc('\n', f);
    }
    fclose(f);
    return text;
}

static int last_col(struct pane *p)
{
    struct cell cells[PANE_COLS_MAX];
    int len = pane_line_cells(p, p->copy.line, cells, p->cols);

    while (len > 1 && cells[len - 1].ch == ' ')
        len--;
    return len ? len - 1 : 0;
}

/* How far a key moves: lines, in rows or in pages, and columns. */
static const struct {
    ui_key keys[3];
    int lines, pages, cols;
} moves[] = {
    {{K_UP, 'k'}, -1, 0, 0},   {{K_DOWN, 'j'}, 1, 0, 0},
    {{K_LEFT, 'h'}, 0, 0, -1}, {{K_RIGHT, 'l'}, 0, 0, 1},
    {{K_PGUP, K_CTRL('b')}, 0, -1, 0}, {{K_PGDN, K_CTRL('f')}, 0, 1, 0},
    {{'0', K_HOME}, 0, 0, -PANE_COLS_MAX},
    {{'g'}, -2 * PANE_LINES_MAX, 0, 0}, {{'G'}, 2 * PANE_LINES_MAX, 0, 0},
};

static void move(struct pane *p, ui_key k)
{
    struct pane_copy *c = &p->copy;

    if (k == '$' || k == K_END)
        c->col = last_col(p);
    for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
        for (size_t j = 0; j < ARRAY_SIZE(moves[i].keys); j++)
            if (moves[i].keys[j] == k) {
                c->line += moves[i].lines + moves[i].pages * p->rows;
                c->col += moves[i].cols;
            }
    pane_copy_clip(p);
}

char *pane_copy_key(struct pane *p, ui_key k)
{
    struct pane_copy *c = &p->copy;
    char *text = NULL;

    if (k == ' ' || k == 'v') {
        c->selecting = !c->selecting;
        c->anchor = c->line;
        c->anchor_col = c->col;
    } else if (k == K_ENTER || k == '\r' || k == 'y') {
        text = selected_text(p);
        c->on = false;
    } else if (k == 'q' || k == K_ESC || k == K_CTRL('c')) {
        c->on = false;
    } else if (k != K_NONE) {
        move(p, k);
    }
    return text;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a golden screen is written: its text and cursor as grid_dump writes them, then how its cells look on a
 * terminal without colours and on one with them, as runs "COLUMNS LOOK" a row; what is not named is plain:
 *
 *      0: 0-4 reverse, 6-16 bold, 18-79 reverse
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"
#include "tui/term_colour.h"

#define LOOK_TEXT_MAX 80

static struct term_paint paint_at(const struct grid *g, int row, int col, int colours)
{
    const struct cell *c = &g->cells[row * g->cols + col];

    return c->style == STYLE_PANE ? term_paint_of_pane(SCHEME_TERMINAL, c, colours)
                                  : term_paint_of(SCHEME_TERMINAL, (enum style)c->style, colours);
}

static void add_colour(char *to, const char *before, int colour)
{
    static const char *const names[] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"};

    if (colour >= 8)
        sprintf(to + strlen(to), " %s%d", before, colour);
    else if (colour >= 0)
        sprintf(to + strlen(to), " %s%s", before, names[colour]);
}

/* " reverse cyan on 235"; "": plain. */
static void paint_text(struct term_paint p, char to[LOOK_TEXT_MAX])
{
    static const struct {
        uint8_t look;
        const char *name;
    } names[] = {{CELL_BOLD, " bold"}, {CELL_UNDERLINE, " underline"}, {CELL_ITALIC, " italic"}, {CELL_BLINK, " blink"},
                 {CELL_REVERSE, " reverse"}, {LOOK_DIM, " dim"}};

    *to = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (p.look & names[i].look)
            strcat(to, names[i].name);
    add_colour(to, "", p.fg);
    add_colour(to, "on ", p.bg);
}

static bool same_paint(struct term_paint a, struct term_paint b)
{
    return a.fg == b.fg && a.bg == b.bg && a.look == b.look;
}

static void golden_row(const struct grid *g, int row, int colours, FILE *f)
{
    bool named = false;

    for (int from = 0, to; from < g->cols; from = to) {
        struct term_paint p = paint_at(g, row, from, colours);
        char text[LOOK_TEXT_MAX];

        for (to = from + 1; to < g->cols && same_paint(p, paint_at(g, row, to, colours)); to++)
            ;
        paint_text(p, text);
        if (!*text)
            continue;
        if (!named)
            fprintf(f, "%3d: ", row);
        fprintf(f, "%s%d-%d%s", named ? ", " : "", from, to - 1, text);
        named = true;
    }
    if (named)
        fputc('\n', f);
}

static inline void golden_looks(const struct grid *g, const char *title, int colours, FILE *f)
{
    fprintf(f, "%s\n", title);
    for (int row = 0; row < g->rows; row++)
        golden_row(g, row, colours, f);
}

static inline void golden_dump(const struct grid *g, FILE *f)
{
    grid_dump(g, f);
    golden_looks(g, "mono", 0, f);
    golden_looks(g, "colour", 256, f);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/term_colour.h"

#include <stdlib.h>

#include "core/base/auto.h"

const char *const term_scheme_names[SCHEMES + 1] = {"terminal", "soft", "contrast", "none", NULL};

/* Colours are one of the signs, never the only one: each style has an attribute too, or a word. */
static const uint8_t looks[STYLES] = {
    [STYLE_HEADER] = CELL_REVERSE, [STYLE_COLUMNS] = CELL_BOLD | CELL_UNDERLINE, [STYLE_SELECTED] = CELL_REVERSE,
    [STYLE_GOOD] = CELL_BOLD,      [STYLE_BAD] = CELL_BOLD,                      [STYLE_DIM] = LOOK_DIM,
    [STYLE_KEY] = CELL_BOLD,       [STYLE_PROMPT] = CELL_BOLD,                   [STYLE_MARKED] = CELL_BOLD,
    [STYLE_TAB] = CELL_BOLD,       [STYLE_FOLDER] = CELL_BOLD,
};

static const struct term_paint own[STYLES] = {
    [STYLE_HEADER] = {6, -1, CELL_REVERSE}, [STYLE_GOOD] = {2, -1, CELL_BOLD}, [STYLE_BUSY] = {3, -1, 0},
    [STYLE_BAD] = {1, -1, CELL_BOLD},       [STYLE_KEY] = {6, -1, CELL_BOLD},
    [STYLE_MARKED] = {3, -1, CELL_BOLD},    [STYLE_TAB] = {6, -1, CELL_BOLD},
    [STYLE_FOLDER] = {4, -1, CELL_BOLD},    [STYLE_GRAPH] = {2, -1, 0},
};

static const struct term_paint soft[STYLES] = {
    [STYLE_PLAIN] = {252, 235, 0},          [STYLE_HEADER] = {255, 24, CELL_BOLD},
    [STYLE_COLUMNS] = {110, 235, CELL_BOLD | CELL_UNDERLINE}, [STYLE_SELECTED] = {255, 239, CELL_BOLD},
    [STYLE_GOOD] = {114, 235, CELL_BOLD},   [STYLE_BUSY] = {222, 235, 0},
    [STYLE_BAD] = {210, 235, CELL_BOLD},    [STYLE_DIM] = {246, 235, 0},
    [STYLE_KEY] = {110, 235, CELL_BOLD},    [STYLE_LABEL] = {252, 235, 0},
    [STYLE_PROMPT] = {255, 235, CELL_BOLD}, [STYLE_PANE] = {-1, -1, 0},
    [STYLE_MARKED] = {222, 235, CELL_BOLD}, [STYLE_TAB] = {255, 235, CELL_BOLD},
    [STYLE_FOLDER] = {117, 235, CELL_BOLD}, [STYLE_GRAPH] = {114, 235, 0},
};

/* The sixteen alone, so that few colours change nothing but their brightness. */
static const struct term_paint contrast[STYLES] = {
    [STYLE_PLAIN] = {15, 0, 0},             [STYLE_HEADER] = {0, 15, CELL_BOLD},
    [STYLE_COLUMNS] = {15, 0, CELL_BOLD | CELL_UNDERLINE}, [STYLE_SELECTED] = {0, 11, CELL_BOLD},
    [STYLE_GOOD] = {10, 0, CELL_BOLD},      [STYLE_BUSY] = {11, 0, 0},
    [STYLE_BAD] = {0, 11, CELL_BOLD | CELL_UNDERLINE}, [STYLE_DIM] = {15, 0, 0},
    [STYLE_KEY] = {14, 0, CELL_BOLD},       [STYLE_LABEL] = {15, 0, 0},
    [STYLE_PROMPT] = {15, 0, CELL_BOLD},    [STYLE_PANE] = {-1, -1, 0},
    [STYLE_MARKED] = {11, 0, CELL_BOLD},    [STYLE_TAB] = {15, 0, CELL_BOLD},
    [STYLE_FOLDER] = {14, 0, CELL_BOLD},    [STYLE_GRAPH] = {10, 0, 0},
};

static struct term_paint own_paint(enum style style)
{
    struct term_paint p = own[style];

    return p.fg || p.look ? p : (struct term_paint){-1, -1, looks[style]};
}

struct term_paint term_paint_of(enum term_scheme s, enum style style, int colours)
{
    struct term_paint p;

    if (colours < 8 || s == SCHEME_NONE)
        return (struct term_paint){-1, -1, looks[style]};
    if (s == SCHEME_TERMINAL || (s == SCHEME_SOFT && colours < 256))
        return own_paint(style);
    p = s == SCHEME_SOFT ? soft[style] : contrast[style];
    p.fg = (int16_t)(p.fg < 0 ? -1 : term_nearest(p.fg, colours));
    p.bg = (int16_t)(p.bg < 0 ? -1 : term_nearest(p.bg, colours));
    return p;
}

struct term_paint term_paint_of_pane(enum term_scheme s, const struct cell *c, int colours)
{
    struct term_paint p = {-1, -1, c->look & (uint8_t)~(LOOK_DIM | CELL_FG | CELL_BG)};

    if (colours < 8 || s == SCHEME_NONE)
        return p;
    if (c->look & CELL_FG)
        p.fg = (int16_t)term_nearest(c->fg, colours);
    if (c->look & CELL_BG)
        p.bg = (int16_t)term_nearest(c->bg, colours);
    return p;
}

/* --- xterm's colours: 16 named, a cube of 6x6x6 from 16 on, 24 greys from 232 on --- */

static const uint8_t steps[] = {0, 95, 135, 175, 215, 255};

uint32_t term_rgb(int colour)
{
    static const uint32_t named[] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
                                     0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    uint32_t grey = (uint32_t)(8 + 10 * (colour - 232)), cube = (uint32_t)(colour - 16);

    if (colour < 16)
        return named[colour < 0 ? 0 : colour];
    if (colour >= 232)
        return grey << 16 | grey << 8 | grey;
    return (uint32_t)steps[cube / 36 % 6] << 16 | (uint32_t)steps[cube / 6 % 6] << 8 | steps[cube % 6];
}

static int distance(uint32_t a, uint32_t b)
{
    int sum = 0;

    for (int shift = 0; shift <= 16; shift += 8) {
        int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

        sum += d * d;
    }
    return sum;
}

static int nearest_in(uint32_t rgb, int from, int to)
{
    int best = from;

    for (int i = from + 1; i < to; i++)
        if (distance(rgb, term_rgb(i)) < distance(rgb, term_rgb(best)))
            best = i;
    return best;
}

int term_nearest(int colour, int colours)
{
    if (colour < colours)
        return colour;
    if (colours >= 16)
        return nearest_in(term_rgb(colour), 0, 16);
    return colour < 16 ? colour - 8 : nearest_in(term_rgb(colour), 0, 8);
}

uint8_t term_from_rgb(uint8_t r, uint8_t g, uint8_t b)
{
    return (uint8_t)nearest_in((uint32_t)r << 16 | (uint32_t)g << 8 | b, 16, 256);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/graph.h"

#include <string.h>

#include "core/base/auto.h"

#define WIDTH_MAX 255u

/* Nothing at all, then eight steps. */
static const char *const steps_utf8[] = {" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
static const char *const steps_ascii[] = {" ", "_", ".", "-", "-", "=", "+", "*", "#"};

static unsigned step_of(double value, double top)
{
    double part = top > 0 ? value / top : 0;

    if (!(value >= 0))
        return 0;
    return part >= 1 ? 8 : 1 + (unsigned)(part * 7.999);
}

const char *graph_line(char to[GRAPH_TEXT], const double *value, unsigned count, double top, bool ascii)
{
    *to = '\0';
    for (unsigned i = 0; i < count && i < WIDTH_MAX; i++)
        strcat(to, (ascii ? steps_ascii : steps_utf8)[step_of(value[i], top)]);
    return to;
}

const char *graph_span(char to[GRAPH_TEXT], double from, double till, double whole, unsigned width, bool ascii)
{
    unsigned begin, end;

    width = width > WIDTH_MAX ? WIDTH_MAX : width;
    begin = whole > 0 ? (unsigned)(from / whole * width) : 0;
    end = whole > 0 ? (unsigned)(till / whole * width + 0.5) : 0;
    if (begin >= width)
        begin = width ? width - 1 : 0;
    if (end <= begin)
        end = begin + 1;
    *to = '\0';
    for (unsigned i = 0; i < end && i < width; i++)
        strcat(to, i < begin ? " " : ascii ? "#" : "\u2588");
    return to;
}

const char *graph_meter(char to[GRAPH_TEXT], double part, unsigned width)
{
    unsigned room = width < 3 ? 1 : width > WIDTH_MAX ? WIDTH_MAX - 2 : width - 2;
    unsigned full = !(part > 0) ? 0 : part >= 1 ? room : (unsigned)(part * room + 0.5);

    to[0] = '[';
    memset(to + 1, '|', full);
    memset(to + 1 + full, ' ', room - full);
    to[1 + room] = ']';
    to[2 + room] = '\0';
    return to;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/ui_head.h"

#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/graph.h"

/* --- views --- */

/* "1 Distros", in brackets the one that one is in; where there is no room for all names, only its own. */
static void tab_text(const struct ui *u, int v, bool names, char *to, size_t size)
{
    bool here = u->view == (enum view_id)v;

    if (names || here)
        snprintf(to, size, here ? "[%d %s]" : "%d %s", v + 1, view_table[v]->name);
    else
        snprintf(to, size, "%d", v + 1);
}

static int tabs_width(const struct ui *u, bool names)
{
    char text[32];
    int width = -1;

    for (int v = 0; v < VIEW_TABS; v++) {
        tab_text(u, v, names, text, sizeof(text));
        width += text_width(text) + 1;
    }
    return width;
}

void draw_title(const struct ui *u, const struct model *m, struct grid *g)
{
    bool names = tabs_width(u, true) <= g->cols;
    int col = 0, spare = g->cols - tabs_width(u, names);
    char text[64];

    grid_fill(g, 0, 0, g->cols, STYLE_HEADER, ' ');
    if (spare >= 7) {
        grid_put(g, 0, 0, 5, STYLE_HEADER, "lxtop");
        col = 6;
    }
    for (int v = 0; v < VIEW_TABS; v++) {
        tab_text(u, v, names, text, sizeof(text));
        col += grid_put(g, 0, col, g->cols - col, u->view == (enum view_id)v ? STYLE_TAB : STYLE_HEADER, text) + 1;
    }
    snprintf(text, sizeof(text), "%u distro%s, %u running", m->count, m->count == 1 ? "" : "s", model_count_live(m));
    if (g->cols - col > text_width(text))
        grid_put_right(g, 0, col, g->cols - col, STYLE_HEADER, text);
}

int title_view_at(const struct ui *u, int cols, int at)
{
    bool names = tabs_width(u, true) <= cols;
    int col = cols - tabs_width(u, names) >= 7 ? 6 : 0;
    char text[64];

    for (int v = 0; v < VIEW_TABS; v++) {
        tab_text(u, v, names, text, sizeof(text));
        if (at >= col && at < col + text_width(text))
            return v;
        col += text_width(text) + 1;
    }
    return -1;
}

/* --- this host --- */

/* A figure of the host: in words, or with a bar where there is room. */
struct meter {
    double part; /* of the whole; negative: no bar */
    const char *name;
    char words[96], figure[48];
};
enum { METER_CPU, METER_MEMORY, METER_MACHINES, METER_DISK, METERS };
#define METER_LONGEST 24
#define METER_SHORTEST 5

static double part_of(double part, double whole)
{
    return whole > 0 ? part / whole : -1;
}

static struct meter cpu_meter(const struct model_host *h)
{
    struct meter t = {.part = h->cpu_percent < 0 ? -1 : h->cpu_percent / 100, .name = "CPU"};
    char a[FORMAT_TEXT];

    if (h->cpu_percent >= 0) {
        snprintf(t.words, sizeof(t.words), "CPU %s of %d", format_percent(a, h->cpu_percent), h->cpus);
        snprintf(t.figure, sizeof(t.figure), "%4s of %d", a, h->cpus);
    } else {
        snprintf(t.words, sizeof(t.words), "%d CPUs", h->cpus);
    }
    return t;
}

static struct meter memory_meter(const struct model_host *h)
{
    struct meter t = {.part = part_of((double)(h->memory - h->available), (double)h->memory), .name = "Mem"};
    char a[FORMAT_TEXT], b[FORMAT_TEXT];

    snprintf(t.words, sizeof(t.words), "memory %s of %s free", format_size(a, h->available), format_size(b, h->memory));
    snprintf(t.figure, sizeof(t.figure), "%s/%s", format_size(a, h->memory - h->available), b);
    return t;
}

/* What was given to machines, and what of it is really there. */
static struct meter machines_meter(const struct ui *u, const struct model *m)
{
    struct meter t = {.part = -1, .name = "VMs"};
    char a[FORMAT_TEXT], b[FORMAT_TEXT];
    int64_t given = 0, real = 0;

    for (unsigned i = 0; i < m->count; i++)
        if (MACHINE_BIT(m->distros[i].state) & MACHINE_LIVE) {
            const struct model_distro *d = u->frozen ? ui_figures(u, &m->distros[i]) : &m->distros[i];

            given += d->memory_size > 0 ? d->memory_size : 0;
            real += d->resident > 0 ? d->resident : 0;
        }
    if (!given)
        return t;
    t.part = part_of((double)real, (double)given);
    snprintf(t.words, sizeof(t.words), "machines %s of %s given", format_size(a, real), format_size(b, given));
    snprintf(t.figure, sizeof(t.figure), "%s/%s", a, b);
    return t;
}

static struct meter disk_meter(const struct model_host *h)
{
    struct meter t = {.part = -1, .name = "Disk"};
    char a[FORMAT_TEXT];

    if (h->disk_free < 0)
        return t;
    t.part = part_of((double)(h->disk_size - h->disk_free), (double)h->disk_size);
    snprintf(t.words, sizeof(t.words), "disk %s free", format_size(a, h->disk_free));
    snprintf(t.figure, sizeof(t.figure), "%s free", a);
    return t;
}

static const char *host_kind(const struct model_host *h)
{
    return !h->kvm ? "no KVM, see `lxtop doctor`" : h->emulated ? "emulated CPU" : "KVM";
}

/* All figures, without bars; how many of the first `n` would have one. */
static int figures_width(const struct meter t[METERS], int n, int *bars)
{
    int width = 0;

    *bars = 0;
    for (int i = 0; i < METERS; i++) {
        if (t[i].part < 0)
            continue;
        *bars += i < n;
        width += 2 + text_width(t[i].name) + (i < n) + 1 + text_width(t[i].figure);
    }
    return width;
}

/* How wide bars can be: of all four meters, else of all but the disk's, else of none; false: not even figures fit. */
static bool bar_width(const struct meter t[METERS], int room, int *meters, int *wide)
{
    static const int tries[] = {METERS, METER_DISK, 0};

    for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
        int bars, left = room - figures_width(t, tries[i], &bars);

        *meters = tries[i];
        *wide = bars ? left / bars : 0;
        if (bars ? *wide >= METER_SHORTEST : tries[i] == 0 && left >= 0)
            break;
        if (tries[i] == 0)
            return false;
    }
    if (*wide > METER_LONGEST)
        *wide = METER_LONGEST;
    return true;
}

static void draw_meters(const struct meter t[METERS], int bars, int wide, struct grid *g, int row, int col)
{
    char bar[GRAPH_TEXT];

    for (int i = 0; i < METERS; i++) {
        if (t[i].part < 0)
            continue;
        col += 2;
        col += grid_put(g, row, col, g->cols - col, STYLE_PLAIN, t[i].name) + 1;
        if (i < bars)
            col += grid_put(g, row, col, g->cols - col, STYLE_GRAPH, graph_meter(bar, t[i].part, (unsigned)wide)) + 1;
        col += grid_put(g, row, col, g->cols - col, STYLE_PLAIN, t[i].figure);
    }
}

static void add(char *line, size_t size, int cols, const char *part)
{
    size_t len = strlen(line);

    if (*part && text_width(line) + text_width(part) + 2 <= cols)
        snprintf(line + len, size - len, "%s%s", len ? ", " : "", part);
}

/* The most important first; what there is no room for is left out. */
static void draw_words(const struct model_host *h, const struct meter t[METERS], const char *kind, struct grid *g, int row)
{
    char line[512] = "";

    add(line, sizeof(line), g->cols, kind);
    for (int i = 0; i < METERS; i++)
        add(line, sizeof(line), g->cols, t[i].words);
    grid_put(g, row, 0, g->cols, h->kvm ? STYLE_PLAIN : STYLE_BAD, line);
}

void draw_host(const struct ui *u, const struct model *m, struct grid *g, int row)
{
    const struct model_host *h = u->frozen ? &u->held_host : &m->host;
    const struct meter t[METERS] = {cpu_meter(h), memory_meter(h), machines_meter(u, m), disk_meter(h)};
    char kind[64];
    int n, wide;

    snprintf(kind, sizeof(kind), "%s%s", u->frozen ? "FROZEN, " : "", host_kind(h));
    if (bar_width(t, g->cols - text_width(kind), &n, &wide))
        draw_meters(t, n, wide, g, row, grid_put(g, row, 0, g->cols, h->kvm ? STYLE_PLAIN : STYLE_BAD, kind));
    else
        draw_words(h, t, kind, g, row);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/ui_head.h"

#include <stdio.h>
#include <string.h>

#include "tui/format.h"

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

static void add(char *line, size_t size, int cols, const char *part)
{
    size_t len = strlen(line);

    if (text_width(line) + text_width(part) + 2 <= cols)
        snprintf(line + len, size - len, "%s%s", len ? ", " : "", part);
}

static void add_machines(const struct ui *u, const struct model *m, char *line, size_t size, int cols)
{
    char part[128], given[FORMAT_TEXT], real[FORMAT_TEXT];
    int64_t limit = 0, resident = 0;

    for (unsigned i = 0; i < m->count; i++)
        if (MACHINE_BIT(m->distros[i].state) & MACHINE_LIVE) {
            const struct model_distro *d = u->frozen ? ui_figures(u, &m->distros[i]) : &m->distros[i];

            limit += d->memory_size > 0 ? d->memory_size : 0;
            resident += d->resident > 0 ? d->resident : 0;
        }
    if (!limit)
        return;
    snprintf(part, sizeof(part), "machines %s of %s given", format_size(real, resident), format_size(given, limit));
    add(line, size, cols, part);
}

/* The most important first; what there is no room for is left out. */
void draw_host(const struct ui *u, const struct model *m, struct grid *g, int row)
{
    const struct model_host *h = u->frozen ? &u->held_host : &m->host;
    char line[512] = "", part[128], a[FORMAT_TEXT], b[FORMAT_TEXT];

    snprintf(part, sizeof(part), "%s%s", u->frozen ? "FROZEN, " : "",
             !h->kvm ? "no KVM, see `lxtop doctor`" : h->emulated ? "emulated CPU" : "KVM");
    add(line, sizeof(line), g->cols, part);
    if (h->cpu_percent >= 0)
        snprintf(part, sizeof(part), "CPU %s of %d", format_percent(a, h->cpu_percent), h->cpus);
    else
        snprintf(part, sizeof(part), "%d CPUs", h->cpus);
    add(line, sizeof(line), g->cols, part);
    snprintf(part, sizeof(part), "memory %s of %s free", format_size(a, h->available), format_size(b, h->memory));
    add(line, sizeof(line), g->cols, part);
    add_machines(u, m, line, sizeof(line), g->cols);
    if (h->disk_free >= 0) {
        snprintf(part, sizeof(part), "disk %s free", format_size(a, h->disk_free));
        add(line, sizeof(line), g->cols, part);
    }
    if (h->emulated)
        add(line, sizeof(line), g->cols, "times are not hardware times");
    grid_put(g, row, 0, g->cols, h->kvm ? STYLE_PLAIN : STYLE_BAD, line);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The logs of one distro: its console's and lxtop-vmm's. At the last line it follows what comes. */
#include <stdio.h>
#include <string.h>

#include "tui/ui.h"

static bool known(const struct ui *u, const struct model *m)
{
    return m->log.known && m->log.vmm == u->vmm_log && strcmp(m->log.distro, u->subject) == 0;
}

static unsigned count(const struct ui *u, const struct model *m)
{
    return known(u, m) ? m->log.count : 0;
}

static const char *line_at(const struct model *m, unsigned row)
{
    return m->log.text + m->log.line[row];
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    (void)u;
    (void)whole;
    snprintf(to, size, "%s", line_at(m, row));
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    (void)u;
    (void)selected;
    grid_put(g, at, 2, g->cols - 2, STYLE_PLAIN, line_at(m, row));
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    const struct list *l = &u->list[VIEW_LOG];
    char line[NAME_MAX_LEN + 128];

    snprintf(line, sizeof(line), "%s: %s, line %d of %u%s", u->subject, u->vmm_log ? "what lxtop-vmm said" : "console",
             l->count ? l->index + 1 : 0, count(u, m), l->index + 1 >= l->count ? ", follows" : "");
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, line);
}

/* A line that is cut stands below in full. */
static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    (void)s;
    if (known(u, m) && *m->log.why)
        snprintf(to, size, "%s.", m->log.why);
    else if (row >= 0 && text_width(line_at(m, (unsigned)row)) > u->cols - 2)
        snprintf(to, size, "%s", line_at(m, (unsigned)row));
}

static void to_end(struct ui *u)
{
    ui_list(u)->index = 1 << 30;
    ui_list(u)->count = 0;
}

static void open_log(struct ui *u, const struct model *m)
{
    (void)m;
    to_end(u);
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    (void)r;
    if (a != ACTION_LOG_OTHER)
        return false;
    u->vmm_log = !u->vmm_log;
    to_end(u);
    ui_refresh(u, m);
    return true;
}

const struct view view_log = {
    .name = "Log", .of_distro = true, .keeps = KEEPS_END, .open = open_log, .count = count, .text = text,
    .row = draw_row, .head = head, .remark = remark, .act = act, .empty = "Nothing in it yet.",
};

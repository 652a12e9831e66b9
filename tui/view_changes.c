/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files differ between two snapshots of a distro, or between one and its disk as it is now. */
#include <stdio.h>
#include <string.h>

#include "tui/ui.h"

static unsigned count(const struct ui *u, const struct model *m)
{
    (void)u;
    return m->changes.count;
}

static const char *word_of(char kind)
{
    return kind == '+' ? "added" : kind == '-' ? "removed" : kind == 'M' ? "changed" : "note";
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    const char *line = m->changes.line[row];

    (void)u;
    if (whole)
        snprintf(to, size, "%s %s", word_of(*line), line + 2);
    else
        snprintf(to, size, "%s", line);
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    const char *line = m->changes.line[row];

    (void)u;
    (void)selected;
    grid_put(g, at, 2, 8, STYLE_PLAIN, word_of(*line));
    grid_put(g, at, 10, g->cols - 10, STYLE_PLAIN, line + 2);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    const struct model_changes *c = &m->changes;
    const char *to = *c->to ? c->to : "now";
    char line[sizeof(c->why) + 3 * SNAPSHOT_NAME_MAX];

    (void)u;
    if (!c->known)
        snprintf(line, sizeof(line), "Comparing %s of %s with %s...", c->from, c->distro, to);
    else if (*c->why)
        snprintf(line, sizeof(line), "%s", c->why);
    else if (!c->files)
        snprintf(line, sizeof(line), "%s, %s to %s: no file differs", c->distro, c->from, to);
    else
        snprintf(line, sizeof(line), "%s, %s to %s: %u %s", c->distro, c->from, to, c->files,
                 c->files == 1 ? "file differs" : "files differ");
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, line);
}

/* The selected one in full, where its row is too narrow. */
static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    (void)s;
    if (row >= 0 && text_width(m->changes.line[row] + 2) > u->cols - 10)
        snprintf(to, size, "%s", m->changes.line[row] + 2);
}

const struct view view_changes = {
    .name = "Changes", .of_distro = true, .keeps = KEEPS_NAME, .count = count, .text = text, .row = draw_row, .head = head,
    .remark = remark,
};

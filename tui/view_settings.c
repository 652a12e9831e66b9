/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of one distro: value, where it comes from, what it is for; Enter changes it. */
#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "tui/ui.h"

static bool known(const struct ui *u, const struct model *m)
{
    return m->focus.known && strcmp(m->focus.name, u->subject) == 0;
}

static unsigned count(const struct ui *u, const struct model *m)
{
    return known(u, m) ? OPTIONS : 0;
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    auto_free char *value = options_format(&m->focus.options, (enum option_id)row);

    (void)u;
    snprintf(to, size, whole ? "%s %s %s" : "%s", option_table[row].name, value ? value : "", option_table[row].help);
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    static const char *const origins[] = {"default", "lxtop.conf", "distro", "command"};
    const struct option_value *v = &m->focus.options.value[row];
    auto_free char *value = options_format(&m->focus.options, (enum option_id)row);
    int width = g->cols >= 70 ? 20 : 12;

    (void)u;
    grid_put(g, at, 2, 14, STYLE_PROMPT, option_table[row].name);
    grid_put(g, at, 17, width, STYLE_PLAIN, value && *value ? value : "none");
    grid_put(g, at, 18 + width, 10, selected || v->origin != ORIGIN_DEFAULT ? STYLE_PLAIN : STYLE_DIM, origins[v->origin]);
    if (g->cols >= 70)
        grid_put(g, at, 29 + width, g->cols - 29 - width, STYLE_PLAIN, option_table[row].help);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    char line[NAME_MAX_LEN + 64];
    int width = g->cols >= 70 ? 20 : 12;

    (void)m;
    grid_put(g, at, 2, 14, STYLE_COLUMNS, "SETTING");
    grid_put(g, at, 17, width, STYLE_COLUMNS, "VALUE");
    grid_put(g, at, 18 + width, 10, STYLE_COLUMNS, "FROM");
    snprintf(line, sizeof(line), "of %s", u->subject);
    if (g->cols >= 70)
        grid_put(g, at, 29 + width, g->cols - 29 - width, STYLE_COLUMNS, line);
}

static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    const struct model_distro *d = model_find(m, u->subject);

    (void)s;
    if (row >= 0)
        snprintf(to, size, "%s%s.", option_table[row].help,
                 d && MACHINE_BIT(d->state) & MACHINE_LIVE ? "; a change counts from the next start on" : "");
}

static struct ui_request answer(struct ui *u, const struct model *m)
{
    struct ui_request r = {0};
    struct options o;
    struct err e = {0};
    int rc;

    (void)m;
    options_init(&o);
    rc = options_set(&o, option_table[u->option].name, u->prompt.line, ORIGIN_DISTRO, &e);
    options_release(&o);
    if (rc < 0) {
        ui_hint(u, "%s.", e.msg); /* while it can still be mended */
        return r;
    }
    r = ui_want(u, WANT_SET, u->subject);
    r.option = u->option;
    r.text = u->prompt.line;
    u->prompt.answer = NULL; /* the line is read by the one who carries it out */
    return r;
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    int row = list_row(ui_list(u));
    auto_free char *value = row < 0 || !known(u, m) ? NULL : options_format(&m->focus.options, (enum option_id)row);

    (void)r;
    if (a != ACTION_OPEN)
        return false;
    if (!value)
        return true;
    u->option = row;
    ui_ask(u, answer, value, "%s of %s: ", option_table[row].name, u->subject);
    return true;
}

const struct view view_settings = {
    .name = "Settings", .of_distro = true, .count = count, .text = text, .row = draw_row, .head = head,
    .remark = remark, .act = act, .empty = "Its settings cannot be read; Events says why.",
};

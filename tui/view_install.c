/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a distro can be installed from; then its name and settings, each a row; then it begins. */
#include <stdio.h>
#include <string.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/store.h"
#include "tui/ui.h"

/* Rows of the form: then one for each of these settings, and last "Install". */
enum { FORM_SOURCE, FORM_NAME, FORM_SETTINGS };
static const enum option_id offered[] = {OPT_MEMORY, OPT_CPUS, OPT_DISK_SIZE, OPT_USER, OPT_SHARES, OPT_NETWORK,
                                         OPT_KERNEL, OPT_FORWARDS, OPT_APPEND};
#define FORM_INSTALL (FORM_SETTINGS + (int)ARRAY_SIZE(offered))

static unsigned count(const struct ui *u, const struct model *m)
{
    return u->form.filling ? FORM_INSTALL + 1 : m->source_count + 1; /* the last: a path of one's own */
}

static const char *default_of(enum option_id o)
{
    return *option_table[o].default_text ? option_table[o].default_text : "none";
}

static void form_text(const struct ui *u, int row, const char **name, const char **value, const char **help)
{
    enum option_id o = row >= FORM_SETTINGS && row < FORM_INSTALL ? offered[row - FORM_SETTINGS] : OPT_MEMORY;

    *help = "";
    if (row == FORM_SOURCE) {
        *name = "from";
        *value = u->form.source;
    } else if (row == FORM_NAME) {
        *name = "name";
        *value = u->form.name;
    } else if (row == FORM_INSTALL) {
        *name = "Install";
        *value = "with all that is above";
    } else {
        *name = option_table[o].name;
        *value = *u->form.setting[o] ? u->form.setting[o] : default_of(o);
        *help = option_table[o].help;
    }
}

static void source_text(const struct model *m, unsigned row, const char **name, const char **help)
{
    *name = row < m->source_count ? m->sources[row].text : "another";
    *help = row < m->source_count ? m->sources[row].help : "a tar, a folder or a disk image: asks for its path";
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    const char *name, *value = "", *help;

    if (u->form.filling)
        form_text(u, (int)row, &name, &value, &help);
    else
        source_text(m, row, &name, &help);
    snprintf(to, size, whole ? "%s %s %s" : "%s", name, value, help);
}

#define FORM_HELP 42 /* column where the help of a setting begins, where there is room for it */
#define FORM_WIDE 80

/* Column where a source's begins. */
static int source_help(int cols)
{
    return cols >= 120 ? cols / 2 : cols >= 70 ? 44 : 24;
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    const char *name, *value = "", *help;
    int col = u->form.filling ? 14 : source_help(g->cols);

    (void)selected;
    if (u->form.filling)
        form_text(u, (int)row, &name, &value, &help);
    else
        source_text(m, row, &name, &help);
    grid_put(g, at, 2, col - 3, u->form.filling ? STYLE_PROMPT : STYLE_PLAIN, name);
    if (!u->form.filling) {
        grid_put(g, at, col, g->cols - col, STYLE_PLAIN, help);
        return;
    }
    grid_put(g, at, col, g->cols >= FORM_WIDE && *help ? FORM_HELP - 1 - col : g->cols - col, STYLE_PLAIN, value);
    if (g->cols >= FORM_WIDE)
        grid_put(g, at, FORM_HELP, g->cols - FORM_HELP, STYLE_DIM, help);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    char text[80];

    (void)m;
    keymap_fill(&u->keys, VIEW_INSTALL, u->form.filling ? "INSTALL: {open} changes a row or begins" : "INSTALL FROM ({search} searches)",
                text, sizeof(text));
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, text);
}

/* What its row has no room for. */
static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    const char *name, *value, *help;

    (void)s;
    if (row < 0)
        return;
    if (u->form.filling) {
        form_text(u, row, &name, &value, &help);
        if (u->cols < FORM_WIDE || text_width(help) > u->cols - FORM_HELP)
            snprintf(to, size, "%s", help);
    } else {
        source_text(m, (unsigned)row, &name, &help);
        if (text_width(help) > u->cols - source_help(u->cols) || text_width(name) > source_help(u->cols) - 3)
            snprintf(to, size, "%s: %s", name, help);
    }
}

/* --- what Enter does --- */

static void fill(struct ui *u, const struct model *m, const char *source)
{
    auto_free char *name = u->suggest ? u->suggest(u->suggest_ctx, source) : NULL;

    memset(&u->form, 0, sizeof(u->form));
    snprintf(u->form.source, sizeof(u->form.source), "%s", source);
    snprintf(u->form.name, sizeof(u->form.name), "%s", name ? name : "");
    u->form.filling = true;
    ui_list(u)->filter[0] = '\0';
    ui_refresh(u, m);
    list_select(ui_list(u), &view_install, u, m, FORM_INSTALL);
}

static struct ui_request answer_source(struct ui *u, const struct model *m)
{
    auto_free char *home = paths_in_home(u->prompt.line);
    char source[sizeof(u->form.source)];

    snprintf(source, sizeof(source), "%s", home ? home : u->prompt.line);
    u->prompt = (struct prompt){0};
    if (*source)
        fill(u, m, source);
    else
        ui_hint(u, "Nothing is installed.");
    return (struct ui_request){0};
}

/* A name that cannot be is judged while it can still be mended. */
static bool name_can_be(struct ui *u, const struct model *m, const char *name)
{
    struct err e = {0};

    if (distro_name_check(name, &e) < 0)
        ui_hint(u, "%s.", e.msg);
    else if (model_find(m, name))
        ui_hint(u, "There is a distro named %s already; give another name.", name);
    else
        return true;
    return false;
}

static struct ui_request answer_name(struct ui *u, const struct model *m)
{
    if (!name_can_be(u, m, u->prompt.line))
        return (struct ui_request){0};
    snprintf(u->form.name, sizeof(u->form.name), "%s", u->prompt.line);
    u->prompt = (struct prompt){0};
    return (struct ui_request){0};
}

static struct ui_request answer_setting(struct ui *u, const struct model *m)
{
    struct options o;
    struct err e = {0};
    int r;

    (void)m;
    options_init(&o);
    r = *u->prompt.line ? options_set(&o, option_table[u->option].name, u->prompt.line, ORIGIN_COMMAND, &e) : 0;
    options_release(&o);
    if (r < 0) {
        ui_hint(u, "%s.", e.msg);
        return (struct ui_request){0};
    }
    snprintf(u->form.setting[u->option], sizeof(u->form.setting[0]), "%s", u->prompt.line);
    u->prompt = (struct prompt){0};
    return (struct ui_request){0};
}

static struct ui_request begin(struct ui *u, const struct model *m)
{
    struct ui_request r = {0};

    if (!name_can_be(u, m, u->form.name))
        return r;
    r = ui_op(u, OP_INSTALL, FLAG_NAME, u->form.name);
    r.args.source = u->form.source;
    for (int i = 0; i < OPTIONS; i++)
        r.args.setting[i] = *u->form.setting[i] ? u->form.setting[i] : NULL;
    snprintf(u->list[VIEW_DISTROS].awaited, LIST_NAME, "%s", u->form.name);
    u->form.filling = false;
    ui_open(u, m, VIEW_DISTROS);
    return r;
}

static struct ui_request enter_form(struct ui *u, const struct model *m, int row)
{
    if (row == FORM_INSTALL)
        return begin(u, m);
    if (row == FORM_SOURCE) {
        ui_ask(u, answer_source, u->form.source, "Install from: ");
    } else if (row == FORM_NAME) {
        ui_ask(u, answer_name, u->form.name, "Name of the distro: ");
    } else {
        u->option = (int)offered[row - FORM_SETTINGS];
        ui_ask(u, answer_setting, u->form.setting[u->option], "%s, empty for %.60s: ", option_table[u->option].name,
               default_of((enum option_id)u->option));
    }
    return (struct ui_request){0};
}

static struct ui_request enter(struct ui *u, const struct model *m)
{
    int row = list_row(ui_list(u));

    if (row < 0)
        return (struct ui_request){0};
    if (u->form.filling)
        return enter_form(u, m, row);
    if (row < (int)m->source_count)
        fill(u, m, m->sources[row].text);
    else
        ui_ask(u, answer_source, "", "Install from (a tar, a folder): ");
    return (struct ui_request){0};
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    if (a == ACTION_OPEN) {
        *r = enter(u, m);
    } else if (a == ACTION_BACK && u->form.filling) {
        u->form.filling = false;
        ui_list(u)->index = 0;
        ui_refresh(u, m);
    } else {
        return false;
    }
    return true;
}

static void open_install(struct ui *u, const struct model *m)
{
    (void)m;
    u->form.filling = false;
}

const struct view view_install = {
    .name = "Install", .open = open_install, .count = count, .text = text, .row = draw_row, .head = head,
    .remark = remark, .act = act,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings: value, where it comes from, what it is for; Enter changes it.  First those of one distro, then those of
 * the console itself, the columns of its list to be ticked, and its keys, which are kept in console.conf.
 */
#include <stdio.h>
#include <string.h>

#include "config/console.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "tui/ui.h"

#define VALUE_TEXT 512

enum kind { OF_DISTRO, OF_CONSOLE, OF_COLUMN, OF_KEYS };

/* Which setting a row is: an option, a column or an action by its number. */
struct place {
    enum kind kind;
    int id;
};

struct told {
    char name[48], value[VALUE_TEXT];
    const char *help;
    enum option_origin from;
};

static bool known(const struct ui *u, const struct model *m)
{
    return m->focus.known && strcmp(m->focus.name, u->subject) == 0;
}

static int nth_action_with_keys(unsigned n)
{
    for (int a = 0; a < ACTIONS; a++)
        if (action_table[a].name && n-- == 0)
            return a;
    return -1;
}

static unsigned count_keys(void)
{
    unsigned n = 0;

    while (nth_action_with_keys(n) >= 0)
        n++;
    return n;
}

/* How many rows of each kind there are; the first column is always shown, and no choice. */
static unsigned count_of(const struct ui *u, const struct model *m, enum kind kind)
{
    if (kind == OF_DISTRO)
        return known(u, m) ? OPTIONS : 0;
    if (!u->console)
        return 0;
    return kind == OF_CONSOLE ? CONSOLE_OPTIONS : kind == OF_COLUMN ? COLUMNS - 1 : count_keys();
}

static unsigned count(const struct ui *u, const struct model *m)
{
    unsigned n = 0;

    if (*u->subject && !known(u, m)) /* those that come first would push the others away beneath a key */
        return 0;
    for (int kind = OF_DISTRO; kind <= OF_KEYS; kind++)
        n += count_of(u, m, (enum kind)kind);
    return n;
}

static struct place place_of(const struct ui *u, const struct model *m, unsigned row)
{
    int kind = OF_DISTRO;

    while (kind < OF_KEYS && row >= count_of(u, m, (enum kind)kind))
        row -= count_of(u, m, (enum kind)kind++);
    return (struct place){(enum kind)kind, kind == OF_COLUMN ? (int)row + 1 : kind == OF_KEYS ? nth_action_with_keys(row) : (int)row};
}

/* --- what is told of each kind --- */

static void tell_value(struct told *t, const struct option_info *row, const struct option_value *v, const char *kind)
{
    auto_free char *value = option_value_format(row, v);

    *t = (struct told){.help = row->help, .from = v->origin};
    snprintf(t->name, sizeof(t->name), "%s%s", kind, row->name);
    snprintf(t->value, sizeof(t->value), "%s", value ? value : "");
}

static void tell_column(const struct ui *u, int c, struct told *t)
{
    *t = (struct told){.help = "a column of the list of distros", .from = u->console->value[CONSOLE_COLUMNS].origin};
    snprintf(t->name, sizeof(t->name), "column %s", column_name((enum column_id)c));
    strcpy(t->value, u->look.columns & 1u << c ? "[x]" : "[ ]");
}

static void tell_keys(const struct ui *u, int a, struct told *t)
{
    *t = (struct told){.help = action_table[a].help, .from = u->keys.row[a].from};
    snprintf(t->name, sizeof(t->name), "key %s", action_table[a].name);
    keymap_text(&u->keys, (enum action_id)a, t->value);
}

static void tell(const struct ui *u, const struct model *m, unsigned row, struct told *t)
{
    struct place p = place_of(u, m, row);

    switch (p.kind) {
    case OF_DISTRO:
        tell_value(t, &option_table[p.id], &m->focus.options.value[p.id], "");
        break;
    case OF_CONSOLE:
        tell_value(t, &console_table[p.id], &u->console->value[p.id], "console ");
        break;
    case OF_COLUMN:
        tell_column(u, p.id, t);
        break;
    case OF_KEYS:
        tell_keys(u, p.id, t);
        break;
    }
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    struct told t;

    tell(u, m, row, &t);
    snprintf(to, size, whole ? "%s %s %s" : "%s", t.name, t.value, t.help);
}

/* --- drawing --- */

struct places {
    int name, value, width, from, help; /* columns; help 0: no room for it */
};

static struct places lay_out(const struct grid *g)
{
    bool wide = g->cols >= 100, middle = g->cols >= 70;
    int name = wide ? 24 : 14, width = middle ? 20 : 12;

    return (struct places){name, 3 + name, width, 4 + name + width, middle ? 15 + name + width : 0};
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    static const char *const origins[] = {"default", "lxtop.conf", "distro", "command", "console"};
    struct places p = lay_out(g);
    struct told t;
    char help[256];

    tell(u, m, row, &t);
    keymap_fill(&u->keys, VIEW_SETTINGS, t.help, help, sizeof(help));
    grid_put(g, at, 2, p.name, STYLE_PROMPT, t.name);
    grid_put(g, at, p.value, p.width, STYLE_PLAIN, *t.value ? t.value : "none");
    grid_put(g, at, p.from, 10, selected || t.from != ORIGIN_DEFAULT ? STYLE_PLAIN : STYLE_DIM, origins[t.from]);
    if (p.help)
        grid_put(g, at, p.help, g->cols - p.help, STYLE_PLAIN, help);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    char line[NAME_MAX_LEN + 64];
    struct places p = lay_out(g);

    (void)m;
    grid_put(g, at, 2, p.name, STYLE_COLUMNS, "SETTING");
    grid_put(g, at, p.value, p.width, STYLE_COLUMNS, "VALUE");
    grid_put(g, at, p.from, 10, STYLE_COLUMNS, "FROM");
    snprintf(line, sizeof(line), "of %s", *u->subject ? u->subject : "the console");
    if (p.help)
        grid_put(g, at, p.help, g->cols - p.help, STYLE_COLUMNS, line);
}

static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    const struct model_distro *d = model_find(m, u->subject);
    struct told t;
    char line[512];

    (void)s;
    if (row < 0)
        return;
    tell(u, m, (unsigned)row, &t);
    if (place_of(u, m, (unsigned)row).kind != OF_DISTRO)
        snprintf(line, sizeof(line), "%s: %s.", t.name, t.help);
    else
        snprintf(line, sizeof(line), "%s%s.", t.help,
                 d && MACHINE_BIT(d->state) & MACHINE_LIVE ? "; a change counts from the next start on" : "");
    keymap_fill(&u->keys, VIEW_SETTINGS, line, to, size);
}

/* --- changing --- */

/* While it can still be mended an error is told, and the question stays. */
static struct ui_request judged(struct ui *u, int rc, const struct err *e, enum ui_want want)
{
    struct ui_request r = {0};

    if (rc < 0) {
        ui_hint(u, "%s.", e->msg);
        return r;
    }
    r = want == WANT_OP ? ui_op(u, OP_SET, 0, u->subject) : ui_want(u, want, NULL);
    r.option = u->option;
    r.text = u->prompt.line;
    u->prompt.answer = NULL; /* the line is read by the one who carries it out */
    return r;
}

static struct ui_request answer(struct ui *u, const struct model *m)
{
    const char *name = option_table[u->option].name;
    struct ui_request r;
    struct options o;
    struct err e = {0};
    int rc;

    (void)m;
    options_init(&o);
    rc = options_set(&o, name, u->prompt.line, ORIGIN_DISTRO, &e);
    options_release(&o);
    r = judged(u, rc, &e, WANT_OP);
    for (const char *words[] = {r.distro, name, r.text}; rc >= 0 && r.args.words < ARRAY_SIZE(words); r.args.words++)
        r.args.word[r.args.words] = words[r.args.words];
    return r;
}

static struct ui_request answer_console(struct ui *u, const struct model *m)
{
    struct console_options try = {0};
    struct err e = {0};
    int rc = console_set(&try, (enum console_option)u->option, u->prompt.line, &e);

    (void)m;
    console_release(&try);
    return judged(u, rc, &e, WANT_SET_CONSOLE);
}

static struct ui_request answer_keys(struct ui *u, const struct model *m)
{
    struct err e = {0};
    int rc = keymap_set(&u->keys, (enum action_id)u->option, u->prompt.line, ORIGIN_CONSOLE, &e);

    (void)m;
    return judged(u, rc, &e, WANT_SET_KEYS);
}

/* Columns are ticked; all others are asked for. */
static void change(struct ui *u, const struct model *m, unsigned row, struct ui_request *r)
{
    static struct ui_request (*const answers[])(struct ui *u, const struct model *m) = {
        [OF_DISTRO] = answer, [OF_CONSOLE] = answer_console, [OF_KEYS] = answer_keys};
    struct place p = place_of(u, m, row);
    struct told t;

    tell(u, m, row, &t);
    u->option = p.id;
    if (p.kind == OF_COLUMN) {
        u->look.columns ^= 1u << p.id;
        *r = ui_want(u, WANT_LOOK, NULL);
    } else if (p.kind == OF_DISTRO) {
        ui_ask(u, answers[p.kind], t.value, "%s of %s: ", t.name, u->subject);
    } else {
        ui_ask(u, answers[p.kind], t.value, "%s: ", t.name);
    }
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    int row = list_row(ui_list(u));

    if (a != ACTION_OPEN)
        return false;
    if (row >= 0)
        change(u, m, (unsigned)row, r);
    return true;
}

const struct view view_settings = {
    .name = "Settings", .of_distro = true, .count = count, .text = text, .row = draw_row, .head = head,
    .remark = remark, .act = act, .empty = "Its settings cannot be read; Events says why.",
};

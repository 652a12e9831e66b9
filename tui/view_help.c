/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the view beneath, and the palette of actions: both are the action table. */
#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"
#include "tui/ui.h"

#define KEYS_TEXT (ACTION_KEYS * (KEY_TEXT + 2))

/* Those that do it in that view: a key may have another meaning there. */
static bool keys_in(const struct ui *u, enum view_id v, int a, char keys[KEYS_TEXT])
{
    char name[KEY_TEXT];

    *keys = '\0';
    for (int i = 0; i < ACTION_KEYS; i++) {
        ui_key k = u->keys.row[a].keys[i];

        if (keymap_action(&u->keys, v, k) != a)
            continue;
        strcat(keys, *keys ? ", " : "");
        strcat(keys, key_text(k, name));
    }
    return *keys;
}

static void put_help(struct ui *u, enum view_id v, int a, char keys[KEYS_TEXT], int cols)
{
    int indent = cols >= 58 ? 20 : 14;
    char help[256];

    if ((int)strlen(keys) >= indent) {
        doc_put(&u->doc, STYLE_PLAIN, "%s", keys);
        *keys = '\0';
    }
    keymap_fill(&u->keys, v, action_table[a].help, help, sizeof(help));
    doc_wrap(&u->doc, STYLE_PLAIN, keys, indent, cols, help);
}

/* Of few views, or the same in all of them; a heading of nothing is left out. */
static void put_part(struct ui *u, enum view_id v, bool common, int cols)
{
    char keys[KEYS_TEXT];
    bool begun = false;

    for (int a = 0; a < ACTIONS; a++) {
        unsigned views = action_table[a].views;

        if ((__builtin_popcount(views) >= VIEW_TABS) != common || !(views & VIEW_BIT(v)) || !keys_in(u, v, a, keys))
            continue;
        if (!begun)
            doc_put(&u->doc, STYLE_PROMPT, common ? "Everywhere" : "In %s", view_table[v]->name);
        begun = true;
        put_help(u, v, a, keys, cols);
    }
}

static void build_help(struct ui *u, const struct model *m, int cols)
{
    (void)m;
    put_part(u, ui_beneath(u), false, cols);
    put_part(u, ui_beneath(u), true, cols);
}

static void head_help(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    char text[80], key[KEY_TEXT];

    (void)m;
    keymap_fill(&u->keys, VIEW_HELP, "{back}", key, sizeof(key));
    snprintf(text, sizeof(text), "Keys of %s; %s comes back", view_table[ui_beneath(u)]->name, key);
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, text);
}

const struct view view_help = {.name = "Help", .build = build_help, .head = head_help};

/* --- the palette --- */

/* What works in the view beneath, now, and has words. */
static bool offered(const struct ui *u, const struct model *m, int a)
{
    const struct action *row = &action_table[a];

    if (!(row->views & VIEW_BIT(ui_beneath(u))) || a == ACTION_PALETTE || (a >= ACTION_UP && a <= ACTION_LAST))
        return false;
    return ui_works(u, m, a);
}

static int nth_offered(const struct ui *u, const struct model *m, unsigned n)
{
    for (int i = 0; i < ACTIONS; i++)
        if (offered(u, m, i) && n-- == 0)
            return i;
    return -1;
}

static unsigned count(const struct ui *u, const struct model *m)
{
    unsigned n = 0;

    for (int i = 0; i < ACTIONS; i++)
        n += offered(u, m, i);
    return n;
}

static const char *title(int a)
{
    const struct action *row = &action_table[a];

    if (a >= ACTION_VIEW_DISTROS && a < ACTION_VIEW_DISTROS + (int)VIEW_TABS)
        return view_table[a - ACTION_VIEW_DISTROS]->name;
    return row->label ? row->label : row->word ? row->word : "";
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    int a = nth_offered(u, m, row);

    if (whole)
        snprintf(to, size, "%s %s %s", title(a), action_table[a].word ? action_table[a].word : "", action_table[a].help);
    else
        snprintf(to, size, "%d", a);
}

/* The action whose very name is typed comes first. */
static int compare(const struct ui *u, const struct model *m, unsigned a, unsigned b)
{
    const char *typed = u->prompt.line;
    int exact = action_of_word(typed), x = nth_offered(u, m, a), y = nth_offered(u, m, b);

    if ((x == exact) != (y == exact))
        return x == exact ? -1 : 1;
    return 0;
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    int a = nth_offered(u, m, row), keys_at = g->cols >= 60 ? 14 : 2, col = keys_at + 16;
    char keys[KEYS_TEXT], help[256];

    (void)selected;
    if (keys_at > 2)
        grid_put(g, at, 2, 11, STYLE_PROMPT, title(a));
    if (keys_in(u, ui_beneath(u), a, keys))
        grid_put(g, at, keys_at, 15, STYLE_KEY, keys);
    keymap_fill(&u->keys, ui_beneath(u), action_table[a].help, help, sizeof(help));
    grid_put(g, at, col, g->cols - col, STYLE_PLAIN, help);
}

static void typed(struct ui *u, const struct model *m)
{
    struct list *l = ui_list(u);

    snprintf(l->filter, sizeof(l->filter), "%s", u->prompt.line);
    l->index = 0;
    l->name[0] = '\0';
    ui_refresh(u, m);
}

static void close_palette(struct ui *u, const struct model *m, const struct prompt *was)
{
    (void)was;
    ui_list(u)->filter[0] = '\0';
    u->prompt = (struct prompt){0};
    ui_back(u, m);
}

static struct ui_request answer(struct ui *u, const struct model *m)
{
    int row = list_row(ui_list(u)), a = row < 0 ? -1 : nth_offered(u, m, (unsigned)row);

    close_palette(u, m, NULL);
    if (a >= 0)
        return ui_act(u, m, (enum action_id)a);
    ui_hint(u, "No action that works now has that in its name.");
    return (struct ui_request){0};
}

static void open_palette(struct ui *u, const struct model *m)
{
    (void)m;
    ui_list(u)->filter[0] = '\0';
    ui_ask(u, answer, "", "Do: ");
    u->prompt.typed = typed;
    u->prompt.left = close_palette;
}

static void head_palette(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    (void)u;
    (void)m;
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, "Actions that work now");
}

const struct view view_palette = {
    .name = "Actions", .open = open_palette, .count = count, .text = text, .compare = compare,
    .row = draw_row, .head = head_palette, .empty = "No action has that in its name.",
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/ui_keys.h"

#include <stdio.h>

/* One after the other, from left to right. */
struct place {
    int action, col, width; /* where it is; its width */
    char key[KEY_TEXT];
};

/* That rows are hidden is said for as long as they are: "Only: run"; "": none is. */
static void filter_text(struct ui *u, char *to, size_t size)
{
    const char *filter = ui_list(u)->filter;

    snprintf(to, size, *filter ? "Only: %s" : "%s", filter);
}

/* Columns that it takes, a third of the row at most. */
static int filter_width(struct ui *u, int cols)
{
    char text[LIST_FILTER + 8];
    int width;

    filter_text(u, text, sizeof(text));
    width = text_width(text);
    return width == 0 ? 0 : width < cols / 3 ? width + 2 : cols / 3 + 2;
}

static bool next(const struct ui *u, const struct model *m, int cols, struct place *p)
{
    if (p->width)
        p->col += p->width + 2;
    while (++p->action < ACTIONS) {
        const struct action *a = &action_table[p->action];

        if (!a->label || !ui_works(u, m, p->action) ||
            !keymap_key(&u->keys, u->view, (enum action_id)p->action, p->key))
            continue;
        p->width = text_width(p->key) + 1 + text_width(a->label);
        if (p->col + p->width <= cols)
            return true;
        p->width = 0;
    }
    return false;
}

void draw_keys(struct ui *u, const struct model *m, struct grid *g, int row)
{
    struct place p = {.action = -1, .col = filter_width(u, g->cols)};
    char text[LIST_FILTER + 8];

    if (u->prompt.answer) {
        grid_put(g, row, 0, g->cols, STYLE_LABEL, "Enter goes on, Esc leaves all as it is");
        return;
    }
    filter_text(u, text, sizeof(text));
    grid_put(g, row, 0, p.col - 2, STYLE_PROMPT, text);
    while (next(u, m, g->cols, &p)) {
        int col = p.col + grid_put(g, row, p.col, g->cols - p.col, STYLE_KEY, p.key) + 1;

        grid_put(g, row, col, g->cols - col, STYLE_LABEL, action_table[p.action].label);
    }
}

int keys_action_at(struct ui *u, const struct model *m, int cols, int at)
{
    struct place p = {.action = -1, .col = filter_width(u, cols)};

    while (next(u, m, cols, &p))
        if (at >= p.col && at < p.col + p.width)
            return p.action;
    return -1;
}

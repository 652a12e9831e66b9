/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal panes (tabs.h), as a view: all keys are theirs. */
#include "tui/tabs.h"
#include "tui/ui.h"

static void draw(struct ui *u, const struct model *m, struct grid *g, struct area a)
{
    char text[128];

    (void)m;
    if (tabs_count(u->tabs)) {
        tabs_draw(u->tabs, g, a.row, a.rows);
    } else {
        keymap_fill(&u->keys, VIEW_DISTROS, "No pane is open; {pane} opens a shell in one. Any key goes back.", text, sizeof(text));
        grid_put(g, a.row, 2, g->cols - 2, STYLE_PLAIN, text);
    }
}

static bool key(struct ui *u, const struct model *m, ui_key k, struct ui_request *r)
{
    if (!u->tabs || !tabs_key(u->tabs, k))
        *r = ui_back(u, m);
    return true;
}

static void paste(struct ui *u, const char *text, size_t len)
{
    tabs_paste(u->tabs, text, len);
}

static unsigned count(const struct ui *u, const struct model *m)
{
    (void)u;
    (void)m;
    return 0;
}

const struct view view_panes = {.name = "Panes", .whole = true, .draw = draw, .key = key, .paste = paste, .count = count};

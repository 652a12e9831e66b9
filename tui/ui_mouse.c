/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a click leads to: the same as a key would. */
#include "tui/ui.h"
#include "tui/ui_head.h"
#include "tui/ui_keys.h"

/* The place in the list that is drawn in that row, or -1. */
static int place_at(struct ui *u, int row)
{
    struct list *l = ui_list(u);
    int place = l->top + row - u->first_row;

    return row < u->first_row || row >= u->first_row + l->page || place >= l->count ? -1 : place;
}

static struct ui_request click_row(struct ui *u, const struct model *m, int row, bool twice)
{
    int place = place_at(u, row), a;
    struct keymap table;

    if (place < 0)
        return (struct ui_request){0};
    list_select(ui_list(u), ui_view(u), u, m, place);
    keymap_init(&table); /* two clicks open, whatever Enter does for this person */
    a = twice ? keymap_action(&table, u->view, K_ENTER) : -1;
    return a >= 0 ? ui_act(u, m, (enum action_id)a) : (struct ui_request){0};
}

struct ui_request ui_click(struct ui *u, const struct model *m, int row, int col, bool twice)
{
    struct ui_request r = {0};
    int v = row == 0 && u->first_row > 0 ? title_view_at(u, u->cols, col) : -1, a;

    u->hint[0] = '\0';
    u->seen = m->said;
    ui_refresh(u, m);
    if (u->prompt.answer) /* it is left by its own keys alone */
        return r;
    a = row == u->keys_row ? keys_action_at(u, m, u->cols, col) : -1;
    if (a >= 0)
        return ui_act(u, m, (enum action_id)a);
    if (v >= 0)
        return ui_act(u, m, (enum action_id)(ACTION_VIEW_DISTROS + v));
    if (ui_view(u)->click && ui_view(u)->click(u, m, row, col, &r))
        return r;
    return click_row(u, m, row, twice);
}

void ui_wheel(struct ui *u, const struct model *m, int rows)
{
    ui_refresh(u, m);
    list_select(ui_list(u), ui_view(u), u, m, ui_list(u)->index + rows);
}

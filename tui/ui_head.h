/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two lines on top of every view: the views, and this host. */
#ifndef TUI_UI_HEAD_H
#define TUI_UI_HEAD_H

#include "tui/ui.h"

void draw_title(const struct ui *u, const struct model *m, struct grid *g);
void draw_host(const struct ui *u, const struct model *m, struct grid *g, int row);
/* The view whose tab is at a column of a title line of `cols` columns, or -1. */
int title_view_at(const struct ui *u, int cols, int col);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bottom line: the keys that work now, as many as fit, behind the filter where rows are hidden; a click on one is that key. */
#ifndef TUI_UI_KEYS_H
#define TUI_UI_KEYS_H

#include "tui/ui.h"

void draw_keys(struct ui *u, const struct model *m, struct grid *g, int row);
/* The action that is drawn in that column of `cols`, or -1. */
int keys_action_at(struct ui *u, const struct model *m, int cols, int at);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an action to the request for its operation: for one distro or all marked ones, asked about where something is lost. */
#ifndef TUI_UI_OP_H
#define TUI_UI_OP_H

#include "tui/ui.h"

/* An action row with an operation, which is legal for `d`; or which is for the marked rows. */
struct ui_request ui_operate(struct ui *u, enum action_id a, const struct model_distro *d);
/* An action that does not work now says why; nothing else happens. */
struct ui_request ui_refuse(struct ui *u, enum action_id a, const struct model_distro *d);
bool ui_of_marked(const struct ui *u);
/* The question which of the removed distros is to come back. */
void ask_undo(struct ui *u, const struct model *m);
/* The name of its key here, or what keymap_fill puts for it. */
const char *ui_key_of(const struct ui *u, enum action_id a, char to[KEY_TEXT]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each action of the screen that has no word of its own (action.h) is in text mode. */
#ifndef TUI_TEXT_FORM_H
#define TUI_TEXT_FORM_H

#include "tui/action.h"

struct text_form {
    const char *command; /* as one would type it; or */
    const char *why_not; /* why there is nothing to type */
};
extern const struct text_form text_form_table[ACTIONS];

#endif

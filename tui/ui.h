/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen console without a terminal: keys in, requests out, drawn from the model into a grid.
 *
 * It holds only what belongs to the looking: the selection (a name, so that rows may come and go),
 * the scroll position, an open prompt, the help screen.  It changes no model and runs nothing: an
 * action becomes a request that the application carries out.  The hardware cursor rests on the
 * first character of the selected row, or at the end of the text being typed.
 */
#ifndef TUI_UI_H
#define TUI_UI_H

#include <stdbool.h>

#include "core/model.h"
#include "core/op.h"
#include "tui/action.h"
#include "tui/grid.h"
#include "tui/key.h"

enum ui_want { WANT_NOTHING, WANT_OP, WANT_SHELL, WANT_CONSOLE, WANT_CANCEL, WANT_REPAINT, WANT_SUSPEND, WANT_QUIT };
struct ui_request {
    enum ui_want want;
    struct op_args args;  /* WANT_OP; strings live in the ui until its next key */
    const char *distro;   /* WANT_SHELL, WANT_CONSOLE, WANT_CANCEL */
};

enum ui_prompt { PROMPT_NONE, PROMPT_SOURCE, PROMPT_NAME, PROMPT_CONFIRM };

struct ui {
    char selected[NAME_MAX_LEN + 1]; /* "" while there is no row */
    char awaited[NAME_MAX_LEN + 1];  /* selected as soon as it has a row; "" none */
    int index;                       /* where it was: what is selected when it goes away */
    int top;                         /* first row shown */
    bool help;
    int help_top, help_page;         /* page: rows shown at the last drawing */
    int page;
    enum ui_prompt prompt;
    char line[1024];                 /* being typed, UTF-8 */
    unsigned long seen;              /* message in the message line has this serial at least */
    char hint[MACHINE_TEXT];         /* answer to the last key, shown before messages */
    char source[1024], distro[NAME_MAX_LEN + 1];
    /* A free name for a source, for the prompt; the caller of it frees. */
    char *(*suggest)(void *ctx, const char *source);
    void *suggest_ctx;
};

void ui_init(struct ui *u);
/* `k` may be any key; K_NONE is none that is known. */
struct ui_request ui_key_pressed(struct ui *u, const struct model *m, ui_key k);
/* In ui_draw.c.  Any size of grid; what does not fit is left out, the selection and a prompt last. */
void ui_draw(struct ui *u, const struct model *m, struct grid *g);
/* The row under the cursor, or NULL. */
const struct model_distro *ui_selected(struct ui *u, const struct model *m);

#endif

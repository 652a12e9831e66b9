/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal panes that are open: shells and boot consoles of distros, one in front.
 *
 * A pane goes on while nobody looks; it is over when what runs in it has ended and it is closed.  Every key is
 * the program's but the prefix (setting `prefix` of the console, Ctrl-] at first: shells, job control, tmux,
 * screen and emacs leave it alone, and lxtop console has always used it); twice it is sent.  Closing lxtop hangs
 * the shells up; boot consoles are only detached.
 */
#ifndef TUI_TABS_H
#define TUI_TABS_H

#include <stdbool.h>

#include "tui/grid.h"
#include "config/key.h"

struct core;
struct err;
struct tabs;

struct tabs *tabs_new(struct core *c, void (*changed)(void *ctx), void *ctx); /* NULL: no memory */
void tabs_free(struct tabs *t); /* NULL allowed */
/* In a distro that runs; in front from then on.  -errno. */
int tabs_open(struct tabs *t, const char *distro, bool console, struct err *e);
unsigned tabs_count(const struct tabs *t); /* NULL: 0 */
void tabs_use_settings(struct tabs *t); /* the prefix may be another; NULL allowed */
ui_key tabs_prefix(const struct tabs *t);  /* NULL: Ctrl-] */
/* Rows `row` to `row` + `rows` - 1, all columns: the pane, and a line that tells the panes and the keys. */
void tabs_draw(struct tabs *t, struct grid *g, int row, int rows);
/* False: back to the other views. */
bool tabs_key(struct tabs *t, ui_key k);
/* Pasted by the terminal, between K_PASTE and K_PASTE_END; NULL allowed. */
void tabs_paste(struct tabs *t, const char *text, size_t len);

#endif

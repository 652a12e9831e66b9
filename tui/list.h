/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows that one moves over: which of them are shown, in what order, which is selected, which are marked.
 *
 * "Row" is a number of the view's own, "place" one among those shown.  Nothing here draws.
 */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include <stdbool.h>

#include "tui/view.h"

#define LIST_NAME 256
#define LIST_FILTER 64

struct list {
    int index;              /* place selected */
    int top, page;          /* first place on the screen; rows there, at least 1 */
    int count;              /* places */
    unsigned *shown;        /* row by place; owned */
    char name[LIST_NAME];   /* of the selected row; "" none */
    char awaited[LIST_NAME];/* selected as soon as it has a row; "" none */
    char filter[LIST_FILTER];
    char **mark;            /* names; owned */
    unsigned marks;
};

void list_release(struct list *l);
/* Rows anew: filtered, sorted, the selection found again.  Before every key and every drawing. */
void list_refresh(struct list *l, const struct view *v, struct ui *u, const struct model *m);
/* The selected row, or -1. */
int list_row(const struct list *l);
void list_select(struct list *l, const struct view *v, const struct ui *u, const struct model *m, int place);
/* The selected row is in view, and no row is empty while others are out of view above. */
void list_scroll(struct list *l, int page);
/* Selects the next place (step 1 or -1) whose text holds `wanted`, from `from` on, around the end; false: none does. */
bool list_search(struct list *l, const struct view *v, const struct ui *u, const struct model *m,
                 const char *wanted, int from, int step);

bool list_marked(const struct list *l, const char *name);
void list_mark(struct list *l, const char *name, bool on);
void list_unmark_all(struct list *l);

/* Does `text` hold `wanted`, letters of either case alike (ASCII)?  "" is in every text. */
bool text_holds(const char *text, const char *wanted);

#endif

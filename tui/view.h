/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screens of the console: one const row each.  Frame, tabs, help, search, filter, marks and movement
 * are the same for all of them and live in ui.c, list.c and ui_draw.c; a view says what its rows are.
 *
 * To add one: an id here, a file tui/view_NAME.c that ends in its `const struct view`, its row in
 * view.c, its keys in action.c (with VIEW_BIT).  What it shows is in the model, or is fetched by the
 * application because of what `struct ui` says is being looked at; a view itself reads and runs nothing.
 */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/grid.h"
#include "config/key.h"

struct model;
struct ui;
struct ui_request;

/* The first ones are the tabs, in their order: the digits 1, 2, ... and Tab lead to them. */
enum view_id {
    VIEW_DISTROS,
    VIEW_INFO,
    VIEW_LOG,
    VIEW_FILES,
    VIEW_INSTALL,
    VIEW_TASKS,
    VIEW_SETTINGS,
    VIEW_EVENTS,
    VIEW_TABS,
    VIEW_HELP = VIEW_TABS, /* of the view beneath it */
    VIEW_PALETTE,
    VIEW_SNAPSHOTS,
    VIEW_CHANGES,
    VIEW_PANES,
    VIEWS
};
#define VIEW_BIT(v) (1u << (v))

/* What stays selected when rows come and go: the place, the row of that name, or the end where one is there. */
enum view_keeps { KEEPS_PLACE, KEEPS_NAME, KEEPS_END };

/* Rows of the grid that are the view's, all columns. */
struct area {
    int row, rows;
};

struct view {
    const char *name;
    bool of_distro; /* about one: that of the selected row when it was opened (ui_subject) */
    /* Called when it comes up; NULL: nothing to do. */
    void (*open)(struct ui *u, const struct model *m);
    /*
     * A document: puts lines into u->doc for `cols` columns, which are then its rows.  NULL: a list, whose
     * functions below say the same of rows 0 to count - 1.
     */
    void (*build)(struct ui *u, const struct model *m, int cols);
    unsigned (*count)(const struct ui *u, const struct model *m);
    enum view_keeps keeps;
    /* The row's name, which selection and marks hold on to; or, `whole`, all that search and filter look at. */
    void (*text)(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size);
    int (*compare)(const struct ui *u, const struct model *m, unsigned a, unsigned b); /* NULL: as they come */
    /* Draws one row of a list, from column 2 on; columns 0 and 1 (selection, mark) are the frame's. */
    void (*row)(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected);
    /* The line above the rows; NULL: none. */
    void (*head)(const struct ui *u, const struct model *m, struct grid *g, int at);
    /* What can be said of the selected row (-1: none) when nobody says anything else; leaves `to` "". NULL: nothing. */
    void (*remark)(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size);
    const char *empty; /* said in place of rows; NULL: nothing */
    bool whole; /* all rows below the meters are its own: what is said lies over the last one, and no keys are told */
    /* A view that is no column of rows draws itself, cursor included. NULL: rows. */
    void (*draw)(struct ui *u, const struct model *m, struct grid *g, struct area a);
    /* An action of action.c with this view's bit, before anybody else; false: not this view's. NULL: never. */
    bool (*act)(struct ui *u, const struct model *m, int action, struct ui_request *r);
    /* Does an action of its own work now?  False: it is not for this view to say.  NULL: never. */
    bool (*works)(const struct ui *u, const struct model *m, int action, bool *works);
    /* Takes every key before the action table does (a terminal pane); false: not wanted. NULL: never. */
    bool (*key)(struct ui *u, const struct model *m, ui_key k, struct ui_request *r);
    /* What is pasted, a piece of it, between the keys K_PASTE and K_PASTE_END; with `key` alone. */
    void (*paste)(struct ui *u, const char *text, size_t len);
    /* A click on its heading, or on a place that is not one of a column of rows; false: nothing there. NULL: never. */
    bool (*click)(struct ui *u, const struct model *m, int row, int col, struct ui_request *r);
};
extern const struct view *const view_table[VIEWS];

extern const struct view view_distros, view_info, view_log, view_files, view_install, view_tasks, view_settings,
    view_events, view_help, view_palette,
    view_snapshots, view_changes, view_panes;

#endif

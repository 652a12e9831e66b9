/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a person likes the screen: what the console changes by itself and keeps from one run to the next. */
#ifndef TUI_LOOK_H
#define TUI_LOOK_H

#include <stdbool.h>

/* Columns of the list of distros, in their order; the rows of column_table in view_list.c. */
enum column_id {
    COLUMN_NAME, /* always there */
    COLUMN_STATE,
    COLUMN_BOOT,
    COLUMN_MEMORY,
    COLUMN_USED,
    COLUMN_LIMIT,
    COLUMN_CPU,
    COLUMN_READ,
    COLUMN_WRITE,
    COLUMN_9P,
    COLUMN_NET,
    COLUMN_DISK,
    COLUMN_SIZE,
    COLUMN_UPTIME,
    COLUMN_SESSIONS,
    COLUMNS
};
#define COLUMNS_ALL ((1u << COLUMNS) - 1)

struct look {
    unsigned columns;     /* wanted, by bit; those for which a screen is too narrow are left out */
    enum column_id sort;
    bool descending;
    bool tick;            /* figures of the selected row change as they come */
    bool ascii;           /* no line drawing or block characters */
};
/* Name of a column for settings and questions ("memory"), and back; -1: none. */
const char *column_name(enum column_id c);
void look_init(struct look *l);

struct console_options;
/* As the settings columns, sort and tick say; and the text that they are to have. */
void look_of(struct look *l, const struct console_options *o);
#define LOOK_TEXT 256
void look_names(unsigned columns, char to[LOOK_TEXT]); /* those that are chosen, all by name */
void look_columns(const struct look *l, char to[LOOK_TEXT]); /* "": all */
void look_sort(const struct look *l, char to[LOOK_TEXT]);    /* "": as at first */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the console itself, one row each, as those of distros in option.h.
 *
 * Values come, later over earlier, from: the row's default; lxtop.conf, group `console`, the person's own and
 * never written; console.conf beside it, where the console keeps what is changed in it.  Keys are in the
 * group `keys` of either (tui/keymap.h).
 */
#ifndef CONFIG_CONSOLE_H
#define CONFIG_CONSOLE_H

#include "config/conf.h"
#include "config/option.h"

struct err;
struct paths;

enum console_option {
    CONSOLE_TEXT,       /* text mode without being asked for it */
    CONSOLE_COLORS,     /* as enum term_scheme in tui/term.h */
    CONSOLE_LINES,      /* LINES_AUTO... */
    CONSOLE_MOUSE,
    CONSOLE_SCROLLBACK, /* lines of a terminal pane */
    CONSOLE_PREFIX,     /* key of lxtop in a pane, as key.h names it */
    CONSOLE_COLUMNS,    /* of the list of distros, names with blanks; "" the default ones */
    CONSOLE_SORT,       /* the column it is sorted by, '-' before it: downwards */
    CONSOLE_TICK,       /* figures of the selected row change as they come */
    CONSOLE_OPTIONS
};
enum { LINES_AUTO, LINES_UTF8, LINES_ASCII };
extern const struct option_info console_table[CONSOLE_OPTIONS];

extern const char *const console_columns[]; /* what a column can be, as enum column_id in tui/look.h; NULL last */
int console_column(const char *name);       /* its place there, or -1 */

struct console_options {
    struct option_value value[CONSOLE_OPTIONS];
};

/* All defaults, then both files; what is wrong in them is told with file and line and left out. */
void console_load(struct console_options *c, const struct paths *p, conf_warn *warn, void *ctx);
void console_release(struct console_options *c);
/* Sets it; an error leaves it. */
int console_set(struct console_options *c, enum console_option id, const char *text, struct err *e);
/*
 * A row of console.conf in the folder of lxtop.conf, atomically; what else is in it stays, also what another lxtop
 * writes at the same time.  It waits for the disk and for others: a moment of a worker, not of the loop.
 */
int console_write(const char *folder, const char *group, const char *name, const char *text, struct err *e);
/* Both; an error in either leaves both. */
int console_change(struct console_options *c, const struct paths *p, enum console_option id, const char *text,
                   struct err *e);
int64_t console_number(const struct console_options *c, enum console_option id);
const char *console_text(const struct console_options *c, enum console_option id); /* borrowed */

#endif

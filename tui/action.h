/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person can do: one row each gives its keys, label of the bottom line, help, the word and
 * letter of the text-mode menu, the operation behind it, and the views in which its keys work.
 *
 * Where a row has an operation, whether it is legal now comes from the operation's own row (op.h)
 * and the state of the selected distro: no surface has an opinion of its own.  A key may stand in two
 * rows: the one for fewer views wins in those.  keymap.h answers which action a key leads to.
 */
#ifndef TUI_ACTION_H
#define TUI_ACTION_H

#include <stdbool.h>

#include "core/op.h"
#include "config/key.h"
#include "tui/view.h"

enum action_id {
    ACTION_HELP,
    ACTION_INSTALL,
    ACTION_START,
    ACTION_SHELL,
    ACTION_CONSOLE,
    ACTION_PANE,
    ACTION_PANE_CONSOLE,
    ACTION_PANES,
    ACTION_STOP,
    ACTION_FREEZE,
    ACTION_FORCE,
    ACTION_CANCEL,
    ACTION_REMOVE,
    ACTION_UNDO,
    ACTION_STATS,  /* text mode only: the screen shows figures all the time */
    ACTION_LIST,   /* text mode only */
    ACTION_INFO,   /* text mode only: the screen has views */
    ACTION_LOG,    /* text mode only */
    ACTION_DOCTOR, /* text mode only, so far */
    /* Views, in the order of enum view_id up to VIEW_TABS. */
    ACTION_VIEW_DISTROS,
    ACTION_VIEW_INFO,
    ACTION_VIEW_LOG,
    ACTION_VIEW_FILES,
    ACTION_VIEW_INSTALL,
    ACTION_VIEW_TASKS,
    ACTION_VIEW_SETTINGS,
    ACTION_VIEW_EVENTS,
    ACTION_NEXT_VIEW,
    ACTION_PREVIOUS_VIEW,
    ACTION_BACK,
    ACTION_CLEAR,
    ACTION_PALETTE,
    ACTION_SEARCH,
    ACTION_SEARCH_NEXT,
    ACTION_SEARCH_PREVIOUS,
    ACTION_FILTER,
    ACTION_SORT,
    ACTION_SORT_BACK,
    ACTION_INVERT,
    ACTION_COLUMNS,
    ACTION_MARK,
    ACTION_MARK_ALL,
    ACTION_UNMARK,
    ACTION_HOLD,
    ACTION_TICK,
    /* Of single views. */
    ACTION_OPEN, /* Enter, where it is no shell */
    ACTION_SNAPSHOTS,
    ACTION_SNAPSHOT_NEW,
    ACTION_SNAPSHOT_MEMORY,
    ACTION_SNAPSHOT_RESTORE,
    ACTION_SNAPSHOT_UNDO,
    ACTION_SNAPSHOT_DELETE,
    ACTION_SNAPSHOT_CLONE,
    ACTION_SNAPSHOT_DIFF,
    ACTION_LOG_OTHER,
    ACTION_FILE_SIDE,
    ACTION_FILE_PARENT,
    ACTION_FILE_VIEW,
    ACTION_FILE_EDIT,
    ACTION_FILE_COPY,
    ACTION_FILE_RENAME,
    ACTION_FILE_REMOVE,
    ACTION_FILE_RELOAD,
    ACTION_UP,
    ACTION_DOWN,
    ACTION_PAGE_UP,
    ACTION_PAGE_DOWN,
    ACTION_FIRST,
    ACTION_LAST,
    ACTION_REDRAW,
    ACTION_SUSPEND,
    ACTION_QUIT,
    ACTIONS
};

enum action_confirm {
    CONFIRM_NONE,
    CONFIRM_NAME, /* type the name, or y on the screen */
    CONFIRM_YES,  /* y on the screen: what a name is too much for */
};

#define ACTION_KEYS 4
#define ACTION_ANYWHERE (VIEW_BIT(VIEWS) - 1)
struct action {
    const char *name;         /* in the group `keys` of lxtop.conf; NULL: has no keys */
    ui_key keys[ACTION_KEYS]; /* unless a person has given others (keymap.h); the first is shown */
    const char *label;        /* bottom line; NULL: not shown there */
    const char *help;         /* in braces, a key as keymap_fill puts it */
    const char *word;         /* text mode's command; NULL: screen only */
    const char *letter;       /* its short form in text mode */
    int op;                   /* enum op_id, or -1 */
    unsigned flags;           /* for the operation */
    bool selection;           /* needs a distro */
    enum action_confirm confirm;
    unsigned views;           /* VIEW_BITs */
};
extern const struct action action_table[ACTIONS];

/* The action of a word or letter of text mode, or -1. */
int action_of_word(const char *word);
/* Does it work now? `d` is the selected distro or NULL. */
bool action_works(enum action_id a, const struct model_distro *d);
/* The operation in whose legal states it works, or -1. */
int action_judged_as(enum action_id a);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which key leads to which action: as the action table says, unless a person wants it otherwise.
 *
 * Group `keys` of lxtop.conf, and of console.conf over it, has a row for each action of action.c by its name:
 *     keys: { start = "S"; stop = ( "x", "F8" ); suspend = ""; };
 * They replace the keys of the table; none at all is allowed (the palette still finds the action) but for those
 * that lead out.  A key that a person gives wins over the table's in every view of its action.
 */
#ifndef TUI_KEYMAP_H
#define TUI_KEYMAP_H

#include <stddef.h>

#include "config/conf.h"
#include "config/option.h"
#include "tui/action.h"

struct err;
struct paths;

struct keymap {
    struct {
        ui_key keys[ACTION_KEYS]; /* no gaps */
        bool own;                 /* given by a person */
        enum option_origin from;  /* where */
    } row[ACTIONS];
    ui_key prefix;                /* lxtop's own in a terminal pane */
};

void keymap_init(struct keymap *k);
/*
 * What is wrong in the files is told with file and line and left out: no such action or key, too many, one that
 * another row has as much right to.  An action whose last key went to another is told, too.
 */
void keymap_load(struct keymap *k, const struct paths *p, conf_warn *warn, void *ctx);
/* Gives an action the keys that are named; an error, which says what is wrong, leaves all. */
int keymap_set(struct keymap *k, enum action_id a, const char *text, enum option_origin from, struct err *e);
/* All of its keys by name, as keymap_set takes them, into `to` of KEYMAP_TEXT bytes, which it returns. */
#define KEYMAP_TEXT (ACTION_KEYS * (KEY_TEXT + 1))
char *keymap_text(const struct keymap *k, enum action_id a, char *to);
/* The action of a key in a view, or -1. */
int keymap_action(const struct keymap *k, enum view_id v, ui_key key);
/* The name of the first key that leads to it in that view, into `to` of KEY_TEXT bytes, which it returns; NULL: none. */
const char *keymap_key(const struct keymap *k, enum view_id v, enum action_id a, char *to);
/*
 * Copies text in which "{install}" stands for the key of that action in that view, "{prefix}" for the prefix; where
 * there is no key, its name remains, with the key of the palette before it.
 */
void keymap_fill(const struct keymap *k, enum view_id v, const char *text, char *to, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps what a person changes in the console: console.conf, written by a worker a moment after the last change, so
 * that no disk holds a key up, and none is lost by leaving.
 */
#ifndef TUI_KEEP_H
#define TUI_KEEP_H

#include "config/console.h"
#include "tui/action.h"

struct core;
struct keep;
struct look;

/* NULL for lack of memory, which the others take: nothing is kept then. */
struct keep *keep_new(struct core *c);
/* Columns, order and ticking, where they differ from the settings; an error becomes a message. */
void keep_look(struct keep *k, const struct look *l);
/* One setting of the console, which is right; the same for the keys of an action. */
void keep_set(struct keep *k, enum console_option id, const char *text);
void keep_key(struct keep *k, enum action_id a, const char *text);
/* Something is not written yet. NULL: no. */
bool keep_pending(const struct keep *k);
/* The settings were read anew: nothing of them is to be written. */
void keep_settle(struct keep *k);
/* Writes what is not written yet, and waits for it. */
void keep_free(struct keep *k);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen console: terminal, keys and model brought together on the loop.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

struct core;

/* Runs until the person quits; returns the exit status. Machines keep running. */
int app_run(struct core *c);

#endif

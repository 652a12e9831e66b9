/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text mode: the console as plain lines, for screen readers, pipes and terminals that cannot place a
 * cursor.
 *
 * Append-only: no cursor movement, no redraw, one fact a line with the name first, units in words.
 * The prompt carries the state; what happened meanwhile is said before the next prompt, never inside
 * the typing.  Commands are the words of the action table; where a distro is asked for, numbered
 * choices also take names.
 */
#ifndef TUI_TEXT_H
#define TUI_TEXT_H

struct core;

/* `why`: why this mode is on, said in the first line. Returns the status of the last command. */
int text_run(struct core *c, const char *why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console on the screen or as lines of text, whichever text_why.h says. */
#ifndef TUI_SURFACE_H
#define TUI_SURFACE_H

#include <stdbool.h>

struct core;

/*
 * By the words of the command line behind the program's name: a verb, `--text` and a verb, or a surface.  Returns
 * the exit status, as the other does.
 */
int surface_words(struct core *c, int argc, char **argv);
/* `text`: --text was given. */
int surface_run(struct core *c, bool text);

/* The core is released, and what was begun on its threads is waited for; whom that takes long is told how to leave. */
void surface_end(struct core *c);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console on the screen or as lines of text, whichever text_why.h says. */
#ifndef TUI_SURFACE_H
#define TUI_SURFACE_H

#include <stdbool.h>

struct core;

/* `text`: --text was given. Returns the exit status. */
/* By the words of the command line behind the program's name: a verb, `--text` and a verb, or a surface. */
int surface_words(struct core *c, int argc, char **argv);
int surface_run(struct core *c, bool text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console on the screen or as lines of text, whichever text_why.h says. */
#ifndef TUI_SURFACE_H
#define TUI_SURFACE_H

#include <stdbool.h>

struct core;

/* `text`: --text was given. Returns the exit status. */
int surface_run(struct core *c, bool text);

#endif

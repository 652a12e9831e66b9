/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One verb from the command line or from a line of text mode, run to its end.
 */
#ifndef TUI_VERB_H
#define TUI_VERB_H

#include "core/op.h"

struct core;

/*
 * Results go to standard output, what is going on and errors to standard error (`notes`: also there;
 * text mode has both on standard output).  Ctrl-C cancels.  Returns the exit status.
 */
int verb_run(struct core *c, const struct op_args *a, FILE *notes);

#endif

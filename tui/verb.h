/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One verb from the command line or from a line of text mode, run to its end.
 */
#ifndef TUI_VERB_H
#define TUI_VERB_H

#include <stdio.h>

#include "core/op.h"

struct core;

struct verb_voice {
    FILE *notes;       /* what is going on, and errors; results go to standard output */
    const char *error; /* what the line of an error begins with */
    FILE *progress;    /* what is going on, where that is not the same; NULL */
};

/*
 * What takes time is told as its start, sparse milestones and the result with its duration.  Ctrl-C
 * cancels.  Returns the exit status.
 */
int verb_run(struct core *c, const struct op_args *a, const struct verb_voice *v);

#endif

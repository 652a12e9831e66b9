/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operation takes away for good, to be said before it is done. */
#ifndef TUI_LOSS_H
#define TUI_LOSS_H

#include <stdbool.h>

struct core;
struct op_args;

#define LOSS_TEXT 512
/*
 * A sentence in `to`, of LOSS_TEXT bytes, and what is to be typed for it in *name, borrowed; false: nothing is lost,
 * or it cannot be done now, which the operation itself says.
 */
bool loss_of(const struct core *c, const struct op_args *a, char *to, const char **name);

#endif

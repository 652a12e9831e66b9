/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file in the person's editor or pager, on the terminal, which the caller has given back before.
 *
 * A distro's file is fetched into a private folder, and copied back when it was changed: if that fails the
 * changed file is kept, and the message says where.  A link is not followed out of there: it is refused.
 */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include <stdbool.h>

struct core;
struct err;

/* `place` as OP_COPY takes it.  The loop goes on meanwhile.  0, or -errno. */
int editor_run(struct core *c, const char *place, bool edit, struct err *e);

#endif

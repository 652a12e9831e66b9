/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks once for the name of a distro's first user, on a terminal, before its first shell.
 */
#ifndef TUI_FIRST_USER_H
#define TUI_FIRST_USER_H

#include <stdio.h>

struct core;

/*
 * The distro runs.  Enter is no: then it is root's, and is not asked again.  Whatever goes wrong is told to
 * `notes` and keeps nobody from his shell.
 */
void first_user_offer(struct core *c, const char *distro, FILE *notes);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gives the terminal back when this program dies of a bug. Only for term.c. */
#ifndef TUI_TERM_CRASH_H
#define TUI_TERM_CRASH_H

#include <stddef.h>
#include <termios.h>

/*
 * From now on SIGSEGV, SIGABRT and their like write `bytes` and set `t` on standard output before they
 * kill as they would have; one that somebody else handles is left alone.  Everything is copied.
 */
void term_crash_arm(const char *bytes, size_t len, const struct termios *t);
void term_crash_disarm(void);

#endif

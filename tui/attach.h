/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A distro's console in this terminal: raw bytes both ways until the detach key.
 *
 * Runs the loop itself until detached or the machine ends.  The terminal is put back however it
 * ends, by SIGTERM or SIGHUP too.  Without a terminal bytes just pass; the end of a pipe detaches
 * when all of it is sent, that of a file does not: what it typed has still to be answered.
 */
#ifndef TUI_ATTACH_H
#define TUI_ATTACH_H

struct core;
struct err;

#define ATTACH_DETACH_KEY 0x1d /* Ctrl-] */

/* 0 detached, 1 the machine ended; or -errno. */
int attach_run(struct core *c, const char *name, struct err *e);

#endif

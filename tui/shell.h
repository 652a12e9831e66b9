/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session in a running distro on this program's standard input, output and error.
 *
 * Where input and output are a terminal the session has one: this one is raw, its size is passed on, and
 * every key is a byte.  Else three pipes, and what asks this program to end (SIGINT, SIGTERM...) is passed
 * on; asked three times it ends, whatever the guest does.  The terminal is put back however it ends.
 */
#ifndef TUI_SHELL_H
#define TUI_SHELL_H

struct core;
struct err;
struct op_args;

/* The command's exit status, or -errno: it was not started, or the connection was lost. */
int shell_run(struct core *c, const struct op_args *a, struct err *e);

#endif

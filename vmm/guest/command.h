/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command of a session, or its shell: started as a user of the distro in a session (setsid) of its
 * own, on a terminal or on three pipes.
 */
#ifndef VMM_GUEST_COMMAND_H
#define VMM_GUEST_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct session_start;

struct command {
    pid_t pid;        /* of its session too; our child */
    int in, out, err; /* our ends, non-blocking, owned; a terminal's: in and out, err is -1 */
    int slave;        /* the terminal, so that its other end never hangs up; -1: pipes */
};

/* 0, or -errno where nothing was started.  What fails later is told on its standard error: 126, 127. */
int command_start(const struct session_start *s, struct command *c, struct err *e);
void command_resize(const struct command *c, unsigned rows, unsigned cols);
/* To its process group. */
void command_signal(const struct command *c, int number);
/* Closes what is open; what runs goes on. */
void command_close(struct command *c);
/* SIGHUP to all of its session, SIGKILL to those who are still there after `grace_ms`; reaps it. */
void command_hang_up(struct command *c, unsigned grace_ms);

#endif

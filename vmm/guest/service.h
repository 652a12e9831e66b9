/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service of lxtop-guest for the host: a process that listens on a vsock port of its own.
 *
 * Child of the agent, as root and in the mount namespace of PID 1.  It may have files of the distro's
 * disk open, so unlike the agent it is one of those whom an init ends before it unmounts, and the agent
 * ends it before that where it knows of the end first.
 */
#ifndef VMM_GUEST_SERVICE_H
#define VMM_GUEST_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct service {
    const char *name;    /* of the process, 15 bytes at most */
    uint32_t port;
    const char *purpose; /* for the message: "the distro's files are not served" */
    /* Serves the listening descriptor `fd`; calls service_ready once it does. */
    void (*run)(int fd);
};

/*
 * Starts it: its process, or -1.  `ready` becomes readable when it serves, and ends when it is gone;
 * the caller closes it.  `argv0` is the process's own first argument.
 */
pid_t service_start(const struct service *s, char *argv0, int *ready);
/* In the service: it serves from now on. False: the agent is gone. */
bool service_ready(void);
/* The next connection of the host's, non-negative; others, who may be anybody, are sent away. */
int service_accept(int fd);

/* SIGCHLD and SIGTERM by signalfd(2), no other way from here on; -1: none. */
int service_signals(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lxtop-net as a process (net_plan.h): executed once, before the sandbox; it begins each network after that.
 */
#ifndef VMM_NET_PROCESS_H
#define VMM_NET_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct net_process {
    pid_t pid;  /* 0: not started */
    int pid_fd; /* signals it: in the sandbox nothing else can */
    int launch_fd;
};

/* `host`: as spec_net has it.  After an error there is nothing to stop. */
int net_process_start(struct net_process *p, bool host, struct err *e);
/* Begins a network with these ends of its two sockets, borrowed; one that there is ends.  -ESRCH: the process
 * is gone. */
int net_process_launch(struct net_process *p, int frames_fd, int requests_fd, struct err *e);
/* Of one that is not started, too. */
void net_process_stop(struct net_process *p);

#endif

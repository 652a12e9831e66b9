/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket (vmm/ctl.h): accepts, cuts lines, calls the row of the command table, answers.
 *
 * A client is whoever may open the socket: the same user (mode 0600, in a folder of mode 0700).  A
 * client that sends what is no JSON gets an error; one that does not read is dropped.  Runs on the
 * loop thread with the lock held.
 */
#ifndef VMM_CTL_SERVER_H
#define VMM_CTL_SERVER_H

#include <jansson.h>

struct err;
struct loop;
struct vm;
struct ctl_server;

/* Binds and listens; a stale socket file is replaced. */
struct ctl_server *ctl_server_new(struct loop *loop, struct vm *vm, const char *path, struct err *e);
void ctl_server_free(struct ctl_server *s); /* removes the socket file */

/* To every client that asked for events; takes the reference. */
void ctl_server_event(struct ctl_server *s, json_t *event);

#endif

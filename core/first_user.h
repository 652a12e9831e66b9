/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first start of a distro that has no user but root: what to ask, and how one is made.
 */
#ifndef CORE_FIRST_USER_H
#define CORE_FIRST_USER_H

#include <stdbool.h>

#include "core/base/wsl_conf.h"

struct err;
struct core;
struct guest_user;

struct first_user {
    bool wanted;             /* nobody but root is there, and no setting says who it is to be */
    char command[INI_VALUE]; /* oobe.command of the distro's, which makes one itself; "": none */
};

/* Looks into the running distro; waits for its answer, some seconds at most. */
int first_user_look(struct core *c, const char *distro, struct first_user *f, struct err *e);
/* A name that every distro's tools take: [a-z_][a-z0-9_-]{0,31}. */
bool first_user_name_ok(const char *name);
/* The arguments of sh that make the user, run as root in the distro: "sh", "-c", script, "sh", name. */
#define FIRST_USER_ARGS 5
void first_user_command(const char *name, const char *argv[FIRST_USER_ARGS]);
/* From now on sessions are his ("root": of nobody else, and it is not asked again). */
int first_user_keep(struct core *c, const char *distro, const char *name, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distros that start when their user logs in (policy "login"): a unit of the user's systemd each,
 * $XDG_CONFIG_HOME/systemd/user/lxtop@NAME.service, wanted by default.target.  systemd reads it at the next
 * login by itself.
 */
#ifndef CORE_LOGIN_H
#define CORE_LOGIN_H

#include <stdbool.h>

struct err;
struct options;
struct paths;

/*
 * Makes the unit be there, or not.  1: it has changed; 0: it was so already; -ENOTSUP: this host does not
 * run systemd, so nothing would start it.
 */
int login_set(const struct paths *p, const char *name, bool on, struct err *e);
/* As the policy of these settings says; a sentence for the person where something changed or could not, which the
   caller frees; else NULL. */
char *login_follow(const struct paths *p, const char *name, const struct options *o);
/* The same, whoever runs this host; `program` is lxtop. */
int login_write(const struct paths *p, const char *name, const char *program, struct err *e);
int login_remove(const struct paths *p, const char *name, struct err *e);

#endif

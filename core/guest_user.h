/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users of a distro, by its /etc/passwd, which is as hostile as the rest of it.
 */
#ifndef CORE_GUEST_USER_H
#define CORE_GUEST_USER_H

#include "core/base/wsl_conf.h"
#include "core/guest.h"

/*
 * The user of that name or, where it is all digits, number; one that is not listed has the group of the
 * same number.  0 or -errno with a message that names the distro.
 */
int guest_user_find(struct p9_client *c, const char *distro, const char *user, struct guest_user *u,
                    struct err *e);
/* The texts that say who is who; *passwd is never NULL, and the caller's. */
int guest_user_texts(struct p9_client *c, const char *distro, char **passwd, struct wsl_conf *conf,
                     struct err *e);
/* Who it is when nobody is named: what the distro's wsl.conf says and its passwd knows, else root. */
int guest_user_default(struct p9_client *c, const char *distro, struct guest_user *u, struct err *e);

#endif

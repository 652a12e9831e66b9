/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A distro's users, from the text of its passwd(5) and group(5), which anybody may have written.  Other
 * sources (LDAP, systemd-homed) are not asked: a static program has no libc plug-ins for them, and the
 * host is not in the distro.
 */
#ifndef CORE_BASE_ACCOUNT_H
#define CORE_BASE_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#define ACCOUNT_TEXT 256
#define ACCOUNT_GROUPS 256

struct account {
    char name[ACCOUNT_TEXT], home[ACCOUNT_TEXT], shell[ACCOUNT_TEXT];
    uid_t uid;
    gid_t gid;
};

/*
 * The user of a name or a number.  A number that nobody has is a user all the same: of the group of this
 * number, at home in /; so is root where nobody has the name.  False: there is no such user.
 */
bool account_find(const char *passwd, const char *user, struct account *a);
/* Is there anybody but root and the system's own: a number of 1000 to 59999 (Debian Policy 9.2.2)? */
bool account_has_person(const char *passwd);
/* The groups of `a`, its own first, at most ACCOUNT_GROUPS: how many. */
unsigned account_groups(const char *group, const struct account *a, gid_t *groups);

#endif

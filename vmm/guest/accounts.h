/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distro's users, from the text of passwd(5) and group(5): a static program has no libc plug-ins for
 * them, and other sources than files (LDAP, systemd-homed) are not asked.
 */
#ifndef VMM_GUEST_ACCOUNTS_H
#define VMM_GUEST_ACCOUNTS_H

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
 * number, at home in /.  False: there is no such user.
 */
bool account_find(const char *passwd, const char *user, struct account *a);
/* The groups of `a`, its own first, at most ACCOUNT_GROUPS: how many. */
unsigned account_groups(const char *group, const struct account *a, gid_t *groups);

/* The value of [section] key in a text like /etc/wsl.conf, without blanks around it; false: none. */
bool ini_get(const char *text, const char *section, const char *key, char value[ACCOUNT_TEXT]);

#endif

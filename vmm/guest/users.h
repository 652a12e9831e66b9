/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distro's users and their groups, as its files say now: for what acts as them.
 */
#ifndef GUEST_USERS_H
#define GUEST_USERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/account.h"

/* The text of /etc/passwd; NULL: none. The caller frees. */
char *users_passwd(void);
/* account_find and account_groups over /etc/passwd and /etc/group; missing ones are empty. */
bool users_find(const char *user, struct account *a, gid_t group[ACCOUNT_GROUPS], unsigned *groups);

/* The last one asked for: a client is one user, and asks with every request. */
struct users {
    pthread_mutex_t lock;
    int64_t until;            /* [lock] by clock_ms: then the files are read again */
    uint32_t uid;             /* [lock] */
    gid_t group[ACCOUNT_GROUPS]; /* [lock] its own first */
    unsigned groups;          /* [lock] */
};

/* p9_owners.identify, with a struct users as its ctx: any thread. */
bool users_identify(void *ctx, uint32_t uid, uint32_t *gid, gid_t *group, size_t *n);

#endif

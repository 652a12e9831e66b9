/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups of the distro's users, for the server that acts as them; by /etc/passwd and /etc/group
 * alone, as a static program has no other sources.
 */
#ifndef GUEST_USERS_H
#define GUEST_USERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define USERS_GROUPS 32

/* The last one asked for: a client is one user, and asks with every request. */
struct users {
    pthread_mutex_t lock;
    int64_t until;            /* [lock] CLOCK_MONOTONIC, ms: then the files are read again */
    bool known;               /* [lock] */
    uint32_t uid, gid;        /* [lock] */
    gid_t group[USERS_GROUPS]; /* [lock] */
    size_t groups;            /* [lock] */
};

/* p9_owners.identify, with a struct users as its ctx: any thread. */
bool users_identify(void *ctx, uint32_t uid, uint32_t *gid, gid_t *group, size_t *n);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/users.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/auto.h"

#define KNOWN_MS 1000
#define LINE_SIZE 65536 /* of a group with very many members; a longer one is left out */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* His name and group; false: the distro does not know him. */
static bool find_user(uint32_t uid, char *name, size_t size, uint32_t *gid, char *line)
{
    FILE *f = fopen("/etc/passwd", "re");
    struct passwd row, *found = NULL;

    while (f && fgetpwent_r(f, &row, line, LINE_SIZE, &found) == 0 && row.pw_uid != uid)
        found = NULL;
    if (found) {
        snprintf(name, size, "%s", row.pw_name);
        *gid = row.pw_gid;
    }
    if (f)
        fclose(f);
    return found != NULL;
}

static bool is_member(char *const *members, const char *name)
{
    while (*members && strcmp(*members, name) != 0)
        members++;
    return *members != NULL;
}

static size_t find_groups(const char *name, gid_t *group, char *line)
{
    FILE *f = fopen("/etc/group", "re");
    struct group row, *found;
    size_t n = 0;

    while (f && n < USERS_GROUPS && fgetgrent_r(f, &row, line, LINE_SIZE, &found) == 0)
        if (is_member(row.gr_mem, name))
            group[n++] = row.gr_gid;
    if (f)
        fclose(f);
    return n;
}

static void look_up(struct users *u, uint32_t uid)
{
    auto_free char *line = malloc(LINE_SIZE);
    char name[256];

    u->uid = uid;
    u->groups = 0;
    u->known = line && find_user(uid, name, sizeof(name), &u->gid, line);
    if (u->known)
        u->groups = find_groups(name, u->group, line);
    u->until = now_ms() + KNOWN_MS;
}

bool users_identify(void *ctx, uint32_t uid, uint32_t *gid, gid_t *group, size_t *n)
{
    struct users *u = ctx;
    bool known;

    if (uid == 0) { /* may do everything whatever its groups; *gid is 0 already */
        *n = 0;
        return true;
    }
    pthread_mutex_lock(&u->lock);
    if (u->uid != uid || now_ms() >= u->until)
        look_up(u, uid);
    known = u->known;
    if (known)
        *gid = u->gid;
    *n = u->groups < *n ? u->groups : *n;
    memcpy(group, u->group, *n * sizeof(*group));
    pthread_mutex_unlock(&u->lock);
    return known;
}

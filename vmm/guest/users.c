/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/users.h"

#include <stdio.h>
#include <string.h>

#include "core/base/account.h"
#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/file.h"

#define KNOWN_MS 1000
#define FILE_MAX (4u << 20)

static char *read_text(const char *path)
{
    char *text = NULL;

    return file_read(path, FILE_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

char *users_passwd(void)
{
    return read_text("/etc/passwd");
}

bool users_find(const char *user, struct account *a, gid_t group[ACCOUNT_GROUPS], unsigned *groups)
{
    auto_free char *passwd = users_passwd();
    auto_free char *members = read_text("/etc/group");
    bool known = account_find(passwd ? passwd : "", user, a);

    *groups = account_groups(members ? members : "", a, group);
    return known;
}

static void look_up(struct users *u, uint32_t uid)
{
    struct account a;
    char number[16];

    snprintf(number, sizeof(number), "%u", uid);
    u->uid = uid;
    users_find(number, &a, u->group, &u->groups);
    u->until = clock_ms() + KNOWN_MS;
}

bool users_identify(void *ctx, uint32_t uid, uint32_t *gid, gid_t *group, size_t *n)
{
    struct users *u = ctx;

    if (uid == 0) { /* may do everything whatever its groups; *gid is 0 already */
        *n = 0;
        return true;
    }
    pthread_mutex_lock(&u->lock);
    if (u->uid != uid || clock_ms() >= u->until)
        look_up(u, uid);
    *gid = u->group[0];
    *n = u->groups - 1 < *n ? u->groups - 1 : *n;
    memcpy(group, u->group + 1, *n * sizeof(*group));
    pthread_mutex_unlock(&u->lock);
    return true;
}

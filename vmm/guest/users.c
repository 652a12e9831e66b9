/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/account.h"
#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/file.h"

#define KNOWN_MS 1000
#define FILE_MAX (1u << 20)

static char *read_text(const char *path)
{
    char *text = NULL;

    return file_read(path, FILE_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

static void look_up(struct users *u, uint32_t uid)
{
    auto_free char *passwd = read_text("/etc/passwd");
    auto_free char *group = read_text("/etc/group");
    struct account a;
    char number[16];

    snprintf(number, sizeof(number), "%u", uid);
    u->uid = uid;
    account_find(passwd ? passwd : "", number, &a);
    u->groups = account_groups(group ? group : "", &a, u->group);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/session_folder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/share.h"
#include "core/base/auto.h"
#include "core/base/file.h"

/* The length of `folder` when `path` is it or below it, else 0. */
static size_t below(const char *folder, const char *path)
{
    size_t len = strlen(folder);

    while (len > 1 && folder[len - 1] == '/')
        len--;
    if (len == 1)
        return 1;
    return strncmp(folder, path, len) == 0 && (path[len] == '/' || !path[len]) ? len : 0;
}

static char *join(const char *guest, const char *rest)
{
    size_t len = strlen(guest);

    while (len > 0 && guest[len - 1] == '/')
        len--;
    rest += strspn(rest, "/");
    if (!*rest)
        return file_path("%.*s", (int)len, guest);
    return file_path("%.*s/%s", (int)len, guest, rest);
}

char *session_folder(const char *shares, const char *home, const char *path)
{
    char *found = NULL, real[PATH_MAX];
    size_t best = 0;
    struct shares s;

    if (shares_parse(shares, &s, NULL) < 0)
        return NULL;
    for (unsigned i = 0; i < s.n; i++) {
        auto_free char *host = share_host_folder(&s.share[i], home);
        size_t len = host && realpath(host, real) ? below(real, path) : 0;

        if (len <= best)
            continue;
        best = len;
        free(found);
        found = join(s.share[i].guest, path + len);
    }
    shares_release(&s);
    return found;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/guest_user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/account.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/wsl_conf.h"
#include "p9/client.h"
#include "p9/path.h"

#define PASSWD "/etc/passwd"
#define FILE_MAX (1u << 20)

/* A file of the distro's; NULL and 0 where there is none; the caller frees. */
static int read_file(struct p9_client *c, const char *distro, const char *path, char **text, struct err *e)
{
    struct p9_attr attr;
    uint32_t fid;
    ssize_t n = p9_path_find(c, path, true, &fid, &attr);

    *text = NULL;
    if (n == -ENOENT)
        return 0;
    if (n >= 0) {
        *text = malloc(FILE_MAX + 1);
        n = *text ? p9_client_open(c, fid, 0) : -ENOMEM;
        if (n == 0)
            n = p9_client_read(c, fid, *text, FILE_MAX, 0);
        p9_client_clunk(c, fid);
    }
    if (n >= 0) {
        (*text)[n] = '\0';
        return 0;
    }
    free(steal_ptr(text));
    return err_sys(e, (int)-n, "%s:%s", distro, path);
}

int guest_user_find(struct p9_client *c, const char *distro, const char *user, struct guest_user *u,
                    struct err *e)
{
    auto_free char *text = NULL;
    struct account a;
    int r = read_file(c, distro, PASSWD, &text, e);

    if (r < 0)
        return r;
    if (account_find(text ? text : "", user, &a)) {
        *u = (struct guest_user){a.uid, a.gid};
        return 0;
    }
    return err_set(e, ENOENT, "%s has no user '%.80s'; give another with --user, or --user root", distro,
                   user);
}

int guest_user_texts(struct p9_client *c, const char *distro, char **passwd, struct wsl_conf *conf,
                     struct err *e)
{
    int r = read_file(c, distro, PASSWD, passwd, e);

    *conf = (struct wsl_conf){0};
    for (int i = 0; i < WSL_FILES && r == 0; i++) {
        auto_free char *text = NULL;

        r = read_file(c, distro, wsl_file_path((enum wsl_file)i), &text, e);
        if (r == 0 && text)
            wsl_conf_add(conf, (enum wsl_file)i, text);
    }
    if (!*passwd)
        *passwd = strdup("");
    return r == 0 && !*passwd ? err_sys(e, ENOMEM, "%s", distro) : r;
}

int guest_user_default(struct p9_client *c, const char *distro, struct guest_user *u, struct err *e)
{
    auto_free char *passwd = NULL;
    struct wsl_conf conf;
    const char *user;
    int r = guest_user_texts(c, distro, &passwd, &conf, e);

    *u = (struct guest_user){0};
    user = r == 0 ? wsl_conf_user(&conf, passwd) : "";
    return *user ? guest_user_find(c, distro, user, u, e) : r;
}

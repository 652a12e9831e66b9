/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/guest_user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/account.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "p9/client.h"
#include "p9/path.h"

#define PASSWD "/etc/passwd"
#define PASSWD_MAX (1u << 20)

static ssize_t read_passwd(struct p9_client *c, char *text)
{
    struct p9_attr attr;
    uint32_t fid;
    ssize_t n = p9_path_find(c, PASSWD, true, &fid, &attr);

    if (n < 0)
        return n;
    n = p9_client_open(c, fid, 0);
    if (n == 0)
        n = p9_client_read(c, fid, text, PASSWD_MAX, 0);
    p9_client_clunk(c, fid);
    return n;
}

int guest_user_find(struct p9_client *c, const char *distro, const char *user, struct guest_user *u,
                    struct err *e)
{
    auto_free char *text = malloc(PASSWD_MAX + 1);
    struct account a;
    ssize_t n = text ? read_passwd(c, text) : -ENOMEM;

    if (text && n < 0 && n != -ENOENT)
        return err_sys(e, (int)-n, "%s:" PASSWD, distro);
    if (!text)
        return err_sys(e, ENOMEM, "%s", distro);
    text[n > 0 ? n : 0] = '\0';
    if (account_find(text, user, &a)) {
        *u = (struct guest_user){a.uid, a.gid};
        return 0;
    }
    return err_set(e, ENOENT, "%s has no user '%.80s'; give another with --user, or --user root", distro,
                   user);
}

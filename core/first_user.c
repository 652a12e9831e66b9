/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/first_user.h"

#include <stdio.h>
#include <string.h>

#include "core/base/account.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "core/guest.h"
#include "core/guest_user.h"
#include "core/store.h"
#include "p9/client.h"

/*
 * With what the distro has: useradd (Debian, Fedora, Arch), adduser of busybox (Alpine), or by hand.  The
 * group of those who may become root is joined where there is one.  No password: it is locked.
 */
static const char script[] =
    "set -e; shell=/bin/sh; [ ! -x /bin/bash ] || shell=/bin/bash\n"
    "if command -v useradd > /dev/null; then useradd -m -s $shell -- \"$1\"\n"
    "elif adduser --help 2>&1 | grep -qi busybox; then adduser -D -s $shell \"$1\"\n"
    "else echo \"$1:x:1000:1000::/home/$1:$shell\" >> /etc/passwd; echo \"$1:x:1000:\" >> /etc/group\n"
    "mkdir -p \"/home/$1\"; chown 1000:1000 \"/home/$1\"; fi\n"
    "for g in sudo wheel; do if grep -q \"^$g:\" /etc/group; then\n"
    "usermod -aG $g \"$1\" 2> /dev/null || addgroup \"$1\" $g 2> /dev/null || true; fi; done\n";

static bool setting_names_one(struct core *c, const char *distro)
{
    struct distro d;
    bool named;

    if (store_load(&c->paths, &c->defaults, distro, &d, NULL) < 0)
        return true;
    named = *options_text(&d.options, OPT_USER);
    distro_release(&d);
    return named;
}

int first_user_look(struct core *c, const char *distro, struct first_user *f, struct err *e)
{
    auto_free char *passwd = NULL;
    struct p9_client *client;
    struct wsl_conf conf;
    int r;

    *f = (struct first_user){0};
    if (setting_names_one(c, distro))
        return 0;
    client = guest_files(&c->paths, distro, "root", NULL, NULL, e);
    if (!client)
        return -e->code;
    r = guest_user_texts(client, distro, &passwd, &conf, e);
    if (r == 0) {
        f->wanted = !*wsl_conf_user(&conf, passwd) && !account_has_person(passwd);
        snprintf(f->command, sizeof(f->command), "%s", wsl_conf_text(&conf, WSL_OOBE_COMMAND));
    }
    p9_client_free(client);
    return r;
}

bool first_user_name_ok(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz_", more[] = "abcdefghijklmnopqrstuvwxyz_0123456789-";
    size_t len = strlen(name);

    return len >= 1 && len <= 32 && strchr(first, name[0]) && strspn(name, more) == len && strcmp(name, "root") != 0;
}

void first_user_command(const char *name, const char *argv[FIRST_USER_ARGS])
{
    argv[0] = argv[3] = "sh";
    argv[1] = "-c";
    argv[2] = script;
    argv[4] = name;
}

int first_user_keep(struct core *c, const char *distro, const char *name, struct err *e)
{
    return store_set(&c->paths, distro, option_table[OPT_USER].name, name, e);
}

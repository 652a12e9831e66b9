/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/wsl_conf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/account.h"
#include "core/base/auto.h"

#define NO_WINDOWS "there is no Windows here"

static const struct {
    enum wsl_file file;
    int id;                    /* enum wsl_key, or -1 */
    const char *section, *key; /* in lower case; key NULL: all of the section */
    const char *ignored;
} table[] = {
    {WSL_CONF, WSL_USER, "user", "default", NULL},
    {WSL_CONF, WSL_COMMAND, "boot", "command", NULL},
    {WSL_CONF, WSL_SYSTEMD, "boot", "systemd", NULL},
    {WSL_CONF, WSL_HOSTNAME, "network", "hostname", NULL},
    {WSL_CONF, WSL_RESOLV_CONF, "network", "generateresolvconf", NULL},
    {WSL_CONF, WSL_AUTOMOUNT, "automount", "enabled", NULL},
    {WSL_CONF, WSL_AUTOMOUNT_ROOT, "automount", "root", NULL},
    {WSL_CONF, WSL_AUTOMOUNT_OPTIONS, "automount", "options", NULL},
    {WSL_CONF, WSL_TIMEZONE, "time", "usewindowstimezone", NULL},
    {WSL_CONF, -1, "automount", "mountfstab", "the distro's own init mounts /etc/fstab"},
    {WSL_CONF, -1, "network", "generatehosts", "/etc/hosts is left as the distro has it"},
    {WSL_CONF, -1, "interop", NULL, NO_WINDOWS},
    {WSL_CONF, -1, "boot", "protectbinfmt", NO_WINDOWS},
    {WSL_CONF, -1, "gpu", NULL, "the machine has no GPU"},
    {WSL_DISTRIBUTION, WSL_OOBE_COMMAND, "oobe", "command", NULL},
    {WSL_DISTRIBUTION, WSL_OOBE_UID, "oobe", "defaultuid", NULL},
    {WSL_DISTRIBUTION, -1, "oobe", "defaultname", "names are given at the install"},
    {WSL_DISTRIBUTION, -1, "shortcut", NULL, NO_WINDOWS},
    {WSL_DISTRIBUTION, -1, "windowsterminal", NULL, NO_WINDOWS},
};

static int find(enum wsl_file file, const char *section, const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].file == file && strcmp(table[i].section, section) == 0 &&
            (!table[i].key || strcmp(table[i].key, key) == 0))
            return (int)i;
    return -1;
}

struct adding {
    struct wsl_conf *conf;
    enum wsl_file file;
};

static void take_key(void *ctx, const char *section, const char *key, const char *value)
{
    struct adding *a = ctx;
    int row = find(a->file, section, key), id = row < 0 ? -1 : table[row].id;

    if (id < 0 || a->conf->set[id])
        return;
    a->conf->set[id] = true;
    snprintf(a->conf->value[id], INI_VALUE, "%s", value);
}

void wsl_conf_add(struct wsl_conf *c, enum wsl_file file, const char *text)
{
    struct adding a = {c, file};

    ini_each(text, take_key, &a);
}

/* What is neither is as if it were not there. */
bool wsl_conf_true(const struct wsl_conf *c, enum wsl_key key, bool unset)
{
    size_t len = strcspn(c->value[key], " \t#");

    if (c->set[key] && len == 4 && strncasecmp(c->value[key], "true", 4) == 0)
        return true;
    return (c->set[key] && len == 5 && strncasecmp(c->value[key], "false", 5) == 0) ? false : unset;
}

const char *wsl_conf_text(const struct wsl_conf *c, enum wsl_key key)
{
    return c->set[key] ? c->value[key] : "";
}

/* A number that nobody has is a user for account_find, of this number as his name. */
static bool is_known(const char *passwd, const char *user)
{
    struct account a;

    if (user[0] == '0' && user[1]) /* a number in a way of its own */
        return false;
    return *user && account_find(passwd, user, &a) && (a.uid == 0 || strcmp(a.name, user) != 0 ||
                                                       user[strspn(user, "0123456789")] != '\0');
}

const char *wsl_conf_user(const struct wsl_conf *c, const char *passwd)
{
    static const enum wsl_key keys[] = {WSL_USER, WSL_OOBE_UID};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (is_known(passwd, wsl_conf_text(c, keys[i])))
            return wsl_conf_text(c, keys[i]);
    return "";
}

const char *wsl_file_path(enum wsl_file file)
{
    static const char *const paths[WSL_FILES] = {WSL_CONF_PATH, WSL_DISTRIBUTION_PATH};

    return paths[file];
}

const char *wsl_conf_ignored(enum wsl_file file, const char *name)
{
    char section[INI_VALUE];
    size_t len = strcspn(name, ".");
    int row;

    snprintf(section, sizeof(section), "%.*s", (int)(len < INI_VALUE ? len : 0), name);
    row = find(file, section, name[len] ? name + len + 1 : "");
    return row < 0 ? "it is not known" : table[row].ignored;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "vmm/guest/agent_port.h"
#include "vmm/guest/options.h"
#include "vmm/guest/run.h"

#define FILE_MAX (64u << 10)
#define MOUNT_ROOT "/mnt/"

static char *read_text(enum wsl_file file)
{
    char *text = NULL;

    return file_read(wsl_file_path(file), FILE_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

void conf_read(struct wsl_conf *c)
{
    *c = (struct wsl_conf){0};
    for (int i = 0; i < WSL_FILES; i++) {
        auto_free char *text = read_text((enum wsl_file)i);

        if (text)
            wsl_conf_add(c, (enum wsl_file)i, text);
    }
}

/* --- telling --- */

struct telling {
    int port;
    enum wsl_file file;
};

static void tell_key(void *ctx, const char *section, const char *key, const char *value)
{
    const struct telling *t = ctx;

    agent_say(t->port, "conf %d %.64s.%.64s=%s", t->file, section, key, value);
}

void conf_tell(int port)
{
    for (int i = 0; i < WSL_FILES; i++) {
        auto_free char *text = read_text((enum wsl_file)i);
        struct telling t = {port, (enum wsl_file)i};

        if (text)
            ini_each(text, tell_key, &t);
    }
}

/* --- what the options become --- */

static bool is_host_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
    size_t len = strlen(name);

    return len > 0 && len <= 63 && strspn(name, letters) == len && name[0] != '-' && name[0] != '.';
}

void conf_apply(const struct wsl_conf *c, struct guest_options *o)
{
    if (is_host_name(wsl_conf_text(c, WSL_HOSTNAME)))
        snprintf(o->hostname, sizeof(o->hostname), "%s", wsl_conf_text(c, WSL_HOSTNAME));
    if (!wsl_conf_true(c, WSL_AUTOMOUNT, true))
        o->shares = 0;
    if (!wsl_conf_true(c, WSL_TIMEZONE, true))
        o->timezone[0] = '\0';
}

char *conf_place(const struct wsl_conf *c, const char *path)
{
    const char *root = wsl_conf_text(c, WSL_AUTOMOUNT_ROOT);
    size_t len = strlen(root);

    if (root[0] != '/' || strncmp(path, MOUNT_ROOT, strlen(MOUNT_ROOT)) != 0)
        return strdup(path);
    return file_path("%s%s%s", root, root[len - 1] == '/' ? "" : "/", path + strlen(MOUNT_ROOT));
}

unsigned long conf_mount_flags(const struct wsl_conf *c)
{
    static const struct {
        const char *name;
        unsigned long flag;
    } names[] = {{"ro", MS_RDONLY}, {"noexec", MS_NOEXEC}, {"noatime", MS_NOATIME}, {"nosuid", MS_NOSUID},
                 {"nodev", MS_NODEV}};
    auto_free char *text = strdup(wsl_conf_text(c, WSL_AUTOMOUNT_OPTIONS));
    unsigned long flags = 0;
    char *word;

    for (char *rest = text; (word = strsep(&rest, ", "));)
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            if (strcmp(names[i].name, word) == 0)
                flags |= names[i].flag;
    return flags;
}

/* --- boot.command --- */

void conf_run_command(const struct wsl_conf *c)
{
    const char *command = wsl_conf_text(c, WSL_COMMAND);

    if (*command)
        run_line(command);
}

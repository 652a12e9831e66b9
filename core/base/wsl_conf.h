/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A distro's /etc/wsl.conf and /etc/wsl-distribution.conf, as WSL documents them: which of their keys mean
 * something here, and why the others do not.  One table for the guest, which obeys, and for `lxtop info`.
 *
 * The files are the distro's: they can ask for less than the person's settings give, never for more.  What
 * a key says the first time stands.
 */
#ifndef CORE_BASE_WSL_CONF_H
#define CORE_BASE_WSL_CONF_H

#include <stdbool.h>

#include "core/base/ini.h"

enum wsl_file { WSL_CONF, WSL_DISTRIBUTION, WSL_FILES };
#define WSL_CONF_PATH "/etc/wsl.conf"
#define WSL_DISTRIBUTION_PATH "/etc/wsl-distribution.conf"

enum wsl_key {
    WSL_USER,              /* user.default */
    WSL_COMMAND,           /* boot.command: run as root once the distro is ready */
    WSL_SYSTEMD,           /* boot.systemd: false: systemd is not PID 1 */
    WSL_HOSTNAME,          /* network.hostname */
    WSL_RESOLV_CONF,       /* network.generateResolvConf */
    WSL_AUTOMOUNT,         /* automount.enabled: false: no shares */
    WSL_AUTOMOUNT_ROOT,    /* automount.root: in the place of /mnt in the paths of shares */
    WSL_AUTOMOUNT_OPTIONS, /* automount.options: those of mount(8) that restrict */
    WSL_TIMEZONE,          /* time.useWindowsTimezone: false: timezone "none" */
    WSL_OOBE_COMMAND,      /* oobe.command: makes the first user */
    WSL_OOBE_UID,          /* oobe.defaultUid: who that is */
    WSL_KEYS
};

struct wsl_conf {
    bool set[WSL_KEYS];
    char value[WSL_KEYS][INI_VALUE];
};

/* Adds what a file says, which is what it is called and its text. */
void wsl_conf_add(struct wsl_conf *c, enum wsl_file file, const char *text);
bool wsl_conf_true(const struct wsl_conf *c, enum wsl_key key, bool unset);
const char *wsl_conf_text(const struct wsl_conf *c, enum wsl_key key); /* "" where it is not set */
/* Whose sessions are: a name or number that `passwd`, a text of passwd(5), knows; else "". */
const char *wsl_conf_user(const struct wsl_conf *c, const char *passwd);

const char *wsl_file_path(enum wsl_file file);
/* Why a key, "section.key", is ignored; NULL: it is honoured. */
const char *wsl_conf_ignored(enum wsl_file file, const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/inits.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"

/* SIGRTMIN is a function call in C libraries; systemd(1) names the signal by the kernel's number. */
#define SYSTEMD_POWER_OFF (34 + 4)

/*
 * Who is /sbin/init starts the distro; openrc-init beside another one (Debian, Gentoo) is only there.
 * busybox powers off on SIGUSR2.  openrc-init halts on its signals and powers off only by its FIFO, which it makes
 * once all its scripts have run: who writes before has made a file, which it then reads for ever.  It wants the
 * bare word, without a line feed.  To sysvinit SIGUSR2 means its FIFO, too (init(8)), and shutdown(8) is what says
 * power off rather than halt.
 */
#define OPENRC_FIFO "/run/openrc/init.ctl"
#define OPENRC_POWER_OFF "until [ -p " OPENRC_FIFO " ]; do sleep 1; done; printf poweroff > " OPENRC_FIFO
static const struct init_kind table[] = {
    {"systemd", "/lib/systemd/systemd", "/lib/systemd/systemd", NULL, READY_SYSTEMCTL, NULL, SYSTEMD_POWER_OFF, NULL},
    {"systemd", "/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd", NULL, READY_SYSTEMCTL, NULL, SYSTEMD_POWER_OFF, NULL},
    {"busybox", "/etc/inittab", "/sbin/init", "busybox", READY_RC_DONE, NULL, SIGUSR2, NULL},
    {"busybox", "/etc/init.d/rcS", "/sbin/init", "busybox", READY_RC_DONE, NULL, SIGUSR2, NULL},
    {"openrc", "/sbin/openrc-init", "/sbin/init", "openrc-init", READY_FILE, OPENRC_FIFO, 0, OPENRC_POWER_OFF},
    {"sysvinit", "/etc/inittab", "/sbin/init", NULL, READY_RC_SEEN, NULL, 0, "shutdown -h -P now"},
    {"openrc", "/sbin/openrc-init", "/sbin/openrc-init", NULL, READY_FILE, OPENRC_FIFO, 0, OPENRC_POWER_OFF},
    {"own", "/", NULL, NULL, READY_AT_ONCE, NULL, SIGUSR2, NULL},
};

const struct init_kind inits_custom = {"custom", NULL, NULL, NULL, READY_AT_ONCE, NULL, SIGTERM, NULL};

/* Also by another name: /sbin/init is mostly a link. */
static bool is_systemd(const char *program)
{
    char target[PATH_MAX];

    return program && realpath(program, target) && strstr(target, "/systemd");
}

static bool fits(const struct init_kind *k, bool systemd)
{
    char target[PATH_MAX];

    if (!systemd && (k->ready == READY_SYSTEMCTL || is_systemd(k->program)))
        return false;
    if (access(k->mark, F_OK) < 0)
        return false;
    if (!k->program)
        return true;
    if (access(k->program, X_OK) < 0)
        return false;
    return !k->points_to || (realpath(k->program, target) && strstr(target, k->points_to));
}

const struct init_kind *inits_find(bool systemd)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(table) - 1 && !fits(&table[i], systemd))
        i++;
    return &table[i];
}

static bool is_rc(const char *comm)
{
    static const char *const names[] = {"rcS", "rc", "rc.S", "openrc", "rc.local", "rcS.d"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], comm) == 0)
            return true;
    return false;
}

bool inits_rc_running(void)
{
    auto_closedir DIR *proc = opendir("/proc");
    struct dirent *d;

    while (proc && (d = readdir(proc))) {
        auto_free char *comm = NULL;
        char path[300];

        if (d->d_name[0] < '1' || d->d_name[0] > '9')
            continue;
        snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
        if (file_read(path, 64, &comm, NULL, NULL) < 0)
            continue;
        comm[strcspn(comm, "\n")] = '\0';
        if (is_rc(comm))
            return true;
    }
    return false;
}

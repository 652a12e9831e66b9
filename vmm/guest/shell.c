/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/shell.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/auto.h"
#include "core/base/file.h"

struct account {
    char home[128], shell[128];
};

/* Root's line of passwd(5): name:password:uid:gid:gecos:home:shell; no libc plug-ins in a static program. */
static void read_account(struct account *a)
{
    auto_free char *text = NULL;
    char *line;

    *a = (struct account){.home = "/root", .shell = "/bin/sh"};
    if (file_read("/etc/passwd", 1 << 20, &text, NULL, NULL) < 0)
        return;
    for (char *rest = text; (line = strsep(&rest, "\n"));) {
        char *field[7] = {0};

        for (int i = 0; i < 7; i++)
            field[i] = strsep(&line, ":");
        if (!field[6] || strcmp(field[2], "0") != 0)
            continue;
        snprintf(a->home, sizeof(a->home), "%s", field[5]);
        if (access(field[6], X_OK) == 0)
            snprintf(a->shell, sizeof(a->shell), "%s", field[6]);
        return;
    }
}

static void take_terminal(const char *device)
{
    int fd;

    setsid();
    fd = open(device, O_RDWR);
    if (fd < 0)
        _exit(126);
    ioctl(fd, TIOCSCTTY, 1);
    for (int i = 0; i < 3; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
}

static _Noreturn void become_shell(const char *device, const char *term)
{
    struct account a;
    char argv0[130];
    const char *name;
    sigset_t none;

    take_terminal(device);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    read_account(&a);
    name = strrchr(a.shell, '/');
    snprintf(argv0, sizeof(argv0), "-%s", name ? name + 1 : a.shell);
    clearenv();
    setenv("HOME", a.home, 1);
    setenv("SHELL", a.shell, 1);
    setenv("USER", "root", 1);
    setenv("LOGNAME", "root", 1);
    setenv("TERM", term, 1);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (chdir(a.home) < 0 && chdir("/") < 0)
        _exit(126);
    execl(a.shell, argv0, (char *)NULL);
    dprintf(STDERR_FILENO, "lxtop-guest: no shell: %s does not run\r\n", a.shell);
    _exit(127);
}

pid_t shell_start(const char *device, const char *term)
{
    pid_t pid = fork();

    if (pid == 0)
        become_shell(device, term);
    return pid;
}

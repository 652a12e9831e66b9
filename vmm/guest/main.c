/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lxtop-guest: /init of the initramfs.  From the kernel's hand to the distro's init in PID 1, with
 * the agent left beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/agent.h"
#include "vmm/guest/agent.h"
#include "vmm/guest/agent_port.h"
#include "vmm/guest/conf.h"
#include "vmm/guest/inits.h"
#include "vmm/guest/modules.h"
#include "vmm/guest/mounts.h"
#include "vmm/guest/net.h"
#include "vmm/guest/options.h"
#include "vmm/guest/own_init.h"
#include "vmm/guest/shares.h"
#include "vmm/guest/timezone.h"

static void mark_boot(void)
{
    if (ioperm(BOOT_MARK_PORT, 1, 1) == 0)
        outb(BOOT_MARK_INIT, BOOT_MARK_PORT);
}

static void read_options(struct guest_options *o)
{
    auto_free char *line = NULL;

    file_read("/proc/cmdline", 65536, &line, NULL, NULL);
    guest_options_parse(o, line ? line : "");
}

/*
 * The agent keeps a shell on hvc0, so systemd must not put a getty there, nor wait for the device
 * that only udev would announce.  /run is not the distro's disk: nothing of this lasts.
 */
static void keep_systemd_off_console(void)
{
    file_mkdirs("/run/systemd/system", 0755, NULL);
    if (symlink("/dev/null", "/run/systemd/system/serial-getty@hvc0.service") < 0 && errno != EEXIST)
        fprintf(stderr, "lxtop-guest: mask serial-getty@hvc0: %s\n", strerror(errno));
}

static int find_root(const struct guest_options *o, int port, struct err *e)
{
    bool recovered = false;
    int r = mounts_wait_root(o, &recovered, e);

    if (r == 0)
        r = mounts_switch_root(o, e);
    if (r == 0 && recovered)
        agent_say(port, "note the file system was not unmounted last time; its journal was replayed");
    return r;
}

/*
 * A clone is not the machine that it was made from.  Where the file is a link (D-Bus' to systemd's) the
 * link is left alone; the file is not truncated: half an id would be taken for none.
 */
static void set_machine_id(const char *id)
{
    static const char *const paths[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};

    for (size_t i = 0; *id && i < ARRAY_SIZE(paths); i++) {
        int fd = open(paths[i], O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (fd < 0)
            continue;
        if (dprintf(fd, "%s\n", id) < 0)
            fprintf(stderr, "lxtop-guest: %s: %s\n", paths[i], strerror(errno));
        close(fd);
    }
}

/*
 * The kernel's command line names the distro's host name to systemd.  Where the distro wants another one
 * systemd is given a command line that says so (systemd: docs/ENVIRONMENT.md, $SYSTEMD_PROC_CMDLINE).
 */
static void tell_systemd_name(const char *name)
{
    static const char word[] = "systemd.hostname=";
    auto_free char *line = NULL;
    auto_free char *text = NULL;
    char *at, *end;

    if (file_read("/proc/cmdline", 65536, &line, NULL, NULL) < 0 || !(at = strstr(line, word)))
        return;
    at += strlen(word);
    end = at + strcspn(at, " \n");
    text = file_path("%.*s%s%.*s", (int)(at - line), line, name, (int)strcspn(end, "\n"), end);
    if (text)
        setenv("SYSTEMD_PROC_CMDLINE", text, 1);
}

static void prepare_distro(const struct guest_options *o, const struct wsl_conf *conf)
{
    mounts_common();
    if (*o->hostname)
        sethostname(o->hostname, strlen(o->hostname));
    set_machine_id(o->machine_id);
    if (*wsl_conf_text(conf, WSL_HOSTNAME))
        tell_systemd_name(o->hostname);
    if (*o->timezone)
        timezone_follow("/", o->timezone);
    keep_systemd_off_console();
    setenv("TERM", o->term, 1);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

static _Noreturn void fail(int port, const struct err *e)
{
    fprintf(stderr, "lxtop-guest: %s\n", e->msg);
    agent_say(port, "fail %s", e->msg);
    own_init_finish(RB_POWER_OFF);
}

static _Noreturn void become_init(int port, const struct guest_options *o,
                                  const struct init_kind *init)
{
    const char *program = *o->init ? o->init : init->program;
    struct err e;

    if (!program) {
        mounts_for_own_init();
        own_init_run();
    }
    execl(program, program, (char *)NULL);
    err_sys(&e, errno, "the distro's init %s does not run", program);
    fail(port, &e);
}

int main(int argc, char **argv)
{
    struct guest_options o;
    const struct init_kind *init;
    struct wsl_conf conf;
    struct err e = {0};
    int port, r;

    (void)argc;
    mark_boot();
    if (getpid() != 1) {
        fprintf(stderr, "lxtop-guest is the /init of a guest; it is not run by hand\n");
        return 2;
    }
    umask(022);
    r = mounts_kernel(&e);
    modules_load();
    read_options(&o);
    port = agent_open_port();
    if (r == 0)
        r = find_root(&o, port, &e);
    if (r < 0)
        fail(port, &e);
    agent_say(port, "phase root");
    conf_read(&conf);
    conf_tell(port);
    conf_apply(&conf, &o);
    prepare_distro(&o, &conf);
    net_start(&o, wsl_conf_true(&conf, WSL_RESOLV_CONF, true), port);
    shares_mount(&o, &conf, port);
    init = *o.init ? &inits_custom : inits_find(wsl_conf_true(&conf, WSL_SYSTEMD, true));
    if (fork() == 0)
        agent_run(port, argv[0], &o, init, &conf);
    become_init(port, &o, init);
}

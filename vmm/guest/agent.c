/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "vmm/agent.h"
#include "vmm/guest/agent_port.h"
#include "vmm/guest/clock.h"
#include "vmm/guest/conf.h"
#include "vmm/guest/export.h"
#include "vmm/guest/fs_freeze.h"
#include "vmm/guest/inits.h"
#include "vmm/guest/listeners.h"
#include "vmm/guest/options.h"
#include "vmm/guest/restored.h"
#include "vmm/guest/run.h"
#include "vmm/guest/service.h"
#include "vmm/guest/sessions.h"
#include "vmm/guest/shell.h"

#define CONSOLE "/dev/hvc0"
#define TICK_MS 50
#define QUICK_EXIT_S 1 /* a shell that ends sooner is not started again at once */
#define RETRY_TICKS 40
#define RC_START_TICKS 200 /* an init that has begun with no rc script by then has none */
#define RC_GAP_TICKS 10
#define SERVICE_END_MS 500
#define SERVICES 2

/* Its process, and when it may be started again, by ticks.  `word` tells lxtop-vmm of it. */
struct kept {
    const struct service *service;
    const char *word;
    pid_t pid; /* 0: to be started; -1: not to be */
    int ready; /* -1 once read */
    unsigned at;
};

struct agent {
    int port, signals;
    const struct guest_options *options;
    const struct init_kind *init;
    const struct wsl_conf *conf;
    char *argv0;
    pid_t shell, systemctl;
    int systemctl_out;
    struct kept kept[SERVICES];
    time_t shell_started;
    unsigned ticks, quiet_ticks, retry_at;
    bool ready, going_down, rc_seen;
    char word[32]; /* how it was ready */
    struct listeners listeners; /* told */
    int64_t listeners_at;       /* clock_ms of the next look */
    struct fs_freeze freeze;
    char line[AGENT_LINE_MAX];
    size_t len;
};

/* --- going down --- */

static void say_service(const struct agent *a, const struct kept *k, const char *how)
{
    if (k->word)
        agent_say(a->port, "%s %s", k->word, how);
}

/* They may hold files of the disk open, and some inits unmount before they end anybody. */
static void end_service(struct agent *a, struct kept *k)
{
    if (k->pid <= 0)
        return;
    kill(k->pid, SIGKILL);
    for (int waited = 0; waited < SERVICE_END_MS && waitpid(k->pid, NULL, WNOHANG) == 0; waited++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    k->pid = -1;
    say_service(a, k, "off");
}

static void go_down(struct agent *a)
{
    if (!a->going_down)
        agent_say(a->port, "down");
    a->going_down = true;
    if (a->shell > 0) {
        kill(-a->shell, SIGHUP);
        kill(-a->shell, SIGCONT);
        kill(-a->shell, SIGKILL);
    }
    for (int i = 0; i < SERVICES; i++)
        end_service(a, &a->kept[i]);
}

static void say_ready(struct agent *a, const char *word)
{
    bool first = !a->ready;

    a->ready = true;
    if (word != a->word)
        snprintf(a->word, sizeof(a->word), "%s", word);
    agent_say(a->port, "ready %s", word);
    if (first)
        conf_run_command(a->conf);
}

/* systemd's last stage is a program of its own that takes PID 1 over. */
static bool is_shutting_down(void)
{
    auto_free char *comm = NULL;

    return file_read("/proc/1/comm", 64, &comm, NULL, NULL) == 0 &&
           strncmp(comm, "systemd-shutd", 13) == 0;
}

static void obey_stop(struct agent *a, const char *argument)
{
    (void)argument;
    fs_freeze_thaw(&a->freeze);
    go_down(a);
    if (a->init->power_off_line)
        run_line(a->init->power_off_line);
    else
        kill(1, a->init->power_off_signal);
}

static void obey_freeze(struct agent *a, const char *argument)
{
    (void)argument;
    fs_freeze_begin(&a->freeze);
}

static void obey_thaw(struct agent *a, const char *argument)
{
    (void)argument;
    fs_freeze_thaw(&a->freeze);
}

/* Ready again: who waits for the machine learns by it that the guest lives. */
static void obey_restored(struct agent *a, const char *argument)
{
    struct restored r;

    fs_freeze_thaw(&a->freeze); /* it was saved so, with its disk */
    if (!restored_parse(&r, argument))
        return;
    restored_apply(&r);
    a->listeners = (struct listeners){0}; /* this lxtop-vmm has heard of none */
    a->listeners_at = 0;
    say_ready(a, a->word);
}

static void obey_time(struct agent *a, const char *argument)
{
    (void)a;
    clock_follow(argument);
}

static const struct {
    const char *word;
    void (*obey)(struct agent *a, const char *argument);
} orders[] = {{"stop", obey_stop}, {"restored", obey_restored}, {"freeze", obey_freeze}, {"thaw", obey_thaw},
            {"time", obey_time}};

static void take_line(struct agent *a)
{
    size_t word = strcspn(a->line, " ");
    const char *argument = a->line + word + (a->line[word] == ' ');

    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        if (strlen(orders[i].word) == word && strncmp(orders[i].word, a->line, word) == 0)
            orders[i].obey(a, argument);
}

static void read_port(struct agent *a)
{
    char bytes[256];
    ssize_t n = read(a->port, bytes, sizeof(bytes));

    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            a->line[a->len] = '\0';
            a->len = 0;
            take_line(a);
        } else if (a->len < sizeof(a->line) - 1) {
            a->line[a->len++] = bytes[i];
        }
    }
}

/* --- ready --- */

/* Runs `systemctl is-system-running --wait`, which answers when the start is over. */
static void ask_systemctl(struct agent *a)
{
    int pipe_fds[2];

    if (a->systemctl > 0 || access("/run/systemd/private", F_OK) < 0 ||
        pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return;
    a->systemctl = fork();
    if (a->systemctl == 0) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(pipe_fds[1], STDOUT_FILENO);
        close(STDERR_FILENO);
        execlp("systemctl", "systemctl", "is-system-running", "--wait", (char *)NULL);
        _exit(127);
    }
    close(pipe_fds[1]);
    a->systemctl_out = pipe_fds[0];
}

static void read_systemctl(struct agent *a, int status)
{
    char word[32] = "";
    ssize_t n = read(a->systemctl_out, word, sizeof(word) - 1);

    close(a->systemctl_out);
    a->systemctl = 0;
    word[n > 0 ? strcspn(word, "\n") : 0] = '\0';
    if (strcmp(word, "running") == 0 || strcmp(word, "degraded") == 0)
        say_ready(a, word);
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        say_ready(a, "running"); /* a distro without systemctl: nobody can say more */
}

/*
 * Two looks in a row find no rc script: one look may fall between two of them.  Where an init has to begin
 * with some, and has a word with the next runlevel between them, it takes more.
 */
static void look_for_rc(struct agent *a)
{
    bool running = inits_rc_running();
    unsigned enough = 2;

    a->rc_seen |= running;
    if (a->init->ready == READY_RC_SEEN)
        enough = a->rc_seen ? RC_GAP_TICKS : RC_START_TICKS;
    a->quiet_ticks = running ? 0 : a->quiet_ticks + 1;
    if (a->quiet_ticks == enough)
        say_ready(a, "running");
}

static void look_ready(struct agent *a)
{
    const struct init_kind *init = a->init;

    if (init->ready == READY_SYSTEMCTL)
        ask_systemctl(a);
    else if (init->ready == READY_RC_DONE || init->ready == READY_RC_SEEN)
        look_for_rc(a);
    else if (init->ready == READY_AT_ONCE || access(init->ready_file, F_OK) == 0)
        say_ready(a, "running");
}

static void look_at_listeners(struct agent *a)
{
    int64_t now = clock_ms();

    if (!a->options->listen || now < a->listeners_at)
        return;
    a->listeners_at = now + LISTENERS_EVERY_MS;
    listeners_look(&a->listeners, a->options->net, a->port);
}

/* --- the shell and other children --- */

static void keep_shell(struct agent *a)
{
    if (a->shell > 0 || a->going_down || a->ticks < a->retry_at)
        return;
    a->shell = shell_start(CONSOLE, a->options->term);
    a->shell_started = time(NULL);
}

static void shell_ended(struct agent *a, int status)
{
    a->shell = 0;
    if (WIFSIGNALED(status) && is_shutting_down())
        go_down(a);
    if (WIFSIGNALED(status) || time(NULL) - a->shell_started < QUICK_EXIT_S)
        a->retry_at = a->ticks + RETRY_TICKS;
}

/* Without vsock in the kernel it ends at once, every time; that must not keep an idle guest awake. */
static void keep_service(struct agent *a, struct kept *k)
{
    if (k->pid != 0 || a->going_down || a->ticks < k->at)
        return;
    k->pid = service_start(k->service, a->argv0, &k->ready);
}

static void read_ready(struct agent *a, struct kept *k)
{
    char byte;

    if (read(k->ready, &byte, 1) == 1)
        say_service(a, k, "on");
    close(k->ready);
    k->ready = -1;
}

static void service_ended(struct agent *a, struct kept *k, int status)
{
    bool failed = WIFEXITED(status); /* it never ends of itself but at its start */

    if (!failed && is_shutting_down())
        go_down(a);
    say_service(a, k, "off");
    k->pid = failed ? -1 : 0;
    k->at = a->ticks + RETRY_TICKS;
}

static bool services_up(const struct agent *a)
{
    for (int i = 0; i < SERVICES; i++)
        if (a->kept[i].pid == 0)
            return false;
    return true;
}

static void reap(struct agent *a)
{
    int status;
    bool ok;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (fs_freeze_ended(&a->freeze, pid, status, &ok))
            agent_say(a->port, "frozen %s", ok ? "yes" : "no");
        if (pid == a->shell)
            shell_ended(a, status);
        else if (pid == a->systemctl)
            read_systemctl(a, status);
        for (int i = 0; i < SERVICES; i++)
            if (pid == a->kept[i].pid)
                service_ended(a, &a->kept[i], status);
    }
}

static void read_signal(struct agent *a)
{
    struct signalfd_siginfo s;

    if (read(a->signals, &s, sizeof(s)) != sizeof(s))
        return;
    if (s.ssi_signo == SIGTERM)
        go_down(a); /* busybox and the like tell everybody */
    else
        reap(a);
}

/* What to do before there is anything to hear. */
static void look(struct agent *a)
{
    if (!a->ready && (a->ticks > 0 || a->init->ready == READY_AT_ONCE))
        look_ready(a);
    look_at_listeners(a);
    keep_shell(a);
    for (int i = 0; i < SERVICES; i++)
        keep_service(a, &a->kept[i]);
}

static void hear(struct agent *a)
{
    struct pollfd fds[2 + SERVICES] = {{.fd = a->port, .events = POLLIN},
                                       {.fd = a->signals, .events = POLLIN}};
    /* Once all is up there is nothing to look at but events: no wake-up of an idle guest. */
    bool idle = a->ready && !fs_freeze_is_busy(&a->freeze) &&
                (a->going_down || (a->shell > 0 && services_up(a)));

    for (int i = 0; i < SERVICES; i++)
        fds[2 + i] = (struct pollfd){.fd = a->kept[i].ready, .events = POLLIN};
    poll(fds, ARRAY_SIZE(fds), !idle ? TICK_MS : a->options->listen ? LISTENERS_EVERY_MS : -1);
    if (fds[0].revents & POLLIN)
        read_port(a);
    if (fds[1].revents & POLLIN)
        read_signal(a);
    for (int i = 0; i < SERVICES; i++)
        if (fds[2 + i].revents)
            read_ready(a, &a->kept[i]);
    if (fds[0].revents & POLLHUP) /* lxtop-vmm closed the port, and will not come back */
        a->port = -1;
}

_Noreturn void agent_run(int fd, char *argv0, const struct guest_options *o,
                         const struct init_kind *init, const struct wsl_conf *conf)
{
    struct agent a = {.port = fd, .argv0 = argv0, .options = o, .init = init, .conf = conf,
                      .kept = {{.service = &export_service, .word = "export", .ready = -1},
                               {.service = &sessions_service, .ready = -1}}};

    argv0[0] = '@';
    signal(SIGHUP, SIG_IGN);
    a.signals = service_signals();
    agent_say(fd, "init %s", init->name);
    for (;;) {
        look(&a);
        hear(&a);
        a.ticks++;
        fs_freeze_look(&a.freeze);
    }
}

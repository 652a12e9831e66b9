/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/account.h"
#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/session_msg.h"
#include "vmm/guest/conf.h"
#include "vmm/guest/kernel_log.h"
#include "vmm/guest/users.h"

#define TTY_GROUP 5         /* as /dev/pts is mounted */
#define FILES_SOFT 1024
#define FILES_HARD 524288   /* systemd's; the kernel's 4096 is too few for databases */
#define LOOK_MS 50          /* between two looks who is left of a session */
#define NOT_STARTED 1
#define NOT_EXECUTABLE 126
#define NOT_FOUND 127

/* What the child needs: made before the fork. */
struct plan {
    const struct session_start *start;
    struct account account;
    gid_t groups[ACCOUNT_GROUPS];
    unsigned n_groups;
    struct wsl_conf conf;
    int fd[3]; /* its standard input, output and error */
};

/* --- whose it is --- */

/* Who it is that nobody named: what wsl.conf says, if he is somebody, else root. */
static int find_user(struct plan *p, struct err *e)
{
    auto_free char *passwd = *p->start->user ? NULL : users_passwd();
    const char *user = *p->start->user ? p->start->user : wsl_conf_user(&p->conf, passwd ? passwd : "");

    if (users_find(*user ? user : "root", &p->account, p->groups, &p->n_groups))
        return 0;
    return err_set(e, ENOENT, "there is no user '%.80s' in the distro; --user root is always there", user);
}

/* --- in the child --- */

static void __attribute__((noreturn, format(printf, 2, 3))) give_up(int status, const char *fmt, ...)
{
    va_list ap;

    dprintf(STDERR_FILENO, "lxtop: ");
    va_start(ap, fmt);
    vdprintf(STDERR_FILENO, fmt, ap);
    va_end(ap);
    dprintf(STDERR_FILENO, "\n");
    _exit(status);
}

static void default_signals(void)
{
    sigset_t none;

    for (int i = 1; i <= SIGRTMAX; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void take_files(const struct plan *p)
{
    int fd[3];

    setsid();
    if (p->start->flags & SESSION_TTY)
        ioctl(p->fd[0], TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++) /* out of the way of each other first */
        fd[i] = fcntl(p->fd[i], F_DUPFD, 3);
    for (int i = 0; i < 3; i++)
        dup2(fd[i], i);
    close_range(3, ~0U, 0);
}

static void become_user(const struct plan *p)
{
    const struct account *a = &p->account;
    struct rlimit files = {FILES_SOFT, FILES_HARD};

    setrlimit(RLIMIT_NOFILE, &files);
    umask(022);
    if (geteuid() == a->uid && geteuid() != 0)
        return; /* nothing to give up, and no right to */
    if (setgroups(p->n_groups, p->groups) < 0 || setgid(a->gid) < 0 || setuid(a->uid) < 0)
        give_up(NOT_STARTED, "cannot become %s: %s", a->name, strerror(errno));
}

static void set_environment(const struct plan *p)
{
    const struct account *a = &p->account;

    clearenv();
    setenv("HOME", a->home, 1);
    setenv("USER", a->name, 1);
    setenv("LOGNAME", a->name, 1);
    setenv("SHELL", a->shell, 1);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    for (char **v = p->start->env; *v; v++)
        if (strchr(*v, '='))
            putenv(*v);
}

/* A user without a home is nevertheless let in. */
static void enter_folder(const struct plan *p)
{
    /* One that was named is meant as it is; one that follows from a share is where the share is. */
    auto_free char *place = p->start->flags & SESSION_CWD_MUST ? strdup(p->start->cwd)
                                                               : conf_place(&p->conf, p->start->cwd);
    const char *home = p->account.home, *cwd = place ? place : "";
    bool at_home = chdir(home) == 0 || chdir("/") == 0;

    if (*cwd == '~' && (cwd[1] == '/' || !cwd[1]))
        cwd += cwd[1] ? 2 : 1;
    if (!*cwd || (at_home && chdir(cwd) == 0))
        return;
    if (p->start->flags & SESSION_CWD_MUST)
        give_up(NOT_STARTED, "cannot enter the distro's %s: %s", p->start->cwd, strerror(errno));
}

static _Noreturn void run_shell(const struct account *a)
{
    const char *shell = access(a->shell, X_OK) == 0 ? a->shell : "/bin/sh", *name = strrchr(shell, '/');
    char argv0[ACCOUNT_TEXT + 1];

    snprintf(argv0, sizeof(argv0), "-%s", name ? name + 1 : shell);
    execl(shell, argv0, (char *)NULL);
    give_up(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE, "%s: %s", shell, strerror(errno));
}

static _Noreturn void become_command(const struct plan *p)
{
    char **argv = p->start->argv;
    int error;

    take_files(p);
    become_user(p);
    default_signals();
    if (p->start->flags & SESSION_KERNEL_LOG)
        kernel_log_run(p->start->flags & SESSION_FOLLOW);
    set_environment(p);
    enter_folder(p);
    if (!argv[0])
        run_shell(&p->account);
    execvp(argv[0], argv);
    error = errno;
    if (error == ENOENT)
        give_up(NOT_FOUND, "%s: not found", argv[0]);
    give_up(NOT_EXECUTABLE, "%s: %s", argv[0], strerror(error));
}

/* --- its files --- */

static void close_all(const int *fd, int n)
{
    for (int i = 0; i < n; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

static int open_pipes(struct plan *p, struct command *c, struct err *e)
{
    int *const ours[3] = {&c->in, &c->out, &c->err};

    for (int i = 0; i < 3; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            return err_sys(e, errno, "a pipe for the session");
        p->fd[i] = ends[i != 0];
        *ours[i] = ends[i == 0];
        fcntl(*ours[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static int open_terminal(struct plan *p, struct command *c, struct err *e)
{
    c->in = c->out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (c->in < 0 || unlockpt(c->in) < 0)
        return err_sys(e, errno, "a terminal for the session");
    c->slave = ioctl(c->in, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (c->slave < 0)
        return err_sys(e, errno, "a terminal for the session");
    if (fchown(c->slave, p->account.uid, TTY_GROUP) < 0 && geteuid() == 0)
        return err_sys(e, errno, "a terminal for the session");
    fchmod(c->slave, 0620);
    command_resize(c, p->start->rows, p->start->cols);
    for (int i = 0; i < 3; i++)
        p->fd[i] = fcntl(c->slave, F_DUPFD_CLOEXEC, 0);
    return 0;
}

int command_start(const struct session_start *s, struct command *c, struct err *e)
{
    struct plan p = {.start = s, .fd = {-1, -1, -1}};
    int r;

    conf_read(&p.conf);
    r = find_user(&p, e);
    *c = (struct command){.pid = -1, .in = -1, .out = -1, .err = -1, .slave = -1};
    if (r == 0)
        r = s->flags & SESSION_TTY ? open_terminal(&p, c, e) : open_pipes(&p, c, e);
    if (r == 0) {
        c->pid = fork();
        if (c->pid == 0)
            become_command(&p);
        if (c->pid < 0)
            r = err_sys(e, errno, "start the session's process");
    }
    close_all(p.fd, 3);
    if (r < 0)
        command_close(c);
    return r;
}

void command_resize(const struct command *c, unsigned rows, unsigned cols)
{
    struct winsize w = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    if (c->slave >= 0 && rows && cols)
        ioctl(c->in, TIOCSWINSZ, &w);
}

void command_signal(const struct command *c, int number)
{
    if (c->pid > 0 && kill(-c->pid, number) < 0)
        kill(c->pid, number); /* before its setsid */
}

void command_close(struct command *c)
{
    if (c->slave >= 0)
        c->out = -1; /* the same as `in` */
    close_all((int[]){c->in, c->out, c->err, c->slave}, 4);
    c->in = c->out = c->err = c->slave = -1;
}

/* --- its end --- */

/* proc(5): pid (comm) state ppid pgrp session; comm may have anything in it. */
static bool in_session(const char *pid, pid_t session)
{
    auto_free char *stat = NULL;
    char path[300], *after;
    int of = 0;
    char state = 'Z';

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    if (file_read(path, 4096, &stat, NULL, NULL) < 0)
        return false;
    after = strrchr(stat, ')');
    if (!after || sscanf(after, ") %c %*d %*d %d", &state, &of) != 2 || state == 'Z')
        return false;
    return of == session || strtol(pid, NULL, 10) == session; /* the leader, before its setsid, too */
}

/* Signals all of the session, 0: none; is anybody left? */
static bool signal_session(pid_t session, int number)
{
    auto_closedir DIR *proc = opendir("/proc");
    struct dirent *d;
    bool any = false;

    while (proc && (d = readdir(proc))) {
        if (d->d_name[0] < '1' || d->d_name[0] > '9' || !in_session(d->d_name, session))
            continue;
        any = true;
        kill((pid_t)strtol(d->d_name, NULL, 10), number);
    }
    return any;
}

void command_hang_up(struct command *c, unsigned grace_ms)
{
    int64_t until = clock_ms() + grace_ms;

    /* A terminal's hang-up is the kernel's.  Pipes stay: a word to them is not to kill who still has to
     * clear up. */
    if (c->slave >= 0)
        command_close(c);
    signal_session(c->pid, SIGHUP);
    signal_session(c->pid, SIGCONT);
    while (signal_session(c->pid, 0) && clock_ms() < until)
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    signal_session(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    command_close(c);
    c->pid = -1;
}

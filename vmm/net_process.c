/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/program.h"
#include "vmm/net_plan.h"

#define PROGRAM "lxtop-net"

extern char **environ;

/* `launch` lies above the number it gets: dup2 of a number to itself would keep O_CLOEXEC. */
static int spawn(const char *path, int launch, bool host, pid_t *pid)
{
    char *const argv[] = {PROGRAM, host ? "--host" : NULL, NULL};
    posix_spawn_file_actions_t files;
    int r = posix_spawn_file_actions_init(&files);

    if (r != 0)
        return r;
    r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&files, launch, NET_LAUNCH_FD);
    if (r == 0)
        r = posix_spawn(pid, path, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return r;
}

int net_process_start(struct net_process *p, bool host, struct err *e)
{
    auto_free char *path = program_find(PROGRAM, "LXTOP_NET");
    auto_close int ours = -1;
    auto_close int low = -1;
    auto_close int theirs = -1;
    int pair[2], r;

    *p = (struct net_process){.pid_fd = -1, .launch_fd = -1};
    if (!path)
        return err_set(e, ENOENT, "the network needs " PROGRAM ", which is not beside lxtop-vmm, in libexec/lxtop or in PATH, nor "
                       "what LXTOP_NET names");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, errno, "network");
    ours = pair[0];
    low = pair[1];
    theirs = fcntl(low, F_DUPFD_CLOEXEC, NET_LAUNCH_FD + 1);
    r = theirs < 0 ? errno : spawn(path, theirs, host, &p->pid);
    if (r != 0)
        return err_sys(e, r, "run %s", path);
    p->launch_fd = steal_fd(&ours);
    p->pid_fd = pidfd_open(p->pid, 0);
    if (p->pid_fd >= 0)
        return 0;
    r = errno;
    net_process_stop(p);
    return err_sys(e, r, "run %s", path);
}

int net_process_launch(struct net_process *p, int frames_fd, int requests_fd, struct err *e)
{
    const int sockets[] = {frames_fd, requests_fd};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(sockets))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(sockets)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {"", 1};
    const struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    memcpy(CMSG_DATA(&control.head), sockets, sizeof(sockets));
    if (sendmsg(p->launch_fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
        return 0;
    if (errno != EPIPE && errno != ECONNRESET)
        return err_sys(e, errno, "network");
    return err_set(e, ESRCH, "%s is gone; there is no network until the next start", PROGRAM);
}

/* It ends by itself when its socket closes, but not if it hangs. */
void net_process_stop(struct net_process *p)
{
    if (p->pid == 0)
        return;
    close(steal_fd(&p->launch_fd));
    if (p->pid_fd >= 0) {
        pidfd_send_signal(p->pid_fd, SIGKILL, NULL, 0);
        close(steal_fd(&p->pid_fd));
    }
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    p->pid = 0;
}

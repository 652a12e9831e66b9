/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define BACKLOG 64
#define READY_FD 3

static int listen_at(uint32_t port, struct err *e)
{
    struct sockaddr_vm at = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port};
    auto_close int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0)
        return err_sys(e, errno, "vsock port %u", port);
    return steal_fd(&fd);
}

/* Programs of the guest, which may be anybody's, could otherwise act as its root. */
static bool is_host(const struct sockaddr_vm *peer)
{
    return peer->svm_family == AF_VSOCK && peer->svm_cid == VMADDR_CID_HOST;
}

int service_accept(int fd)
{
    for (;;) {
        struct sockaddr_vm peer = {0};
        socklen_t len = sizeof(peer);
        int taken = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

        if (taken >= 0 && is_host(&peer))
            return taken;
        if (taken >= 0)
            close(taken);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            poll(NULL, 0, 100); /* the client stays in the backlog; others may end meanwhile */
    }
}

bool service_ready(void)
{
    return write(READY_FD, "", 1) == 1;
}

/* Nothing of the agent's: neither its files and signals, nor the '@' that would spare this process. */
static void leave_agent(const struct service *s, char *argv0, int ready)
{
    sigset_t none;

    if (ready != READY_FD)
        dup2(ready, READY_FD);
    fcntl(READY_FD, F_SETFD, FD_CLOEXEC);
    close_range(READY_FD + 1, ~0U, 0);
    argv0[0] = '/';
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, s->name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(0);
}

static _Noreturn void run(const struct service *s, char *argv0, int ready)
{
    struct err e;
    int fd;

    leave_agent(s, argv0, ready);
    fd = listen_at(s->port, &e);
    if (fd >= 0)
        s->run(fd);
    else
        fprintf(stderr, "lxtop-guest: %s: %s\n", s->purpose, e.msg);
    _exit(1);
}

pid_t service_start(const struct service *s, char *argv0, int *ready)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        run(s, argv0, fds[1]);
    close(fds[1]);
    if (pid < 0)
        close(fds[0]);
    else
        *ready = fds[0];
    return pid;
}

int service_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

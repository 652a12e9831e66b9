/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/launch.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKETS 2

/* Takes a message with its sockets; false: there will be no more.  Without just these sockets it is skipped. */
static bool receive(int fd, int sockets[SOCKETS])
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(SOCKETS * sizeof(int))];
    } control;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n;

    do {
        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    sockets[0] = -1;
    if (n == 1 && m.msg_controllen == CMSG_SPACE(SOCKETS * sizeof(int)))
        memcpy(sockets, CMSG_DATA(&control.head), SOCKETS * sizeof(int));
    return n > 0;
}

/* It stays a zombie until here, so its number is nobody else's. */
static void end_child(pid_t child)
{
    if (child <= 0)
        return;
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

static pid_t begin(int fd, const int sockets[SOCKETS], launch_network *network, void *ctx)
{
    pid_t parent = getpid(), child = fork();

    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) {
        close(fd);
        network(sockets[0], sockets[1], ctx);
    }
    exit(EXIT_SUCCESS);
}

void launch_run(int fd, launch_network *network, void *ctx)
{
    pid_t child = 0;
    int sockets[SOCKETS];

    while (receive(fd, sockets)) {
        if (sockets[0] < 0)
            continue;
        end_child(child);
        child = begin(fd, sockets, network, ctx);
        for (int i = 0; i < SOCKETS; i++)
            close(sockets[i]);
    }
    end_child(child);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop-net: the network of one machine, started by its lxtop-vmm (net_plan.h). */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "vmm/net/launch.h"
#include "vmm/net/user.h"
#include "vmm/net_plan.h"

static bool is_socket(int fd)
{
    int type;
    socklen_t len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static void be_network(int frames_fd, int requests_fd, void *ctx)
{
    const bool *host = ctx;
    struct err e = {0};
    struct user *u = user_new(frames_fd, requests_fd, *host, &e);

    if (!u) {
        fprintf(stderr, "lxtop-net: %s\n", e.msg);
        return;
    }
    user_run(u);
    user_free(u);
}

int main(int argc, char **argv)
{
    bool host = argc == 2 && strcmp(argv[1], "--host") == 0;

    if (argc > 2 || (argc == 2 && !host) || !is_socket(NET_LAUNCH_FD)) {
        fprintf(stderr, "lxtop-net is started by lxtop-vmm --net; it is not run by hand\n");
        return 2;
    }
    log_open("lxtop-net", STDERR_FILENO, LOG_WARN);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    launch_run(NET_LAUNCH_FD, be_network, &host);
    return 0;
}

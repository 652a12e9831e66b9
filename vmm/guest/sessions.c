/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/sessions.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/guest_ports.h"
#include "vmm/guest/relay.h"
#include "vmm/guest/service.h"

static _Noreturn void serve(int listening, int conn, pid_t server)
{
    close(listening);
    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == server)
        relay_run(conn);
    _exit(0);
}

static void run(int fd)
{
    pid_t server = getpid();

    signal(SIGCHLD, SIG_IGN); /* the kernel reaps */
    if (!service_ready())
        return;
    for (;;) {
        int conn = service_accept(fd);

        if (fork() == 0)
            serve(fd, conn, server);
        close(conn);
    }
}

const struct service sessions_service = {"lxtop-session", GUEST_SESSION_PORT, "sessions are not possible",
                                         run};

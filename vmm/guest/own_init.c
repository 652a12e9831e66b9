/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/own_init.h"

#include <signal.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/guest/mounts.h"

#define GRACE_MS 3000

/* True when no child is left; orphans are all children of PID 1. */
static int reap_all(void)
{
    int pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        ;
    return pid < 0;
}

static void end_everybody(void)
{
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    for (int waited = 0; waited < GRACE_MS && !reap_all(); waited += 10)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    kill(-1, SIGKILL);
    for (int waited = 0; waited < 1000 && !reap_all(); waited += 10)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

_Noreturn void own_init_finish(int how)
{
    end_everybody();
    mounts_finish();
    reboot(how);
    for (;;)
        pause();
}

_Noreturn void own_init_run(void)
{
    sigset_t set;
    int signal;

    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (;;) {
        if (sigwait(&set, &signal) != 0)
            continue;
        if (signal == SIGUSR2)
            own_init_finish(RB_POWER_OFF);
        if (signal == SIGINT || signal == SIGTERM)
            own_init_finish(RB_AUTOBOOT);
        reap_all();
    }
}

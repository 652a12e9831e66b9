/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's relay on this machine, behind the vsock of the distro "a": its sessions are this user's own shells. */
#ifndef TESTS_UNIT_FAKE_GUEST_H
#define TESTS_UNIT_FAKE_GUEST_H

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fake_machine.h"
#include "tests/unit/fixture.h"
#include "vmm/guest/relay.h"

static pid_t guest; /* a process group: all its connections break at once */

static void answer(int fd)
{
    char line[64];
    size_t len = 0;

    while (len < sizeof(line) - 1 && read(fd, line + len, 1) == 1 && line[len++] != '\n')
        ;
    if (write(fd, "OK 1024\n", 8) == 8)
        relay_run(fd);
    _exit(0);
}

static void start_guest(const char *home)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

    snprintf(a.sun_path, sizeof(a.sun_path), "%s/lxtop/a/vsock.sock", home);
    unlink(a.sun_path);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(s, 8), 0);
    if ((guest = fork()) == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves nothing */
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_IGN);
        while ((fd = accept4(s, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
            if (fork() == 0) {
                signal(SIGCHLD, SIG_DFL);
                answer(fd);
            }
            close(fd);
        }
        _exit(1);
    }
    setpgid(guest, guest);
    close(s);
}

static void end_guest(void)
{
    if (guest > 0) {
        kill(-guest, SIGTERM);
        waitpid(guest, NULL, 0);
    }
    guest = 0;
}

/* --- for a test of its own: the distro "a", its machine and its guest --- */

static struct fake_machine machine;

static int start_machine(void **state)
{
    set_up(state);
    make_distro("a", NULL);
    fake_start(&machine, folder, "a");
    start_guest(folder);
    return 0;
}

static int stop_machine(void **state)
{
    end_guest();
    fake_clean(&machine);
    return tear_down(state);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop in a terminal of its own, for tests with as_lxtop.h. */
#ifndef TESTS_UNIT_TERMINAL_H
#define TESTS_UNIT_TERMINAL_H

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "tests/unit/fixture.h"

struct terminal {
    int master, slave;
    pid_t pid;
    struct termios before;
    char text[16384];
    size_t len;
};

/* Runs lxtop with these words (the last one NULL) in a terminal of `size`; NULL: of none that it knows. */
static inline void terminal_run(struct terminal *t, const struct winsize *size, const char *const *words)
{
    *t = (struct terminal){0};
    assert_int_equal(openpty(&t->master, &t->slave, NULL, NULL, size), 0);
    assert_int_equal(tcgetattr(t->slave, &t->before), 0);
    t->pid = fork();
    assert_true(t->pid >= 0);
    if (t->pid == 0) {
        close(t->master);
        login_tty(t->slave);
        execv(getenv("TEST_SELF"), (char *const *)words);
        _exit(99);
    }
}

static inline void terminal_wait(struct terminal *t, const char *text)
{
    while (!strstr(t->text, text)) {
        ssize_t n = read(t->master, t->text + t->len, sizeof(t->text) - 1 - t->len);

        assert_true(n > 0);
        t->len += (size_t)n;
    }
}

/* It has ended with `status`, and the terminal is as it was. */
static inline void terminal_end(struct terminal *t, int status)
{
    struct termios after;
    int got;

    assert_int_equal(waitpid(t->pid, &got, 0), t->pid);
    assert_true(WIFEXITED(got));
    assert_int_equal(WEXITSTATUS(got), status);
    assert_int_equal(tcgetattr(t->slave, &after), 0);
    assert_int_equal(after.c_lflag, t->before.c_lflag);
    assert_int_equal(after.c_iflag, t->before.c_iflag);
    assert_int_equal(after.c_oflag, t->before.c_oflag);
    assert_int_equal(fcntl(t->slave, F_GETFL) & O_NONBLOCK, 0);
    close(t->master);
    close(t->slave);
}

#endif

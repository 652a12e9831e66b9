/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/term_crash.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

/* A signal handler has nothing else to go by: the one exception to "no mutable globals". */
static struct {
    char bytes[256];
    size_t len;
    struct termios before;
    volatile sig_atomic_t armed;
    char stack[16384]; /* of its own: the other one may be what overflowed */
} restore;

/* Only what POSIX.1-2017, 2.4.3 calls async-signal-safe. SA_RESETHAND: returning repeats the fault, or we raise it. */
static void on_crash(int number)
{
    static const char said[] = "lxtop has crashed; running distros go on running.\n";

    if (restore.armed) {
        restore.armed = 0;
        if (write(STDOUT_FILENO, restore.bytes, restore.len) < 0)
            _exit(128 + number);
        tcsetattr(STDIN_FILENO, TCSANOW, &restore.before);
        if (write(STDERR_FILENO, said, sizeof(said) - 1) < 0)
            _exit(128 + number);
    }
    raise(number);
}

void term_crash_arm(const char *bytes, size_t len, const struct termios *t)
{
    const stack_t stack = {.ss_sp = restore.stack, .ss_size = sizeof(restore.stack)};
    stack_t there;
    struct sigaction a = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK}, old;

    restore.len = len < sizeof(restore.bytes) ? len : sizeof(restore.bytes);
    memcpy(restore.bytes, bytes, restore.len);
    restore.before = *t;
    if (sigaltstack(NULL, &there) == 0 && (there.ss_flags & SS_DISABLE))
        sigaltstack(&stack, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
        if (sigaction(crashes[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(crashes[i], &a, NULL);
    restore.armed = 1;
}

void term_crash_disarm(void)
{
    restore.armed = 0;
}

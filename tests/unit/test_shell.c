/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop exec and lxtop shell in a terminal and without: the whole way to a guest's relay on this machine. */
#include "tests/unit/as_lxtop.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <utmp.h>

#include "tests/unit/fake_guest.h"
#include "tests/unit/terminal.h"

/* A line of shell in which lxtop is "$LX" and its flags for this user are $U. */
static int __attribute__((format(printf, 1, 2))) line(const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return shell("cd %s; LX='%s'; U='--user %u'; %s", folder, getenv("TEST_SELF"), geteuid(), text);
}

/* --- without a terminal --- */

static void test_exec__pipes_files_and_nothing(void **state)
{
    (void)state;
    assert_int_equal(line("echo in | $LX exec $U a sh -c 'cat; echo err >&2; exit 5' > out 2> err"), 5);
    assert_int_equal(shell("cd %s && echo in | cmp - out && echo err | cmp - err", folder), 0);
    assert_int_equal(line("head -c 700000 /dev/urandom > big; $LX exec $U a cat < big > copy && cmp big copy"), 0);
    assert_int_equal(line("$LX exec $U a cat < big | cat | cmp - big"), 0);
    assert_int_equal(line("$LX exec $U a cat < /dev/null > out && test ! -s out"), 0);
    assert_int_equal(line("$LX exec $U a cat <&- > out"), 0);
    assert_int_equal(line("echo 'exit 6' | $LX shell $U a"), 6);
    assert_int_equal(line("$LX exec $U a -- no-such-program 2> err"), 127);
    assert_int_equal(line("grep -qx 'lxtop: no-such-program: not found' err"), 0);
}

/* The lines behind it are text mode's own commands, and no input of what it runs. */
static void test_exec__in_text_mode_takes_no_line_of_it(void **state)
{
    (void)state;
    assert_int_equal(line("printf 'exec %%s a cat\\nexec %%s a echo this\\nlist\\n' \"$U\" \"$U\" | $LX --text > out"), 0);
    assert_int_equal(line("grep -qx this out && grep -q '^a: running' out && test \"$(grep -c '^[0-9].*exec' out)\" = 2"), 0);
}

/* A reader that is slow is waited for, one that is gone ends it. */
static void test_exec__readers(void **state)
{
    (void)state;
    assert_int_equal(line("$LX exec $U a head -c 600000 /dev/zero < /dev/null | (sleep 0.3; wc -c) | grep -qx 600000"), 0);
    assert_int_equal(line("{ $LX exec $U a yes < /dev/null; echo $? > status; } | head -n 1 | grep -qx y"), 0);
    assert_int_equal(line("grep -qx 141 status"), 0);
}

/* O_NONBLOCK would be everybody's who has the same pipe. */
static void test_exec__leaves_the_flags_of_others_alone(void **state)
{
    int fds[2], flags;
    pid_t pid;

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        assert_int_equal(kind ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds), 0);
        flags = fcntl(fds[1], F_GETFL);
        pid = fork();
        if (pid == 0) {
            auto_free char *user = file_path("%u", geteuid());

            dup2(fds[1], STDOUT_FILENO);
            execl(getenv("TEST_SELF"), "lxtop", "exec", "--user", user, "a", "true", NULL);
            _exit(99);
        }
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(fcntl(fds[1], F_GETFL), flags);
        close(fds[0]);
        close(fds[1]);
    }
}

static void test_exec__signals_are_passed_on(void **state)
{
    (void)state;
    assert_int_equal(line("$LX exec $U a sh -c 'trap \"exit 7\" TERM; echo ready; while :; do sleep 0.05; done' < /dev/null > out &"
                          " while [ ! -s out ]; do sleep 0.05; done; kill $!; wait $!"), 7);
    /* one that does not listen: the third time lxtop itself ends */
    assert_int_equal(line("rm out; $LX exec $U a sh -c 'trap \"echo no\" TERM; echo ready; while :; do sleep 0.05; done' < /dev/null > out &"
                          " for n in 1 2 3; do while [ \"$(grep -c . out 2>/dev/null)\" != $n ]; do sleep 0.05; done; kill $!; done; wait $!"), 143);
}

static void test_exec__what_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(line("$LX exec --user no-such-user a true 2> err"), STATUS_FAILED);
    assert_int_equal(line("grep -qx \"lxtop: a: there is no user 'no-such-user' in the distro; --user root is always there\" err"), 0);
    assert_int_equal(line("$LX exec $U a sh -c 'echo ready; sleep 1000' < /dev/null > out 2> err & "
                          "while [ ! -s out ]; do sleep 0.05; done; kill -TERM -%d; wait $!", (int)guest), STATUS_FAILED);
    assert_int_equal(line("grep -qx 'lxtop: connection to a was lost' err"), 0);
}

/* --- in a terminal --- */

static void run_command(struct terminal *t, const char *command)
{
    const struct winsize size = {.ws_row = 33, .ws_col = 99};
    auto_free char *user = file_path("%u", geteuid());

    terminal_run(t, &size, (const char *const[]){"lxtop", "exec", "--user", user, "--env", "TERM=xterm", "a", "sh",
                                                 "-c", command, NULL});
}

static void test_terminal__keys_size_and_status(void **state)
{
    struct winsize w = {.ws_row = 44, .ws_col = 111};
    struct terminal t;

    (void)state;
    run_command(&t, "trap 'echo interrupted' INT; trap 'stty size' WINCH; stty size; echo $TERM; echo ready; while ! read x; do :; done; exit 9");
    terminal_wait(&t, "33 99\r\nxterm\r\nready");
    assert_int_equal(write(t.master, "\003", 1), 1);
    terminal_wait(&t, "interrupted");
    ioctl(t.master, TIOCSWINSZ, &w);
    terminal_wait(&t, "44 111");
    assert_int_equal(write(t.master, "x\r", 2), 2);
    terminal_end(&t, 9);
}

static void test_terminal__comes_back_when_the_machine_dies(void **state)
{
    struct terminal t;

    (void)state;
    run_command(&t, "echo ready; sleep 1000");
    terminal_wait(&t, "ready");
    end_guest();
    terminal_wait(&t, "lxtop: connection to a was lost");
    terminal_end(&t, STATUS_FAILED);
}

static void test_terminal__comes_back_when_lxtop_is_asked_to_end(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct terminal t;

        run_command(&t, "echo ready; sleep 1000");
        terminal_wait(&t, "ready");
        kill(t.pid, signals[i]);
        terminal_end(&t, 128 + signals[i]);
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, start_machine, stop_machine)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test(test_exec__pipes_files_and_nothing),
        test(test_exec__in_text_mode_takes_no_line_of_it),
        test(test_exec__readers),
        test(test_exec__leaves_the_flags_of_others_alone),
        test(test_exec__signals_are_passed_on),
        test(test_exec__what_cannot_be),
        test(test_terminal__keys_size_and_status),
        test(test_terminal__comes_back_when_the_machine_dies),
        test(test_terminal__comes_back_when_lxtop_is_asked_to_end),
    };
    int status = as_lxtop_main(argc, argv);

    alarm(120); /* what hangs ends */
    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}

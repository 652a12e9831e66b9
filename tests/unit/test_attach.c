/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console in a terminal, from a file and through a pipe; and a live machine in text mode. */
#include "tests/unit/as_lxtop.h"

#include <fcntl.h>
#include <pty.h>
#include <termios.h>
#include <utmp.h>

#include "tests/unit/fake_machine.h"
#include "tests/unit/terminal.h"

static struct fake_machine machine;

static int start(void **state)
{
    set_up(state);
    make_distro("a", NULL);
    fake_start(&machine, folder, "a");
    return 0;
}

static int stop(void **state)
{
    fake_clean(&machine);
    return tear_down(state);
}

/* --- without a terminal --- */

static void assert_console_from_file(const char *input, const char *typed)
{
    auto_free char *in = file_path("%s/in", folder), *got = NULL, *out = NULL, *said = file_path("%s/out", folder);
    struct err e = {0};

    assert_ok(file_write_atomic(in, input, strlen(input), 0600, &e), e);
    assert_int_equal(shell("'%s' console a > '%s' < '%s'", getenv("TEST_SELF"), said, in), 0);
    got = fake_end(&machine);
    assert_string_equal(got, typed);
    assert_ok(file_read(said, 1 << 20, &out, NULL, &e), e);
    assert_memory_equal(out, FAKE_GREETING, strlen(FAKE_GREETING)); /* bytes as they are */
}

/* epoll takes no files.  The machine ends it, not the end of the file: answers are still due. */
static void test_console__from_a_file(void **state)
{
    (void)state;
    assert_console_from_file("ls\nbye\n", "ls\nbye\n");
}

static void test_console__a_long_file(void **state)
{
    static char text[200001];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text + sizeof(text) - 4, "bye", 3);
    assert_console_from_file(text, text);
}

/* Nothing of what a pipe brings is lost, though its end comes before the machine has taken it all. */
static void test_console__from_a_pipe(void **state)
{
    auto_free char *in = file_path("%s/in", folder), *text = calloc(1, 1000001), *typed = NULL;
    struct err e = {0};

    (void)state;
    memset(text, 'x', 1000000);
    assert_ok(file_write_atomic(in, text, 1000000, 0600, &e), e);
    assert_int_equal(shell("cat '%s' | '%s' console a > /dev/null", in, getenv("TEST_SELF")), 0);
    typed = fake_end(&machine);
    assert_int_equal(strlen(typed), 1000000);
}

/* --- in a terminal --- */

static void begin(struct terminal *t, const char *verb)
{
    terminal_run(t, NULL, (const char *const[]){"lxtop", verb, "a", NULL});
}

static void test_console__detach_key(void **state)
{
    struct terminal t;
    auto_free char *typed = NULL;

    (void)state;
    begin(&t, "console");
    terminal_wait(&t, FAKE_GREETING);
    assert_int_equal(write(t.master, "\x03\x1aq", 3), 3); /* Ctrl-C and Ctrl-Z are the guest's */
    terminal_wait(&t, "<");
    terminal_wait(&t, "q");
    assert_int_equal(write(t.master, "\x1d", 1), 1);
    terminal_wait(&t, "Detached from a.");
    terminal_end(&t, STATUS_DONE);
    typed = fake_end(&machine);
    assert_string_equal(typed, "\x03\x1aq");
}

static void test_console__machine_ends(void **state)
{
    struct terminal t;

    (void)state;
    begin(&t, "console");
    terminal_wait(&t, FAKE_GREETING);
    assert_int_equal(write(t.master, "bye", 3), 3);
    terminal_wait(&t, "Detached from a. It has ended.");
    terminal_end(&t, STATUS_DONE);
    free(fake_end(&machine));
}

static void test_console__signals_give_the_terminal_back(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT};
    auto_free char *typed = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct terminal t;

        begin(&t, "console");
        terminal_wait(&t, FAKE_GREETING);
        kill(t.pid, signals[i]);
        terminal_wait(&t, "Detached from a.");
        terminal_end(&t, STATUS_DONE);
    }
    typed = fake_end(&machine);
    assert_string_equal(typed, "");
}

/* --- a live machine in text mode --- */

static void test_text__a_live_machine(void **state)
{
    int status;
    auto_free char *text = run_verb("list\nremove a\nconsole a\nls\n", "--text", &status), *typed = NULL;

    (void)state;
    assert_non_null(strstr(text, "1 distro, 1 running. Command, or h for help: list\na: running.\n"
                                 "a: boot took 142 milliseconds.\na: memory on the host "));
    assert_non_null(strstr(text, "remove a\nerror: a is running; stop it first: lxtop stop a\n"));
    typed = fake_end(&machine);
    assert_string_equal(typed, "ls\n"); /* what follows the command is for the guest */
    assert_null(memmem(text, strcspn(text, "$"), "\x1b[2J", 4)); /* its note is plain */
}

#define test(f) cmocka_unit_test_setup_teardown(f, start, stop)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test(test_console__from_a_file),
        test(test_console__a_long_file),
        test(test_console__from_a_pipe),
        test(test_console__detach_key),
        test(test_console__machine_ends),
        test(test_console__signals_give_the_terminal_back),
        test(test_text__a_live_machine),
    };
    int status = as_lxtop_main(argc, argv);

    alarm(120); /* what hangs ends */
    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}

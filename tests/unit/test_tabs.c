/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminal panes in the console: the boot console of a machine that answers, as a person uses it. */
#include "tests/unit/screen.h"

#include "tests/unit/fake_machine.h"

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

static void begin(struct seen *s)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};

    seen_begin(s, env, 24, 80);
    seen_wait(s, "running");
}

static void finish(struct seen *s)
{
    seen_type(s, "q");
    seen_rest(s);
    seen_end(s, STATUS_DONE);
}

/* Every key but one is the guest's: Ctrl-C, Ctrl-Z and q too; the prefix twice is the prefix. */
static void test_panes__keys_are_the_guests(void **state)
{
    auto_free char *typed = NULL;
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "W");
    seen_wait(&s, "guest$");
    seen_wait(&s, "[1 a] Ctrl-] is lxtop's key.");
    seen_type(&s, "q\x03\x1a\x1b[A\x1d\x1d.");
    seen_wait(&s, ".>");
    seen_type(&s, "\x1d");
    seen_wait(&s, "d back, n next");
    seen_type(&s, "d");
    seen_wait(&s, "> a");
    finish(&s);
    typed = fake_end(&machine);
    assert_string_equal(typed, "q\x03\x1a\x1b[A\x1d.");
}

/* Two of them, detached and taken up again, and closed. */
static void test_panes__tabs(void **state)
{
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "W");
    seen_wait(&s, "[1 a] Ctrl-]");
    seen_type(&s, "o"); /* more may come in pieces */
    seen_wait(&s, "<o>");
    seen_type(&s, "\x1d" "d");
    seen_wait(&s, "> a");
    seen_type(&s, "W");
    seen_wait(&s, "1 a [2 a] Ctrl-]");
    seen_type(&s, "\x1d" "1");
    seen_wait(&s, "[1 a] 2 a Ctrl-]");
    assert_non_null(strstr(seen_shown(&s), "<o>")); /* it went on meanwhile */
    seen_type(&s, "\x1d" "n");
    seen_wait(&s, "1 a [2 a] Ctrl-]");
    seen_type(&s, "\x1d" "x");
    seen_wait(&s, "[1 a] Ctrl-]");
    seen_type(&s, "\x1d" "x"); /* the last one: back */
    seen_wait(&s, "> a");
    seen_type(&s, "0");
    seen_wait(&s, "No pane is open");
    seen_type(&s, "k");
    seen_wait(&s, "> a");
    finish(&s);
    free(fake_end(&machine));
}

/* What the guest sends is seen as cells; its escapes stay within. */
static void test_panes__copy_and_paste(void **state)
{
    auto_free char *typed = NULL;
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "W");
    seen_wait(&s, "guest$");
    seen_type(&s, "\x1d" "c");
    seen_wait(&s, "copying");
    s.t.len = 0;
    seen_type(&s, "0 llll\n");
    seen_wait(&s, "is lxtop's key");
    s.t.text[s.t.len] = '\0';
    assert_non_null(strstr(s.t.text, "\x1b]52;c;Z3Vlc3Q=\x1b\\")); /* "guest", for the person's clipboard */
    seen_type(&s, "\x1d" "v.");
    seen_wait(&s, ".>");
    seen_type(&s, "\x1d" "d");
    seen_wait(&s, "> a");
    finish(&s);
    typed = fake_end(&machine);
    assert_string_equal(typed, "guest.");
}

static void test_panes__the_machine_ends(void **state)
{
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "W");
    seen_wait(&s, "guest$");
    seen_type(&s, "bye");
    seen_wait(&s, "x closes it: the machine has ended");
    seen_type(&s, "ignored\x1d" "x");
    seen_wait(&s, "> a");
    finish(&s);
    free(fake_end(&machine));
}

#define test(f) cmocka_unit_test_setup_teardown(f, start, stop)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test(test_panes__keys_are_the_guests),
        test(test_panes__tabs),
        test(test_panes__copy_and_paste),
        test(test_panes__the_machine_ends),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of the command line, run to their end. */
#include "tests/unit/as_lxtop.h"

static void assert_verb(const char *verb, const char *input, const char *expected, int status)
{
    int got;
    auto_free char *text = run_verb(input, verb, &got);

    assert_linear(text);
    assert_string_equal(text, expected);
    assert_int_equal(got, status);
}

static void test_verb__remove_asks_only_where_it_can(void **state)
{
    (void)state;
    make_distro("a", NULL);
    assert_verb("remove nobody", "nobody\n", "lxtop: there is no distro named 'nobody'; `lxtop list` shows them\n",
                STATUS_NO_DISTRO);
    assert_verb("remove a", "", "This removes a; for 7 days it can be brought back. Type a to go on: \nNothing was removed.\n",
                STATUS_CANCELLED);
    assert_verb("remove a", "aa\n", "This removes a; for 7 days it can be brought back. Type a to go on: \nNothing was removed.\n",
                STATUS_CANCELLED);
    assert_verb("remove a --yes", "", "a: for 7 days `lxtop trash restore a` brings it back, `lxtop trash empty a` frees its disk "
                "space\na is removed; it took .\n", STATUS_DONE);
}

static void test_verb__install_with_a_name_of_its_own(void **state)
{
    auto_free char *verb = file_path("install %s/tree", folder);
    auto_free char *first = file_path("tree: installing from %s/tree\ntree is installed; it took .\n", folder);
    auto_free char *second = file_path("tree-2: installing from %s/tree\ntree-2 is installed; it took .\n", folder);

    (void)state;
    assert_verb(verb, "", first, STATUS_DONE);
    assert_verb(verb, "", second, STATUS_DONE);
}

/* --- progress: the child of an install says what the test wants --- */

static void child_says(const char *lines)
{
    setenv("TEST_TASK", lines, 1);
}

static int leave(void **state)
{
    unsetenv("TEST_TASK");
    return tear_down(state);
}

static void test_install__a_line_a_quarter_and_none_for_the_end(void **state)
{
    (void)state;
    child_says("{\"done\":1,\"total\":1000}\n{\"done\":249,\"total\":1000}\n{\"done\":250,\"total\":1000}\n"
               "{\"done\":260,\"total\":1000}\n{\"done\":780,\"total\":1000}\n{\"done\":1000,\"total\":1000}\n"
               "{\"result\":\"ok\"}\n");
    assert_verb("install busybox --name x", "",
                "x: installing from busybox\nx: 25 percent, 250 bytes read\nx: 75 percent, 780 bytes read\n"
                "x is installed; it took .\n", STATUS_DONE);
}

/* Totals that are not known, too small or absurd: no percent is invented. */
static void test_install__totals_that_are_none(void **state)
{
    (void)state;
    child_says("{\"done\":900,\"total\":0}\n{\"done\":900,\"total\":100}\n{\"done\":-5,\"total\":-1}\n"
               "{\"result\":\"ok\"}\n");
    assert_verb("install busybox --name x", "", "x: installing from busybox\nx is installed; it took .\n", STATUS_DONE);
}

static void test_install__an_error_is_plain_and_has_its_label(void **state)
{
    (void)state;
    child_says("{\"result\":\"error\",\"code\":5,\"error\":\"\\u001b[2Jbad\\r\\n\\u009btar\"}\n");
    assert_verb("install busybox --name x", "", "x: installing from busybox\nlxtop: bad ?tar\n", STATUS_FAILED);
}

static void test_install__a_child_that_dies(void **state)
{
    (void)state;
    child_says("{\"done\":1,\"total\":2}\n");
    assert_verb("install busybox --name x", "",
                "x: installing from busybox\nx: 50 percent, 1 byte read\n"
                "lxtop: the task ended without a result, status 0\n", STATUS_FAILED);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, leave)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test(test_verb__remove_asks_only_where_it_can),
        test(test_verb__install_with_a_name_of_its_own),
        test(test_install__a_line_a_quarter_and_none_for_the_end),
        test(test_install__totals_that_are_none),
        test(test_install__an_error_is_plain_and_has_its_label),
        test(test_install__a_child_that_dies),
    };
    int status = -1;

    if (argc > 1 && strcmp(argv[1], "task-install") == 0 && getenv("TEST_TASK"))
        return fputs(getenv("TEST_TASK"), stdout) < 0;
    status = as_lxtop_main(argc, argv);
    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}

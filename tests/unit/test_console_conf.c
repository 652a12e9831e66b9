/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/console.h"

#include "tests/unit/conf_world.h"

#include "tui/term.h"

static struct console_options console;

static void load(void)
{
    console_release(&console);
    warnings[0] = '\0';
    console_load(&console, &paths, warn, NULL);
}

static char *read_conf(const char *name)
{
    auto_free char *path = file_path("%s/lxtop/%s", folder, name);
    char *text = NULL;

    assert_int_equal(file_read(path, 1 << 20, &text, NULL, NULL), 0);
    return text;
}

static int leave(void **state)
{
    console_release(&console);
    return tear_down(state);
}

static void test_console__defaults(void **state)
{
    (void)state;
    load();
    assert_string_equal(warnings, "");
    for (int i = 0; i < CONSOLE_OPTIONS; i++) {
        auto_free char *text = option_value_format(&console_table[i], &console.value[i]);

        assert_string_equal(text, console_table[i].default_text);
        assert_true(*console_table[i].help);
    }
    for (int i = 0; i <= SCHEMES; i++) { /* one list in two layers */
        const char *a = console_table[CONSOLE_COLORS].choices[i], *b = term_scheme_names[i];

        assert_true(a && b ? strcmp(a, b) == 0 : a == b);
    }
}

static void test_console__the_console_over_the_person_over_the_default(void **state)
{
    (void)state;
    write_conf("lxtop.conf", "console: { colors = \"soft\"; scrollback = 10; mouse = false; };");
    write_conf("console.conf", "console: { colors = \"contrast\"; };");
    load();
    assert_string_equal(warnings, "");
    assert_int_equal(console_number(&console, CONSOLE_COLORS), SCHEME_CONTRAST);
    assert_int_equal(console.value[CONSOLE_COLORS].origin, ORIGIN_CONSOLE);
    assert_int_equal(console_number(&console, CONSOLE_SCROLLBACK), 10);
    assert_int_equal(console.value[CONSOLE_SCROLLBACK].origin, ORIGIN_CONF);
    assert_int_equal(console_number(&console, CONSOLE_MOUSE), 0);
    assert_int_equal(console_number(&console, CONSOLE_TEXT), 0);
}

static void test_console__bad_rows_are_told_by_file_and_line(void **state)
{
    (void)state;
    write_conf("lxtop.conf", "console:\n{\n  colors = \"pink\";\n  scrollback = -1;\n  shape = 1;\n  mouse = no;\n};");
    load();
    assert_non_null(strstr(warnings, "lxtop.conf:6: syntax error; the whole file is ignored"));
    write_conf("lxtop.conf", "console:\n{\n  colors = \"pink\";\n  scrollback = -1;\n  shape = 1;\n  text = \"on\";\n};");
    write_conf("console.conf", "console = 3;");
    load();
    assert_non_null(strstr(warnings, "lxtop.conf:3: colors: 'pink' is not "));
    assert_non_null(strstr(warnings, "lxtop.conf:4: scrollback: '-1' is out of range; give 0 to 100000\n"));
    assert_non_null(strstr(warnings, "lxtop.conf:5: there is no setting 'shape' of the console; `lxtop settings` lists them\n"));
    assert_non_null(strstr(warnings, "console.conf:1: console: is no group"));
    assert_int_equal(console_number(&console, CONSOLE_TEXT), 1); /* the good row counts */
    assert_int_equal(console_number(&console, CONSOLE_COLORS), SCHEME_TERMINAL);
}

static void test_console_change__goes_into_its_own_file_alone(void **state)
{
    static const char persons[] = "// mine\nconsole: { colors = \"soft\"; };\n";
    auto_free char *same = NULL, *own = NULL;
    struct err e = {0};

    (void)state;
    write_conf("lxtop.conf", persons);
    write_conf("console.conf", "keys: { start = \"S\"; };\n");
    load();
    assert_ok(console_change(&console, &paths, CONSOLE_COLORS, "contrast", &e), e);
    assert_ok(console_change(&console, &paths, CONSOLE_SORT, "-cpu", &e), e);
    assert_ok(console_change(&console, &paths, CONSOLE_PREFIX, "\"", &e), e);
    assert_int_equal(console_number(&console, CONSOLE_COLORS), SCHEME_CONTRAST);
    same = read_conf("lxtop.conf");
    assert_string_equal(same, persons);
    own = read_conf("console.conf");
    assert_non_null(strstr(own, "start = \"S\"")); /* what else is in it stays */
    load();
    assert_string_equal(warnings, "");
    assert_int_equal(console_number(&console, CONSOLE_COLORS), SCHEME_CONTRAST);
    assert_string_equal(console_text(&console, CONSOLE_PREFIX), "\"");
}

static void test_console_change__an_error_changes_nothing(void **state)
{
    struct err e = {0};

    (void)state;
    load();
    assert_int_not_equal(console_change(&console, &paths, CONSOLE_COLORS, "pink", &e), 0);
    assert_int_equal(console_number(&console, CONSOLE_COLORS), SCHEME_TERMINAL);
    assert_int_equal(shell("mkdir -p %s/lxtop/console.conf", folder), 0); /* cannot be replaced */
    assert_int_not_equal(console_change(&console, &paths, CONSOLE_COLORS, "soft", &e), 0);
    assert_int_equal(console_number(&console, CONSOLE_COLORS), SCHEME_TERMINAL);
}

static void test_console_change__a_broken_file_is_begun_anew(void **state)
{
    struct err e = {0};

    (void)state;
    write_conf("console.conf", "console: { colors = \n");
    load();
    assert_non_null(strstr(warnings, "syntax error"));
    assert_ok(console_change(&console, &paths, CONSOLE_COLORS, "soft", &e), e);
    load();
    assert_string_equal(warnings, "");
    assert_int_equal(console_number(&console, CONSOLE_COLORS), SCHEME_SOFT);
}

/* The file that is handed out: whole, right, and no setting forgotten. */
static void test_console__the_sample_file_is_all_defaults(void **state)
{
    auto_free char *sample = NULL;

    (void)state;
    assert_int_equal(file_read("config/lxtop.conf", 1 << 20, &sample, NULL, NULL), 0);
    write_conf("lxtop.conf", sample);
    load();
    assert_string_equal(warnings, "");
    for (int i = 0; i < CONSOLE_OPTIONS; i++) {
        auto_free char *text = option_value_format(&console_table[i], &console.value[i]);

        assert_int_equal(console.value[i].origin, ORIGIN_CONF);
        assert_string_equal(text, console_table[i].default_text);
        assert_non_null(strstr(sample, console_table[i].help));
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, leave)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_console__defaults),
        test(test_console__the_console_over_the_person_over_the_default),
        test(test_console__bad_rows_are_told_by_file_and_line),
        test(test_console_change__goes_into_its_own_file_alone),
        test(test_console_change__an_error_changes_nothing),
        test(test_console_change__a_broken_file_is_begun_anew),
        test(test_console__the_sample_file_is_all_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

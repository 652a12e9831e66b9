/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is changed in the console is there the next time: in a terminal, as a person does it. */
#include "tests/unit/screen.h"

static char *console_conf(void)
{
    auto_free char *path = file_path("%s/lxtop/console.conf", getenv("XDG_CONFIG_HOME"));
    char *text = NULL;

    return file_read(path, 1 << 20, &text, NULL, NULL) == 0 ? text : strdup("");
}

static void write_conf(const char *name, const char *text)
{
    auto_free char *config = file_path("%s/lxtop", getenv("XDG_CONFIG_HOME")), *path = file_path("%s/%s", config, name);
    struct err e = {0};

    assert_ok(file_mkdirs(config, 0700, &e), e);
    assert_ok(file_write_atomic(path, text, strlen(text), 0644, &e), e);
}

static void open_wide(struct seen *s, int cols)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};

    seen_begin(s, env, 24, cols);
    seen_wait(s, "Quit");
}

static void open_screen(struct seen *s)
{
    open_wide(s, 80);
}

static void quit(struct seen *s)
{
    seen_type(s, "q");
    seen_rest(s);
    seen_end(s, STATUS_DONE);
}

static void test_keep__columns_order_and_ticking(void **state)
{
    auto_free char *kept = NULL;
    struct seen s;

    (void)state;
    write_conf("lxtop.conf", "console: { sort = \"cpu\"; };");
    make_distro("alpine", NULL);
    open_screen(&s);
    seen_wait(&s, "CPU^");
    seen_type(&s, "o\x15" "disk cpu\r");
    seen_wait(&s, "CPU^   DISK");
    seen_type(&s, "I>u");
    seen_wait(&s, "change as they come");
    quit(&s); /* at once: nothing is lost by that */
    kept = console_conf();
    assert_non_null(strstr(kept, "columns = \"cpu disk\""));
    assert_non_null(strstr(kept, "sort = \"-read\""));
    assert_non_null(strstr(kept, "tick = \"true\""));
    open_screen(&s);
    seen_wait(&s, "  CPU   DISK");
    seen_type(&s, "o");
    seen_wait(&s, "all: cpu disk");
    seen_type(&s, "\x15\r");
    seen_wait(&s, "READ/sv");
    quit(&s);
}

/* Another lxtop's keys and colours stay, and a kill -9 leaves the old file or the new one. */
static void test_keep__what_others_write_stays(void **state)
{
    auto_free char *kept = NULL;
    struct seen a, b;

    (void)state;
    make_distro("alpine", NULL);
    open_screen(&a);
    open_screen(&b);
    write_conf("console.conf", "keys: { start = \"A\"; };");
    seen_type(&a, "o\x15" "cpu\r");
    seen_wait(&a, "NAME                             CPU");
    quit(&a);
    seen_type(&b, "I");
    seen_wait(&b, "Sorted by name");
    quit(&b);
    kept = console_conf();
    assert_non_null(strstr(kept, "start = \"A\""));
    assert_non_null(strstr(kept, "columns = \"cpu\""));
    assert_non_null(strstr(kept, "sort = \"-name\""));
}

static void test_keep__bad_rows_are_told_and_left_out(void **state)
{
    struct seen s;

    (void)state;
    write_conf("lxtop.conf", "console:\n{\n  columns = \"cpu colour\";\n  prefix = \"F99\";\n};\nkeys:\n{\n  start = \"F99\";\n};");
    make_distro("alpine", NULL);
    open_wide(&s, 200);
    seen_wait(&s, "STATE");
    seen_type(&s, "m");
    seen_wait(&s, "lxtop.conf:3: columns: there is no column 'colour'");
    seen_wait(&s, "lxtop.conf:4: prefix: 'F99' is no key");
    seen_wait(&s, "lxtop.conf:8: start: 'F99' is no key");
    seen_type(&s, "q");
    quit(&s);
}

/* Settings of the console, a column and keys are changed where they are shown, count at once, and are kept. */
static void test_keep__what_the_settings_view_changes(void **state)
{
    auto_free char *kept = NULL;
    struct seen s;

    (void)state;
    write_conf("lxtop.conf", "console: { mouse = \"false\"; };");
    make_distro("alpine", NULL);
    open_wide(&s, 120);
    seen_type(&s, "e\\console mouse\r");
    seen_wait(&s, "false                lxtop.conf");
    seen_type(&s, "\x1b\\console colors\r");
    seen_wait(&s, "terminal             default");
    seen_type(&s, "\r\x15pink\r");
    seen_wait(&s, "colors: ");
    seen_type(&s, "\x15soft\r");
    seen_wait(&s, "soft                 console");
    seen_type(&s, "\x1b\\column cpu\r");
    seen_wait(&s, "[x]                  default");
    seen_type(&s, "\r");
    seen_wait(&s, "[ ]                  console");
    seen_type(&s, "\x1b\\key palette\r");
    seen_wait(&s, ": Ctrl-P");
    seen_type(&s, "\r\x15\r");
    seen_wait(&s, "palette: needs a key");
    seen_type(&s, "\x15" "F5\r");
    seen_wait(&s, "F5                   console");
    seen_type(&s, "\x1b[15~");
    seen_wait(&s, "Actions that work now");
    seen_type(&s, "\x1b");
    seen_wait(&s, "FROM");
    seen_type(&s, "\x1bq");
    seen_wait(&s, "MEM");
    assert_null(strstr(seen_shown(&s), "CPU  "));
    quit(&s);
    kept = console_conf();
    assert_non_null(strstr(kept, "colors = \"soft\""));
    assert_non_null(strstr(kept, "palette = \"F5\""));
    assert_non_null(strstr(kept, "columns = \"state boot "));
    assert_null(strstr(kept, "mouse"));
}

/* What others change while it runs counts within a second: another console, the verb, an editor. */
static void test_keep__what_others_change_counts(void **state)
{
    auto_free char *said = NULL;
    struct seen a, b;
    int status;

    (void)state;
    make_distro("alpine", NULL);
    open_wide(&a, 120);
    open_wide(&b, 120);
    seen_type(&a, "o\x15" "cpu disk\r");
    seen_wait(&b, "  CPU   DISK");
    seen_type(&b, "I");
    seen_wait(&a, "NAMEv");
    said = run_verb("", "settings sort cpu", &status);
    assert_int_equal(status, 0);
    seen_wait(&a, "CPU^");
    seen_wait(&b, "CPU^");
    write_conf("lxtop.conf", "defaults: { memory = \"3G\"; };\nkeys: { install = \"F12\"; };\n");
    seen_wait(&b, "F12 Install");
    seen_type(&b, "o\x15" "limit\r");
    seen_wait(&b, "3.0G");
    seen_wait(&a, "3.0G");
    write_conf("lxtop.conf", "keys: { install = \"F9\"; };\nkeys: {");
    seen_wait(&a, "lxtop.conf:2");
    seen_wait(&a, "F12 Install"); /* all else as it was */
    quit(&a);
    quit(&b);
}

/* Nothing can be written: it is said, and the console goes on. */
static void test_keep__an_error_is_told(void **state)
{
    auto_free char *path = file_path("%s/lxtop/console.conf", getenv("XDG_CONFIG_HOME"));
    struct seen s;

    (void)state;
    make_distro("alpine", NULL);
    assert_int_equal(shell("mkdir -p %s/in-the-way", path), 0);
    open_screen(&s);
    seen_type(&s, "I");
    seen_wait(&s, "Sorted by name");
    seen_type(&s, "8");
    seen_wait(&s, "what you changed is not kept");
    seen_type(&s, "q");
    quit(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_keep__columns_order_and_ticking),
        as_lxtop_test(test_keep__what_others_write_stays),
        as_lxtop_test(test_keep__bad_rows_are_told_and_left_out),
        as_lxtop_test(test_keep__what_the_settings_view_changes),
        as_lxtop_test(test_keep__what_others_change_counts),
        as_lxtop_test(test_keep__an_error_is_told),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keymap.h"

#include "tests/unit/conf_world.h"

static struct keymap keys;

static void load(const char *file, const char *text)
{
    write_conf(file, text);
    warnings[0] = '\0';
    keymap_init(&keys);
    keymap_load(&keys, &paths, warn, NULL);
}

static void assert_key(enum view_id v, const char *key, int action)
{
    int found = keymap_action(&keys, v, key_parse(key));

    if (found != action)
        fail_msg("%s in %s is %s", key, view_table[v]->name, found < 0 ? "nothing" : action_table[found].name);
}

static void assert_warns(const char *text)
{
    if (!strstr(warnings, text))
        fail_msg("not \"%s\" but \"%s\"", text, warnings);
}

static void test_keymap__replaces_the_keys_of_the_table(void **state)
{
    char name[KEY_TEXT];

    (void)state;
    load("lxtop.conf", "keys: { start = \"Alt-F1\"; stop = ( \"K\", \"F12\" ); suspend = \"\"; };");
    assert_string_equal(warnings, "");
    assert_key(VIEW_DISTROS, "Alt-F1", ACTION_START);
    assert_key(VIEW_DISTROS, "s", -1);
    assert_key(VIEW_DISTROS, "F7", -1);
    assert_key(VIEW_INFO, "K", ACTION_STOP);
    assert_key(VIEW_INFO, "F12", ACTION_STOP);
    assert_key(VIEW_INFO, "x", -1);
    assert_key(VIEW_DISTROS, "z", -1);
    assert_null(keymap_key(&keys, VIEW_DISTROS, ACTION_FREEZE, name));
    assert_string_equal(keymap_key(&keys, VIEW_DISTROS, ACTION_STOP, name), "K");
    assert_key(VIEW_DISTROS, "j", ACTION_DOWN); /* the others stay */
}

/* Two that change places are no conflict, in any order. */
static void test_keymap__a_persons_key_wins_over_the_tables(void **state)
{
    (void)state;
    load("lxtop.conf", "keys: { start = \"x\"; stop = \"s\"; };");
    assert_string_equal(warnings, "");
    assert_key(VIEW_DISTROS, "x", ACTION_START);
    assert_key(VIEW_SNAPSHOTS, "s", ACTION_STOP);
    load("lxtop.conf", "keys: { help = \"q\"; };"); /* everywhere, although Back and Quit have it */
    assert_key(VIEW_DISTROS, "q", ACTION_HELP);
    assert_key(VIEW_LOG, "q", ACTION_HELP);
    assert_string_equal(warnings, ""); /* they have other keys */
}

static void test_keymap__a_last_key_that_is_taken_is_told(void **state)
{
    (void)state;
    load("lxtop.conf", "keys: { suspend = \"X\"; };");
    assert_string_equal(warnings, "lxtop.conf: keys: suspend has the key of force in the view Distros now; give force another\n");
    load("lxtop.conf", "keys: { view_tasks = \"F8\"; };"); /* stop is for fewer views, but the table's */
    assert_string_equal(warnings, "");
    load("lxtop.conf", "keys: { view_tasks = \"y\"; stop = \"y\"; };"); /* stop is for fewer */
    assert_warns("lxtop.conf: keys: stop has the key of view_tasks in the view Distros now");
    load("lxtop.conf", "keys: { suspend = \"X\"; force = \"z\"; };");
    assert_string_equal(warnings, "");
}

static void test_keymap__bad_rows_are_told_by_file_and_line(void **state)
{
    (void)state;
    load("lxtop.conf", "keys:\n{\n  start = \"Hyper-Q\";\n  frob = \"f\";\n  stop = ( \"a\", \"b\", \"c\", \"d\", \"e\" );\n"
                       "  force = \"K\";\n  suspend = \"K\";\n  quit = \"\";\n  list = \"l\";\n  mark = ( 1, 2 );\n};");
    assert_warns("lxtop.conf:3: start: 'Hyper-Q' is no key; write x, F7, Enter");
    assert_warns("lxtop.conf:4: there is no action 'frob' that has keys");
    assert_warns("lxtop.conf:5: stop: at most 4 keys");
    assert_warns("lxtop.conf:7: suspend: K is a key of force already");
    assert_warns("lxtop.conf:8: quit: needs a key");
    assert_warns("lxtop.conf:9: there is no action 'list' that has keys");
    assert_warns("lxtop.conf:10: mark: give a text");
    assert_key(VIEW_DISTROS, "s", ACTION_START); /* the defaults of the bad rows */
    assert_key(VIEW_DISTROS, "z", ACTION_FREEZE);
    assert_key(VIEW_DISTROS, "q", ACTION_QUIT);
    assert_key(VIEW_DISTROS, "K", ACTION_FORCE); /* the good row counts */
}

static void test_keymap__the_console_over_the_person(void **state)
{
    (void)state;
    load("console.conf", "keys: { start = \"A\"; };");
    load("lxtop.conf", "keys: { start = \"B\"; stop = \"C\"; };");
    assert_string_equal(warnings, "");
    assert_key(VIEW_DISTROS, "A", ACTION_START);
    assert_key(VIEW_DISTROS, "B", -1);
    assert_key(VIEW_DISTROS, "C", ACTION_STOP);
}

static void test_keymap_fill__keys_in_text(void **state)
{
    char to[64], small[8];

    (void)state;
    load("lxtop.conf", "keys: { start = \"Alt-F1\"; suspend = \"\"; };");
    keymap_fill(&keys, VIEW_DISTROS, "{start}, {suspend} {prefix} {frob} { {", to, sizeof(to));
    assert_string_equal(to, "Alt-F1, :suspend Ctrl-] {frob} { {");
    keymap_fill(&keys, VIEW_DISTROS, "1234{start}5", small, sizeof(small));
    assert_string_equal(small, "1234Alt");
}

/* The file that is handed out says every key as it is. */
static void test_keymap__the_sample_file_is_all_defaults(void **state)
{
    auto_free char *sample = NULL;
    struct keymap table;

    (void)state;
    assert_int_equal(file_read("config/lxtop.conf", 1 << 20, &sample, NULL, NULL), 0);
    load("lxtop.conf", sample);
    assert_string_equal(warnings, "");
    keymap_init(&table);
    for (int a = 0; a < ACTIONS; a++) {
        assert_memory_equal(keys.row[a].keys, table.row[a].keys, sizeof(table.row[a].keys));
        assert_int_equal(keys.row[a].own, action_table[a].name != NULL);
        for (int b = 0; b < a; b++)
            assert_false(action_table[a].name && action_table[b].name && !strcmp(action_table[a].name, action_table[b].name));
        for (int v = 0; v < VIEWS; v++)
            for (int k = 0; k < ACTION_KEYS; k++)
                assert_int_equal(keymap_action(&keys, (enum view_id)v, table.row[a].keys[k]),
                                 keymap_action(&table, (enum view_id)v, table.row[a].keys[k]));
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_keymap__replaces_the_keys_of_the_table),
        test(test_keymap__a_persons_key_wins_over_the_tables),
        test(test_keymap__a_last_key_that_is_taken_is_told),
        test(test_keymap__bad_rows_are_told_by_file_and_line),
        test(test_keymap__the_console_over_the_person),
        test(test_keymap_fill__keys_in_text),
        test(test_keymap__the_sample_file_is_all_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console's own settings by verb and in text mode: those of the Settings view. */
#include "tests/unit/as_lxtop.h"

#include "tui/action.h"

/* What the verb says, whole; its status is *status. */
static char *says(const char *verb, int *status)
{
    char *text = run_verb("", verb, status);

    assert_linear(text);
    return text;
}

static void assert_says_of(const char *verb, const char *part, int status)
{
    int got;
    auto_free char *text = says(verb, &got);

    if (!strstr(text, part))
        fail_msg("%s: %s", verb, text);
    assert_int_equal(got, status);
}

static void test_settings__tells_all_of_the_view(void **state)
{
    int status;
    auto_free char *table = says("settings", &status), *json = says("settings --json", &status), *words = says("--text settings", &status);

    (void)state;
    for (int i = 0; i < CONSOLE_OPTIONS; i++) {
        auto_free char *row = file_path("\n%s ", console_table[i].name), *name = file_path("\"name\": \"%s\"", console_table[i].name);

        assert_non_null(strstr(table, row));
        assert_non_null(strstr(json, name));
        assert_non_null(strstr(words, console_table[i].help));
    }
    for (int a = 0; a < ACTIONS; a++) {
        auto_free char *row = action_table[a].name ? file_path("\nkey %s ", action_table[a].name) : NULL;

        assert_true(!row || strstr(table, row));
    }
    assert_non_null(strstr(words, "\nmouse: true, from the default; the mouse selects and scrolls"));
}

static void test_settings__changes_one_and_takes_it_back(void **state)
{
    (void)state;
    assert_says_of("settings colors", "terminal", STATUS_DONE);
    assert_says_of("settings colors contrast", "console.conf", STATUS_DONE);
    assert_says_of("--text settings colors", "colors: contrast, from console.conf; ", STATUS_DONE);
    assert_says_of("--text settings columns name cpu boot", "columns: name cpu boot, from console.conf", STATUS_DONE);
    assert_says_of("settings sort -memory", "-memory", STATUS_DONE);
    assert_says_of("--text settings key help F5 H", "key help: F5 H, from console.conf", STATUS_DONE);
    assert_says_of("settings colors --remove", "default", STATUS_DONE);
    assert_says_of("--text settings key help --remove", "key help: F1 ? h, from the default", STATUS_DONE);
    assert_says_of("--text settings columns", "columns: name cpu boot, from console.conf", STATUS_DONE); /* which stays */
}

static void test_settings__mistakes_say_what_is_right(void **state)
{
    static const struct {
        const char *verb, *says;
    } mistakes[] = {
        {"settings colors pink", "'pink' is not one of terminal, soft, contrast, none"},
        {"settings columns nosuch", "there is no column 'nosuch'; give name, state"},
        {"settings scrollback many", "scrollback"},
        {"settings nosuch", "the console has no setting 'nosuch'; `lxtop settings` lists them"},
        {"settings memory 1G", "memory is a setting of distros: lxtop set NAME memory VALUE"},
        {"settings key", "say whose keys: key ACTION"},
        {"settings key nosuch x", "there is no action 'nosuch' that has keys"},
        {"settings key start Nokey", "'Nokey' is no key"},
        {"settings key start a", "start"}, /* console's in the same view */
        {"settings --remove", "say which setting"},
        {"settings colors soft --remove", "--remove takes no value"},
        {"settings colours soft", "the console has no setting 'colours'; did you mean 'colors'? `lxtop settings` lists them"},
        {"settings key stat x", "there is no action 'stat' that has keys; did you mean 'start'? `lxtop settings` lists them"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
        assert_says_of(mistakes[i].verb, mistakes[i].says, i == 8 ? STATUS_DONE : STATUS_USAGE);
    assert_says_of("--text settings colors", "colors: terminal, from the default", STATUS_DONE);
}

static void test_settings__in_text_mode(void **state)
{
    int status;
    auto_free char *text = run_verb("settings mouse false\nsettings mouse\nsettings mouse maybe\n", "--text", &status);

    (void)state;
    assert_linear(text);
    assert_non_null(strstr(text, "settings mouse false\nmouse: false, from console.conf; "));
    assert_non_null(strstr(text, "settings mouse\nmouse: false, from console.conf; "));
    assert_non_null(strstr(text, "settings mouse maybe\nerror: mouse: "));
}

/* A verb starts all the same, and says with file and line what of lxtop.conf it left out. */
static void test_verb__a_bad_lxtop_conf_is_told(void **state)
{
    static const char conf[] = "defaults: { cpus = 99; };\nconsole: {\n  colors = \"pink\";\n};\n";
    auto_free char *path = file_path("%s/lxtop/lxtop.conf", folder), *at = file_path("%s/lxtop", folder);
    struct err e = {0};

    (void)state;
    assert_ok(file_mkdirs(at, 0700, &e), e);
    assert_ok(file_write_atomic(path, conf, strlen(conf), 0600, &e), e);
    assert_says_of("list", "/lxtop.conf:1: cpus: '99' is out of range; give 1 to 8\n", STATUS_DONE);
    assert_says_of("list", "/lxtop.conf:3: colors: 'pink' is not one of terminal, soft, contrast, none\n", STATUS_DONE);
    assert_says_of("settings colors", "terminal", STATUS_DONE);
}

/* What the person asked for is no event. */
static void test_text__what_one_brings_is_no_news(void **state)
{
    int status;
    auto_free char *text = NULL;

    (void)state;
    make_distro("a", NULL);
    assert_int_equal(shell("truncate -s 4M '%s/lxtop/distros/a/root.img'", folder), 0);
    text = run_verb("remove a\na\nundo\nremove a\na\nundo a\nremove a\na\nundo --as b\nsnapshot create b one\nsnapshot clone b one c\n\n",
                    "--text", &status);
    assert_linear(text);
    assert_non_null(strstr(text, "c"));
    if (strstr(text, "event: "))
        fail_msg("%s", text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_settings__tells_all_of_the_view),
        as_lxtop_test(test_settings__changes_one_and_takes_it_back),
        as_lxtop_test(test_settings__mistakes_say_what_is_right),
        as_lxtop_test(test_settings__in_text_mode),
        as_lxtop_test(test_verb__a_bad_lxtop_conf_is_told),
        as_lxtop_test(test_text__what_one_brings_is_no_news),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}

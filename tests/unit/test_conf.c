/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/conf.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/base/auto.h"

struct world {
    char *folder;
    struct options options;
    char warnings[4096];
    unsigned count;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    options_init(&w->options);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    options_release(&w->options);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static void keep_warning(void *ctx, const char *text)
{
    struct world *w = ctx;
    size_t used = strlen(w->warnings);

    snprintf(w->warnings + used, sizeof(w->warnings) - used, "%s\n", text);
    w->count++;
}

static void read_conf(struct world *w, const char *text, const char *group)
{
    assert_int_equal(file_write_atomic("f.conf", text, strlen(text), 0644, NULL), 0);
    conf_read_options("f.conf", group, ORIGIN_CONF, &w->options, keep_warning, w);
}

static void assert_warned(const struct world *w, const char *text)
{
    if (!strstr(w->warnings, text))
        fail_msg("no warning \"%s\" in \"%s\"", text, w->warnings);
}

static void assert_all_default(const struct options *o)
{
    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *text = options_format(o, (enum option_id)i);

        assert_string_equal(text, option_table[i].default_text);
        assert_int_equal(o->value[i].origin, ORIGIN_DEFAULT);
    }
}

static void test_conf_read_options__every_kind_of_value(void **state)
{
    struct world *w = *state;

    read_conf(w, "defaults: { memory = \"1G\"; cpus = 3; stop_timeout = \"7\"; disk_size = 1073741824L;\n"
                 "append = \"a \\\"b\\\"\"; };", "defaults");
    assert_string_equal(w->warnings, "");
    assert_int_equal(options_number(&w->options, OPT_MEMORY), 1 << 30);
    assert_int_equal(options_number(&w->options, OPT_CPUS), 3);
    assert_int_equal(options_number(&w->options, OPT_STOP_TIMEOUT), 7);
    assert_int_equal(options_number(&w->options, OPT_DISK_SIZE), 1 << 30);
    assert_string_equal(options_text(&w->options, OPT_APPEND), "a \"b\"");
    assert_int_equal(w->options.value[OPT_CPUS].origin, ORIGIN_CONF);
    assert_int_equal(w->options.value[OPT_KERNEL].origin, ORIGIN_DEFAULT);
}

static void test_conf_read_options__bad_rows_are_told_by_line_and_stay_default(void **state)
{
    struct world *w = *state;

    read_conf(w, "defaults:\n{\n  memory = \"big\";\n  cpus = 99;\n  kernel = (1, 2);\n"
                 "  append = { x = 1; };\n  flavour = \"x\";\n  stop_timeout = true;\n"
                 "  disk_size = \"64M\";\n};\n", "defaults");
    assert_warned(w, "f.conf:3: memory: 'big' is not a size");
    assert_warned(w, "f.conf:4: cpus: '99' is out of range; give 1 to 8");
    assert_warned(w, "f.conf:5: kernel: give a text, a number or true/false");
    assert_warned(w, "f.conf:6: append: give a text");
    assert_warned(w, "f.conf:7: there is no setting 'flavour'");
    assert_warned(w, "f.conf:8: stop_timeout: 'true' is not a whole number");
    assert_int_equal(w->count, 6);
    assert_int_equal(options_number(&w->options, OPT_DISK_SIZE), 64 << 20); /* the good row counts */
    assert_int_equal(options_set(&w->options, "disk_size", "32G", ORIGIN_DEFAULT, NULL), 0);
    assert_all_default(&w->options);
}

static void test_conf_read_options__shares_are_a_list_or_a_text(void **state)
{
    struct world *w = *state;

    read_conf(w, "defaults: { shares = ( \"~:/mnt/host,ro\", { host = \"/a:b\"; guest = \"/b\"; mode = \"ro\";"
                 " cache = \"loose\"; map = \"xattr:1:2\"; }, { host = \"/c\"; guest = \"/c\"; } ); };", "defaults");
    assert_string_equal(w->warnings, "");
    assert_string_equal(options_text(&w->options, OPT_SHARES),
                        "~:/mnt/host,ro; /a\\:b:/b,ro,cache=loose,map=xattr:1:2; /c:/c; ");
    read_conf(w, "defaults: { shares = \"none\"; };", "defaults");
    assert_string_equal(options_text(&w->options, OPT_SHARES), "none");
}

static void test_conf_read_options__bad_shares_are_told_and_stay_default(void **state)
{
    struct world *w = *state;
    static const struct { const char *value, *says; } bad[] = {
        {"( 1, 2 )", "shares: give a list of texts"},
        {"( { host = \"/a\"; guest = \"/b\"; colour = \"red\"; } )", "shares: give a list of texts"},
        {"( { host = \"/a\"; } )", "share '/a': the folder in the guest is absolute"},
        {"( \"a:/b\" )", "share 'a:/b': the host's folder is absolute"},
        {"\"/a:/b,cache=fast\"", "cache=fast: give none, mmap, readahead or loose"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        auto_free char *text = file_path("defaults: { shares = %s; };", bad[i].value);

        read_conf(w, text, "defaults");
        assert_warned(w, bad[i].says);
        assert_all_default(&w->options);
    }
}

static void test_conf_read_options__a_syntax_error_skips_the_whole_file(void **state)
{
    struct world *w = *state;

    read_conf(w, "defaults:\n{\n  cpus = 4;\n  memory = \"1G\n};\n", "defaults");
    assert_int_equal(w->count, 1);
    assert_warned(w, "f.conf:");
    assert_warned(w, "syntax error; the whole file is ignored");
    assert_all_default(&w->options);
    w->warnings[0] = '\0';
    read_conf(w, "cpus = 4;\nmemory == 3;\n", NULL);
    assert_warned(w, "f.conf:2: syntax error");
    assert_all_default(&w->options);
}

static void test_conf_read_options__what_is_no_group_is_told(void **state)
{
    static const char *const texts[] = {"\n\ndefaults = [1, 2];", "\n\ndefaults = (\"a\", (1), 2);",
                                        "\n\ndefaults = 5;", "\n\ndefaults = \"1G\";"};
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        w->warnings[0] = '\0';
        read_conf(w, texts[i], "defaults");
        assert_warned(w, "f.conf:3: defaults: is no group; write defaults: { NAME = VALUE; };");
        assert_int_equal(w->count, i + 1);
    }
    assert_all_default(&w->options);
}

static void test_conf_read_options__missing_file_or_group_changes_nothing(void **state)
{
    struct world *w = *state;

    conf_read_options("none.conf", "defaults", ORIGIN_CONF, &w->options, keep_warning, w);
    read_conf(w, "other: { cpus = 4; };", "defaults");
    read_conf(w, "", "defaults");
    read_conf(w, "", NULL);
    assert_string_equal(w->warnings, "");
    assert_all_default(&w->options);
}

static void test_conf_read_options__a_file_that_cannot_be_read_is_told(void **state)
{
    struct world *w = *state;

    assert_int_equal(mkdir("f.conf", 0700), 0);
    conf_read_options("f.conf", "defaults", ORIGIN_CONF, &w->options, keep_warning, w);
    assert_warned(w, "f.conf");
    assert_warned(w, "the whole file is ignored");
    assert_int_equal(shell("rmdir f.conf && head -c 2M /dev/zero | tr '\\0' ' ' > f.conf"), 0);
    w->warnings[0] = '\0';
    conf_read_options("f.conf", "defaults", ORIGIN_CONF, &w->options, keep_warning, w);
    assert_warned(w, "too large");
    assert_all_default(&w->options);
}

static void test_conf_read_options__top_level_skips_what_is_no_setting(void **state)
{
    struct world *w = *state;

    read_conf(w, "source = \"x.tar\"; installed = \"2026-01-01T00:00:00Z\"; cpus = \"5\";", NULL);
    assert_string_equal(w->warnings, "");
    assert_int_equal(options_number(&w->options, OPT_CPUS), 5);
}

static void test_conf_write__comes_back_whatever_is_in_it(void **state)
{
    static const char *const texts[] = {"plain", "", "a \"quoted\" \\ back\\slash", "tab\tnewline\nend",
                                        "\303\244\316\261\360\237\220\247", "\001\033[31m\177",
                                        "; }; defaults: { cpus = 1; } //"};
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct conf_string s = {"source", texts[i]};
        struct err e = {0};
        auto_free char *back = NULL;

        assert_ok(conf_write("f.conf", &s, 1, &w->options, ORIGIN_DISTRO, &e), e);
        back = conf_read_string("f.conf", "source");
        assert_non_null(back);
        assert_string_equal(back, texts[i]);
    }
}

static void test_conf_write__only_options_of_the_origin_or_later(void **state)
{
    struct world *w = *state;
    struct options back;
    struct err e = {0};

    assert_int_equal(options_set(&w->options, "cpus", "3", ORIGIN_CONF, NULL), 0);
    assert_int_equal(options_set(&w->options, "memory", "1G", ORIGIN_DISTRO, NULL), 0);
    assert_int_equal(options_set(&w->options, "append", "\"x\" y", ORIGIN_COMMAND, NULL), 0);
    assert_ok(conf_write("f.conf", NULL, 0, &w->options, ORIGIN_DISTRO, &e), e);
    options_init(&back);
    conf_read_options("f.conf", NULL, ORIGIN_DISTRO, &back, keep_warning, w);
    assert_string_equal(w->warnings, "");
    assert_int_equal(options_number(&back, OPT_MEMORY), 1 << 30);
    assert_string_equal(options_text(&back, OPT_APPEND), "\"x\" y");
    assert_int_equal(back.value[OPT_CPUS].origin, ORIGIN_DEFAULT);
    options_release(&back);
}

static void test_conf_read_string__null_when_there_is_none(void **state)
{
    struct world *w = *state;

    read_conf(w, "number = 5; group: { source = \"deep\"; };", NULL);
    assert_null(conf_read_string("f.conf", "source"));
    assert_null(conf_read_string("f.conf", "number"));
    assert_null(conf_read_string("none.conf", "source"));
}

/* The file that is handed out: whole, right, and no setting forgotten. */
static void test_conf__the_sample_file_is_all_defaults(void **state)
{
    struct world *w = *state;
    auto_free char *path = file_path("%s/config/lxtop.conf", getenv("LXTOP_TEST_SOURCE"));

    conf_read_options(path, "defaults", ORIGIN_CONF, &w->options, keep_warning, w);
    assert_string_equal(w->warnings, "");
    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *text = options_format(&w->options, (enum option_id)i);

        assert_int_equal(w->options.value[i].origin, ORIGIN_CONF);
        assert_string_equal(text, option_table[i].default_text);
        assert_int_equal(shell("grep -qF \"// %s\" %s", option_table[i].help, path), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_conf_read_options__every_kind_of_value),
        TEST(test_conf_read_options__bad_rows_are_told_by_line_and_stay_default),
        TEST(test_conf_read_options__shares_are_a_list_or_a_text),
        TEST(test_conf_read_options__bad_shares_are_told_and_stay_default),
        TEST(test_conf_read_options__a_syntax_error_skips_the_whole_file),
        TEST(test_conf_read_options__what_is_no_group_is_told),
        TEST(test_conf_read_options__missing_file_or_group_changes_nothing),
        TEST(test_conf_read_options__a_file_that_cannot_be_read_is_told),
        TEST(test_conf_read_options__top_level_skips_what_is_no_setting),
        TEST(test_conf_write__comes_back_whatever_is_in_it),
        TEST(test_conf_write__only_options_of_the_origin_or_later),
        TEST(test_conf_read_string__null_when_there_is_none),
        TEST(test_conf__the_sample_file_is_all_defaults),
    };
    char source[4096];

    /* The programs are run from the top of the source tree; tests change the folder. */
    assert_non_null(getcwd(source, sizeof(source)));
    setenv("LXTOP_TEST_SOURCE", source, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

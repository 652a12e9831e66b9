/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/option.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"

static int set_up(void **state)
{
    struct options *o = malloc(sizeof(*o));

    options_init(o);
    *state = o;
    return 0;
}

static int tear_down(void **state)
{
    options_release(*state);
    free(*state);
    return 0;
}

static bool is_number(enum option_type t)
{
    return t == OPTION_INT || t == OPTION_SIZE || t == OPTION_TIME;
}

static void assert_format(const struct options *o, enum option_id id, const char *expected)
{
    char *text = options_format(o, id);

    assert_string_equal(text, expected);
    free(text);
}

static void test_option_table__rows_are_whole_and_unlike(void **state)
{
    (void)state;
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_info *r = &option_table[i];

        assert_true(r->name && *r->name && strspn(r->name, "abcdefghijklmnopqrstuvwxyz_") == strlen(r->name));
        assert_true(r->help && *r->help && r->help[strlen(r->help) - 1] != '.');
        assert_non_null(r->default_text);
        assert_true(!is_number(r->type) || r->min < r->max);
        assert_true((r->type == OPTION_CHOICE) == (r->choices != NULL));
        for (int other = 0; other < i; other++)
            assert_string_not_equal(option_table[other].name, r->name);
    }
}

static void test_options_init__every_row_has_its_default(void **state)
{
    for (int i = 0; i < OPTIONS; i++) {
        assert_format(*state, (enum option_id)i, option_table[i].default_text);
        assert_int_equal(((struct options *)*state)->value[i].origin, ORIGIN_DEFAULT);
    }
}

static void test_options_set__every_row_takes_its_own_text_back(void **state)
{
    struct options *o = *state;
    struct err e = {0};

    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *text = options_format(o, (enum option_id)i);

        assert_ok(options_set(o, option_table[i].name, text, ORIGIN_DISTRO, &e), e);
        assert_format(o, (enum option_id)i, text);
        assert_int_equal(o->value[i].origin, ORIGIN_DISTRO);
    }
}

static void test_options_set__every_range_holds_its_ends_and_no_more(void **state)
{
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_info *r = &option_table[i];
        int64_t step = r->type == OPTION_SIZE ? 4096 : 1;
        const struct {
            int64_t n;
            int result;
        } cases[] = {{r->min, 0}, {r->max, 0}, {r->min - step, -EINVAL}, {r->max + step, -EINVAL}};

        for (size_t c = 0; is_number(r->type) && c < ARRAY_SIZE(cases); c++) {
            auto_free char *text = file_path("%lld", (long long)cases[c].n);
            struct err e = {0};

            assert_int_equal(options_set(*state, r->name, text, ORIGIN_CONF, &e), cases[c].result);
            if (cases[c].result < 0 && (r->type != OPTION_TIME || cases[c].n >= 0)) /* a time has no sign */
                assert_says(e, "out of range; give ");
            if (cases[c].result < 0)
                assert_says(e, r->name);
        }
    }
}

/* What a person may type wrong, and the words that help. */
static void test_options_set__bad_values_say_what_to_do_and_change_nothing(void **state)
{
    static const struct {
        const char *name, *text, *says;
    } cases[] = {
        {"memory", "", "write it like 512M or 2G"},
        {"memory", "lots", "write it like 512M or 2G"},
        {"memory", "12Q", "write it like 512M or 2G"},
        {"memory", "512MB", "write it like 512M or 2G"},
        {"memory", "-1G", "write it like 512M or 2G"},
        {"memory", "nan", "write it like 512M or 2G"},
        {"memory", "inf", "write it like 512M or 2G"},
        {"memory", "1..5G", "write it like 512M or 2G"},
        {"memory", ".", "write it like 512M or 2G"},
        {"memory", "99999999999999999999T", "too large"},
        {"memory", "1M", "memory: '1M' is out of range; give 64M to 1T"},
        {"cpus", "", "'' is not a whole number"},
        {"cpus", "two", "'two' is not a whole number"},
        {"cpus", "2.5", "'2.5' is not a whole number"},
        {"cpus", "99999999999999999999", "whole number"},
        {"cpus", "0", "cpus: '0' is out of range; give 1 to 8"},
        {"cpus", "9", "give 1 to 8"},
        {"cpus", "4294967298", "give 1 to 8"},
        {"disk_size", "1M", "give 16M to 16T"},
        {"append", "a\nb", "one line only"},
        {"stop_timeout", "0", "give 1 to 3600"},
        {"idle_timeout", "soon", "'soon' is not a time; write it like 90s, 5m or 2h"},
        {"idle_timeout", "5 m", "is not a time"},
        {"idle_timeout", "-5m", "is not a time"},
        {"idle_timeout", "m", "is not a time"},
        {"idle_timeout", "5mm", "is not a time"},
        {"idle_timeout", "1", "give 5s to 365d"},
        {"idle_timeout", "999999999999999999d", "is too long"},
        {"policy", "sometimes", "policy: 'sometimes' is not one of on-demand, keep, login"},
        {"memroy", "1G", "there is no setting 'memroy'; did you mean 'memory'? `lxtop help` lists them"},
        {"user", "a b", "user: 'a b' is no user; give a name or a number"},
        {"user", "a:b", "is no user"},
        {"user", "a\n", "is no user"},
        {"user", "-a", "is no user"},
        {"user", "../a", "is no user"},
        {"", "1G", "there is no setting ''"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};

        assert_int_equal(options_set(*state, cases[i].name, cases[i].text, ORIGIN_COMMAND, &e), -EINVAL);
        assert_says(e, cases[i].says);
    }
    test_options_init__every_row_has_its_default(state);
}

static void test_options_set__strings_are_copied(void **state)
{
    char text[] = "quiet debug";

    assert_int_equal(options_set(*state, "append", text, ORIGIN_COMMAND, NULL), 0);
    text[0] = 'X';
    assert_string_equal(options_text(*state, OPT_APPEND), "quiet debug");
}

static void test_options_copy__owns_its_strings_and_keeps_origins(void **state)
{
    struct options copy;
    struct err e = {0};

    assert_int_equal(options_set(*state, "kernel", "/k", ORIGIN_DISTRO, NULL), 0);
    assert_ok(options_copy(&copy, *state, &e), e);
    assert_int_equal(options_set(*state, "kernel", "stock", ORIGIN_COMMAND, NULL), 0);
    assert_string_equal(options_text(&copy, OPT_KERNEL), "/k");
    assert_int_equal(copy.value[OPT_KERNEL].origin, ORIGIN_DISTRO);
    options_release(&copy);
    assert_string_equal(options_text(&copy, OPT_KERNEL), "");
}

static void test_size_parse__units_are_binary_and_exact(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {
        {"0", 0}, {"1", 1}, {"1048576", 1 << 20}, {"64K", 64 << 10}, {"512M", 512LL << 20},
        {"1.5G", 3LL << 29}, {"0.5K", 512}, {".5M", 1 << 19}, {"2.K", 2048},
        {"2T", 2LL << 40}, {"9007199254740993", 9007199254740993LL}, {"1.99999999999999999999K", 2047},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};
        int64_t bytes = -1;

        assert_ok(size_parse(cases[i].text, &bytes, &e), e);
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void test_size_format__is_short_and_parses_back(void **state)
{
    static const int64_t sizes[] = {0, 1, 1023, 1024, 1536, 1LL << 20, 3LL << 29, 1LL << 40,
                                    5LL << 50, (1LL << 40) + 1, (1LL << 61) - 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        auto_free char *text = size_format(sizes[i]);
        int64_t back = -1;

        assert_int_equal(size_parse(text, &back, NULL), 0);
        assert_int_equal(back, sizes[i]);
    }
}

static void test_duration__parses_and_formats(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        const char *back;
    } cases[] = {{"0", 0, "0s"}, {"90", 90, "90s"}, {"60s", 60, "1m"}, {"5m", 300, "5m"},
                 {"90m", 5400, "90m"}, {"2h", 7200, "2h"}, {"1d", 86400, "1d"}, {"25h", 90000, "25h"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *text = duration_format(cases[i].seconds);
        int64_t seconds = -1;

        assert_int_equal(duration_parse(cases[i].text, &seconds, NULL), 0);
        assert_int_equal(seconds, cases[i].seconds);
        assert_string_equal(text, cases[i].back);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_option_table__rows_are_whole_and_unlike),
        TEST(test_options_init__every_row_has_its_default),
        TEST(test_options_set__every_row_takes_its_own_text_back),
        TEST(test_options_set__every_range_holds_its_ends_and_no_more),
        TEST(test_options_set__bad_values_say_what_to_do_and_change_nothing),
        TEST(test_options_set__strings_are_copied),
        TEST(test_options_copy__owns_its_strings_and_keeps_origins),
        TEST(test_size_parse__units_are_binary_and_exact),
        TEST(test_size_format__is_short_and_parses_back),
        TEST(test_duration__parses_and_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

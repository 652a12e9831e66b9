/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include <math.h>

#include "core/base/auto.h"
#include "tui/format.h"

#define KB 1024LL
#define MB (KB * 1024)
#define GB (MB * 1024)

static const struct {
    int64_t bytes;
    const char *table;
} sizes[] = {
    {0, "0B"},
    {1, "1B"},
    {999, "999B"},
    {1000, "1.0K"},
    {1023, "1.0K"},
    {KB, "1.0K"},
    {KB + 512, "1.5K"},
    {10178, "9.9K"},
    {10189, "10K"}, /* 9.95: not "10.0K" */
    {999 * KB, "999K"},
    {1023487, "999K"},
    {1023488, "1.0M"}, /* 999.5 K: not "1000K" */
    {31 * MB, "31M"},
    {512 * MB, "512M"},
    {1536 * MB, "1.5G"},
    {32 * GB, "32G"},
    {2048 * GB, "2.0T"},
    {5LL << 50, "5.0P"},
    {INT64_MAX, "8.0E"},
    {-1, "-"},
    {INT64_MIN, "-"},
};

static void test_format_size__units_and_rounding(void **state)
{
    char text[FORMAT_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        assert_string_equal(format_size(text, sizes[i].bytes), sizes[i].table);
    }
}

/* A table column is 6 wide: no size may be cut in it, at any step of scale. */
static void test_format_size__fits_its_column(void **state)
{
    char text[FORMAT_TEXT];

    (void)state;
    for (int64_t bytes = 1; bytes < INT64_MAX / 3; bytes += bytes / 7 + 1)
        assert_in_range(strlen(format_size(text, bytes)), 2, 4);
}

static void test_format_rate__what_is_no_number_is_not_known(void **state)
{
    char text[FORMAT_TEXT];

    (void)state;
    assert_string_equal(format_rate(text, 0), "0B");
    assert_string_equal(format_rate(text, 0.4), "0B");
    assert_string_equal(format_rate(text, 2.5 * 1024 * 1024), "2.5M");
    assert_string_equal(format_rate(text, -1), "-");
    assert_string_equal(format_rate(text, NAN), "-");
    assert_in_range(strlen(format_rate(text, 1e300)), 1, FORMAT_TEXT - 1);
}

static const struct {
    int64_t us;
    const char *table;
} times[] = {
    {0, "0ms"},
    {999, "0ms"},
    {1000, "1ms"},
    {142000, "142ms"},
    {999999, "999ms"},
    {1000000, "1.00s"},
    {1050000, "1.05s"},
    {99999999, "99.99s"}, /* never rounded up to a width of its own */
    {100000000, "1m40s"},
    {121000000, "2m01s"},
    {3599000000, "59m59s"},
    {6000000000, "1h40m"},
    {-1, "-"},
    {INT64_MIN, "-"},
};

static void test_format_time__units_and_rounding(void **state)
{
    char text[FORMAT_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        assert_string_equal(format_time(text, times[i].us), times[i].table);
    }
    assert_in_range(strlen(format_time(text, INT64_MAX)), 1, FORMAT_TEXT - 1);
}

static void test_format_percent__of_one_cpu(void **state)
{
    char text[FORMAT_TEXT];

    (void)state;
    assert_string_equal(format_percent(text, 0), "0%");
    assert_string_equal(format_percent(text, 99.6), "100%");
    assert_string_equal(format_percent(text, 800), "800%"); /* eight CPUs */
    assert_string_equal(format_percent(text, -1), "-");
    assert_string_equal(format_percent(text, NAN), "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_size__units_and_rounding),
        cmocka_unit_test(test_format_size__fits_its_column),
        cmocka_unit_test(test_format_rate__what_is_no_number_is_not_known),
        cmocka_unit_test(test_format_time__units_and_rounding),
        cmocka_unit_test(test_format_percent__of_one_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

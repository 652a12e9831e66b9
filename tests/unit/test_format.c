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
    const char *table, *words;
} sizes[] = {
    {0, "0B", "0 bytes"},
    {1, "1B", "1 byte"},
    {999, "999B", "999 bytes"},
    {1000, "1.0K", "1.0 KB"},
    {1023, "1.0K", "1.0 KB"},
    {KB, "1.0K", "1.0 KB"},
    {KB + 512, "1.5K", "1.5 KB"},
    {10178, "9.9K", "9.9 KB"},
    {10189, "10K", "10 KB"}, /* 9.95: not "10.0K" */
    {999 * KB, "999K", "999 KB"},
    {1023487, "999K", "999 KB"},
    {1023488, "1.0M", "1.0 MB"}, /* 999.5 K: not "1000K" */
    {31 * MB, "31M", "31 MB"},
    {512 * MB, "512M", "512 MB"},
    {1536 * MB, "1.5G", "1.5 GB"},
    {32 * GB, "32G", "32 GB"},
    {2048 * GB, "2.0T", "2.0 TB"},
    {5LL << 50, "5.0P", "5.0 PB"},
    {INT64_MAX, "8.0E", "8.0 EB"},
    {-1, "-", "not known"},
    {INT64_MIN, "-", "not known"},
};

static void test_format_size__units_and_rounding(void **state)
{
    char text[FORMAT_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        assert_string_equal(format_size(text, sizes[i].bytes), sizes[i].table);
        assert_string_equal(format_size_words(text, sizes[i].bytes), sizes[i].words);
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
    const char *table, *words;
} times[] = {
    {0, "0ms", "0 milliseconds"},
    {999, "0ms", "0 milliseconds"},
    {1000, "1ms", "1 millisecond"},
    {142000, "142ms", "142 milliseconds"},
    {999999, "999ms", "999 milliseconds"},
    {1000000, "1.00s", "1.00 seconds"},
    {1050000, "1.05s", "1.05 seconds"},
    {99999999, "99.99s", "99.99 seconds"}, /* never rounded up to a width of its own */
    {100000000, "1m40s", "1 minute 40 seconds"},
    {121000000, "2m01s", "2 minutes 1 second"},
    {3599000000, "59m59s", "59 minutes 59 seconds"},
    {6000000000, "1h40m", "100 minutes 0 seconds"},
    {-1, "-", "not known"},
    {INT64_MIN, "-", "not known"},
};

static void test_format_time__units_and_rounding(void **state)
{
    char text[FORMAT_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        assert_string_equal(format_time(text, times[i].us), times[i].table);
        assert_string_equal(format_time_words(text, times[i].us), times[i].words);
    }
    assert_in_range(strlen(format_time(text, INT64_MAX)), 1, FORMAT_TEXT - 1);
    assert_in_range(strlen(format_time_words(text, INT64_MAX)), 1, FORMAT_TEXT - 1);
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

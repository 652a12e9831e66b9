/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/clock.h"
#include "vmm/guest/timezone.h"

#include "tests/unit/fixture.h"

#include <limits.h>

#include "core/base/auto.h"

static void test_clock_parse__only_whole_times(void **state)
{
    static const char *const bad[] = {"", ".", "1", "1.", ".000000000", "1.5", "1.00000000a", "-1.000000000",
                                      " 1.000000000", "1.0000000000", "1.000000000 ", "1234567890123.000000000",
                                      "1e5.000000000"};
    struct timespec t;

    (void)state;
    assert_true(clock_parse("1700000000.000000007", &t));
    assert_int_equal(t.tv_sec, 1700000000);
    assert_int_equal(t.tv_nsec, 7);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(clock_parse(bad[i], &t));
}

static void test_clock_is_off__both_ways_and_by_more_than_half_a_second(void **state)
{
    struct timespec a = {100, 900000000}, b = {101, 300000000}, c = {101, 500000000};

    (void)state;
    assert_false(clock_is_off(&a, &b));
    assert_false(clock_is_off(&b, &a));
    assert_true(clock_is_off(&a, &c));
    assert_true(clock_is_off(&c, &a));
}

/* --- the time zone, in a root of its own --- */

static int set_up(void **state)
{
    *state = fixture_enter();
    assert_int_equal(shell("mkdir -p r/etc r/usr/share/zoneinfo/Europe r/usr/share/zoneinfo/Etc;"
                           "cd r/usr/share/zoneinfo; touch Europe/Berlin Europe/Paris Etc/UTC; touch ../../../../secret"), 0);
    return 0;
}

static int tear_down(void **state)
{
    fixture_leave(*state);
    return 0;
}

static void assert_zone(const char *zone)
{
    char target[PATH_MAX] = "";
    ssize_t n = readlink("r/etc/localtime", target, sizeof(target) - 1);
    auto_free char *expected = file_path("/usr/share/zoneinfo/%s", zone);

    assert_true(n > 0);
    target[n] = '\0';
    assert_string_equal(target, expected);
}

static void test_timezone_follow__the_host_and_its_changes(void **state)
{
    (void)state;
    assert_int_equal(shell("ln -s /usr/share/zoneinfo/Etc/UTC r/etc/localtime; echo Etc/UTC > r/etc/timezone"), 0);
    assert_true(timezone_follow("r/", "Europe/Berlin"));
    assert_zone("Europe/Berlin");
    assert_int_equal(shell("grep -qx Europe/Berlin r/etc/timezone"), 0);
    assert_true(timezone_follow("r/", "Europe/Berlin"));
    assert_true(timezone_follow("r/", "Europe/Paris"));
    assert_zone("Europe/Paris");
}

static void test_timezone_follow__none_is_made(void **state)
{
    (void)state;
    assert_true(timezone_follow("r/", "Europe/Berlin"));
    assert_zone("Europe/Berlin");
    assert_int_equal(shell("test ! -e r/etc/timezone"), 0);
}

/* Also one that was set after ours, be it UTC. */
static void test_timezone_follow__the_distros_own_choice_stays(void **state)
{
    (void)state;
    assert_int_equal(shell("ln -s ../usr/share/zoneinfo/Europe/Paris r/etc/localtime"), 0);
    assert_false(timezone_follow("r/", "Europe/Berlin"));
    assert_int_equal(shell("rm r/etc/localtime; echo TZif > r/etc/localtime"), 0);
    assert_false(timezone_follow("r/", "Europe/Berlin"));
    assert_int_equal(shell("rm r/etc/localtime"), 0);
    assert_true(timezone_follow("r/", "Europe/Berlin"));
    assert_int_equal(shell("ln -sf /usr/share/zoneinfo/Etc/UTC r/etc/localtime"), 0);
    assert_false(timezone_follow("r/", "Europe/Berlin"));
    assert_zone("Etc/UTC");
}

static void test_timezone_follow__only_zones_that_the_distro_has(void **state)
{
    static const char *const bad[] = {"", "Europe/Rome", "Europe", "../../../secret", "/etc/passwd", "Europe/",
                                      "Europe/Berlin\n", "Europe/../Europe/Berlin"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(timezone_follow("r/", bad[i]));
    assert_int_equal(shell("test ! -e r/etc/localtime && test ! -e r/var"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_parse__only_whole_times),
        cmocka_unit_test(test_clock_is_off__both_ways_and_by_more_than_half_a_second),
        TEST(test_timezone_follow__the_host_and_its_changes),
        TEST(test_timezone_follow__none_is_made),
        TEST(test_timezone_follow__the_distros_own_choice_stays),
        TEST(test_timezone_follow__only_zones_that_the_distro_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

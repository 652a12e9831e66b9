/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/stats.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"

/* A reply as vmm/ctl.h describes it. */
static const char reply[] =
    "{\"ok\": true, \"now_us\": 1000, \"uptime_us\": 900, \"vcpu_us\": 50, \"cpus\": [{\"time_us\": 20}, {\"time_us\": 30}],"
    " \"exits\": {\"io\": 3, \"mmio\": 4}, \"memory\": {\"size\": 100, \"resident\": 60, \"overhead\": 7},"
    " \"devices\": ["
    "{\"name\": \"root\", \"class\": \"blk\", \"requests\": 5, \"read_bytes\": 10, \"write_bytes\": 20, \"errors\": 1,"
    " \"latency_us_sum\": 9, \"latency_us_max\": 3},"
    "{\"name\": \"data\", \"class\": \"blk\", \"requests\": 1, \"read_bytes\": 1, \"write_bytes\": 2, \"errors\": 0},"
    "{\"name\": \"rng\", \"class\": \"rng\", \"requests\": 99, \"read_bytes\": 99, \"write_bytes\": 0, \"errors\": 2}]}";

static int read_text(const char *text, struct stats_sample *s, struct err *e)
{
    json_t *o = json_loads(text, 0, NULL);
    int r;

    assert_non_null(o);
    r = stats_read(o, s, e);
    json_decref(o);
    return r;
}

/* `reply` with the first `from` made `to`. */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(reply, from);

    assert_non_null(at);
    return file_path("%.*s%s%s", (int)(at - reply), reply, to, at + strlen(from));
}

static void test_stats_read__sums_disks_and_exits(void **state)
{
    struct stats_sample s;
    struct err e = {0};

    (void)state;
    assert_ok(read_text(reply, &s, &e), e);
    assert_true(s.valid);
    assert_int_equal(s.now_us, 1000);
    assert_int_equal(s.uptime_us, 900);
    assert_int_equal(s.vcpu_us, 50);
    assert_int_equal(s.cpus, 2);
    assert_int_equal(s.memory_size, 100);
    assert_int_equal(s.resident, 60);
    assert_int_equal(s.overhead, 7);
    assert_int_equal(s.requests, 6);
    assert_int_equal(s.read_bytes, 11); /* of disks alone */
    assert_int_equal(s.write_bytes, 22);
    assert_int_equal(s.errors, 3); /* of all */
    assert_int_equal(s.exits, 7);
}

static void test_stats_read__refuses_what_is_missing_wrong_or_negative(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"\"now_us\": 1000,", "", "now_us"},
        {"\"uptime_us\": 900", "\"uptime_us\": \"900\"", "uptime_us"},
        {"\"vcpu_us\": 50", "\"vcpu_us\": -1", "vcpu_us"},
        {"\"size\": 100", "\"size\": 1.5", "size"},
        {"\"resident\": 60,", "", "resident"},
        {"\"memory\": {", "\"memory\": 5, \"x\": {", "size"},
        {"\"requests\": 1,", "\"requests\": null,", "requests"},
        {"\"errors\": 2", "\"errors\": []", "errors"},
        {"{\"name\": \"data\"", "7, {\"name\": \"data\"", "requests"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *text = changed(cases[i].from, cases[i].to);
        struct stats_sample s = {.now_us = 42};
        struct err e = {0};

        assert_int_equal(read_text(text, &s, &e), -EPROTO);
        assert_says(e, cases[i].says);
        assert_int_equal(s.now_us, 42); /* the earlier sample stays whole */
        assert_false(s.valid);
    }
}

static void test_stats_read__sums_do_not_overflow(void **state)
{
    auto_free char *text = changed("\"io\": 3", "\"io\": 9223372036854775807");
    auto_free char *negative = changed("\"io\": 3", "\"io\": -5, \"x\": \"y\"");
    struct stats_sample s;
    struct err e = {0};

    (void)state;
    assert_ok(read_text(text, &s, &e), e);
    assert_true(s.exits == INT64_MAX);
    assert_ok(read_text(negative, &s, &e), e);
    assert_int_equal(s.exits, 4);
}

static void test_stats_rates__are_per_second(void **state)
{
    struct stats_sample a = {.valid = true, .now_us = 1000000, .vcpu_us = 100, .read_bytes = 10, .exits = 5},
                        b = {.valid = true, .now_us = 3000000, .vcpu_us = 3000100, .read_bytes = 4106, .exits = 25};
    struct stats_rates r = stats_rates(&a, &b);

    (void)state;
    assert_true(r.cpu_percent > 149.99 && r.cpu_percent < 150.01); /* of one CPU */
    assert_true(r.read_bps == 2048);
    assert_true(r.write_bps == 0);
    assert_true(r.exits_ps == 10);
}

static void test_stats_rates__unknown_when_time_or_a_counter_goes_back(void **state)
{
    struct stats_sample a = {.valid = true, .now_us = 1000, .read_bytes = 10}, b = a, none = {0};

    (void)state;
    assert_true(stats_rates(&a, &b).read_bps < 0); /* the time has not moved */
    b.now_us = 10;
    assert_true(stats_rates(&a, &b).cpu_percent < 0);
    b.now_us = 2000;
    b.read_bytes = 9;
    assert_true(stats_rates(&a, &b).read_bps < 0);
    assert_true(stats_rates(&a, &b).write_bps == 0);
    assert_true(stats_rates(&none, &b).cpu_percent < 0);
    assert_true(stats_rates(&a, &none).cpu_percent < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stats_read__sums_disks_and_exits),
        cmocka_unit_test(test_stats_read__refuses_what_is_missing_wrong_or_negative),
        cmocka_unit_test(test_stats_read__sums_do_not_overflow),
        cmocka_unit_test(test_stats_rates__are_per_second),
        cmocka_unit_test(test_stats_rates__unknown_when_time_or_a_counter_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/idle.h"

#include "tests/unit/fixture.h"

#define TIMEOUT 20000

/* Looks as vm_idle.c does, with the same facts each time: when it was found idle, or -1 within `until`. */
static int64_t run(struct idle *i, const struct idle_facts *f, int64_t from, int64_t until)
{
    for (int64_t now = from; now <= until; now += idle_look_in_ms(i, now))
        if (idle_look(i, f, now))
            return now;
    return -1;
}

static void test_idle__after_the_timeout_and_not_before(void **state)
{
    struct idle i = {0};
    struct idle_facts f = {0};

    (void)state;
    idle_set(&i, TIMEOUT, 1000);
    assert_int_equal(run(&i, &f, 1000, 100000), 1000 + TIMEOUT);
}

static void test_idle__never_without_a_timeout(void **state)
{
    struct idle i = {0};
    struct idle_facts f = {0};

    (void)state;
    idle_set(&i, 0, 0);
    assert_int_equal(idle_look_in_ms(&i, 0), -1);
    assert_false(idle_look(&i, &f, 1LL << 40));
}

static void test_idle__somebody_connected_holds_it(void **state)
{
    struct idle i = {0};
    struct idle_facts f = {.users = 1, .visits = 1};

    (void)state;
    idle_set(&i, TIMEOUT, 0);
    assert_int_equal(run(&i, &f, 0, 200000), -1);
    f.users = 0;
    assert_in_range(run(&i, &f, 200001, 300000), 200000 + TIMEOUT - TIMEOUT / 4, 200001 + TIMEOUT);
}

/* Who came and went between two looks has used it. */
static void test_idle__a_visit_between_looks_counts(void **state)
{
    struct idle i = {0};
    struct idle_facts f = {0};

    (void)state;
    idle_set(&i, TIMEOUT, 0);
    assert_false(idle_look(&i, &f, 15000));
    f.visits = 1;
    assert_false(idle_look(&i, &f, 20000));
    assert_int_equal(run(&i, &f, 20001, 100000), 20000 + TIMEOUT);
}

static void test_idle__a_job_that_goes_on_holds_it(void **state)
{
    struct idle i = {0};
    struct idle_facts f = {0};

    (void)state;
    idle_set(&i, TIMEOUT, 0);
    for (int64_t now = 5000; now <= 100000; now += 5000) {
        f.cpu_us += 5000 * 1000 / 100 * IDLE_BUSY_PERCENT;
        assert_false(idle_look(&i, &f, now));
    }
    for (int64_t now = 105000; now < 100000 + TIMEOUT; now += 5000) {
        f.cpu_us += 5000 * 1000 / 100 * (IDLE_BUSY_PERCENT - 1); /* timers and daemons */
        assert_false(idle_look(&i, &f, now));
    }
    assert_true(idle_look(&i, &f, 100000 + TIMEOUT));
}

/* Promised to each who asked, until he has come, however short the timeout; but not for ever. */
static void test_idle_use__holds_until_they_have_come(void **state)
{
    struct idle i = {0};
    struct idle_facts f = {0};

    (void)state;
    idle_set(&i, TIMEOUT, 0);
    idle_use(&i, 10000);
    idle_use(&i, 10000);
    assert_int_equal(run(&i, &f, 10001, 45000), -1);
    f.visits = 1;
    assert_int_equal(run(&i, &f, 45001, 69000), -1); /* the other has not */
    assert_in_range(run(&i, &f, 69001, 100000), 10000 + IDLE_GRANT_MS, 10000 + IDLE_GRANT_MS + TIMEOUT);
    idle_use(&i, 100000);
    f.visits = 2;
    assert_false(idle_look(&i, &f, 100001));
    assert_int_equal(run(&i, &f, 100002, 200000), 100001 + TIMEOUT);
}

static void test_idle_look_in_ms__is_bounded(void **state)
{
    struct idle i = {0};

    (void)state;
    idle_set(&i, 24LL * 3600 * 1000, 0);
    assert_int_equal(idle_look_in_ms(&i, 0), IDLE_LOOK_MAX_MS);
    idle_set(&i, 5000, 0);
    assert_int_equal(idle_look_in_ms(&i, 0), 1250);
    assert_int_equal(idle_look_in_ms(&i, 4000), 1000);
    assert_int_equal(idle_look_in_ms(&i, 9000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle__after_the_timeout_and_not_before),
        cmocka_unit_test(test_idle__never_without_a_timeout),
        cmocka_unit_test(test_idle__somebody_connected_holds_it),
        cmocka_unit_test(test_idle__a_visit_between_looks_counts),
        cmocka_unit_test(test_idle__a_job_that_goes_on_holds_it),
        cmocka_unit_test(test_idle_use__holds_until_they_have_come),
        cmocka_unit_test(test_idle_look_in_ms__is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

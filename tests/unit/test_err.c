/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/err.h"

#include "tests/unit/fixture.h"

#include <errno.h>

static void test_err_set__keeps_the_code_and_returns_its_negative(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(err_set(&e, ENOENT, "no %s in %d", "cat", 7), -ENOENT);
    assert_int_equal(e.code, ENOENT);
    assert_string_equal(e.msg, "no cat in 7");
}

static void test_err_sys__adds_the_words_of_the_code(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(err_sys(&e, EACCES, "open %s", "x"), -EACCES);
    assert_string_equal(e.msg, "open x: Permission denied");
}

static void test_err_wrap__puts_context_before_and_keeps_the_code(void **state)
{
    struct err e = {0};

    (void)state;
    err_set(&e, EBUSY, "it is 100%% full of %s", "%s%n");
    assert_int_equal(err_wrap(&e, "start %s", "d"), -EBUSY);
    assert_string_equal(e.msg, "start d: it is 100% full of %s%n");
    assert_int_equal(e.code, EBUSY);
}

static void test_err__a_later_error_replaces_an_earlier_one(void **state)
{
    struct err e = {0};

    (void)state;
    err_set(&e, EIO, "a long first message");
    err_set(&e, ENOMEM, "short");
    assert_int_equal(e.code, ENOMEM);
    assert_string_equal(e.msg, "short");
}

static void test_err__messages_are_cut_and_ended(void **state)
{
    char big[2 * ERR_MSG_SIZE];
    struct err e = {0};

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    err_set(&e, EIO, "%s", big);
    assert_int_equal(strlen(e.msg), ERR_MSG_SIZE - 1);
    err_sys(&e, EIO, "%s", big);
    assert_int_equal(strlen(e.msg), ERR_MSG_SIZE - 1);
    err_wrap(&e, "%s", "context");
    assert_int_equal(strlen(e.msg), ERR_MSG_SIZE - 1);
    assert_memory_equal(e.msg, "context: xxx", 12);
}

static void test_err__null_is_allowed_everywhere(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ENOENT, "x"), -ENOENT);
    assert_int_equal(err_sys(NULL, EPERM, "x"), -EPERM);
    assert_int_equal(err_wrap(NULL, "x"), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err_set__keeps_the_code_and_returns_its_negative),
        cmocka_unit_test(test_err_sys__adds_the_words_of_the_code),
        cmocka_unit_test(test_err_wrap__puts_context_before_and_keeps_the_code),
        cmocka_unit_test(test_err__a_later_error_replaces_an_earlier_one),
        cmocka_unit_test(test_err__messages_are_cut_and_ended),
        cmocka_unit_test(test_err__null_is_allowed_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

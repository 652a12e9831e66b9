/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/forwards.h"

#include "tests/unit/fixture.h"

#include "core/base/auto.h"

static void assert_text(const char *reply, const char *want)
{
    json_t *j = json_loads(reply, 0, NULL);
    auto_free char *text = forwards_reply_text(j);

    assert_string_equal(text, want);
    json_decref(j);
}

static void test_reply_text__a_line_each_and_what_it_is(void **state)
{
    (void)state;
    assert_text("{\"forwards\":[]}", "");
    assert_text("{\"forwards\":[\"8080:80\",\"3000:3000\"],\"automatic\":[\"3000:3000\"],\"offered\":[\"5432:5432\"]}",
                "8080:80\n3000:3000 automatic\n5432:5432 offered\n");
}

static void test_reply_text__prints_nothing_that_is_no_forward(void **state)
{
    (void)state;
    assert_text("{\"forwards\":[\"8080:80\\u001b[2J\",7,null,[\"1:1\"],\"1:1\"],\"automatic\":\"1:1\",\"offered\":{\"a\":1}}",
                "1:1\n");
    assert_text("{}", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_text__a_line_each_and_what_it_is),
        cmocka_unit_test(test_reply_text__prints_nothing_that_is_no_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

/* One that is automatic, or only offered, is one all the same. */
static void test_json__all_of_them(void **state)
{
    auto_free char *text = forwards_json("8080:80\n3000:3000/udp automatic\n5432:5432 offered\n");
    json_t *list = json_loads(text, 0, NULL);

    (void)state;
    assert_int_equal(json_array_size(list), 3);
    assert_false(json_is_true(json_object_get(json_array_get(list, 0), "automatic")));
    assert_true(json_is_true(json_object_get(json_array_get(list, 1), "automatic")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "forward")), "3000:3000/udp");
    assert_true(json_is_true(json_object_get(json_array_get(list, 2), "offered")));
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_text__a_line_each_and_what_it_is),
        cmocka_unit_test(test_reply_text__prints_nothing_that_is_no_forward),
        cmocka_unit_test(test_json__all_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

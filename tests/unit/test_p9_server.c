/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/server.h"

#include "tests/unit/p9_fixture.h"

static void test_server__write_then_read(void **state)
{
    struct client *c = *state;

    assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR, 0640), 0);
    assert_int_equal(c_write(c, 1, 0, "hello", 5), 5);
    assert_int_equal(c_read(c, 1, 1, 100), 4);
    assert_memory_equal(c->in + c->payload, "ello", 4);
    assert_int_equal(c_clunk(c, 1), 0);
    assert_int_equal(in_share(c, "test \"$(cat f)\" = hello && test $(stat -c %%a f) = 640"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_server__write_then_read, set_up_plain,
                                        tear_down_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/restored.h"

#include "tests/unit/fixture.h"

#define SEED "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"

static void test_parse__takes_time_seed_and_name(void **state)
{
    struct restored r;

    (void)state;
    assert_true(restored_parse(&r, "1700000000123456789 " SEED " copy-2"));
    assert_true(r.ns == 1700000000123456789u);
    assert_int_equal(r.seed[0], 0);
    assert_int_equal(r.seed[1], 1);
    assert_int_equal(r.seed[31], 0xff);
    assert_string_equal(r.name, "copy-2");
    assert_true(restored_parse(&r, "1 " SEED " -"));
    assert_string_equal(r.name, "");
}

static void test_parse__refuses_what_is_no_such_line(void **state)
{
    static const char *const lines[] = {"", "1", "1 " SEED, "x " SEED " -", "1 00 -", "1 " SEED "00 -",
                                        "1 " SEED " a b", "1 g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff -"};
    struct restored r;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_false(restored_parse(&r, lines[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__takes_time_seed_and_name),
        cmocka_unit_test(test_parse__refuses_what_is_no_such_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/restored.h"

#include "tests/unit/fixture.h"

#define SEED "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define ID "0123456789abcdef0123456789abcdef"

static void test_parse__takes_time_seed_name_and_id(void **state)
{
    struct restored r;

    (void)state;
    assert_true(restored_parse(&r, "1700000000123456789 " SEED " copy-2 " ID));
    assert_true(r.ns == 1700000000123456789u);
    assert_int_equal(r.seed[0], 0);
    assert_int_equal(r.seed[1], 1);
    assert_int_equal(r.seed[31], 0xff);
    assert_string_equal(r.name, "copy-2");
    assert_string_equal(r.id, ID);
    assert_true(restored_parse(&r, "1 " SEED " - -"));
    assert_string_equal(r.name, "");
    assert_string_equal(r.id, "");
}

static void test_parse__refuses_what_is_no_such_line(void **state)
{
    static const char *const lines[] = {"", "1", "1 " SEED, "1 " SEED " -", "x " SEED " - -", "1 00 - -", "1 " SEED "00 - -",
                                        "1 " SEED " a - c", "1 " SEED " a 0123", "1 " SEED " a " ID "0",
                                        "1 " SEED " a 0123456789abcdefg123456789abcdef",
                                        "1 g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff - -"};
    struct restored r;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_false(restored_parse(&r, lines[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__takes_time_seed_name_and_id),
        cmocka_unit_test(test_parse__refuses_what_is_no_such_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

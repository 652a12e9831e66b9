/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/cursor.h"

#include "tests/unit/fixture.h"

static void test_cursor__reads_little_endian_in_order(void **state)
{
    const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                             0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0xff};
    struct cursor c = cursor_over(bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(cursor_u8(&c), 0x01);
    assert_int_equal(cursor_le16(&c), 0x0302);
    assert_int_equal(cursor_le32(&c), 0x07060504);
    assert_true(cursor_le64(&c) == 0xff0e0d0c0b0a0908);
    assert_int_equal(cursor_left(&c), 0);
    assert_false(c.bad);
}

static void test_cursor__bytes_are_borrowed_from_the_buffer(void **state)
{
    const uint8_t bytes[] = "abcdef";
    struct cursor c = cursor_over(bytes, 6);

    (void)state;
    assert_int_equal(cursor_u8(&c), 'a');
    assert_ptr_equal(cursor_bytes(&c, 3), bytes + 1);
    assert_int_equal(cursor_left(&c), 2);
}

static void test_cursor__a_read_past_the_end_moves_nothing(void **state)
{
    const uint8_t bytes[] = {1, 2, 3};
    struct cursor c = cursor_over(bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(cursor_le32(&c), 0);
    assert_true(c.bad);
    assert_int_equal(cursor_left(&c), 3);
}

static void test_cursor__bad_stays_bad(void **state)
{
    const uint8_t bytes[] = {1, 2, 3};
    struct cursor c = cursor_over(bytes, sizeof(bytes));

    (void)state;
    cursor_le64(&c);
    assert_int_equal(cursor_u8(&c), 0); /* though there would be a byte */
    assert_null(cursor_bytes(&c, 0));
    assert_true(c.bad);
}

static void test_cursor__the_whole_buffer_and_nothing_of_it_are_fine(void **state)
{
    const uint8_t bytes[] = {1, 2, 3};
    struct cursor c = cursor_over(bytes, sizeof(bytes));

    (void)state;
    assert_ptr_equal(cursor_bytes(&c, 0), bytes);
    assert_ptr_equal(cursor_bytes(&c, 3), bytes);
    assert_ptr_equal(cursor_bytes(&c, 0), bytes + 3);
    assert_false(c.bad);
}

static void test_cursor__a_length_near_the_top_of_size_t_is_refused(void **state)
{
    const uint8_t bytes[] = {1, 2, 3};
    struct cursor c = cursor_over(bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(cursor_u8(&c), 1);
    assert_null(cursor_bytes(&c, SIZE_MAX));
    assert_true(c.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursor__reads_little_endian_in_order),
        cmocka_unit_test(test_cursor__bytes_are_borrowed_from_the_buffer),
        cmocka_unit_test(test_cursor__a_read_past_the_end_moves_nothing),
        cmocka_unit_test(test_cursor__bad_stays_bad),
        cmocka_unit_test(test_cursor__the_whole_buffer_and_nothing_of_it_are_fine),
        cmocka_unit_test(test_cursor__a_length_near_the_top_of_size_t_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

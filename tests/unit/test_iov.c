/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/iov.h"

#include "tests/unit/fixture.h"

static void test_iov_slice__gives_the_bytes_between(void **state)
{
    char a[3], b[4], d[5];
    const struct iovec from[] = {{a, 3}, {b, 4}, {d, 5}};
    struct iovec to[3];

    (void)state;
    assert_int_equal(iov_slice(from, 3, 0, 100, to, 3), 3);
    assert_int_equal(iov_slice(from, 3, 3, 4, to, 3), 1);
    assert_ptr_equal(to[0].iov_base, b);
    assert_int_equal(to[0].iov_len, 4);
    assert_int_equal(iov_slice(from, 3, 2, 6, to, 3), 3);
    assert_ptr_equal(to[0].iov_base, a + 2);
    assert_int_equal(to[2].iov_len, 1);
    assert_int_equal(iov_slice(from, 3, 12, 1, to, 3), 0);
    assert_int_equal(iov_slice(from, 3, 1, 0, to, 3), 0);
    assert_int_equal(iov_slice(from, 3, 0, 100, to, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iov_slice__gives_the_bytes_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

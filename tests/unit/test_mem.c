/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mem.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#define MIB (1ULL << 20)
#define ABOVE (64 * MIB) /* RAM behind the hole */

static void test_init__refuses_sizes_that_are_no_memory(void **state)
{
    static const uint64_t bad[] = {
        0, 1, 4095, 4097, MEM_MAX + 4096, UINT64_MAX, UINT64_MAX & ~4095ULL};
    struct mem m;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mem_init(&m, bad[i], &e), -EINVAL);
        assert_int_equal(m.regions, 0);
    }
}

static void test_init__up_to_the_hole_is_one_region(void **state)
{
    struct mem m;

    (void)state;
    assert_int_equal(mem_init(&m, MEM_HOLE_START, NULL), 0);
    assert_int_equal(m.regions, 1);
    assert_true(m.size == MEM_HOLE_START);
    assert_non_null(mem_at(&m, GPA(MEM_HOLE_START - 1), 1));
    assert_null(mem_at(&m, GPA(MEM_HOLE_START), 0));
    assert_null(mem_at(&m, GPA(MEM_HOLE_END), 1));
    mem_release(&m);
}

static void test_init__what_is_over_goes_behind_the_hole(void **state)
{
    struct mem m;

    (void)state;
    assert_int_equal(mem_init(&m, MEM_HOLE_START + ABOVE, NULL), 0);
    assert_int_equal(m.regions, 2);
    assert_true(m.region[0].size == MEM_HOLE_START && m.region[0].start.at == 0);
    assert_true(m.region[1].size == ABOVE && m.region[1].start.at == MEM_HOLE_END);
    assert_true(m.size == MEM_HOLE_START + ABOVE);
    mem_release(&m);
    assert_int_equal(m.regions, 0);
}

/* KVM maps a huge page as one only if guest and host address agree in the low 21 bits. */
static void test_init__host_addresses_are_aligned_as_the_guests(void **state)
{
    struct mem m;

    (void)state;
    assert_int_equal(mem_init(&m, MEM_HOLE_START + ABOVE, NULL), 0);
    for (unsigned i = 0; i < m.regions; i++)
        assert_int_equal((uintptr_t)m.region[i].host % (2 * MIB), 0);
    mem_release(&m);
}

static const struct {
    uint64_t at, len;
    bool ram;
} ranges[] = {
    {0, 1, true},
    {0, MEM_HOLE_START, true},
    {0, MEM_HOLE_START + 1, false},
    {MEM_HOLE_START - 1, 1, true},
    {MEM_HOLE_START - 1, 2, false},
    {MEM_HOLE_START, 1, false},
    {MEM_HOLE_START + 0x1000, 16, false},
    {MEM_HOLE_END - 1, 1, false},
    {MEM_HOLE_END - 1, 2, false},
    {MEM_HOLE_END, 1, true},
    {MEM_HOLE_END, ABOVE, true},
    {MEM_HOLE_END, ABOVE + 1, false},
    {MEM_HOLE_END + ABOVE - 1, 1, true},
    {MEM_HOLE_END + ABOVE - 1, 2, false},
    {MEM_HOLE_END + ABOVE, 1, false},
    {MEM_HOLE_START - 16, MEM_HOLE_END - MEM_HOLE_START + 32, false}, /* over the hole */
    {0, UINT64_MAX, false},
    {1, UINT64_MAX, false},
    {UINT64_MAX, 1, false},
    {UINT64_MAX, 2, false},
    {UINT64_MAX - 15, 16, false},
    {1ULL << 63, 1ULL << 63, false},
};

static void test_at__takes_what_lies_in_one_region(void **state)
{
    struct mem m;

    (void)state;
    assert_int_equal(mem_init(&m, MEM_HOLE_START + ABOVE, NULL), 0);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if ((mem_at(&m, GPA(ranges[i].at), ranges[i].len) != NULL) != ranges[i].ram)
            fail_msg("%llx + %llx", (unsigned long long)ranges[i].at,
                     (unsigned long long)ranges[i].len);
    assert_ptr_equal(mem_at(&m, GPA(MEM_HOLE_END + 5), 1), m.region[1].host + 5);
    mem_release(&m);
}

static void test_read_write__copy_or_leave_alone(void **state)
{
    struct mem m;
    char got[4] = "xxx";

    (void)state;
    assert_int_equal(mem_init(&m, 4096, NULL), 0);
    assert_true(mem_write(&m, GPA(4092), "abcd", 4));
    assert_false(mem_write(&m, GPA(4093), "efgh", 4));
    assert_true(mem_read(&m, GPA(4092), got, 4));
    assert_memory_equal(got, "abcd", 4);
    assert_false(mem_read(&m, GPA(4093), got, 4));
    assert_memory_equal(got, "\0\0\0\0", 4); /* no bytes of ours reach the guest */
    mem_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init__refuses_sizes_that_are_no_memory),
        cmocka_unit_test(test_init__up_to_the_hole_is_one_region),
        cmocka_unit_test(test_init__what_is_over_goes_behind_the_hole),
        cmocka_unit_test(test_init__host_addresses_are_aligned_as_the_guests),
        cmocka_unit_test(test_at__takes_what_lies_in_one_region),
        cmocka_unit_test(test_read_write__copy_or_leave_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

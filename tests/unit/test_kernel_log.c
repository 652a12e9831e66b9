/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/kernel_log.h"

#include "tests/unit/fixture.h"

static void test_kernel_log_line__a_record_is_a_line(void **state)
{
    static const struct {
        const char *record, *line;
    } cases[] = {
        {"6,339,5140900,-;NET: Registered\n", "[    5.140900] NET: Registered\n"},
        {"30,340,1,c,caller=T1;with; semicolons\n SUBSYSTEM=acpi\n", "[    0.000001] with; semicolons\n"},
        {"6,1,2,-;", "[    0.000002] \n"},
        {"6,1;text", ""},
        {"nothing", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[128] = "";
        size_t n = kernel_log_line(line, sizeof(line), cases[i].record);

        assert_int_equal(n, strlen(cases[i].line));
        assert_memory_equal(line, cases[i].line, n);
    }
}

static void test_kernel_log_line__never_more_than_its_room(void **state)
{
    char line[22];

    (void)state;
    assert_int_equal(kernel_log_line(line, sizeof(line), "6,1,2,-;012345"), 0);
    assert_int_equal(kernel_log_line(line, sizeof(line), "6,1,2,-;01234"), 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_log_line__a_record_is_a_line),
        cmocka_unit_test(test_kernel_log_line__never_more_than_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

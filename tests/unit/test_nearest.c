/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/nearest.h"

#include "tests/unit/fixture.h"

static const char *hint(const char *wrong, const char *const *names)
{
    static struct nearest n;

    n = nearest_to(wrong);
    for (; *names; names++)
        nearest_try(&n, *names);
    return n.hint;
}

static void test_nearest__a_slip_of_the_fingers(void **state)
{
    static const char *const names[] = {"stop", "start", "stats", "snapshot create", "a", NULL};
    static const struct {
        const char *wrong, *says;
    } cases[] = {
        {"statr", "; did you mean 'start'? "},  /* two changed places */
        {"strt", "; did you mean 'start'? "},   /* left out */
        {"sttop", "; did you mean 'stop'? "},   /* put in */
        {"stap", "; did you mean 'stop'? "},    /* another; the first of two as near */
        {"snapshot creat", "; did you mean 'snapshot create'? "},
        {"b", "; "},                            /* one letter of one is all of it */
        {"", "; "},
        {"remove", "; "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(hint(cases[i].wrong, names), cases[i].says);
}

static void test_nearest__of_long_names(void **state)
{
    static const char most[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"; /* 64 */
    static const char more[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    const char *names[] = {most, NULL};

    (void)state;
    assert_int_equal(strlen(most), NEAREST_WORD);
    assert_non_null(strstr(hint(most + 1, names), most));
    assert_string_equal(hint(more, names), "; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest__a_slip_of_the_fingers),
        cmocka_unit_test(test_nearest__of_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

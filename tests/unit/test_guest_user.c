/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a user of a distro is, by a file that anybody may have written. */
#include "core/guest_user.h"

#include "core/base/auto.h"
#include "tests/unit/fixture.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "# a comment\n"
                             "broken:x:12\n"
                             "far:x:4294967295:1::/:\n"
                             "farther:x:99999999999999999999:1::/:\n"
                             "minus:x:-1:1::/:\n"
                             "\n"
                             "7:x:70:71::/:\n"
                             "anna:x:1000:100:Anna:/home/anna:/bin/sh\n"
                             "last:x:5:6";

static void test_guest_user__names_and_numbers(void **state)
{
    static const struct {
        const char *user;
        bool found;
        uint32_t uid, gid;
    } rows[] = {
        {"root", true, 0, 0},    {"anna", true, 1000, 100}, {"1000", true, 1000, 100},
        {"ann", false, 0, 0},    {"annaa", false, 0, 0},    {"last", true, 5, 6},
        {"7", true, 7, 7},       {"70", true, 70, 71},      {"4242", true, 4242, 4242},
        {"broken", false, 0, 0}, {"far", false, 0, 0},      {"farther", false, 0, 0},
        {"minus", false, 0, 0},  {"-1", false, 0, 0},       {"4294967295", false, 0, 0},
        {"# a comment", false, 0, 0}, {"anna:x", false, 0, 0}, {"", false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct guest_user u = {0};
        bool found = guest_user_parse(passwd, rows[i].user, &u);

        if (found != rows[i].found || (found && (u.uid != rows[i].uid || u.gid != rows[i].gid)))
            fail_msg("%s: %d %u:%u", rows[i].user, found, u.uid, u.gid);
    }
}

static void test_guest_user__files_that_are_none(void **state)
{
    static const char *const texts[] = {"", "\n", ":::", "a:b", "a:::", "::::\n::::\n", "anna", "anna:x:0:0"};
    struct guest_user u;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_int_equal(guest_user_parse(texts[i], "anna", &u), i == 7);
    assert_true(guest_user_parse("", "root", &u) && u.uid == 0 && u.gid == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_user__names_and_numbers),
        cmocka_unit_test(test_guest_user__files_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

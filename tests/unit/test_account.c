/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/account.h"

#include "tests/unit/fixture.h"

#include "core/base/auto.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
                             "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
                             "broken\n"
                             "bad:x:many:1::/:/bin/sh\n"
                             "minus:x:-1:1::/:/bin/sh\n"
                             "unchanged:x:4294967295:1::/:/bin/sh\n"
                             "huge:x:99999999999999999999:1::/:/bin/sh\n"
                             ":x:7:7::/:/bin/sh\n"
                             "eve:x:1000:1001:Eve,,,:/home/eve:/bin/zsh\n"
                             "eve:x:5:5:second:/:/bin/sh\n"
                             "bare:x:8:9:::\n"
                             "last:x:1002:1002::/home/last:/bin/ash"; /* no line feed */

static void test_account_find__by_name_and_number(void **state)
{
    struct account a;

    (void)state;
    assert_true(account_find(passwd, "eve", &a));
    assert_int_equal(a.uid, 1000);
    assert_int_equal(a.gid, 1001);
    assert_string_equal(a.home, "/home/eve");
    assert_string_equal(a.shell, "/bin/zsh");
    assert_true(account_find(passwd, "1000", &a));
    assert_string_equal(a.name, "eve");
    assert_true(account_find(passwd, "last", &a));
    assert_string_equal(a.shell, "/bin/ash");
    assert_true(account_find(passwd, "bare", &a));
    assert_string_equal(a.home, "/");
    assert_string_equal(a.shell, "/bin/sh");
}

/* A garbled line must not make anybody root. */
static void test_account_find__nobody(void **state)
{
    static const char *const users[] = {"", "nobody", "broken", "bad", "minus", "unchanged", "huge", "ev", "eve ", "-1",
                                        "4294967295", "1000x", "x"};
    struct account a;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(users); i++)
        assert_false(account_find(passwd, users[i], &a));
}

static void test_account_find__a_number_that_nobody_has(void **state)
{
    struct account a;

    (void)state;
    assert_true(account_find(passwd, "4242", &a));
    assert_string_equal(a.name, "4242");
    assert_int_equal(a.uid, 4242);
    assert_int_equal(a.gid, 4242);
    assert_string_equal(a.home, "/");
    for (int i = 0; i < 2; i++) { /* root is 0, whatever is written where */
        assert_true(account_find("", i ? "root" : "0", &a));
        assert_int_equal(a.uid, 0);
    }
}

static void test_account_find__a_line_too_long_is_no_user_and_hides_none(void **state)
{
    auto_free char *text = NULL;
    struct account a;

    (void)state;
    assert_true(asprintf(&text, "long:x:1:1:%05000d:/:/bin/sh\neve:x:2:2::/e:/bin/sh\n", 0) > 0);
    assert_false(account_find(text, "long", &a));
    assert_true(account_find(text, "eve", &a));
    assert_int_equal(a.uid, 2);
}

static void test_account_has_person__who_is_no_system_user(void **state)
{
    (void)state;
    assert_false(account_has_person(""));
    assert_false(account_has_person("root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
                                    "sd:x:999:999::/:/bin/sh\nbroken:x:1000\n"));
    assert_true(account_has_person("root:x:0:0::/root:/bin/sh\neve:x:1000:1000::/home/eve:/bin/sh"));
    assert_true(account_has_person("last:x:59999:1::/:/bin/sh\n"));
}

static void test_account_groups__own_first_and_whole_names_only(void **state)
{
    static const char group[] = "root:x:0:\nsudo:x:27:eve\nother:x:28:steve,evelyn,eve2\nown:x:1001:eve\nbad:x:no:eve\n"
                                "short:x:29\nmany:x:30:a,b,eve,c\nmine:x:31:b,eve\r\nend:x:32:eve";
    struct account a = {.name = "eve", .uid = 1000, .gid = 1001};
    static const gid_t expected[] = {1001, 27, 30, 31, 32};
    gid_t groups[ACCOUNT_GROUPS];

    (void)state;
    assert_int_equal(account_groups(group, &a, groups), ARRAY_SIZE(expected));
    assert_memory_equal(groups, expected, sizeof(expected));
    assert_int_equal(account_groups("", &a, groups), 1);
}

static void test_account_groups__no_more_than_there_is_room_for(void **state)
{
    struct account a = {.name = "eve", .gid = 7};
    auto_free char *text = NULL;
    gid_t groups[ACCOUNT_GROUPS + 1];
    size_t len;
    FILE *f = open_memstream(&text, &len);

    (void)state;
    for (int i = 0; i < 2 * ACCOUNT_GROUPS; i++)
        fprintf(f, "g%d:x:%d:eve\n", i, 1000 + i);
    fclose(f);
    groups[ACCOUNT_GROUPS] = 1;
    assert_int_equal(account_groups(text, &a, groups), ACCOUNT_GROUPS);
    assert_int_equal(groups[ACCOUNT_GROUPS], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_find__by_name_and_number),
        cmocka_unit_test(test_account_find__nobody),
        cmocka_unit_test(test_account_find__a_number_that_nobody_has),
        cmocka_unit_test(test_account_find__a_line_too_long_is_no_user_and_hides_none),
        cmocka_unit_test(test_account_has_person__who_is_no_system_user),
        cmocka_unit_test(test_account_groups__own_first_and_whole_names_only),
        cmocka_unit_test(test_account_groups__no_more_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

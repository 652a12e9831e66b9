/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/first_user.h"

#include "tests/unit/fixture.h"

#include "core/base/auto.h"

static void test_first_user_name_ok__what_every_distro_takes(void **state)
{
    static const char *const good[] = {"a", "eve", "_x", "a-b_c9", "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const bad[] = {"", "Eve", "9a", "-a", "a b", "a;b", "$(x)", "root", "\xc3\xa4",
                                      "abcdefghijklmnopqrstuvwxyz0123456"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(first_user_name_ok(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(first_user_name_ok(bad[i]));
}

/* With tools that only say what they were asked: `first` and `second` are what the distro has. */
static void assert_makes(const char *tools, const char *said)
{
    const char *argv[FIRST_USER_ARGS];
    auto_free char *script = NULL;

    first_user_command("eve", argv);
    script = file_path("%s\n", argv[2]);
    assert_int_equal(file_write_atomic("script", script, strlen(script), 0755, NULL), 0);
    assert_int_equal(shell("rm -rf bin; mkdir bin; cd bin; for t in %s; do "
                           "printf '#!/bin/sh\n[ \"$1\" = --help ] && echo BusyBox || echo %%s $* >> said\n' $t > $t; "
                           "chmod +x $t; done; ln -s \"$(command -v grep)\" grep", tools), 0);
    assert_int_equal(shell("rm -f said; PATH=$PWD/bin /bin/sh script eve"), 0);
    assert_int_equal(shell("grep -qx '%s' said", said), 0);
}

static void test_first_user_command__with_what_the_distro_has(void **state)
{
    char *folder = fixture_enter();

    (void)state;
    assert_makes("useradd usermod adduser", "useradd -m -s /bin/bash -- eve");
    assert_makes("adduser addgroup", "adduser -D -s /bin/bash eve");
    fixture_leave(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_user_name_ok__what_every_distro_takes),
        cmocka_unit_test(test_first_user_command__with_what_the_distro_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

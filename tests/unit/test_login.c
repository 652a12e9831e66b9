/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/login.h"

#include "tests/unit/fixture.h"

#include "config/paths.h"
#include "core/base/auto.h"

#define UNIT "c/systemd/user/lxtop@deb.service"
#define LINK "c/systemd/user/default.target.wants/lxtop@deb.service"

static char config[] = "c/lxtop";
static const struct paths paths = {.config = config};

static int set_up(void **state)
{
    *state = fixture_enter();
    unsetenv("XDG_DATA_HOME");
    return 0;
}

static int tear_down(void **state)
{
    fixture_leave(*state);
    return 0;
}

static void test_login_write__a_unit_that_default_target_wants(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(login_write(&paths, "deb", "/usr/bin/lxtop", &e), 1);
    assert_int_equal(shell("grep -qx 'ExecStart=\"/usr/bin/lxtop\" start deb' " UNIT), 0);
    assert_int_equal(shell("grep -qx 'ExecStop=-\"/usr/bin/lxtop\" stop deb' " UNIT), 0);
    assert_int_equal(shell("test \"$(readlink " LINK ")\" = ../lxtop@deb.service && test -e " LINK), 0);
    assert_int_equal(login_write(&paths, "deb", "/usr/bin/lxtop", &e), 0); /* nothing new */
    assert_int_equal(login_write(&paths, "deb", "/opt/lxtop", &e), 1);     /* it has moved */
}

/* By systemd's own judgement, where this host has it. */
static void test_login_write__systemd_takes_it(void **state)
{
    (void)state;
    assert_int_equal(login_write(&paths, "deb", "/bin/true", NULL), 1);
    assert_int_equal(shell("! command -v systemd-analyze > known || XDG_RUNTIME_DIR=$PWD systemd-analyze --user "
                           "verify ./" UNIT " 2> said && ! grep . said"), 0);
}

static void test_login_write__what_is_special_to_systemd_is_quoted(void **state)
{
    (void)state;
    setenv("XDG_DATA_HOME", "/a b$%\"", 1);
    assert_int_equal(login_write(&paths, "deb", "/x y/$HOME/100%/l\\x", NULL), 1);
    assert_int_equal(shell("%s", "grep -qxF 'ExecStart=\"/x y/$$HOME/100%%/l\\\\x\" start deb' " UNIT), 0);
    assert_int_equal(shell("%s", "grep -qxF 'Environment=\"XDG_DATA_HOME=/a b$%%\\\"\"' " UNIT), 0);
}

static void test_login_remove__leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(login_remove(&paths, "deb", NULL), 0);
    assert_int_equal(login_write(&paths, "deb", "/usr/bin/lxtop", NULL), 1);
    assert_int_equal(login_remove(&paths, "deb", NULL), 1);
    assert_int_equal(login_remove(&paths, "deb", NULL), 0);
    assert_int_equal(shell("test -z \"$(find c -type f -o -type l)\""), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_login_write__a_unit_that_default_target_wants),
        TEST(test_login_write__systemd_takes_it),
        TEST(test_login_write__what_is_special_to_systemd_is_quoted),
        TEST(test_login_remove__leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/ini.h"

#include "tests/unit/fixture.h"

static void test_ini_get__as_wsl_conf_is_written(void **state)
{
    static const char text[] = "default=none\n# [user]\n[boot]\nsystemd=true\ndefault = boot\n\n [ User ] \r\n; default=x\n"
                               "#default=y\nnothing\n\tDefault =  eve \r\ndefault=second\n";
    char value[INI_VALUE];

    (void)state;
    assert_true(ini_get(text, "user", "default", value));
    assert_string_equal(value, "eve");
    assert_true(ini_get(text, "boot", "systemd", value));
    assert_string_equal(value, "true");
    assert_false(ini_get(text, "boot", "command", value));
    assert_false(ini_get("", "user", "default", value));
    assert_true(ini_get("[user]\ndefault=", "user", "default", value));
    assert_string_equal(value, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ini_get__as_wsl_conf_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

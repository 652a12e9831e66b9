/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/wsl_conf.h"

#include "tests/unit/fixture.h"

#include "core/base/auto.h"
#include "vmm/guest/conf.h"
#include "vmm/guest/options.h"

#include <sys/mount.h>

static void collect(void *ctx, const char *section, const char *key, const char *value)
{
    char *text = ctx;

    snprintf(text + strlen(text), 1024 - strlen(text), "%s|%s|%s;", section, key, value);
}

static void test_ini_each__as_wsl_conf_is_written(void **state)
{
    char got[1024] = "";

    (void)state;
    ini_each("default=none\n# [user]\n[Boot]\nsystemd=true\ncommand = \"a = b\" \n\n [ User ] \r\n; default=x\n"
             "#default=y\nnothing\n\tDefault =  eve \r\n=novalue\nlast=", collect, got);
    assert_string_equal(got, "|default|none;boot|systemd|true;boot|command|a = b;user|default|eve;user|last|;");
}

static struct wsl_conf read_conf(const char *text)
{
    struct wsl_conf c = {0};

    wsl_conf_add(&c, WSL_CONF, text);
    return c;
}

static void test_wsl_conf__the_first_word_of_a_key_stands(void **state)
{
    struct wsl_conf c = read_conf("[user]\ndefault=eve\ndefault=mallory\n[BOOT]\nSystemd=FALSE\n[oobe]\ncommand=x\n");

    (void)state;
    assert_string_equal(wsl_conf_text(&c, WSL_USER), "eve");
    assert_string_equal(wsl_conf_text(&c, WSL_OOBE_COMMAND), ""); /* is of the other file */
    assert_false(wsl_conf_true(&c, WSL_SYSTEMD, true));
    assert_true(wsl_conf_true(&c, WSL_AUTOMOUNT, true));
    wsl_conf_add(&c, WSL_DISTRIBUTION, "[oobe]\ncommand=/etc/oobe.sh\n[user]\ndefault=x");
    assert_string_equal(wsl_conf_text(&c, WSL_OOBE_COMMAND), "/etc/oobe.sh");
}

static void test_wsl_conf_true__what_is_neither_says_nothing(void **state)
{
    struct wsl_conf c = read_conf("[boot]\nsystemd=maybe\n[automount]\nenabled = false # no\n[time]\nuseWindowsTimezone=");

    (void)state;
    assert_true(wsl_conf_true(&c, WSL_SYSTEMD, true));
    assert_false(wsl_conf_true(&c, WSL_SYSTEMD, false));
    assert_false(wsl_conf_true(&c, WSL_AUTOMOUNT, true));
    assert_true(wsl_conf_true(&c, WSL_TIMEZONE, true));
}

/* One that does not exist keeps nobody out. */
static void test_wsl_conf_user__only_one_that_is_there(void **state)
{
    static const char passwd[] = "root:x:0:0::/root:/bin/sh\neve:x:1000:1000::/home/eve:/bin/sh\n";
    static const struct {
        const char *conf, *distribution, *user;
    } cases[] = {
        {"[user]\ndefault=eve", "", "eve"},
        {"[user]\ndefault=nobody-at-all", "", ""},
        {"[user]\ndefault=", "", ""},
        {"[user]\ndefault=1000", "", "1000"},
        {"[user]\ndefault=77", "", ""},
        {"", "[oobe]\ndefaultUid=1000", "1000"},
        {"", "[oobe]\ndefaultUid=1001", ""},
        {"[user]\ndefault=root", "[oobe]\ndefaultUid=1000", "root"},
        {"", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct wsl_conf c = read_conf(cases[i].conf);

        wsl_conf_add(&c, WSL_DISTRIBUTION, cases[i].distribution);
        assert_string_equal(wsl_conf_user(&c, passwd), cases[i].user);
    }
}

static void test_wsl_conf_ignored__says_why(void **state)
{
    (void)state;
    assert_null(wsl_conf_ignored(WSL_CONF, "user.default"));
    assert_null(wsl_conf_ignored(WSL_DISTRIBUTION, "oobe.defaultuid"));
    assert_string_equal(wsl_conf_ignored(WSL_CONF, "interop.enabled"), "there is no Windows here");
    assert_string_equal(wsl_conf_ignored(WSL_CONF, "user.defaults"), "it is not known");
    assert_string_equal(wsl_conf_ignored(WSL_CONF, "user"), "it is not known");
    assert_string_equal(wsl_conf_ignored(WSL_CONF, ""), "it is not known");
}

/* --- what the guest makes of it --- */

static void test_conf_apply__a_distro_asks_for_less(void **state)
{
    struct wsl_conf c = read_conf("[network]\nhostname=other\n[automount]\nenabled=false\n[time]\nuseWindowsTimezone=false");
    struct guest_options o = {.hostname = "deb", .shares = 2, .timezone = "Europe/Berlin"};

    (void)state;
    conf_apply(&c, &o);
    assert_string_equal(o.hostname, "other");
    assert_int_equal(o.shares, 0);
    assert_string_equal(o.timezone, "");
    c = read_conf("[network]\nhostname=two words\n");
    conf_apply(&c, &o);
    assert_string_equal(o.hostname, "other");
}

static void test_conf_place__the_root_of_shares(void **state)
{
    static const struct {
        const char *root, *path, *place;
    } cases[] = {
        {"", "/mnt/host", "/mnt/host"},       {"/", "/mnt/host/x", "/host/x"}, {"/windows", "/mnt/host", "/windows/host"},
        {"/windows/", "/mnt/host", "/windows/host"}, {"/w", "/srv", "/srv"},   {"relative", "/mnt/host", "/mnt/host"},
        {"/w", "/mnt", "/mnt"},                {"/w", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *text = file_path("[automount]\nroot=%s\n", cases[i].root);
        struct wsl_conf c = read_conf(text);
        auto_free char *place = conf_place(&c, cases[i].path);

        assert_string_equal(place, cases[i].place);
    }
}

static void test_conf_mount_flags__only_those_that_restrict(void **state)
{
    struct wsl_conf c = read_conf("[automount]\noptions = \"metadata,ro,uid=1000,noexec, noatime,suid,rw\"\n");

    (void)state;
    assert_int_equal(conf_mount_flags(&c), MS_RDONLY | MS_NOEXEC | MS_NOATIME);
    c = read_conf("");
    assert_int_equal(conf_mount_flags(&c), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ini_each__as_wsl_conf_is_written),
        cmocka_unit_test(test_wsl_conf__the_first_word_of_a_key_stands),
        cmocka_unit_test(test_wsl_conf_true__what_is_neither_says_nothing),
        cmocka_unit_test(test_wsl_conf_user__only_one_that_is_there),
        cmocka_unit_test(test_wsl_conf_ignored__says_why),
        cmocka_unit_test(test_conf_apply__a_distro_asks_for_less),
        cmocka_unit_test(test_conf_place__the_root_of_shares),
        cmocka_unit_test(test_conf_mount_flags__only_those_that_restrict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/share.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "config/option.h"
#include "core/base/auto.h"

static void parse(const char *text, struct shares *s)
{
    struct err e = {0};

    assert_ok(shares_parse(text, s, &e), e);
}

static void test_shares_parse__the_default_is_the_home(void **state)
{
    struct shares s;
    auto_free char *folder = NULL;

    (void)state;
    parse(option_table[OPT_SHARES].default_text, &s);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.share[0].guest, "/mnt/host");
    assert_false(s.share[0].read_only);
    assert_int_equal(s.share[0].cache, SHARE_CACHE_NONE);
    assert_int_equal(s.share[0].map, SHARE_MAP_SQUASH);
    assert_int_equal(s.share[0].uid + s.share[0].gid, 0);
    folder = share_host_folder(&s.share[0], "/home/me");
    assert_string_equal(folder, "/home/me");
    shares_release(&s);
}

static void test_shares_parse__every_word(void **state)
{
    struct shares s;
    auto_free char *folder = NULL;

    (void)state;
    parse(" ~/src:/src , ro,cache=loose,map=xattr:1000:100;;/b:/b,cache=mmap,rw,map=squash:4294967294:0 ;/c:/c,map=fixed:7:8", &s);
    assert_int_equal(s.n, 3);
    folder = share_host_folder(&s.share[0], "/home/me");
    assert_string_equal(folder, "/home/me/src");
    assert_string_equal(s.share[0].guest, "/src");
    assert_true(s.share[0].read_only);
    assert_int_equal(s.share[0].cache, SHARE_CACHE_LOOSE);
    assert_int_equal(s.share[0].map, SHARE_MAP_XATTR);
    assert_int_equal(s.share[0].uid, 1000);
    assert_int_equal(s.share[0].gid, 100);
    assert_false(s.share[1].read_only);
    assert_int_equal(s.share[1].cache, SHARE_CACHE_MMAP);
    assert_int_equal(s.share[1].uid, UINT32_MAX - 1);
    assert_int_equal(s.share[2].map, SHARE_MAP_FIXED);
    assert_int_equal(s.share[2].gid, 8);
    shares_release(&s);
}

static void test_shares_parse__none(void **state)
{
    static const char *const texts[] = {"none", "", " ; "};
    struct shares s;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        parse(texts[i], &s);
        assert_int_equal(s.n, 0);
    }
}

static void test_shares_parse__paths_hold_anything_escaped(void **state)
{
    static const char path[] = "/a,b:c;d\\e f";
    auto_free char *escaped = share_escape(path);
    auto_free char *text = file_path("%s:%s,ro", escaped, escaped);
    struct shares s;

    (void)state;
    parse(text, &s);
    assert_string_equal(s.share[0].host, path);
    assert_string_equal(s.share[0].guest, path);
    assert_true(s.share[0].read_only);
    shares_release(&s);
}

static void test_shares_parse__says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"/a", "share '/a': the folder in the guest is absolute"},
        {"/a:b", "share '/a:b': the folder in the guest is absolute"},
        {"/a:/b/../c", "without . and .."},
        {"/a:/b/.", "without . and .."},
        {"a:/b", "the host's folder is absolute or begins with ~/"},
        {"~other:/b", "the host's folder is absolute or begins with ~/"},
        {":/b", "the host's folder is absolute"},
        {"/a:/", "/ is the guest's own"},
        {"/a://", "// is the guest's own"},
        {"/a:/proc/x", "/proc/x is the guest's own"},
        {"/a:/b;/c:/b", "share '/c:/b': two shares have one folder in the guest"},
        {"/a:/b,fast", "'fast' is not one of ro, rw, cache=MODE, map=KIND"},
        {"/a:/b,", "'' is not one of"},
        {"/a:/b,cache=", "cache=: give none, mmap, readahead or loose"},
        {"/a:/b,map=pass", "map=pass: give squash, xattr"},
        {"/a:/b,map=squash:1", "map=squash:1: give squash"},
        {"/a:/b,map=squash:1:2:3", "map=squash:1:2:3: give squash"},
        {"/a:/b,map=squash:-1:2", "map=squash:-1:2: give squash"},
        {"/a:/b,map=squash:4294967295:2", "map=squash:4294967295:2: give squash"},
        {"/a:/1;/a:/2;/a:/3;/a:/4;/a:/5;/a:/6", "at most 5 shares"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err e = {0};
        struct shares s;

        assert_int_equal(shares_parse(bad[i].text, &s, &e), -EINVAL);
        assert_int_equal(s.n, 0);
        assert_says(e, bad[i].says);
    }
}

static void test_shares_parse__a_guest_folder_fits_the_command_line(void **state)
{
    char text[SHARE_GUEST_MAX + 8] = "/a:/";
    struct shares s;
    struct err e = {0};

    (void)state;
    memset(text + 4, 'x', SHARE_GUEST_MAX - 1);
    parse(text, &s);
    shares_release(&s);
    text[3 + SHARE_GUEST_MAX] = 'x';
    assert_int_equal(shares_parse(text, &s, &e), -EINVAL);
    assert_says(e, "at most 255 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_parse__the_default_is_the_home),
        cmocka_unit_test(test_shares_parse__every_word),
        cmocka_unit_test(test_shares_parse__none),
        cmocka_unit_test(test_shares_parse__paths_hold_anything_escaped),
        cmocka_unit_test(test_shares_parse__says_what_is_wrong),
        cmocka_unit_test(test_shares_parse__a_guest_folder_fits_the_command_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

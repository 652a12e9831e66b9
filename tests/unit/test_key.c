/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include "core/base/auto.h"
#include "config/key.h"

static const struct {
    ui_key key;
    const char *text;
} keys[] = {
    {'a', "a"},         {'X', "X"},
    {'?', "?"},         {'~', "~"},
    {' ', "Space"},     {K_ENTER, "Enter"},
    {K_ESC, "Esc"},     {K_BACKSPACE, "Backspace"},
    {K_UP, "Up"},       {K_PGDN, "PgDn"},
    {K_DELETE, "Del"},  {K_F1, "F1"},
    {K_F9, "F9"},       {K_F10, "F10"},
    {K_CTRL('c'), "Ctrl-C"}, {K_CTRL('z'), "Ctrl-Z"},
    {K_CTRL(']'), "Ctrl-]"}, {'\t', "Tab"},
    {K_BACKTAB, "Shift-Tab"}, {K_F12, "F12"},
    {K_UP | K_ALT, "Alt-Up"}, {K_F1 | K_SHIFT, "Shift-F1"},
    {K_PGDN | K_CONTROL | K_ALT | K_SHIFT, "Ctrl-Alt-Shift-PgDn"},
};

static void test_key_text__names(void **state)
{
    char text[KEY_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_string_equal(key_text(keys[i].key, text), keys[i].text);
}

/* The name of a key is shown: whatever key it is, it has one, and that is printable. */
static void test_key_text__any_key_has_a_short_plain_name(void **state)
{
    static const ui_key odd[] = {K_NONE, 0x7f, 0x80, 0x9b, 0xe4, 0x4f60, 0x1f600, 0x10ffff, K_NAMES_END, K_NAMES_END - 1, UINT32_MAX};
    char text[KEY_TEXT];

    (void)state;
    for (ui_key k = 0; k < 0x100 + ARRAY_SIZE(odd); k++) {
        const char *p = key_text(k < 0x100 ? k : odd[k - 0x100], text);

        assert_in_range(strlen(p), 1, KEY_TEXT - 1);
        for (; *p; p++)
            assert_in_range(*p, 0x20, 0x7e);
    }
}

static void test_key_parse__what_key_text_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_int_equal(key_parse(keys[i].text), keys[i].key);
    assert_int_equal(key_parse("ctrl-x"), K_CTRL('x'));
    assert_int_equal(key_parse("f5"), K_F5);
    assert_int_equal(key_parse("f"), 'f');
    assert_int_equal(key_parse("-"), '-');
}

static void test_key_parse__no_key(void **state)
{
    static const char *const none[] = {"", "xx", "F0", "F13", "F1x", "Ctrl-", "Ctrl-1", "Alt-x", "Shift-a", "Ctrl-Enter",
                                       "\n", "\x1b", "\xc3\xa4", "Ctrl-Shift-Tab", "Shift-Shift-Up"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_int_equal(key_parse(none[i]), K_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_text__names),
        cmocka_unit_test(test_key_text__any_key_has_a_short_plain_name),
        cmocka_unit_test(test_key_parse__what_key_text_says),
        cmocka_unit_test(test_key_parse__no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

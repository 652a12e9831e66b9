/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/plain.h"

#include "tests/unit/fixture.h"

#include "core/base/auto.h"

struct example {
    const char *from, *to;
};

static void assert_plain(const struct example *list, size_t n, bool keep_newlines)
{
    for (size_t i = 0; i < n; i++) {
        auto_free char *to = plain_dup(list[i].from, keep_newlines);

        assert_string_equal(to, list[i].to);
    }
}

static void test_plain__text_passes(void **state)
{
    static const struct example list[] = {
        {"", ""},
        {"plain ~text", "plain ~text"},
        {"\303\244\342\202\254\360\237\220\247", "\303\244\342\202\254\360\237\220\247"},
        {"\302\240", "\302\240"}, /* the first after C1 */
    };

    (void)state;
    assert_plain(list, ARRAY_SIZE(list), false);
}

static void test_plain__escape_sequences_vanish_whole(void **state)
{
    static const struct example list[] = {
        {"a\033[31mb\033[0mc", "abc"},          /* CSI */
        {"a\033[2J\033[1;1Hb", "ab"},
        {"a\033[?1049h\033[>4;2mb", "ab"},
        {"a\033]0;title\007b", "ab"},           /* OSC, ended by BEL or ST */
        {"a\033]52;c;ZXZpbA==\033\\b", "ab"},
        {"a\033P1$r\033\\b", "ab"},             /* DCS */
        {"a\033_apc\033\\b\033^pm\033\\c", "abc"},
        {"a\033(Bb\033#8c", "abc"},             /* nF */
        {"a\033cb\0337c\033=d", "abcd"},        /* Fs, Fp */
        {"a\033[31", "a"},                      /* cut short */
        {"a\033]0;never ended", "a"},
        {"a\033", "a"},
        {"a\033(", "a"},
    };

    (void)state;
    assert_plain(list, ARRAY_SIZE(list), false);
}

static void test_plain__control_characters_show_as_question_marks(void **state)
{
    static const struct example list[] = {
        {"a\001b\010c\177d", "a?b?c?d"},
        {"a\007b", "a?b"},
        {"a\302\233" "31mb", "a?31mb"},      /* C1 CSI in UTF-8 */
        {"a\302\205b", "a?b"},               /* NEL */
        {"\233" "31m", "?31m"},              /* C1 as a byte: no UTF-8 */
    };

    (void)state;
    assert_plain(list, ARRAY_SIZE(list), false);
}

/* Unicode 15, table 3-7. */
static void test_plain__what_is_no_utf8_shows_as_question_marks(void **state)
{
    static const struct example list[] = {
        {"\377\376x", "??x"},
        {"\300\257", "??"},           /* overlong '/' */
        {"\340\200\257", "???"},
        {"\355\240\200", "???"},      /* surrogate */
        {"\364\220\200\200", "????"}, /* past 10FFFF */
        {"\360\217\277\277", "????"},
        {"\303", "?"},                /* cut short */
        {"\342\202x", "??x"},
        {"\200x", "?x"},
    };

    (void)state;
    assert_plain(list, ARRAY_SIZE(list), false);
}

static void test_plain__newlines_and_tabs(void **state)
{
    static const struct example spaces[] = {{"a\nb\tc\r\nd\re", "a b c d e"}, {"\v\f", "  "}};
    static const struct example kept[] = {{"a\nb\tc\r\nd\re", "a\nb c\nd e"}};

    (void)state;
    assert_plain(spaces, ARRAY_SIZE(spaces), false);
    assert_plain(kept, ARRAY_SIZE(kept), true);
}

static void test_plain_copy__never_half_a_character(void **state)
{
    const char *from = "ab\342\202\254";
    char to[8];

    (void)state;
    for (size_t size = 1; size <= sizeof(to); size++) {
        memset(to, 'X', sizeof(to));
        plain_copy(to, size, from, strlen(from), false);
        assert_string_equal(to, size == 1 ? "" : size == 2 ? "a" : size < 6 ? "ab" : from);
    }
    to[0] = 'X';
    plain_copy(to, 0, from, 5, false);
    assert_int_equal(to[0], 'X');
    plain_copy(to, sizeof(to), "a\0b", 3, false); /* NUL inside */
    assert_string_equal(to, "a?b");
}

/* Whatever comes in, only printable UTF-8 comes out, and no more of it than came in. */
static void test_plain__every_two_bytes_behind_an_escape(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char from[] = {'x', 0x1b, (char)a, (char)b, '['};
            char to[sizeof(from) + 1];

            plain_copy(to, sizeof(to), from, sizeof(from), false);
            assert_int_equal(to[0], 'x');
            for (const char *p = to; *p; p++)
                assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain__text_passes),
        cmocka_unit_test(test_plain__escape_sequences_vanish_whole),
        cmocka_unit_test(test_plain__control_characters_show_as_question_marks),
        cmocka_unit_test(test_plain__what_is_no_utf8_shows_as_question_marks),
        cmocka_unit_test(test_plain__newlines_and_tabs),
        cmocka_unit_test(test_plain_copy__never_half_a_character),
        cmocka_unit_test(test_plain__every_two_bytes_behind_an_escape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include <math.h>

#include "tui/term_colour.h"

/* WCAG 2.1, "relative luminance" and "contrast ratio". */
static double luminance(int colour)
{
    static const double weight[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;

    for (int i = 0; i < 3; i++) {
        double c = (double)(term_rgb(colour) >> (16 - 8 * i) & 0xff) / 255;

        sum += weight[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast_of(int a, int b)
{
    double x = luminance(a), y = luminance(b);

    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static void test_scheme__contrast_is_high(void **state)
{
    static const int counts[] = {8, 16, 256};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int s = 0; s < STYLE_PANE; s++) {
            struct term_paint p = term_paint_of(SCHEME_CONTRAST, (enum style)s, counts[i]);

            assert_true(p.fg >= 0 && p.bg >= 0);
            if (contrast_of(p.fg, p.bg) < 7)
                fail_msg("style %d of %d colours: %d on %d is %.1f:1", s, counts[i], p.fg, p.bg, contrast_of(p.fg, p.bg));
        }
}

/* The usual ones reach AA at least, where they set both. */
static void test_scheme__soft_can_be_read(void **state)
{
    (void)state;
    for (int s = 0; s < STYLE_PANE; s++) {
        struct term_paint p = term_paint_of(SCHEME_SOFT, (enum style)s, 256);

        assert_true(p.fg >= 0 && p.bg >= 0);
        if (contrast_of(p.fg, p.bg) < 4.5)
            fail_msg("style %d: %d on %d is %.1f:1", s, p.fg, p.bg, contrast_of(p.fg, p.bg));
    }
}

static void test_scheme__no_colour_beyond_what_there_is(void **state)
{
    static const int counts[] = {0, 2, 8, 16, 256};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (int scheme = 0; scheme < SCHEMES; scheme++)
            for (int s = 0; s < STYLES; s++) {
                struct term_paint p = term_paint_of((enum term_scheme)scheme, (enum style)s, counts[i]);
                int last = scheme == SCHEME_NONE || counts[i] < 8 ? -1 : counts[i] - 1;

                assert_in_range(p.fg + 1, 0, last + 1);
                assert_in_range(p.bg + 1, 0, last + 1);
            }
}

/* What is selected, a heading, a title: seen without any colour, in every scheme that has none. */
static void test_scheme__attributes_remain_without_colours(void **state)
{
    static const enum style marked[] = {STYLE_HEADER, STYLE_COLUMNS, STYLE_SELECTED, STYLE_GOOD, STYLE_BAD, STYLE_KEY};

    (void)state;
    for (int scheme = 0; scheme < SCHEMES; scheme++)
        for (size_t i = 0; i < sizeof(marked) / sizeof(*marked); i++)
            assert_true(term_paint_of((enum term_scheme)scheme, marked[i], 0).look);
    assert_true(term_paint_of(SCHEME_TERMINAL, STYLE_SELECTED, 256).look & CELL_REVERSE);
}

static void test_nearest__is_itself_or_one_of_them(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        assert_int_equal(term_nearest(c, 256), c);
        assert_in_range(term_nearest(c, 16), 0, 15);
        assert_in_range(term_nearest(c, 8), 0, 7);
    }
    assert_int_equal(term_nearest(9, 8), 1);   /* bright red is red */
    assert_int_equal(term_nearest(196, 16), 9);
    assert_int_equal(term_nearest(231, 16), 15);
    assert_int_equal(term_nearest(232, 8), 0);
    assert_int_equal(term_from_rgb(255, 0, 0), 196);
    assert_int_equal(term_from_rgb(8, 8, 8), 232);
    assert_int_equal(term_from_rgb(255, 255, 255), 231);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scheme__contrast_is_high),
        cmocka_unit_test(test_scheme__soft_can_be_read),
        cmocka_unit_test(test_scheme__no_colour_beyond_what_there_is),
        cmocka_unit_test(test_scheme__attributes_remain_without_colours),
        cmocka_unit_test(test_nearest__is_itself_or_one_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

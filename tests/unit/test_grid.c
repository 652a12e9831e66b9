/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include <locale.h>

#include "core/base/auto.h"
#include "tui/grid.h"

#define WIDE "\xe4\xbd\xa0"      /* U+4F60, two columns */
#define UMLAUT "\xc3\xa4"        /* U+00E4 */
#define ACUTE "e\xcc\x81"        /* e and a combining acute accent */

static struct grid g;

static void grid_of(int rows, int cols)
{
    grid_release(&g);
    assert_int_equal(grid_init(&g, rows, cols), 0);
}

/* The dump without the cursor's line and, for one row, without its end. */
static const char *shown(void)
{
    static char text[4096];
    FILE *f = fmemopen(text, sizeof(text), "w");
    char *end;

    grid_dump(&g, f);
    fclose(f);
    end = strstr(text, "cursor ");
    assert_non_null(end);
    end[end > text ? -1 : 0] = '\0';
    return text;
}

static void test_grid_put__text_and_width_used(void **state)
{
    (void)state;
    grid_of(1, 20);
    assert_int_equal(grid_put(&g, 0, 2, 10, STYLE_PLAIN, "debian"), 6);
    assert_string_equal(shown(), "  debian");
    assert_int_equal(grid_put(&g, 0, 0, 20, STYLE_PLAIN, ""), 0);
}

static void test_grid_put__a_cut_is_seen(void **state)
{
    (void)state;
    grid_of(1, 20);
    assert_int_equal(grid_put(&g, 0, 0, 5, STYLE_PLAIN, "debian"), 5);
    assert_string_equal(shown(), "debi~");
    grid_of(1, 20);
    assert_int_equal(grid_put(&g, 0, 0, 6, STYLE_PLAIN, "debian"), 6);
    assert_string_equal(shown(), "debian");
    grid_of(1, 20);
    assert_int_equal(grid_put(&g, 0, 0, 0, STYLE_PLAIN, "debian"), 0);
    assert_int_equal(grid_put(&g, 0, 0, -3, STYLE_PLAIN, "debian"), 0);
    assert_string_equal(shown(), "");
}

static void test_grid_put__wide_characters_take_two(void **state)
{
    (void)state;
    grid_of(1, 4);
    assert_int_equal(grid_put(&g, 0, 0, 4, STYLE_PLAIN, WIDE WIDE), 4);
    assert_int_equal(g.cells[0].ch, 0x4f60);
    assert_int_equal(g.cells[1].ch, 0);
    assert_string_equal(shown(), WIDE WIDE);
    grid_of(1, 4);
    assert_int_equal(grid_put(&g, 0, 0, 3, STYLE_PLAIN, WIDE WIDE), 3); /* one and the mark */
    assert_string_equal(shown(), WIDE "~");
    grid_of(1, 3);
    grid_put(&g, 0, 2, 2, STYLE_PLAIN, WIDE); /* half of it would be outside */
    assert_string_equal(shown(), "");
}

static void test_grid_put__half_a_wide_character_does_not_stay(void **state)
{
    (void)state;
    grid_of(1, 6);
    grid_put(&g, 0, 0, 6, STYLE_PLAIN, WIDE WIDE WIDE);
    grid_put(&g, 0, 1, 1, STYLE_PLAIN, "x");
    assert_string_equal(shown(), " x" WIDE WIDE);
    grid_put(&g, 0, 3, 2, STYLE_PLAIN, WIDE); /* over the right half of one, the left of another */
    assert_string_equal(shown(), " x " WIDE);
}

static void test_grid_put__combining_characters_use_no_column(void **state)
{
    (void)state;
    grid_of(1, 6);
    assert_int_equal(text_width(ACUTE "x"), 2);
    assert_int_equal(grid_put(&g, 0, 0, 2, STYLE_PLAIN, ACUTE "x"), 2);
    assert_string_equal(shown(), "ex");
    assert_int_equal(grid_put(&g, 0, 0, 6, STYLE_PLAIN, "\xcc\x81"), 0);
}

static const struct {
    const char *text, *shown;
} unsafe[] = {
    {"a\x1b[2Jb", "a?[2Jb"},
    {"a\x9b" "2Jb", "a?2Jb"},                      /* C1 as a byte */
    {"a\xc2\x9b" "2Jb", "a?2Jb"},                  /* and as a character */
    {"a\xc0\x9b" "b", "a?b"},                      /* overlong */
    {"a\xe0\x80\x9b" "b", "a?b"},
    {"a\xf0\x80\x80\x9b" "b", "a?b"},
    {"a\rb\nc\td\x7f" "e\x07", "a?b?c?d?e?"},
    {"a\xed\xa0\x80" "b", "a?b"},                  /* a surrogate */
    {"a\xf4\x90\x80\x80" "b", "a?b"},              /* beyond Unicode */
    {"a\xff" "b\xfe", "a?b?"},
    {"a\xe4\xbd", "a?"},                           /* cut off */
    {"a\xe4\x1b[m", "a??[m"},                      /* what interrupts is judged for itself */
    {"a\xe2\x80\xae" "b", "ab"},                   /* right-to-left override: no column, not kept */
};

static void test_grid_put__nothing_moves_the_cursor(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++) {
        grid_of(1, 20);
        grid_put(&g, 0, 0, 20, STYLE_PLAIN, unsafe[i].text);
        assert_string_equal(shown(), unsafe[i].shown);
    }
}

static void test_grid_put__outside_is_nowhere(void **state)
{
    static const int places[][2] = {{-1, 0}, {2, 0}, {0, -20}, {0, 4}, {1000, 1000}, {0, INT32_MAX - 40}};

    (void)state;
    grid_of(2, 4);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        grid_put(&g, places[i][0], places[i][1], 10, STYLE_PLAIN, "text" WIDE);
        grid_put_right(&g, places[i][0], places[i][1], 10, STYLE_PLAIN, "text");
        grid_fill(&g, places[i][0], places[i][1], 10, STYLE_PLAIN, '#');
        grid_style(&g, places[i][0], places[i][1], 10, STYLE_BAD);
    }
    assert_string_equal(shown(), "\n");
    grid_put(&g, 1, -2, 10, STYLE_PLAIN, "text"); /* what is inside of it is seen */
    assert_string_equal(shown(), "\nxt");
}

static void test_grid_put_cell__as_it_is(void **state)
{
    const struct cell red = {.ch = 'r', .style = STYLE_PANE, .look = CELL_BOLD | CELL_FG, .fg = 1};

    (void)state;
    grid_of(1, 3);
    grid_put_cell(&g, 0, 1, &red);
    grid_put_cell(&g, 0, 3, &red);
    grid_put_cell(&g, -1, 0, &red);
    assert_string_equal(shown(), " r");
    assert_memory_equal(&g.cells[1], &red, sizeof(red));
    grid_put(&g, 0, 1, 1, STYLE_PLAIN, "x"); /* nothing of the look stays */
    assert_int_equal(g.cells[1].look, 0);
}

static void test_grid_put_right__flush(void **state)
{
    (void)state;
    grid_of(1, 10);
    grid_put_right(&g, 0, 2, 6, STYLE_PLAIN, "31M");
    assert_string_equal(shown(), "     31M");
    grid_put_right(&g, 0, 0, 4, STYLE_PLAIN, "123456");
    assert_string_equal(shown(), "123~ 31M");
}

static const struct {
    const char *text;
    int width, rows;
    const char *shown;
} wrapped[] = {
    {"stop it first: lxtop stop x", 10, 5, "stop it\nfirst:\nlxtop stop\nx\n"},
    {"stop it first: lxtop stop x", 27, 5, "stop it first: lxtop stop x\n\n\n\n"},
    {"stop it first: lxtop stop x", 10, 2, "stop it\nfirst: lx~\n\n\n"},
    {"/a/very/long/path is bad", 10, 5, "/a/very/lo\nng/path is\nbad\n\n"},
    {WIDE WIDE WIDE, 3, 5, WIDE "\n" WIDE "\n" WIDE "\n\n"},
    {"", 10, 5, "\n\n\n\n"},
    {"a  b", 2, 5, "a\nb\n\n\n"},
};

static void test_grid_put_rows__breaks_at_blanks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrapped); i++) {
        int used, all = text_rows(wrapped[i].text, wrapped[i].width);

        grid_of(5, 30);
        used = grid_put_rows(&g, 0, 0, wrapped[i].width, wrapped[i].rows, STYLE_PLAIN, wrapped[i].text);
        assert_string_equal(shown(), wrapped[i].shown);
        assert_int_equal(used, all < wrapped[i].rows ? all : wrapped[i].rows);
    }
    assert_in_range(text_rows("some text", 0), 1, 9); /* no width: it ends */
}

static void test_grid__smallest_sizes(void **state)
{
    (void)state;
    for (int rows = -1; rows <= 3; rows++)
        for (int cols = -1; cols <= 3; cols++) {
            grid_of(rows, cols);
            assert_int_equal(g.rows, rows < 1 ? 1 : rows);
            assert_int_equal(g.cols, cols < 1 ? 1 : cols);
            grid_put(&g, 0, 0, g.cols, STYLE_PLAIN, "text" WIDE);
            grid_put_rows(&g, 0, 0, g.cols, g.rows, STYLE_PLAIN, "more " WIDE " text");
            grid_cursor(&g, 100, -5);
            assert_int_equal(g.cursor_row, g.rows - 1);
            assert_int_equal(g.cursor_col, 0);
        }
}

static void test_grid_dump__text_and_cursor(void **state)
{
    char text[200] = "";
    FILE *f = fmemopen(text, sizeof(text), "w");

    (void)state;
    grid_of(2, 8);
    grid_put(&g, 0, 0, 8, STYLE_GOOD, "ok");
    grid_put(&g, 0, 3, 8, STYLE_BAD, "no");
    grid_cursor(&g, 1, 2);
    grid_dump(&g, f);
    fclose(f);
    assert_string_equal(text, "ok no\n\ncursor 1,2\n");
}

static void test_utf8_put__is_the_inverse_of_reading(void **state)
{
    static const uint32_t some[] = {'a', 0x7f, 0x80, 0xe4, 0x7ff, 0x800, 0x4f60, 0xffff, 0x10000, 0x1f600, 0x10ffff};
    static const uint8_t lengths[] = {1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
        char bytes[UTF8_MAX];
        wchar_t back = 0;

        assert_int_equal(utf8_put(bytes, some[i]), lengths[i]);
        assert_int_equal(mbtowc(&back, bytes, lengths[i]), lengths[i]);
        assert_int_equal(back, some[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid_put__text_and_width_used),
        cmocka_unit_test(test_grid_put__a_cut_is_seen),
        cmocka_unit_test(test_grid_put__wide_characters_take_two),
        cmocka_unit_test(test_grid_put__half_a_wide_character_does_not_stay),
        cmocka_unit_test(test_grid_put__combining_characters_use_no_column),
        cmocka_unit_test(test_grid_put__nothing_moves_the_cursor),
        cmocka_unit_test(test_grid_put__outside_is_nowhere),
        cmocka_unit_test(test_grid_put_cell__as_it_is),
        cmocka_unit_test(test_grid_put_right__flush),
        cmocka_unit_test(test_grid_put_rows__breaks_at_blanks),
        cmocka_unit_test(test_grid__smallest_sizes),
        cmocka_unit_test(test_grid_dump__text_and_cursor),
        cmocka_unit_test(test_utf8_put__is_the_inverse_of_reading),
    };
    int failed;

    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    grid_release(&g);
    return failed;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include <locale.h>
#include <wchar.h>

#include "core/base/auto.h"
#include "tui/pane.h"

#define WIDE "\xe4\xbd\xa0"

static struct pane *pane;
static struct grid g;
static char typed[4096];
static size_t typed_len;
static int bells;

static void on_typed(void *ctx, const char *p, size_t len)
{
    (void)ctx;
    assert_true(typed_len + len < sizeof(typed));
    memcpy(typed + typed_len, p, len);
    typed[typed_len += len] = '\0';
}

static void on_bell(void *ctx)
{
    (void)ctx;
    bells++;
}

static void begin(int rows, int cols)
{
    static const struct pane_events ev = {on_typed, on_bell};

    pane_free(pane);
    grid_release(&g);
    typed[typed_len = 0] = '\0';
    bells = 0;
    pane = pane_new(rows, cols, 50, &ev, NULL);
    assert_non_null(pane);
    assert_int_equal(grid_init(&g, rows < 1 ? 1 : rows, cols < 2 ? 2 : cols), 0);
}

static void feed(const char *text)
{
    pane_feed(pane, text, strlen(text));
}

/* The rows without blanks at their ends, and where the cursor is. */
static const char *shown(void)
{
    static char text[4096];
    FILE *f = fmemopen(text, sizeof(text), "w");

    grid_clear(&g);
    pane_draw(pane, &g, 0, 0);
    grid_dump(&g, f);
    fclose(f);
    return text;
}

static int tear_down(void **state)
{
    (void)state;
    pane_free(pane);
    pane = NULL;
    grid_release(&g);
    return 0;
}

/* --- what the program writes --- */

static const struct {
    const char *bytes, *shown; /* on 3 rows of 10 columns */
} written[] = {
    {"hello", "hello\n\n\ncursor 0,5\n"},
    {"a\r\nb\tc", "a\nb       c\n\ncursor 1,9\n"},
    {"0123456789ab", "0123456789\nab\n\ncursor 1,2\n"},
    {"1\r\n2\r\n3\r\n4", "2\n3\n4\ncursor 2,1\n"},
    {"x\x1b[2;3Hy\x1b[1;1H", "x\n  y\n\ncursor 0,0\n"},
    {"one\x1b[1;2H\x1b[Kx", "ox\n\n\ncursor 0,2\n"},
    {"\x1b[?1049hinner\x1b[?1049l", "\n\n\ncursor 0,0\n"},
    {"main\x1b[?1049hinner\x1b[?1049l", "main\n\n\ncursor 0,4\n"},
    {"\x1b[?47;25hinner", "inner\n\n\ncursor 0,5\n"},
    {"a" WIDE "b", "a" WIDE "b\n\n\ncursor 0,4\n"},
    {"012345678" WIDE, "012345678\n" WIDE "\n\ncursor 1,2\n"},
    {"e\xcc\x81x", "ex\n\n\ncursor 0,2\n"},                    /* a combining accent is left out */
    {"\xf0\x9f\xa7\xaa|", "\xf0\x9f\xa7\xaa|\n\n\ncursor 0,3\n"}, /* newer than libvterm's tables */
    {"a\xff\xc3(b", "a??" "(b\n\n\ncursor 0,5\n"},
    {"x\x1b[4b", "xxxxx\n\n\ncursor 0,5\n"},
    {"\x1b[sA\x1b[uB", "B\n\n\ncursor 0,1\n"},
    {"\x1b(0lqk\x1b(B", "\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90\n\n\ncursor 0,3\n"},
    {"\x1b]0;title\x07x\x1b]8;;http://h\x1b\\y\x1bP1;2q~~\x1b\\z", "xyz\n\n\ncursor 0,3\n"},
    {"\x1b_no\x1b\\\x1b^no\x1b\\\x1bXno\x1b\\a\x1b[1\x18" "b", "ab\n\n\ncursor 0,2\n"},
    {"\x1b[31;4", "\n\n\ncursor 0,0\n"},
    {"a\x9b" "b\xc2\x9b" "31mc", "a?b31mc\n\n\ncursor 0,7\n"}, /* C1 is no control in UTF-8 */
};

static void test_pane__what_the_program_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
        begin(3, 10);
        feed(written[i].bytes);
        if (strcmp(shown(), written[i].shown) != 0)
            fail_msg("row %zu: %s", i, shown());
        begin(3, 10);
        for (const char *p = written[i].bytes; *p; p++) /* however it is cut into pieces */
            pane_feed(pane, p, 1);
        assert_string_equal(shown(), written[i].shown);
    }
}

static void test_pane__colours_and_attributes(void **state)
{
    (void)state;
    begin(1, 20);
    feed("\x1b[1;31mA\x1b[0;4;48;5;208mB\x1b[0;7;38;2;255;0;0mC\x1b[0;3;94mD\x1b[m ");
    shown();
    assert_int_equal(g.cells[0].style, STYLE_PANE);
    assert_int_equal(g.cells[0].look, CELL_BOLD | CELL_FG);
    assert_int_equal(g.cells[0].fg, 1);
    assert_int_equal(g.cells[1].look, CELL_UNDERLINE | CELL_BG);
    assert_int_equal(g.cells[1].bg, 208);
    assert_int_equal(g.cells[2].look, CELL_REVERSE | CELL_FG);
    assert_int_equal(g.cells[2].fg, 196);
    assert_int_equal(g.cells[3].look, CELL_ITALIC | CELL_FG);
    assert_int_equal(g.cells[3].fg, 12);
    assert_int_equal(g.cells[4].look, 0);
}

static void test_pane__title_and_bell(void **state)
{
    char text[1000] = "\x1b]2;";

    (void)state;
    begin(3, 10);
    assert_string_equal(pane_title(pane), "");
    feed("\x1b]0;me@host: \x1b\\\x07");
    assert_string_equal(pane_title(pane), "me@host: ");
    assert_int_equal(bells, 1);
    feed("\x1b]2;a\nb\x01\xff\x1b[31mc\x07"); /* ESC ends it, and what follows is no title */
    assert_string_equal(pane_title(pane), "a b??");
    memset(text + 4, 'x', sizeof(text) - 6);
    strcpy(text + sizeof(text) - 2, "\x07");
    feed(text);
    assert_true(strlen(pane_title(pane)) < 128);
    feed("\x1b]52;c;QUJD\x07\x1b]1;icon\x07\x1b]4;1;rgb:00/00/00\x07");
    assert_int_equal(typed_len, 0); /* and nothing is answered */
}

static void test_pane__questions_are_answered_to_the_program(void **state)
{
    (void)state;
    begin(3, 10);
    feed("ab\x1b[6n\x1b[c\x1b[5n");
    assert_string_equal(typed, "\x1b[1;3R\x1b[?1;2c\x1b[0n");
    typed[typed_len = 0] = '\0';
    feed("\x1bP$qm\x1b\\\x1b[21t\x1b[>q\x1b]10;?\x07\x1b[?u"); /* a title echoed back would be a command typed */
    assert_string_equal(typed, "");
}

/* --- hostile programs --- */

/* Each of these made libvterm 0.1.4 write beyond its memory, or loop; here under asan. */
static void test_pane__what_breaks_libvterm(void **state)
{
    static char flood[70000];

    (void)state;
    begin(24, 80);
    strcpy(flood, "\x1b[");
    for (int i = 0; i < 200; i++)
        strcat(flood, "1;");
    strcat(flood, "m");
    feed(flood);
    feed("\x1b[99999999999999999999A\x1b[2147483647;2147483647H\x1b[:::::::m\x1b[38:m\x1b[38;5m\x1b[48;2;1m");
    feed("\xe2");
    feed("A\xf0\x9f");
    feed("\x1b[5b\xcc\x81\x1b[5b");
    memset(flood, 'x', sizeof(flood) - 1);
    memcpy(flood, "\x1b]0;", 4);
    feed(flood);
    feed("\x07" "after");
    assert_non_null(strstr(shown(), "after"));
}

/* The cursor saved, the margins and the screen: none may be used where it no longer is. */
static void test_pane__shrinking(void **state)
{
    static const char *const after[] = {"\x1b" "8x", "\x1b[ux\x1b[J", "\n\n\nx", "\x1bMx", "\x1b[?1049lx", "x\x1b[g\t\x1b[P"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(after); i++) {
        begin(24, 80);
        feed("\x1b[24;1Hbottom\x1b[24;80H\x1b" "7\x1b[20;24r\x1b[?6h\x1b[H");
        pane_resize(pane, 3, 5);
        feed(after[i]);
        grid_resize(&g, 3, 5);
        assert_non_null(strstr(shown(), "cursor "));
        assert_in_range(g.cursor_row, 0, 2);
        assert_in_range(g.cursor_col, 0, 4);
        pane_resize(pane, 24, 80);
        feed(after[i]);
        pane_resize(pane, 0, 0);
        feed(after[i]);
        pane_resize(pane, 100000, 100000);
        feed(after[i]);
    }
}

/* No character of any plane makes a cell grow, or a row longer than it is. */
static void test_pane__every_character(void **state)
{
    char bytes[UTF8_MAX + 1];

    (void)state;
    begin(1, 4);
    for (uint32_t ch = 0xa0; ch < 0x110000; ch++) {
        int width = wcwidth((wchar_t)ch);

        if (ch == 0xd800)
            ch = 0xe000;
        if (ch > 0x20000 && ch % 257) /* planes that are all alike: some of each */
            continue;
        bytes[utf8_put(bytes, ch)] = '\0';
        feed("\x1b[2J\x1b[Ha");
        feed(bytes);
        feed("b");
        pane_draw(pane, &g, 0, 0);
        if (g.cells[0].ch != 'a' || g.cells[width == 0 ? 1 : width == 2 ? 3 : 2].ch != 'b')
            fail_msg("U+%04x of width %d", ch, width);
    }
}

static void test_pane__sizes_that_are_none(void **state)
{
    (void)state;
    begin(0, 0);
    feed(WIDE WIDE "x\x1b[10;10Hy");
    begin(-5, -5);
    feed(WIDE);
    assert_string_equal(shown(), WIDE "\ncursor 0,0\n");
}

/* --- keys --- */

static const struct {
    ui_key key;
    const char *bytes, *application; /* after ESC [ ? 1 h, NULL: the same */
} sent[] = {
    {'a', "a", NULL},           {0xe4, "\xc3\xa4", NULL},    {K_CTRL('c'), "\x03", NULL},
    {K_CTRL('z'), "\x1a", NULL}, {K_CTRL('h'), "\x08", NULL}, {K_BACKSPACE, "\x7f", NULL},
    {'\r', "\r", NULL},         {'\n', "\n", NULL},          {'\t', "\t", NULL},          {K_ESC, "\x1b", NULL},
    {K_UP, "\x1b[A", "\x1bOA"}, {K_END, "\x1b[F", "\x1bOF"}, {K_PGUP, "\x1b[5~", NULL},
    {K_DELETE, "\x1b[3~", NULL}, {K_INSERT, "\x1b[2~", NULL}, {K_F1, "\x1bOP", NULL},
    {K_F5, "\x1b[15~", NULL},   {K_F12, "\x1b[24~", NULL},   {K_BACKTAB, "\x1b[Z", NULL},
    {K_RIGHT | K_CONTROL, "\x1b[1;5C", NULL}, {K_UP | K_ALT, "\x1b[1;3A", NULL},
    {K_F1 | K_SHIFT, "\x1b[1;2P", NULL}, {K_DELETE | K_CONTROL | K_SHIFT, "\x1b[3;6~", NULL},
    {K_MOUSE, "", NULL},        {K_NONE, "", NULL},
};

static void test_pane_key__as_xterm_sends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sent); i++) {
        begin(3, 10);
        pane_key(pane, sent[i].key);
        assert_string_equal(typed, sent[i].bytes);
        feed("\x1b[?1h");
        typed[typed_len = 0] = '\0';
        pane_key(pane, sent[i].key);
        if (sent[i].application && (sent[i].key & K_MODIFIERS) == 0)
            assert_string_equal(typed, sent[i].application);
    }
}

static void test_pane_key__a_paste_is_told_where_it_is_asked_for(void **state)
{
    static const ui_key keys[] = {K_PASTE, 'l', 's', '\r', K_PASTE_END};

    (void)state;
    begin(3, 10);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        pane_key(pane, keys[i]);
    feed("\x1b[?2004h");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        pane_key(pane, keys[i]);
    assert_string_equal(typed, "ls\r\x1b[200~ls\r\x1b[201~");
}

static void test_pane_paste__only_text(void **state)
{
    (void)state;
    begin(3, 10);
    feed("\x1b[?2004h");
    pane_paste(pane, "a\tb\nc\x1b[201~rm\x03\x7f \xc3\xa4", 19);
    assert_string_equal(typed, "\x1b[200~a\tb\rc[201~rm \xc3\xa4\x1b[201~");
}

/* --- copy mode --- */

static char *copy(const char *keys)
{
    char *text = NULL;

    pane_copy_begin(pane);
    for (; *keys; keys++) {
        assert_true(pane_copying(pane));
        text = pane_copy_key(pane, (ui_key)*keys);
    }
    return text;
}

static void fill(int lines)
{
    char line[32];

    for (int i = 1; i <= lines; i++) {
        snprintf(line, sizeof(line), "%sline %d", i > 1 ? "\r\n" : "", i);
        feed(line);
    }
}

static const struct {
    const char *keys, *taken;
} taken[] = {
    {" y", "3"}, {"0 $y", "line 13"}, {"0 $k\n", "2\nl"}, {"k0 jy", "line 12\nl"},
    {"gy", NULL}, {"g0 $y", "line 1"}, {"ggk0vj$y", "line 1\nline 2"}, {" q", NULL}, {"0v\x1b", NULL},
    {"G$ 0y", "line 13"},
};

static void test_copy__takes_what_is_marked(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        begin(3, 10);
        fill(13);
        if (i == 0)
            feed("\b");
        auto_free char *text = copy(taken[i].keys);

        assert_false(pane_copying(pane));
        if (taken[i].taken)
            assert_string_equal(text, taken[i].taken);
        else
            assert_null(text);
        assert_int_equal(typed_len, 0); /* the program hears nothing of it */
    }
}

static void test_copy__shows_where_one_is(void **state)
{
    (void)state;
    begin(3, 10);
    fill(13);
    assert_string_equal(shown(), "line 11\nline 12\nline 13\ncursor 2,7\n");
    free(copy("g"));
    assert_string_equal(shown(), "line 1\nline 2\nline 3\ncursor 0,7\n");
    feed("\r\nmore"); /* comes in below */
    assert_string_equal(shown(), "line 1\nline 2\nline 3\ncursor 0,7\n");
    free(pane_copy_key(pane, K_PGDN));
    assert_string_equal(shown(), "line 2\nline 3\nline 4\ncursor 2,7\n");
    free(pane_copy_key(pane, ' '));
    free(pane_copy_key(pane, '0'));
    shown();
    assert_true(g.cells[20].look & CELL_REVERSE);
    free(pane_copy_key(pane, 'q'));
    assert_string_equal(shown(), "line 12\nline 13\nmore\ncursor 2,4\n");
}

/* 50 lines are kept; the first ones go, also while one stands in them. */
static void test_copy__scrollback_is_bounded(void **state)
{
    auto_free char *text = NULL;

    (void)state;
    begin(3, 10);
    fill(100);
    text = copy("g0 $y");
    assert_string_equal(text, "line 48");
    pane_copy_begin(pane);
    free(pane_copy_key(pane, 'g'));
    free(pane_copy_key(pane, 'v'));
    fill(200);
    free(pane_copy_key(pane, 'y'));
    assert_non_null(strstr(shown(), "line 200"));
    free(copy("gjjjjq"));
    pane_resize(pane, 5, 6);
    pane_copy_begin(pane);
    free(pane_copy_key(pane, 'g'));
    pane_resize(pane, 2, 40);
    free(pane_copy_key(pane, 'q'));
}

/* What leaves the other screen is nobody's: vim leaves no trace in the scrollback. */
static void test_copy__the_other_screen_leaves_no_lines(void **state)
{
    auto_free char *text = NULL;

    (void)state;
    begin(3, 10);
    feed("first\x1b[?1049h");
    fill(10);
    feed("\x1b[?1049l");
    text = copy("g0 $y");
    assert_string_equal(text, "first");
}

#define test(f) cmocka_unit_test_teardown(f, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_pane__what_the_program_writes),
        test(test_pane__colours_and_attributes),
        test(test_pane__title_and_bell),
        test(test_pane__questions_are_answered_to_the_program),
        test(test_pane__what_breaks_libvterm),
        test(test_pane__shrinking),
        test(test_pane__every_character),
        test(test_pane__sizes_that_are_none),
        test(test_pane_key__as_xterm_sends_it),
        test(test_pane_key__a_paste_is_told_where_it_is_asked_for),
        test(test_pane_paste__only_text),
        test(test_copy__takes_what_is_marked),
        test(test_copy__shows_where_one_is),
        test(test_copy__scrollback_is_bounded),
        test(test_copy__the_other_screen_leaves_no_lines),
    };

    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

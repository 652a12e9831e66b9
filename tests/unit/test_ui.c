/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen without a terminal.  What it looks like: tests/screens/NAME.txt, one a scene, rewritten
 * by GOLDEN=update.  What it does: keys in, requests out.
 */
#include "tests/unit/fixture.h"

#include <locale.h>

#include "core/base/auto.h"
#include "tests/unit/scenes.h"
#include "tui/ui.h"

/* --- golden screens --- */

static char *screen_text(const struct scene *s)
{
    struct looked l;
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    look(&l, s, s->rows, s->cols);
    grid_dump(&l.grid, f, s->styles);
    fclose(f);
    looked_release(&l);
    return text;
}

static void test_golden(void **state)
{
    const struct scene *s = *state;
    auto_free char *path = file_path("tests/screens/%s.txt", s->name);
    auto_free char *now = screen_text(s), *golden = NULL;
    const char *update = getenv("GOLDEN");
    struct err e = {0};

    if (update && strcmp(update, "update") == 0)
        assert_ok(file_write_atomic(path, now, strlen(now), 0644, &e), e);
    assert_ok(file_read(path, 1 << 20, &golden, NULL, &e), e);
    assert_string_equal(now, golden);
}

/* --- what holds for every scene at every size --- */

static void assert_safe_cells(const struct grid *g)
{
    for (int i = 0; i < g->rows * g->cols; i++) {
        uint32_t ch = g->cells[i].ch;

        if (ch ? ch < ' ' || (ch >= 0x7f && ch < 0xa0) || ch > 0x10ffff : i % g->cols == 0)
            fail_msg("cell %d,%d holds U+%04X", i / g->cols, i % g->cols, ch);
    }
}

/* A screen reader follows the cursor: it rests in the selected row, which a '>' marks too. */
static void assert_cursor_on_selection(const struct looked *l)
{
    const struct grid *g = &l->grid;

    assert_int_equal(g->cells[g->cursor_row * g->cols].ch, '>');
    assert_int_equal(g->cursor_col, g->cols > 2 ? 2 : g->cols - 1);
    if (g->cols >= 4)
        assert_int_equal(g->cells[g->cursor_row * g->cols + 2].ch, l->ui.selected[0]);
}

static void look_at_size(const struct scene *s, int rows, int cols)
{
    struct looked k;

    look(&k, s, rows, cols);
    assert_safe_cells(&k.grid);
    assert_in_range(k.grid.cursor_row, 0, rows - 1);
    assert_in_range(k.grid.cursor_col, 0, cols - 1);
    if (k.model.count && !k.ui.help && k.ui.prompt == PROMPT_NONE)
        assert_cursor_on_selection(&k);
    looked_release(&k);
}

static void test_ui_draw__any_size(void **state)
{
    static const int heights[] = {1, 2, 3, 5, 7, 8, 12}, widths[] = {1, 2, 4, 19, 40};

    (void)state;
    for (unsigned i = 0; i < scenes_count; i++)
        for (size_t r = 0; r < ARRAY_SIZE(heights); r++)
            for (size_t c = 0; c < ARRAY_SIZE(widths); c++)
                look_at_size(&scenes[i], heights[r], widths[c]);
}

/* --- keys --- */

static struct looked l; /* of the test that runs */

static void begin(void (*fill)(struct model *m))
{
    const struct scene s = {.fill = fill};

    looked_release(&l);
    look(&l, &s, 24, 80);
}

static struct ui_request press(ui_key k)
{
    struct ui_request r = ui_key_pressed(&l.ui, &l.model, k);

    ui_draw(&l.ui, &l.model, &l.grid);
    return r;
}

static struct ui_request type(const char *text)
{
    struct ui_request r = {0};

    while (*text)
        r = press((ui_key)*text++);
    return r;
}

static void assert_op(struct ui_request r, enum op_id op, unsigned flags, const char *distro)
{
    assert_int_equal(r.want, WANT_OP);
    assert_int_equal(r.args.op, op);
    assert_int_equal(r.args.flags, flags);
    assert_string_equal(r.args.distro, distro);
}

static void assert_hint(struct ui_request r, const char *text)
{
    assert_int_equal(r.want, WANT_NOTHING);
    assert_string_equal(l.ui.hint, text);
}

static void test_keys__operations_on_the_selected_distro(void **state)
{
    (void)state;
    begin(scene_every_state);
    assert_string_equal(l.ui.selected, "alpine"); /* stopped */
    assert_op(press('s'), OP_START, 0, "alpine");
    assert_hint(press('x'), "alpine is stopped already.");
    assert_hint(press('a'), "alpine is stopped; start it first: lxtop start alpine.");
    assert_int_equal(press('\r').want, WANT_SHELL); /* which starts it */
    type("jj");
    assert_string_equal(l.ui.selected, "debian"); /* running */
    assert_op(press('x'), OP_STOP, 0, "debian");
    assert_op(press('X'), OP_STOP, FLAG_FORCE, "debian");
    assert_hint(press('s'), "debian is running already.");
    assert_hint(press('d'), "debian is running; stop it first: lxtop stop debian.");
    assert_int_equal(press('\r').want, WANT_SHELL);
    assert_int_equal(press('a').want, WANT_CONSOLE);
    assert_hint(press('y'), "y does nothing here; F1 or ? shows the keys.");
    assert_int_equal(press('q').want, WANT_QUIT);
    assert_int_equal(press(K_CTRL('z')).want, WANT_SUSPEND);
    assert_int_equal(press(K_CTRL('l')).want, WANT_REPAINT);
}

static void test_keys__no_distro(void **state)
{
    (void)state;
    begin(scene_none);
    for (const char *k = "sxXdca"; *k; k++)
        assert_hint(press((ui_key)*k), "There is no distro yet: press i to install one.");
    type("jkgG");
    assert_string_equal(l.ui.selected, "");
}

static void test_remove__needs_y_or_the_name(void **state)
{
    static const struct {
        const char *typed;
        bool removes;
    } answers[] = {{"y\n", true}, {"alpine\n", true}, {"\n", false}, {"Y\n", false},
                   {"yes\n", false}, {"alpin\n", false}, {"debian\n", false}, {"y\x1b", false}, {"y\x03", false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct ui_request r;

        begin(scene_every_state);
        assert_int_equal(press('d').want, WANT_NOTHING);
        r = type(answers[i].typed);
        assert_int_equal(l.ui.prompt, PROMPT_NONE);
        if (answers[i].removes)
            assert_op(r, OP_REMOVE, FLAG_YES, "alpine");
        else
            assert_int_equal(r.want, WANT_NOTHING);
    }
}

/* The row may go or move while the question is open: what was asked about is what is removed. */
static void test_remove__what_was_asked_about(void **state)
{
    (void)state;
    begin(scene_every_state);
    press('d');
    model_row(&l.model, "aaa");
    assert_op(type("y\n"), OP_REMOVE, FLAG_YES, "alpine");
}

static void test_install__source_then_name(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_every_state);
    press('i');
    assert_string_equal(l.ui.line, "busybox");
    press(K_CTRL('u'));
    press(0xe4); /* a-umlaut */
    press(0x4f60);
    press(0x1f600);
    press(K_BACKSPACE);
    type("x\n");
    assert_string_equal(l.ui.source, "\xc3\xa4\xe4\xbd\xa0x");
    assert_int_equal(l.ui.prompt, PROMPT_NAME);
    r = type("new\n");
    assert_op(r, OP_INSTALL, FLAG_NAME, "new");
    assert_string_equal(r.args.source, "\xc3\xa4\xe4\xbd\xa0x");
    model_row(&l.model, "new"); /* its row comes when the install has begun */
    press(K_NONE);
    assert_string_equal(l.ui.selected, "new");
}

static void test_install__a_bad_name_is_asked_again(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("i\n");
    type("Bad\n");
    assert_int_equal(l.ui.prompt, PROMPT_NAME);
    assert_non_null(strstr(l.ui.hint, "no name for a distro"));
    press(K_CTRL('u'));
    type("debian\n");
    assert_non_null(strstr(l.ui.hint, "already"));
    press(K_CTRL('u'));
    assert_op(type("good\n"), OP_INSTALL, FLAG_NAME, "good");
}

static void test_install__nothing_or_escape(void **state)
{
    (void)state;
    begin(scene_every_state);
    press('i');
    press(K_CTRL('u'));
    assert_hint(press('\n'), "Nothing is installed.");
    type("i");
    assert_hint(press(K_ESC), "Nothing was changed.");
    assert_int_equal(l.ui.prompt, PROMPT_NONE);
}

static void test_prompt__long_text_stays_inside(void **state)
{
    (void)state;
    begin(scene_every_state);
    press('i');
    for (int i = 0; i < 3000; i++)
        press(i % 2 ? 0x1f600 : 'x');
    assert_in_range(strlen(l.ui.line), 1000, sizeof(l.ui.line) - 1);
    for (int i = 0; i < 3000; i++)
        press(K_BACKSPACE);
    assert_string_equal(l.ui.line, "");
}

static void test_selection__stays_with_its_distro(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("jj");
    assert_string_equal(l.ui.selected, "debian");
    model_row(&l.model, "aaa");
    model_row(&l.model, "zzz");
    press(K_NONE);
    assert_string_equal(l.ui.selected, "debian");
    model_drop(&l.model, (unsigned)model_index(&l.model, "debian"));
    press(K_NONE);
    assert_string_equal(l.ui.selected, "fedora"); /* what has moved to its place */
    press('G');
    model_drop(&l.model, l.model.count - 1);
    press(K_NONE);
    assert_string_equal(l.ui.selected, l.model.distros[l.model.count - 1].name);
}

static void test_help__keys_lead_back_and_do_nothing_else(void **state)
{
    static const ui_key back[] = {K_F1, '?', 'q', K_ESC, 's', 'd', 'i', '\n', 'y', ' '};

    (void)state;
    begin(scene_every_state);
    for (size_t i = 0; i < ARRAY_SIZE(back); i++) {
        press('?');
        assert_true(l.ui.help);
        press(K_DOWN);
        assert_true(l.ui.help);
        assert_int_equal(press(back[i]).want, WANT_NOTHING);
        assert_false(l.ui.help);
        assert_int_equal(l.ui.prompt, PROMPT_NONE);
    }
    press('?');
    assert_int_equal(press(K_CTRL('c')).want, WANT_QUIT);
}

/* Scrolled to its end and one step back: something moves, however far the end was overshot. */
static void test_help__its_end_is_known(void **state)
{
    (void)state;
    begin(scene_every_state);
    grid_resize(&l.grid, 8, 60);
    type("?G");
    assert_in_range(l.ui.help_top, 1, ACTIONS - 2);
    for (int at = l.ui.help_top; at > 0; at--) {
        press(K_UP);
        assert_int_equal(l.ui.help_top, at - 1);
    }
}

static void test_messages__an_error_is_not_hidden_by_what_follows(void **state)
{
    static char text[1 << 16];
    FILE *f = fmemopen(text, sizeof(text), "w");

    (void)state;
    begin(scene_every_state);
    model_say(&l.model, MESSAGE_ERROR, "the disk is full");
    model_say(&l.model, MESSAGE_INFO, "debian: start done");
    press(K_HOME); /* both were seen */
    model_say(&l.model, MESSAGE_ERROR, "fedora ended");
    model_say(&l.model, MESSAGE_INFO, "debian: stop done");
    ui_draw(&l.ui, &l.model, &l.grid);
    grid_dump(&l.grid, f, false);
    fclose(f);
    assert_non_null(strstr(text, "fedora ended"));
    assert_null(strstr(text, "disk is full"));
}

int main(void)
{
    static const struct CMUnitTest behaviour[] = {
        cmocka_unit_test(test_ui_draw__any_size),
        cmocka_unit_test(test_keys__operations_on_the_selected_distro),
        cmocka_unit_test(test_keys__no_distro),
        cmocka_unit_test(test_remove__needs_y_or_the_name),
        cmocka_unit_test(test_remove__what_was_asked_about),
        cmocka_unit_test(test_install__source_then_name),
        cmocka_unit_test(test_install__a_bad_name_is_asked_again),
        cmocka_unit_test(test_install__nothing_or_escape),
        cmocka_unit_test(test_prompt__long_text_stays_inside),
        cmocka_unit_test(test_selection__stays_with_its_distro),
        cmocka_unit_test(test_help__keys_lead_back_and_do_nothing_else),
        cmocka_unit_test(test_help__its_end_is_known),
        cmocka_unit_test(test_messages__an_error_is_not_hidden_by_what_follows),
    };
    struct CMUnitTest tests[ARRAY_SIZE(behaviour) + SCENES_MAX];
    size_t n = scenes_count;

    if (!setlocale(LC_ALL, "C.UTF-8") || n > SCENES_MAX)
        return 1;
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){scenes[i].name, test_golden, NULL, NULL, (void *)&scenes[i]};
    memcpy(tests + n, behaviour, sizeof(behaviour));
    n = (size_t)_cmocka_run_group_tests("ui", tests, n + ARRAY_SIZE(behaviour), NULL, NULL);
    looked_release(&l);
    return (int)n;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the screen looks like, without a terminal: tests/screens/SCENE-COLUMNSxROWS.txt (golden.h), rewritten by
 * GOLDEN=update; and what holds for every scene at every size.  What it does: test_ui.c.
 */
#include "tests/unit/fixture.h"

#include <locale.h>

#include "core/base/auto.h"
#include "tests/unit/golden.h"
#include "tests/unit/scenes.h"
#include "tui/ui.h"

/* --- golden screens --- */

struct shot {
    char name[48]; /* of the file */
    const struct scene *scene;
    const struct scene_size *size;
};
#define SHOTS_MAX (ARRAY_SIZE(scenes) * ARRAY_SIZE(scene_sizes))

static size_t list_shots(struct shot shots[SHOTS_MAX])
{
    size_t n = 0;

    for (unsigned i = 0; i < scenes_count; i++)
        for (size_t s = 0; s < ARRAY_SIZE(scene_sizes); s++)
            if (scenes[i].shots & scene_sizes[s].bit) {
                shots[n] = (struct shot){.scene = &scenes[i], .size = &scene_sizes[s]};
                snprintf(shots[n].name, sizeof(shots[n].name), "%s-%dx%d", scenes[i].name, scene_sizes[s].cols,
                         scene_sizes[s].rows);
                n++;
            }
    return n;
}

static char *screen_text(const struct shot *s)
{
    struct looked l;
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    look(&l, s->scene, s->size->rows, s->size->cols);
    golden_dump(&l.grid, f);
    fclose(f);
    looked_release(&l);
    return text;
}

static void test_golden(void **state)
{
    const struct shot *s = *state;
    auto_free char *path = file_path("tests/screens/%s.txt", s->name);
    auto_free char *now = screen_text(s), *golden = NULL;
    const char *update = getenv("GOLDEN");
    struct err e = {0};

    if (update && strcmp(update, "update") == 0)
        assert_ok(file_write_atomic(path, now, strlen(now), 0644, &e), e);
    assert_ok(file_read(path, 1 << 20, &golden, NULL, &e), e);
    assert_string_equal(now, golden);
}

static void test_golden__every_view_at_every_size(void **state)
{
    unsigned views = 0;

    (void)state;
    for (unsigned i = 0; i < scenes_count; i++)
        if ((scenes[i].shots & EVERY) == EVERY) {
            struct looked l;

            look(&l, &scenes[i], 24, 80);
            views |= VIEW_BIT(l.ui.view);
            looked_release(&l);
        }
    assert_int_equal(views, VIEW_BIT(VIEWS) - 1);
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

    int left = g->cursor_col >= g->cols / 2 && g->cols >= 76 ? g->cols / 2 : 0; /* of two sides */

    assert_int_equal(g->cells[g->cursor_row * g->cols + left].ch, '>');
    assert_int_equal(g->cursor_col - left, g->cols > 2 ? 2 : g->cols - 1);
    if (g->cols >= 4 && l->ui.view == VIEW_DISTROS)
        assert_int_equal(g->cells[g->cursor_row * g->cols + 2].ch, l->ui.list[VIEW_DISTROS].name[0]);
}

static void look_at_size(const struct scene *s, int rows, int cols)
{
    struct looked k;

    look(&k, s, rows, cols);
    assert_safe_cells(&k.grid);
    assert_in_range(k.grid.cursor_row, 0, rows - 1);
    assert_in_range(k.grid.cursor_col, 0, cols - 1);
    if (ui_list(&k.ui)->count && !k.ui.prompt.answer)
        assert_cursor_on_selection(&k);
    looked_release(&k);
}

static void test_ui_draw__any_size(void **state)
{
    static const int heights[] = {1, 2, 3, 5, 7, 8, 12, 24}, widths[] = {1, 2, 4, 19, 40, 80, 200};

    (void)state;
    for (unsigned i = 0; i < scenes_count; i++)
        for (size_t r = 0; r < ARRAY_SIZE(heights); r++)
            for (size_t c = 0; c < ARRAY_SIZE(widths); c++)
                look_at_size(&scenes[i], heights[r], widths[c]);
    for (unsigned i = 0; i < scenes_count; i++)
        look_at_size(&scenes[i], 100, 300);
}

int main(void)
{
    static struct shot shots[SHOTS_MAX];
    struct CMUnitTest tests[2 + SHOTS_MAX] = {
        cmocka_unit_test(test_golden__every_view_at_every_size),
        cmocka_unit_test(test_ui_draw__any_size),
    };
    size_t n = list_shots(shots);

    setenv("TZ", "UTC", 1);
    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    for (size_t i = 0; i < n; i++)
        tests[2 + i] = (struct CMUnitTest){shots[i].name, test_golden, NULL, NULL, &shots[i]};
    return _cmocka_run_group_tests("screens", tests, 2 + n, NULL, NULL);
}

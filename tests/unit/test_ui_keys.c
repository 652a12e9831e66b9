/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every key in every view, by the table; keys that nobody planned, pasted text, clicks and sizes, at
 * random, while distros come and go.
 */
#include "tests/unit/ui_world.h"

static struct keymap table;

static enum machine_state full_state = MACHINE_RUNNING;

/* A model in which there is something in every view, and "debian", which runs, is selected. */
static void scene_full(struct model *m)
{
    static const struct model_file files[] = {{"a", NULL, false, 0100644, 1, 0}, {"b", NULL, false, 0100644, 1, 0}};

    scene_log(m);
    snapshots(m);
    m->distros[model_index(m, "debian")].state = full_state;
    folder(&m->folder[0], "/", files, 2);
    folder(&m->folder[1], "/home/somebody", files, 2);
    model_say(m, MESSAGE_INFO, "one");
    model_say(m, MESSAGE_INFO, "two");
    model_changes_done(m, model_changes_begin(m, "debian", "fresh", ""), "+ /a\nM /b\n", NULL);
    for (int i = 0; i < 2; i++)
        model_task_begin(m, "install", "arch", "");
}

static void enter_view(enum view_id v)
{
    begin(scene_full);
    press('j');
    ui_open(&l.ui, &l.model, v);
    ui_draw(&l.ui, &l.model, &l.grid);
}

/* All that a key can change. */
static char *state_of(const struct ui_request *r)
{
    struct list *list = ui_list(&l.ui);
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    fprintf(f, "%d %d %lu|%d %u|%d %u|%s|%s|%d %d %d %d %u|%d %d %u|", r->want, r->args.op, r->task, l.ui.view, l.ui.depth,
            list->index, list->marks, l.ui.hint, l.ui.prompt.question, l.ui.look.sort, l.ui.look.descending, l.ui.look.tick,
            l.ui.frozen, l.ui.look.columns, l.ui.vmm_log, l.ui.files.side, l.ui.files.reload);
    fclose(f);
    return text;
}

static char *state_after(ui_key k)
{
    struct ui_request r = press(k);

    return state_of(&r);
}

/* What help says that a key does there happens: the operation, the view, or at least something and no other thing. */
static void check_key(enum view_id v, enum action_id a, ui_key k)
{
    const struct action *row = &action_table[a];
    auto_free char *before = NULL, *after = NULL, *subject = NULL;
    struct ui_request r;

    enter_view(v);
    if (a == ACTION_UP || a == ACTION_PAGE_UP || a == ACTION_FIRST || a == ACTION_SEARCH_PREVIOUS || a == ACTION_UNMARK)
        press('G');
    else
        press('g');
    before = state_after(K_NONE);
    subject = strdup(ui_focus(&l.ui));
    r = press(k);
    after = state_of(&r);
    if (strcmp(before, after) == 0 && a != ACTION_INSTALL && !(a >= ACTION_VIEW_DISTROS && a < ACTION_VIEW_DISTROS + (int)VIEW_TABS))
        fail_msg("in %s: \"%s\" changes nothing", view_table[v]->name, row->help);
    if (strstr(l.ui.hint, "does nothing here"))
        fail_msg("in %s: \"%s\" does nothing", view_table[v]->name, row->help);
    if (a >= ACTION_VIEW_DISTROS && a < ACTION_VIEW_DISTROS + (int)VIEW_TABS)
        assert_int_equal(l.ui.view, a - ACTION_VIEW_DISTROS);
    if (row->op >= 0 && row->selection && a != ACTION_SHELL && a != ACTION_CONSOLE && !*l.ui.hint && !l.ui.prompt.answer) {
        assert_int_equal(r.want, WANT_OP);
        assert_int_equal(r.args.op, row->op);
        assert_string_equal(r.args.distro, subject);
    }
}

static void test_keys__do_what_help_says(void **state)
{
    unsigned checked = 0;

    (void)state;
    for (int v = 0; v < VIEWS; v++)
        for (int a = 0; a < ACTIONS; a++)
            for (int k = 0; k < ACTION_KEYS; k++)
                if (v != VIEW_PALETTE && (action_table[a].views & VIEW_BIT(v)) && keymap_action(&table, (enum view_id)v, table.row[a].keys[k]) == a) {
                    check_key((enum view_id)v, (enum action_id)a, table.row[a].keys[k]);
                    checked++;
                }
    assert_in_range(checked, 200, 2000);
}

/* And what it says nothing of does nothing, and says so. */
static void test_keys__others_do_nothing(void **state)
{
    (void)state;
    for (int v = 0; v < VIEWS; v++) {
        if (v == VIEW_PALETTE || v == VIEW_PANES) /* whose keys are letters of an answer, or the program's */
            continue;
        enter_view((enum view_id)v);
        for (ui_key k = 1; k < 128; k++)
            if (k != K_ENTER && k != '\r' && k != K_CTRL('h') && keymap_action(&table, (enum view_id)v, k) < 0) {
                auto_free char *before = state_after(K_NONE);
                struct ui_request r = press(k);

                assert_int_equal(r.want, WANT_NOTHING);
                assert_non_null(strstr(l.ui.hint, "does nothing here"));
                assert_int_equal(l.ui.view, v);
            }
    }
}

/* Help lists each of them: the keys that a view's help shows are all that it has. */
static void test_help__has_every_key_of_the_view(void **state)
{
    (void)state;
    for (int v = 0; v < VIEW_TABS; v++) {
        enter_view((enum view_id)v);
        press(K_F1);
        for (int a = 0; a < ACTIONS; a++) {
            bool shown = false, has = false;
            char start[24];

            snprintf(start, sizeof(start), "%.20s", action_table[a].help);
            for (int k = 0; k < ACTION_KEYS; k++)
                has |= (action_table[a].views & VIEW_BIT(v)) && keymap_action(&table, (enum view_id)v, table.row[a].keys[k]) == a;
            for (unsigned i = 0; i < l.ui.doc.count; i++)
                shown |= strstr(doc_text(&l.ui.doc, i), start) != NULL;
            if (has && !shown)
                fail_msg("help of %s does not tell \"%s\"", view_table[v]->name, action_table[a].help);
        }
    }
}

/* --- storm --- */

static unsigned long seed = 20260921;

static unsigned dice(unsigned n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(seed >> 33) % n;
}

static ui_key any_key(void)
{
    switch (dice(6)) {
    case 0:
        return dice(128);
    case 1:
        return K_UP + dice(K_NAMES_END - K_UP);
    case 2:
        return (K_UP + dice(K_NAMES_END - K_UP)) | (dice(8) * K_SHIFT);
    case 3:
        return dice(0x110000);
    default:
        return (ui_key)"jkgG\n\x1b:/\\tUZ123456789vlbeim>"[dice(24)];
    }
}

static void any_event(void)
{
    struct model *m = &l.model;
    char name[16];

    snprintf(name, sizeof(name), "d%u", dice(40));
    switch (dice(5)) {
    case 0:
        model_row(m, name)->state = (enum machine_state)dice(MACHINE_STATES);
        break;
    case 1:
        if (m->count)
            model_drop(m, dice(m->count));
        break;
    case 2:
        model_say(m, dice(2) ? MESSAGE_ERROR : MESSAGE_INFO, "event %u", dice(1000));
        break;
    case 3:
        model_task_begin(m, "install", name, "")->running = dice(2);
        break;
    default:
        if (m->count)
            model_history_add(&m->distros[dice(m->count)]);
        break;
    }
}

static void any_thing(void)
{
    unsigned what = dice(20);

    if (what == 0)
        grid_resize(&l.grid, 1 + (int)dice(60), 1 + (int)dice(220));
    else if (what < 4)
        any_event();
    else if (what == 4)
        ui_click(&l.ui, &l.model, (int)dice(60), (int)dice(220), dice(2));
    else if (what == 5)
        ui_wheel(&l.ui, &l.model, (int)dice(9) - 4);
    else
        ui_key_pressed(&l.ui, &l.model, any_key());
    if (dice(3) == 0)
        ui_draw(&l.ui, &l.model, &l.grid);
}

static void test_storm__of_keys_sizes_clicks_and_events(void **state)
{
    (void)state;
    begin(scene_full);
    for (int i = 0; i < 60000; i++) {
        any_thing();
        assert_in_range(ui_list(&l.ui)->index, 0, 100000);
        assert_in_range(l.grid.cursor_row, 0, l.grid.rows - 1);
        assert_in_range(l.grid.cursor_col, 0, l.grid.cols - 1);
    }
}

/* A megabyte of it, lines that would be commands, while events come: no command, and a whole answer. */
static void test_paste__is_text_and_no_command(void **state)
{
    static const char lines[] = "d\ny\nq\nx\n\x1b\x03:quit\n";

    (void)state;
    for (int open = 0; open < 2; open++) {
        begin(scene_full);
        if (open)
            press('/');
        ui_key_pressed(&l.ui, &l.model, K_PASTE);
        for (size_t i = 0; i < 1 << 20; i += sizeof(lines) - 1) {
            ui_paste(&l.ui, lines, sizeof(lines) - 1);
            if (i % 4096 < sizeof(lines))
                any_event();
        }
        press(K_PASTE_END);
        assert_int_equal(!!l.ui.prompt.answer, open);
        assert_int_equal(l.ui.view, VIEW_DISTROS);
        assert_in_range(strlen(l.ui.prompt.line), open ? PROMPT_LINE - 8 : 0, open ? PROMPT_LINE : 0);
        assert_int_equal(press(open ? K_ESC : 'q').want, open ? WANT_NOTHING : WANT_QUIT);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys__do_what_help_says),
        cmocka_unit_test(test_keys__others_do_nothing),
        cmocka_unit_test(test_help__has_every_key_of_the_view),
        cmocka_unit_test(test_storm__of_keys_sizes_clicks_and_events),
        cmocka_unit_test(test_paste__is_text_and_no_command),
    };

    keymap_init(&table);
    return ui_run(tests);
}

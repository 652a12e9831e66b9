/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the screen does, without a terminal: keys in, requests out.  What it looks like: test_screens.c. */
#include "tests/unit/ui_world.h"

#include "config/console.h"
#include "core/base/auto.h"

/* --- keys --- */

static void test_keys__operations_on_the_selected_distro(void **state)
{
    (void)state;
    begin(scene_every_state);
    assert_string_equal(selected(), "alpine"); /* stopped */
    assert_op(press('s'), OP_START, 0, "alpine");
    assert_hint(press('x'), "alpine is stopped already.");
    assert_hint(press('a'), "alpine is stopped; start it first: lxtop start alpine.");
    assert_int_equal(press('\r').want, WANT_SHELL); /* which starts it */
    type("jj");
    assert_string_equal(selected(), "debian"); /* running */
    assert_op(press('x'), OP_STOP, 0, "debian");
    assert_int_equal(press('X').want, WANT_NOTHING);
    assert_hint(type("\n"), "debian not stopped.");
    assert_op(type("Xy\n"), OP_STOP, FLAG_FORCE, "debian");
    assert_hint(press('s'), "debian is running already.");
    assert_hint(press('d'), "debian is running; stop it first: lxtop stop debian.");
    assert_int_equal(press('\r').want, WANT_SHELL);
    assert_int_equal(press('a').want, WANT_CONSOLE);
    assert_hint(press('y'), "y does nothing here; F1 shows the keys.");
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
    assert_string_equal(selected(), "");
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
        assert_null(l.ui.prompt.answer);
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

static void test_prompt__long_text_stays_inside(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("iG\n");
    for (int i = 0; i < 3000; i++)
        press(i % 2 ? 0x1f600 : 'x');
    assert_in_range(strlen(l.ui.prompt.line), 1000, sizeof(l.ui.prompt.line) - 1);
    for (int i = 0; i < 3000; i++)
        press(K_BACKSPACE);
    assert_string_equal(l.ui.prompt.line, "");
}

static void test_selection__stays_with_its_distro(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("jj");
    assert_string_equal(selected(), "debian");
    model_row(&l.model, "aaa");
    model_row(&l.model, "zzz");
    press(K_NONE);
    assert_string_equal(selected(), "debian");
    model_drop(&l.model, (unsigned)model_index(&l.model, "debian"));
    press(K_NONE);
    assert_string_equal(selected(), "fedora"); /* what has moved to its place */
    press('G');
    model_drop(&l.model, l.model.count - 1);
    press(K_NONE);
    assert_string_equal(selected(), l.model.distros[l.model.count - 1].name);
}

static void test_help__is_left_by_these_keys_alone(void **state)
{
    static const ui_key back[] = {K_ESC, 'q', '1', '?', K_F1}, nothing[] = {'s', 'd', 'x', 'y', ' ', K_DOWN, '\n'};

    (void)state;
    begin(scene_every_state);
    for (size_t i = 0; i < ARRAY_SIZE(back); i++) {
        press('?');
        assert_int_equal(l.ui.view, VIEW_HELP);
        for (size_t n = 0; n < ARRAY_SIZE(nothing); n++)
            assert_int_equal(press(nothing[n]).want, WANT_NOTHING);
        assert_int_equal(l.ui.view, VIEW_HELP);
        assert_null(l.ui.prompt.answer);
        assert_int_equal(press(back[i]).want, WANT_NOTHING);
        assert_int_equal(l.ui.view, VIEW_DISTROS);
    }
    press('?');
    assert_int_equal(press(K_CTRL('c')).want, WANT_QUIT);
}

/* --- views --- */

static void test_views__the_way_back(void **state)
{
    (void)state;
    begin(scene_close);
    type("jv");
    assert_int_equal(l.ui.view, VIEW_INFO);
    assert_string_equal(l.ui.subject, "debian");
    press('l');
    assert_int_equal(l.ui.view, VIEW_LOG);
    press('2'); /* came through it: no circles */
    assert_int_equal(l.ui.view, VIEW_INFO);
    press('q');
    assert_int_equal(l.ui.view, VIEW_DISTROS);
    assert_int_equal(press('q').want, WANT_QUIT);
    for (int i = 0; i < VIEW_TABS; i++) {
        assert_int_equal(l.ui.view, i);
        press(i == VIEW_FILES ? (ui_key)('2' + i) : '\t'); /* there Tab is for its two sides */
    }
    press('1');
    assert_int_equal(l.ui.view, VIEW_DISTROS);
    press(K_BACKTAB);
    assert_int_equal(l.ui.view, VIEW_TABS - 1);
}

/* What a view is about stays what it is about when that goes away. */
static void test_views__its_distro_goes_away(void **state)
{
    (void)state;
    begin(scene_close);
    type("jv");
    model_drop(&l.model, (unsigned)model_index(&l.model, "debian"));
    assert_hint(press('d'), "debian is gone; Esc leads back to the distros.");
    assert_hint(press('s'), "debian is gone; Esc leads back to the distros.");
    press(K_ESC);
    assert_string_equal(selected(), "alpine");
}

static void test_search__goes_on_and_around(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("/u");
    assert_string_equal(selected(), "debian"); /* "running" */
    type("bu\n");
    assert_string_equal(selected(), "ubuntu");
    type("/AR\n"); /* either case, "starting" */
    assert_string_equal(selected(), "arch");
    press('n');
    assert_string_equal(selected(), "arch");
    assert_hint(type("/zzz\n"), "Nothing here holds \"zzz\".");
}

/* As the bottom line promises while a question is open. */
static void test_prompt__escape_leaves_all_as_it_is(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("j");
    type("/ubu");
    assert_string_equal(selected(), "ubuntu");
    assert_hint(press(K_ESC), "Nothing was changed.");
    assert_string_equal(selected(), "arch");
    assert_hint(press('n'), "Nothing was searched for yet: press / and type.");
    type("/ubu\ng/zzz");
    press(K_ESC);
    press('n');
    assert_string_equal(selected(), "ubuntu"); /* what was searched for before */
    type("\\stop\n");
    assert_int_equal(l.ui.list[VIEW_DISTROS].count, 2);
    type("\\zzz");
    assert_int_equal(l.ui.list[VIEW_DISTROS].count, 0);
    press(K_ESC);
    assert_int_equal(l.ui.list[VIEW_DISTROS].count, 2);
}

/* A screen reader says where the cursor is: in the answer while one types, on the row when one moves to it. */
static void test_prompt__the_cursor_is_where_one_moved(void **state)
{
    static const char *const questions[] = {":", "/", "\\"};

    (void)state;
    begin(scene_every_state);
    for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
        type(questions[i]);
        assert_int_equal(l.grid.cursor_row, l.grid.rows - 2);
        press(K_DOWN);
        assert_int_equal(l.grid.cursor_col, 2);
        assert_int_equal(l.grid.cells[l.grid.cursor_row * l.grid.cols].ch, '>');
        type("s");
        assert_int_equal(l.grid.cursor_row, l.grid.rows - 2);
        press(K_ESC);
    }
}

static bool bottom_line_has(enum action_id a)
{
    for (int col = 0; col < l.grid.cols; col++)
        if (keys_action_at(&l.ui, &l.model, l.grid.cols, col) == (int)a)
            return true;
    return false;
}

static void test_bottom_line__keys_that_work_now(void **state)
{
    (void)state;
    begin(scene_snapshots);
    type("jS"); /* debian runs */
    assert_true(bottom_line_has(ACTION_SNAPSHOT_DELETE));
    assert_false(bottom_line_has(ACTION_SNAPSHOT_RESTORE));
    model_row(&l.model, "debian")->state = MACHINE_STOPPED;
    assert_true(bottom_line_has(ACTION_SNAPSHOT_RESTORE));
    begin(scene_close);
    type("S"); /* of another there are none */
    assert_false(bottom_line_has(ACTION_SNAPSHOT_DELETE));
    begin(scene_no_files);
    type("jb");
    assert_false(bottom_line_has(ACTION_FILE_EDIT));
    assert_hint(press('e'), "Nothing is selected here.");
    begin(scene_tasks);
    type("6g");
    assert_true(bottom_line_has(ACTION_CANCEL)); /* the newest runs, the one before it has ended */
    press('j');
    assert_false(bottom_line_has(ACTION_CANCEL));
}

/* Esc: first all rows, then no marks, and never out of the program. */
static void test_escape__takes_filter_and_marks_away(void **state)
{
    (void)state;
    begin(scene_every_state);
    type(" \\stop\n");
    assert_int_equal(l.ui.list[VIEW_DISTROS].count, 2);
    assert_hint(press(K_ESC), "All rows are shown.");
    assert_int_equal(l.ui.list[VIEW_DISTROS].count, 9);
    assert_int_equal(l.ui.list[VIEW_DISTROS].marks, 0);
    assert_hint(press(K_ESC), "q leaves lxtop.");
    type("5\\busy\n"); /* another view: its filter, then back */
    assert_int_equal(l.ui.list[VIEW_INSTALL].count, 1);
    press(K_ESC);
    assert_int_equal(l.ui.view, VIEW_INSTALL);
    press(K_ESC);
    assert_int_equal(l.ui.view, VIEW_DISTROS);
}

/* Help, the bottom line, hints and keys are all of one map. */
static void test_keys__that_a_person_has_changed(void **state)
{
    static char text[1 << 14];
    FILE *f;

    (void)state;
    begin(scene_every_state);
    l.ui.keys.row[ACTION_START].keys[0] = K_F12;
    l.ui.keys.row[ACTION_START].keys[1] = K_NONE;
    l.ui.keys.row[ACTION_HELP].keys[0] = 'H';
    assert_op(press(K_F12), OP_START, 0, "alpine");
    assert_hint(press('s'), "s does nothing here; H shows the keys.");
    f = fmemopen(text, sizeof(text), "w");
    grid_dump(&l.grid, f);
    fflush(f);
    assert_non_null(strstr(text, "H Help"));
    assert_non_null(strstr(text, "F12 Start"));
    press('H');
    rewind(f);
    grid_dump(&l.grid, f);
    fclose(f);
    assert_non_null(strstr(text, "\n  F12                 start the distro"));
}

/* A click on what the bottom line says is its key, wherever that is: htop's people do it. */
static void test_click__on_the_bottom_line(void **state)
{
    struct ui_request r;
    char text[81] = "";

    (void)state;
    begin(scene_every_state);
    for (int i = 0; i < 80; i++)
        text[i] = (char)l.grid.cells[23 * 80 + i].ch;
    assert_non_null(strstr(text, "s Start"));
    r = ui_click(&l.ui, &l.model, 23, (int)(strstr(text, "Start") - text), false);
    assert_op(r, OP_START, 0, "alpine");
    r = ui_click(&l.ui, &l.model, 23, (int)(strstr(text, "s Start") - text) - 1, false);
    assert_int_equal(r.want, WANT_NOTHING);
    ui_click(&l.ui, &l.model, 23, 0, false);
    assert_int_equal(l.ui.view, VIEW_HELP);
}

static char *row_text(int row)
{
    char *text = calloc(1, (size_t)l.grid.cols + 1);

    for (int i = 0; i < l.grid.cols; i++)
        text[i] = (char)l.grid.cells[row * l.grid.cols + i].ch;
    return text;
}

/* That rows are hidden is said there for as long; the keys behind it are still where they are drawn. */
static void test_click__behind_a_filter(void **state)
{
    auto_free char *keys = NULL;
    struct ui_request r;

    (void)state;
    begin(scene_every_state);
    type("\\stop\n");
    keys = row_text(23);
    assert_int_equal(strncmp(keys, "Only: stop  F1 Help", 19), 0);
    r = ui_click(&l.ui, &l.model, 23, (int)(strstr(keys, "s Start") - keys), false);
    assert_op(r, OP_START, 0, "alpine");
    r = ui_click(&l.ui, &l.model, 23, 3, false);
    assert_int_equal(r.want, WANT_NOTHING);
    assert_int_equal(l.ui.view, VIEW_DISTROS);
}

/* A pane works where what runs in it does, and else it is said why not: of no operation there is no such word. */
static void test_panes__are_refused_in_words(void **state)
{
    (void)state;
    begin(scene_close);
    press('j');
    for (int s = 0; s < MACHINE_STATES; s++)
        for (int console = 0; console < 2; console++) {
            enum ui_want want = console ? WANT_PANE_CONSOLE : WANT_PANE;
            bool legal = op_legal(console ? OP_CONSOLE : OP_SHELL, (enum machine_state)s);

            model_row(&l.model, "debian")->state = (enum machine_state)s;
            assert_int_equal(press(console ? 'W' : 'w').want, legal ? want : WANT_NOTHING);
            if (!legal)
                assert_non_null(strstr(l.ui.hint, "debian"));
        }
    model_row(&l.model, "debian")->state = MACHINE_SUSPENDED;
    assert_hint(press('W'), "debian is suspended; start it first: lxtop start debian.");
}

/* A message lies over the last row of a pane, which keeps its size, until the next key. */
static void test_panes__a_message_takes_the_last_row(void **state)
{
    const struct scene panes = {.fill = scene_close, .keys = "0", .shots = PANES};
    auto_free char *said = NULL, *after = NULL;

    (void)state;
    looked_release(&l);
    look(&l, &panes, 24, 80);
    model_say(&l.model, MESSAGE_ERROR, "the disk is full");
    ui_draw(&l.ui, &l.model, &l.grid);
    said = row_text(23);
    assert_int_equal(strncmp(said, "the disk is full   ", 19), 0);
    press('x');
    after = row_text(23);
    assert_int_equal(strncmp(after, "1 debian [2 debian]", 19), 0);
}

static void test_filter__only_what_holds_it(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("\\stop");
    assert_int_equal(l.ui.list[VIEW_DISTROS].count, 2); /* stopped, stopping */
    press('\n');
    press('G');
    assert_string_equal(selected(), "kali");
    type("\\\x15\n");
    assert_int_equal(l.ui.list[VIEW_DISTROS].count, 9);
    assert_string_equal(selected(), "kali");
}

static void test_marks__one_action_on_many(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_every_state);
    type(" j ");
    assert_int_equal(l.ui.list[VIEW_DISTROS].marks, 2);
    r = press('s');
    assert_int_equal(r.want, WANT_OP);
    assert_int_equal(r.args.op, OP_START);
    assert_int_equal(r.target_count, 2);
    assert_string_equal(r.targets[0], "alpine");
    assert_string_equal(r.targets[1], "debian");
    press('d');
    assert_non_null(strstr(l.ui.prompt.question, "2 marked distros"));
    assert_hint(type("alpine\n"), "The marked distros were not removed.");
    r = type("dy\n");
    assert_int_equal(r.target_count, 2);
    press('U');
    assert_op(press('s'), OP_START, 0, "fedora");
}

static void test_sort__by_a_figure_and_round(void **state)
{
    (void)state;
    begin(scene_every_state);
    for (int i = 0; i < COLUMN_BOOT; i++)
        press('>');
    press('g');
    assert_string_equal(selected(), "ubuntu"); /* the slowest */
    type("Ig");
    assert_string_equal(selected(), "alpine"); /* not known comes first */
    for (int i = 0; i < COLUMNS - COLUMN_BOOT; i++)
        press('>');
    assert_int_equal(l.ui.look.sort, COLUMN_NAME);
}

/* The selected row is held still, the others go on; 'u' and 'Z' change that. */
static void test_figures__selected_row_does_not_tick(void **state)
{
    struct model_distro *d;

    (void)state;
    begin(scene_close);
    press('j');
    d = model_row(&l.model, "debian");
    d->resident = 77LL << 20;
    press(K_NONE);
    assert_int_equal(ui_figures(&l.ui, d)->resident, 34LL << 20);
    press('u');
    assert_int_equal(ui_figures(&l.ui, d)->resident, 77LL << 20);
    type("uZ");
    d->resident = 99LL << 20;
    press('k');
    assert_int_equal(ui_figures(&l.ui, d)->resident, 77LL << 20);
    d->state = MACHINE_STOPPING; /* a state is told at once */
    assert_int_equal(ui_figures(&l.ui, d)->resident, 99LL << 20);
    type("ZZ");
    d->memory_size = 2LL << 30; /* as a setting that somebody has changed */
    assert_int_equal(ui_figures(&l.ui, d)->memory_size, 2LL << 30);
}

static void test_palette__runs_what_is_found(void **state)
{
    (void)state;
    begin(scene_every_state);
    assert_op(type(":start\n"), OP_START, 0, "alpine");
    assert_int_equal(type(":q\n").want, WANT_QUIT);
    type(":everything about\n");
    assert_int_equal(l.ui.view, VIEW_INFO);
    assert_hint(type(":no such thing\n"), "No action that works now has that in its name.");
    assert_int_equal(l.ui.view, VIEW_INFO);
}

static void test_settings__are_judged_while_they_can_be_mended(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_close);
    type("je\n\x15" "lots\n");
    assert_non_null(l.ui.prompt.answer);
    assert_non_null(strstr(l.ui.hint, "memory"));
    r = type("\x15" "2G\n");
    assert_op(r, OP_SET, 0, "debian");
    assert_int_equal(r.args.words, 3);
    assert_string_equal(r.args.word[0], "debian");
    assert_string_equal(r.args.word[1], "memory");
    assert_string_equal(r.args.word[2], "2G");
}

static void test_files__copy_rename_remove(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_files);
    type("jbjjj");
    r = press('c');
    assert_op(r, OP_COPY, FLAG_RECURSIVE | FLAG_PRESERVE, "debian");
    assert_int_equal(r.args.words, 2);
    assert_string_equal(r.args.word[0], "debian:/a name that is much longer than the half of a usual screen.tar.xz");
    assert_string_equal(r.args.word[1], "/home/somebody/");
    type("\tGr\x15" "new name\n");
    r = type("r\x15" "new\n");
    assert_int_equal(r.want, WANT_FILE_RENAME);
    assert_string_equal(r.args.word[0], "/home/somebody/notes.txt");
    assert_string_equal(r.args.word[1], "new");
    assert_hint(type("dn\n"), "Nothing was removed.");
    r = type("dy\n");
    assert_int_equal(r.want, WANT_FILE_REMOVE);
    assert_int_equal(r.args.words, 1);
    assert_string_equal(r.args.word[0], "/home/somebody/notes.txt");
    type("g ");
    assert_hint(press('c'), "There is nothing to copy here."); /* ".." */
}

static void test_files__folders_in_and_out(void **state)
{
    (void)state;
    begin(scene_files);
    type("jbj\n"); /* into etc, which is not listed yet */
    assert_string_equal(l.ui.files.path[0], "/etc");
    assert_int_equal(l.ui.list[VIEW_FILES].count, 0);
    press(K_LEFT);
    assert_string_equal(l.ui.files.path[0], "/");
    press(K_NONE);
    assert_string_equal(l.ui.list[VIEW_FILES].name, "etc"); /* one comes out where one went in */
    assert_int_equal(type("jjv").want, WANT_FILE_VIEW);
    assert_int_equal(type("G").want, WANT_NOTHING);
    assert_hint(press('e'), "initctl is no regular file.");
    press('\t');
    press('\n'); /* ".." */
    assert_string_equal(l.ui.files.path[1], "/home");
}

static void test_snapshots__taken_restored_deleted_cloned(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_snapshots);
    r = type("jpnow\n");
    assert_op(r, OP_SNAPSHOT_CREATE, 0, "debian");
    assert_string_equal(r.args.word[0], "debian");
    assert_string_equal(r.args.word[1], "now");
    assert_int_equal(type("p\n").args.words, 1); /* a name of the time */
    press('S');
    assert_int_equal(press('r').want, WANT_NOTHING);
    assert_non_null(strstr(l.ui.hint, "stop it first"));
    model_row(&l.model, "debian")->state = MACHINE_STOPPED;
    r = type("jr"); /* nothing is lost, nothing asked */
    assert_op(r, OP_SNAPSHOT_RESTORE, FLAG_YES, "debian");
    assert_string_equal(r.args.word[1], "with-docker");
    assert_hint(press('R'), "debian has not gone back to a snapshot: there is nothing to undo.");
    strcpy(l.model.focus.snapshots.undo, l.model.focus.snapshots.list[2].id);
    assert_hint(type("rn\n"), "Nothing was changed.");
    type("r");
    assert_non_null(strstr(l.ui.prompt.question, "Go back to with-docker? experiment, kept by the last time, is lost then."));
    press(K_DOWN); /* what was asked about is what is done */
    r = type("y\n");
    assert_op(r, OP_SNAPSHOT_RESTORE, FLAG_YES, "debian");
    assert_string_equal(r.args.word[1], "with-docker");
    r = press('R');
    assert_op(r, OP_SNAPSHOT_UNDO, 0, "debian");
    assert_int_equal(r.args.words, 1);
    type("g");
    r = type("dy\n");
    assert_op(r, OP_SNAPSHOT_DELETE, 0, "debian");
    assert_string_equal(r.args.word[1], "fresh");
    type("calpine\n");
    assert_non_null(strstr(l.ui.hint, "already"));
    r = type("\x15" "twin\n");
    assert_op(r, OP_SNAPSHOT_CLONE, 0, "debian");
    assert_string_equal(r.args.word[2], "twin");
    type("q");
    assert_int_equal(l.ui.view, VIEW_DISTROS);
}

/* What is the console's own needs no distro. */
static void test_settings__of_the_console_without_a_distro(void **state)
{
    struct console_options own = {0};

    (void)state;
    for (int i = 0; i < CONSOLE_OPTIONS; i++)
        assert_int_equal(console_set(&own, (enum console_option)i, console_table[i].default_text, NULL), 0);
    begin(scene_none);
    l.ui.console = &own;
    press('e');
    assert_int_equal(l.ui.view, VIEW_SETTINGS);
    assert_true(ui_list(&l.ui)->count > CONSOLE_OPTIONS);
    press('\n');
    assert_non_null(strstr(l.ui.prompt.question, "console text"));
    press(K_ESC);
    type("q");
    for (int i = 0; i < VIEW_TABS && l.ui.view != VIEW_SETTINGS; i++)
        press('\t');
    assert_int_equal(l.ui.view, VIEW_SETTINGS);
    l.ui.console = NULL;
    console_release(&own);
}

static void test_snapshots__compared(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_snapshots);
    type("jS=");
    assert_non_null(strstr(l.ui.prompt.question, "Compare fresh with which snapshot?"));
    assert_int_equal(type("nosuch\n").want, WANT_NOTHING);
    assert_non_null(strstr(l.ui.hint, "debian has no snapshot named nosuch"));
    assert_int_equal(type("\x15" "fresh\n").want, WANT_NOTHING);
    assert_non_null(strstr(l.ui.hint, "the same snapshot"));
    r = type("\x15" "experiment\n");
    assert_op(r, OP_SNAPSHOT_DIFF, 0, "debian");
    assert_int_equal(r.args.words, 3);
    assert_string_equal(r.args.word[1], "fresh");
    assert_string_equal(r.args.word[2], "experiment");
    assert_int_equal(l.ui.view, VIEW_CHANGES);
    press(K_ESC);
    assert_int_equal(l.ui.view, VIEW_SNAPSHOTS);
    r = type("G=\n"); /* with the disk as it is now, also while it runs */
    assert_op(r, OP_SNAPSHOT_DIFF, 0, "debian");
    assert_int_equal(r.args.words, 2);
}

static void test_tasks__are_cancelled_by_their_row(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_tasks);
    type(VIEW_TASKS_KEY);
    r = press('c');
    assert_int_equal(r.want, WANT_CANCEL_TASK);
    assert_int_equal(r.task, 3);
    press('j');
    assert_hint(press('c'), "That task has ended already.");
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
    grid_dump(&l.grid, f);
    fclose(f);
    assert_non_null(strstr(text, "fedora ended"));
    assert_null(strstr(text, "disk is full"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys__operations_on_the_selected_distro),
        cmocka_unit_test(test_keys__no_distro),
        cmocka_unit_test(test_remove__needs_y_or_the_name),
        cmocka_unit_test(test_remove__what_was_asked_about),
        cmocka_unit_test(test_prompt__long_text_stays_inside),
        cmocka_unit_test(test_selection__stays_with_its_distro),
        cmocka_unit_test(test_help__is_left_by_these_keys_alone),
        cmocka_unit_test(test_views__the_way_back),
        cmocka_unit_test(test_views__its_distro_goes_away),
        cmocka_unit_test(test_search__goes_on_and_around),
        cmocka_unit_test(test_filter__only_what_holds_it),
        cmocka_unit_test(test_click__on_the_bottom_line),
        cmocka_unit_test(test_click__behind_a_filter),
        cmocka_unit_test(test_panes__a_message_takes_the_last_row),
        cmocka_unit_test(test_panes__are_refused_in_words),
        cmocka_unit_test(test_escape__takes_filter_and_marks_away),
        cmocka_unit_test(test_prompt__escape_leaves_all_as_it_is),
        cmocka_unit_test(test_prompt__the_cursor_is_where_one_moved),
        cmocka_unit_test(test_bottom_line__keys_that_work_now),
        cmocka_unit_test(test_keys__that_a_person_has_changed),
        cmocka_unit_test(test_marks__one_action_on_many),
        cmocka_unit_test(test_sort__by_a_figure_and_round),
        cmocka_unit_test(test_figures__selected_row_does_not_tick),
        cmocka_unit_test(test_palette__runs_what_is_found),
        cmocka_unit_test(test_settings__are_judged_while_they_can_be_mended),
        cmocka_unit_test(test_snapshots__taken_restored_deleted_cloned),
        cmocka_unit_test(test_settings__of_the_console_without_a_distro),
        cmocka_unit_test(test_snapshots__compared),
        cmocka_unit_test(test_files__copy_rename_remove),
        cmocka_unit_test(test_files__folders_in_and_out),
        cmocka_unit_test(test_tasks__are_cancelled_by_their_row),
        cmocka_unit_test(test_messages__an_error_is_not_hidden_by_what_follows),
    };

    return ui_run(tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/app.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/core.h"
#include "core/follow.h"
#include "core/source_find.h"
#include "core/watch.h"
#include "tui/attach.h"
#include "tui/browser.h"
#include "tui/editor.h"
#include "tui/keep.h"
#include "tui/stdfd.h"
#include "tui/tabs.h"
#include "tui/term.h"
#include "tui/ui.h"
#include "tui/ui_op.h"
#include "tui/verb.h"

#define WHEEL_ROWS 3
#define KEYS_A_TURN 256
#define PASTE_PIECE 4096
#define TWICE_MS 400

struct app {
    struct core *core;
    struct ui ui;
    struct grid grid;
    struct stdfd in;
    bool pasting;      /* what comes is pasted text, */
    struct term_paste paste; /* so far */
    uv_idle_t more;    /* keys are left that curses has read already */
    uv_prepare_t draw; /* once a turn of the loop at most */
    uv_signal_t resized, terminated, hung_up, interrupted, stopped;
    struct follow *follow; /* the log that is looked at; NULL: none */
    struct browser browser;
    struct keep *keep;
    int64_t clicked; /* when, and in which row: the second click in a row opens */
    int clicked_row;
    bool dirty, quit;
    bool away;          /* something else has the terminal */
    enum ui_want leave; /* for what, a shell, a console, a file; WANT_NOTHING: it has not */
    char leave_for[NAME_MAX_LEN + 1]; /* the distro */
    char leave_file[FILES_PATH + NAME_MAX_LEN + 2];
};

/* An operation begun from the screen; ends by itself. */
struct run {
    struct app *app;
    struct op_job *job;
    struct run *next;
    char distro[NAME_MAX_LEN + 1];
    enum op_id op;
    bool pane; /* OP_SHELL: then open one */
    unsigned long changes; /* OP_SNAPSHOT_DIFF: of the model's comparison */
    char set[MACHINE_TEXT]; /* OP_SET: what is so when it is done */
};

static void open_pane(struct app *a, const char *distro, bool console)
{
    struct err e = {0};

    if (!a->ui.tabs || tabs_open(a->ui.tabs, distro, console, &e) < 0)
        model_say(&a->core->model, MESSAGE_ERROR, "%s", e.msg);
    else
        ui_open(&a->ui, &a->core->model, VIEW_PANES);
    a->dirty = true;
}

static void on_note(void *ctx, const char *text)
{
    struct run *r = ctx;

    model_say(&r->app->core->model, MESSAGE_INFO, "%s: %s", r->distro, text);
    r->app->dirty = true;
}

static void on_print(void *ctx, const char *text)
{
    struct run *r = ctx;

    if (r->op == OP_SNAPSHOT_DIFF)
        model_changes_done(&r->app->core->model, r->changes, text, NULL);
}

/* In its snapshots, which are what is looked at then. */
static bool can_be_undone(const struct model *m, const char *distro)
{
    return strcmp(m->focus.name, distro) == 0 && snapshots_undo_to(&m->focus.snapshots);
}

static void on_finished(void *ctx, enum op_status status, const struct err *e)
{
    struct run *r = ctx;
    struct model *m = &r->app->core->model;
    char key[KEY_TEXT];

    if (r->op == OP_SNAPSHOT_DIFF)
        model_changes_done(m, r->changes, status == STATUS_DONE ? "" : NULL, e ? e->msg : "");
    if (status == STATUS_DONE && r->pane)
        open_pane(r->app, r->distro, false);
    else if (status == STATUS_DONE && r->op == OP_REMOVE && m->removed_count && strcmp(m->removed[0].name, r->distro) == 0)
        model_say(m, MESSAGE_INFO, "%s is removed; %s brings it back", r->distro, ui_key_of(&r->app->ui, ACTION_UNDO, key));
    else if (status == STATUS_DONE && r->op == OP_SNAPSHOT_RESTORE && can_be_undone(m, r->distro))
        model_say(m, MESSAGE_INFO, "%s: %s done; %s undoes it", r->distro, op_table[r->op].verb,
                  ui_key_of(&r->app->ui, ACTION_SNAPSHOT_UNDO, key));
    else if (status == STATUS_DONE)
        model_say(m, MESSAGE_INFO, "%s: %s%s", r->distro, *r->set ? r->set : op_table[r->op].verb, *r->set ? "" : " done");
    else if (status == STATUS_CANCELLED)
        model_say(m, MESSAGE_INFO, "%s: %s cancelled", r->distro, op_table[r->op].verb);
    else
        model_say(m, MESSAGE_ERROR, "%s", e->msg);
    r->app->browser.done += r->op == OP_COPY;
    r->app->dirty = true;
    free(r);
}

static void run_op(struct app *a, const struct op_args *args, bool pane)
{
    static const struct op_events ev = {.print = on_print, .note = on_note, .finished = on_finished};
    struct run *r = calloc(1, sizeof(*r));

    if (!r)
        return;
    r->app = a;
    r->op = args->op;
    r->pane = pane;
    snprintf(r->distro, sizeof(r->distro), "%s", args->distro ? args->distro : "");
    if (r->op == OP_SNAPSHOT_DIFF && args->words >= 2)
        r->changes = model_changes_begin(&a->core->model, r->distro, args->word[1], args->words > 2 ? args->word[2] : "");
    if (r->op == OP_SET && args->word[2])
        snprintf(r->set, sizeof(r->set), "%s is now %s", args->word[1], *args->word[2] ? args->word[2] : "empty");
    r->job = op_start(a->core, args, &ev, r);
    if (!r->job)
        free(r);
}

static void run_ops(struct app *a, const struct ui_request *r)
{
    struct op_args args = r->args;

    if (!r->target_count)
        run_op(a, &args, false);
    for (unsigned i = 0; i < r->target_count; i++) {
        args.distro = r->targets[i];
        run_op(a, &args, false);
    }
}

static void fit(struct app *a)
{
    int rows, cols;

    term_size(&rows, &cols);
    grid_resize(&a->grid, rows, cols);
    a->dirty = true;
}

static void use_look(struct app *a)
{
    const struct console_options *o = &a->core->console;
    int64_t lines = console_number(o, CONSOLE_LINES);

    look_of(&a->ui.look, o);
    a->ui.look.ascii = lines == LINES_ASCII || (lines == LINES_AUTO && !term_is_utf8());
    term_set_mouse(console_number(o, CONSOLE_MOUSE));
    term_set_scheme((enum term_scheme)console_number(o, CONSOLE_COLORS));
    tabs_use_settings(a->ui.tabs);
    a->ui.keys.prefix = tabs_prefix(a->ui.tabs);
}

static void use_settings(struct app *a)
{
    keymap_init(&a->ui.keys);
    keymap_load(&a->ui.keys, &a->core->paths, core_conf_warning, a->core);
    a->ui.console = &a->core->console;
    use_look(a);
}

/* --- what a key wants of the application --- */

/* The loop ends for a while, and then has the terminal back. */
static void leave_for(struct app *a, const struct ui_request *r)
{
    a->leave = r->want;
    snprintf(a->leave_for, sizeof(a->leave_for), "%s", r->distro ? r->distro : "");
    snprintf(a->leave_file, sizeof(a->leave_file), "%s", r->args.words ? r->args.word[0] : "");
    uv_stop(a->core->loop);
}

static void pane(struct app *a, const struct ui_request *r)
{
    run_op(a, &(struct op_args){.op = OP_SHELL, .distro = r->distro}, true);
}

static void pane_console(struct app *a, const struct ui_request *r)
{
    open_pane(a, r->distro, true);
}

static void change_files(struct app *a, const struct ui_request *r)
{
    browser_change(&a->browser, r);
}

static void cancel_install(struct app *a, const struct ui_request *r)
{
    op_cancel_install(a->core, r->distro);
}

static void cancel_task(struct app *a, const struct ui_request *r)
{
    op_cancel_task(a->core, r->task);
}

static void set_console(struct app *a, const struct ui_request *r)
{
    keep_set(a->keep, (enum console_option)r->option, r->text);
    use_look(a);
}

static void set_keys(struct app *a, const struct ui_request *r)
{
    keep_key(a->keep, (enum action_id)r->option, r->text);
}

static void set_look(struct app *a, const struct ui_request *r)
{
    (void)r;
    keep_look(a->keep, &a->ui.look);
}

static void repaint(struct app *a, const struct ui_request *r)
{
    (void)a;
    (void)r;
    term_repaint();
}

static void suspend(struct app *a, const struct ui_request *r)
{
    (void)r;
    term_suspend();
    fit(a);
}

static void quit(struct app *a, const struct ui_request *r)
{
    (void)r;
    a->quit = true;
    uv_stop(a->core->loop);
}

static void carry_out(struct app *a, const struct ui_request *r)
{
    static void (*const wants[WANTS])(struct app *a, const struct ui_request *r) = {
        [WANT_OP] = run_ops,
        [WANT_SHELL] = leave_for,
        [WANT_CONSOLE] = leave_for,
        [WANT_PANE] = pane,
        [WANT_PANE_CONSOLE] = pane_console,
        [WANT_CANCEL] = cancel_install,
        [WANT_CANCEL_TASK] = cancel_task,
        [WANT_LOOK] = set_look,
        [WANT_SET_CONSOLE] = set_console,
        [WANT_SET_KEYS] = set_keys,
        [WANT_FILE_VIEW] = leave_for,
        [WANT_FILE_EDIT] = leave_for,
        [WANT_FILE_RENAME] = change_files,
        [WANT_FILE_REMOVE] = change_files,
        [WANT_REPAINT] = repaint,
        [WANT_SUSPEND] = suspend,
        [WANT_QUIT] = quit,
    };

    if (wants[r->want])
        wants[r->want](a, r);
}

/* A hung-up terminal is readable for ever and gives no key; no SIGHUP comes unless we lead its session. */
static bool terminal_gone(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static struct ui_request mouse(struct app *a)
{
    const struct model *m = &a->core->model;
    struct term_mouse t;
    int64_t now = clock_ms();
    bool twice;

    if (!term_mouse(&t))
        return (struct ui_request){0};
    if (t.what != MOUSE_PRESS) {
        ui_wheel(&a->ui, m, t.what == MOUSE_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS);
        return (struct ui_request){0};
    }
    twice = now - a->clicked < TWICE_MS && t.row == a->clicked_row;
    a->clicked = twice ? 0 : now;
    a->clicked_row = t.row;
    return ui_click(&a->ui, m, t.row, t.col, twice);
}

static void press(struct app *a, ui_key k)
{
    struct ui_request r = k == K_MOUSE ? mouse(a) : ui_key_pressed(&a->ui, &a->core->model, k);

    a->dirty = true;
    carry_out(a, &r);
}

/* One event, however long it is: the screen shows it when it is over. */
static bool take_paste(struct app *a)
{
    char text[PASTE_PIECE];
    bool over;
    size_t len = term_pasted(&a->paste, text, sizeof(text), &over);

    ui_paste(&a->ui, text, len);
    a->pasting = !over;
    if (over)
        press(a, K_PASTE_END);
    return over || len;
}

/* False: none waits. */
static bool take_key(struct app *a)
{
    ui_key k = term_key();

    if (k == K_NONE)
        return false;
    a->pasting = k == K_PASTE;
    press(a, k);
    return true;
}

static void on_more(uv_idle_t *i);

static void on_input(struct stdfd *in)
{
    struct app *a = in->ctx;
    bool some = true;

    if (terminal_gone()) {
        a->quit = true;
        uv_stop(a->core->loop);
    }
    for (int n = 0; some && n < KEYS_A_TURN && !a->quit && !a->leave; n += a->pasting ? KEYS_A_TURN : 1)
        some = a->pasting ? take_paste(a) : take_key(a);
    if (some && !a->quit && !a->leave) /* the rest after whatever else waits, and after a drawing */
        uv_idle_start(&a->more, on_more);
    else
        uv_idle_stop(&a->more);
}

static void on_more(uv_idle_t *i)
{
    struct app *a = i->data;

    on_input(&a->in);
}

/* Another lxtop, or an editor, has changed them; what was changed here and is not written yet comes first. */
static void take_settings(struct app *a)
{
    if (!a->core->console_old || a->away || keep_pending(a->keep))
        return;
    core_console_read(a->core);
    use_settings(a);
    keep_settle(a->keep);
}

static void on_changed(void *ctx)
{
    struct app *a = ctx;

    take_settings(a);
    a->dirty = true;
}

/* Fetches what is being looked at, and nothing else. */
static void look_at(struct app *a)
{
    struct core *c = a->core;
    const char *log = a->ui.view == VIEW_LOG ? a->ui.subject : "";

    watch_focus(c->watch, ui_looks_closely(&a->ui) ? ui_focus(&a->ui) : "");
    if (a->ui.view == VIEW_FILES)
        browser_look(&a->browser, &a->ui);
    if (!*log) {
        follow_stop(a->follow);
        a->follow = NULL;
        return;
    }
    if (a->follow && follow_is_of(a->follow, log, a->ui.vmm_log))
        return;
    follow_stop(a->follow);
    a->follow = follow_start(c, log, a->ui.vmm_log);
}

static void on_draw(uv_prepare_t *p)
{
    struct app *a = p->data;

    if (!a->dirty || a->away)
        return;
    a->dirty = false;
    look_at(a);
    ui_draw(&a->ui, &a->core->model, &a->grid);
    term_show(&a->grid);
}

static void on_resized(uv_signal_t *s, int number)
{
    struct app *a = s->data;

    (void)number;
    if (!a->away)
        fit(a);
}

static void on_ended(uv_signal_t *s, int number)
{
    struct app *a = s->data;

    if (number == SIGINT && a->away)
        return; /* a key for what has the terminal */
    a->quit = true;
    uv_stop(a->core->loop);
}

/* Ctrl-Z of somebody else's: kill -TSTP, or the shell's suspend. */
static void on_stopped(uv_signal_t *s, int number)
{
    struct app *a = s->data;

    (void)number;
    if (a->away)
        raise(SIGSTOP);
    else
        term_suspend();
    fit(a);
}

static bool is_taken(void *ctx, const char *name)
{
    return model_find(ctx, name);
}

/* By what is shown: no disk is asked. */
static char *suggest(void *ctx, const char *source)
{
    struct core *c = ctx;

    return distro_name_free(source, is_taken, &c->model);
}

static void attach(struct app *a)
{
    struct err e = {0};
    int r = attach_run(a->core, a->leave_for, &e);

    if (r < 0)
        model_say(&a->core->model, MESSAGE_ERROR, "%s", e.msg);
    else if (r > 0)
        model_say(&a->core->model, MESSAGE_INFO, "%s has ended", a->leave_for);
}

/* The start is told on the terminal; an error is kept until the screen is back. */
static void open_shell(struct app *a)
{
    const struct op_args args = {.op = OP_SHELL, .distro = a->leave_for};
    auto_free char *errors = NULL;
    size_t len;
    FILE *f = open_memstream(&errors, &len);
    const struct verb_voice voice = {.notes = f, .error = "", .progress = stderr};

    if (!f)
        return;
    verb_run(a->core, &args, &voice);
    fclose(f);
    errors[strcspn(errors, "\n")] = '\0';
    if (*errors)
        model_say(&a->core->model, MESSAGE_ERROR, "%s", errors);
}

static void open_file(struct app *a)
{
    struct err e = {0};

    if (editor_run(a->core, a->leave_file, a->leave == WANT_FILE_EDIT, &e) < 0)
        model_say(&a->core->model, MESSAGE_ERROR, "%s", e.msg);
    a->browser.done++;
}

/*
 * The screen is left for as long as something else has the terminal; the loop goes on, and a model that
 * changes must not bring curses back meanwhile.
 */
static void leave(struct app *a)
{
    a->away = true;
    stdfd_watch(&a->in, false);
    uv_idle_stop(&a->more);
    term_close();
    if (a->leave == WANT_SHELL)
        open_shell(a);
    else if (a->leave == WANT_CONSOLE)
        attach(a);
    else
        open_file(a);
    a->away = false;
    a->leave = WANT_NOTHING;
    term_repaint();
    stdfd_watch(&a->in, true);
    fit(a);
}

static void start_handle(struct app *a, uv_signal_t *s, uv_signal_cb fn, int number)
{
    uv_signal_init(a->core->loop, s);
    s->data = a;
    uv_signal_start(s, fn, number);
}

static void start_handles(struct app *a)
{
    uv_loop_t *l = a->core->loop;

    uv_prepare_init(l, &a->draw);
    uv_idle_init(l, &a->more);
    a->draw.data = a->more.data = a;
    stdfd_open(&a->in, l, STDIN_FILENO, on_input, a); /* others have this terminal, too: it stays as it is */
    stdfd_watch(&a->in, true);
    uv_prepare_start(&a->draw, on_draw);
    start_handle(a, &a->resized, on_resized, SIGWINCH);
    start_handle(a, &a->terminated, on_ended, SIGTERM);
    start_handle(a, &a->hung_up, on_ended, SIGHUP);
    start_handle(a, &a->interrupted, on_ended, SIGINT);
    start_handle(a, &a->stopped, on_stopped, SIGTSTP);
}

static void stop_handles(struct app *a)
{
    uv_handle_t *const handles[] = {
        (uv_handle_t *)&a->more,       (uv_handle_t *)&a->draw,    (uv_handle_t *)&a->resized,
        (uv_handle_t *)&a->terminated, (uv_handle_t *)&a->hung_up, (uv_handle_t *)&a->interrupted,
        (uv_handle_t *)&a->stopped};

    stdfd_close(&a->in, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
        uv_close(handles[i], NULL);
    for (struct op_job *j; (j = op_first(a->core));)
        op_detach(j); /* what was begun goes on: in children of their own */
    uv_run(a->core->loop, UV_RUN_NOWAIT);
}

int app_run(struct core *c)
{
    struct app a = {.core = c, .browser.core = c};
    struct err e = {0};

    ui_init(&a.ui);
    a.ui.suggest = suggest;
    a.ui.suggest_ctx = c;
    if (!watch_start(c, NULL, &e) || !term_open()) {
        fprintf(stderr, "lxtop: %s\n", *e.msg ? e.msg : "this terminal cannot be used; try lxtop --text");
        return STATUS_FAILED;
    }
    watch_aside(c->watch);
    use_settings(&a);
    a.ui.tabs = tabs_new(c, on_changed, &a);
    a.ui.keys.prefix = tabs_prefix(a.ui.tabs);
    a.keep = keep_new(c);
    c->changed = on_changed;
    c->changed_ctx = &a;
    source_find(c);
    fit(&a);
    start_handles(&a);
    while (!a.quit) {
        uv_run(c->loop, UV_RUN_DEFAULT);
        if (a.leave)
            leave(&a);
    }
    term_close();
    c->changed = NULL;
    keep_free(a.keep);
    tabs_free(a.ui.tabs);
    a.ui.tabs = NULL;
    follow_stop(a.follow);
    browser_release(&a.browser);
    stop_handles(&a);
    ui_release(&a.ui);
    grid_release(&a.grid);
    return STATUS_DONE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/ui_op.h"

void ui_init(struct ui *u)
{
    *u = (struct ui){.cols = 80, .keys_row = -1};
    look_init(&u->look);
    keymap_init(&u->keys);
    for (int i = 0; i < VIEWS; i++)
        u->list[i].page = 1;
    u->files.here.page = 1;
}

void ui_release(struct ui *u)
{
    for (int i = 0; i < VIEWS; i++)
        list_release(&u->list[i]);
    files_release(&u->files);
    doc_release(&u->doc);
    free(u->held);
    free(u->held_history);
    *u = (struct ui){0};
}

void ui_hint(struct ui *u, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(u->hint, sizeof(u->hint), fmt, ap);
    va_end(ap);
}

void ui_hint_keys(struct ui *u, const char *text)
{
    keymap_fill(&u->keys, u->view, text, u->hint, sizeof(u->hint));
}

/* --- where one is --- */

const struct view *ui_view(const struct ui *u)
{
    return view_table[u->view];
}

struct list *ui_list(struct ui *u)
{
    return u->view == VIEW_FILES && u->files.side ? &u->files.here : &u->list[u->view];
}

enum view_id ui_beneath(const struct ui *u)
{
    if (u->view != VIEW_HELP && u->view != VIEW_PALETTE)
        return u->view;
    return u->depth ? u->back[u->depth - 1] : VIEW_DISTROS;
}

const char *ui_focus(const struct ui *u)
{
    return view_table[ui_beneath(u)]->of_distro ? u->subject : u->list[VIEW_DISTROS].name;
}

bool ui_looks_closely(const struct ui *u)
{
    return view_table[ui_beneath(u)]->of_distro;
}

const struct model_distro *ui_subject(const struct ui *u, const struct model *m)
{
    return model_find(m, ui_focus(u));
}

bool ui_works(const struct ui *u, const struct model *m, int action)
{
    const struct view *v = view_table[ui_beneath(u)];
    bool works;

    return v->works && v->works(u, m, action, &works) ? works : action_works((enum action_id)action, ui_subject(u, m));
}

void ui_refresh(struct ui *u, const struct model *m)
{
    if (u->view != VIEW_DISTROS) /* what the others are about */
        list_refresh(&u->list[VIEW_DISTROS], view_table[VIEW_DISTROS], u, m);
    if (ui_view(u)->build) {
        doc_clear(&u->doc);
        ui_view(u)->build(u, m, u->cols - 2);
    }
    list_refresh(ui_list(u), ui_view(u), u, m);
}

static void push(struct ui *u, enum view_id v)
{
    if (u->depth == UI_DEPTH)
        memmove(u->back, u->back + 1, (--u->depth) * sizeof(*u->back));
    u->back[u->depth++] = v;
}

/* A view that one came through is gone back to, so that the way back never goes round in circles. */
static void leave_for(struct ui *u, enum view_id v)
{
    for (unsigned i = 0; i < u->depth; i++)
        if (u->back[i] == v) {
            u->depth = i;
            return;
        }
    push(u, u->view);
}

void ui_open(struct ui *u, const struct model *m, enum view_id v)
{
    if (v == u->view)
        return;
    if (view_table[v]->of_distro && !view_table[ui_beneath(u)]->of_distro)
        snprintf(u->subject, sizeof(u->subject), "%s", u->list[VIEW_DISTROS].name);
    leave_for(u, v);
    u->view = v;
    u->list[v].index = u->list[v].top = 0;
    if (v == VIEW_DISTROS)
        u->depth = 0;
    if (ui_view(u)->open)
        ui_view(u)->open(u, m);
    ui_refresh(u, m);
}

/* False: there was none. */
static bool clear_filter(struct ui *u, const struct model *m)
{
    bool had = *ui_list(u)->filter;

    ui_list(u)->filter[0] = '\0';
    ui_refresh(u, m);
    return had;
}

struct ui_request ui_back(struct ui *u, const struct model *m)
{
    if (clear_filter(u, m))
        return (struct ui_request){0};
    u->view = u->depth ? u->back[--u->depth] : VIEW_DISTROS;
    ui_refresh(u, m);
    return (struct ui_request){0};
}

/* --- requests --- */

struct ui_request ui_want(struct ui *u, enum ui_want want, const char *distro)
{
    if (distro && distro != u->distro)
        snprintf(u->distro, sizeof(u->distro), "%s", distro);
    return (struct ui_request){.want = want, .distro = distro ? u->distro : NULL};
}

struct ui_request ui_op(struct ui *u, enum op_id op, unsigned flags, const char *distro)
{
    struct ui_request r = ui_want(u, WANT_OP, distro);

    r.args.op = op;
    r.args.flags = flags;
    r.args.distro = r.distro;
    return r;
}

/* --- movement, search, filter, marks --- */

void ui_move(struct ui *u, const struct model *m, enum action_id a)
{
    struct list *l = ui_list(u);
    int to = l->index;

    switch (a) {
    case ACTION_UP:
        to--;
        break;
    case ACTION_DOWN:
        to++;
        break;
    case ACTION_PAGE_UP:
        to -= l->page;
        break;
    case ACTION_PAGE_DOWN:
        to += l->page;
        break;
    default:
        to = a == ACTION_FIRST ? 0 : l->count - 1;
        break;
    }
    list_select(l, ui_view(u), u, m, to);
    l->awaited[0] = '\0';
}

static void typed_search(struct ui *u, const struct model *m)
{
    snprintf(u->search, sizeof(u->search), "%s", u->prompt.line);
    list_search(ui_list(u), ui_view(u), u, m, u->search, ui_list(u)->index, 1);
}

static struct ui_request answer_search(struct ui *u, const struct model *m)
{
    bool found = list_search(ui_list(u), ui_view(u), u, m, u->search, ui_list(u)->index, 1);

    u->prompt = (struct prompt){0};
    if (*u->search && !found)
        ui_hint(u, "Nothing here holds \"%s\".", u->search);
    return (struct ui_request){0};
}

static void search_again(struct ui *u, const struct model *m, enum action_id a)
{
    int step = a == ACTION_SEARCH_NEXT ? 1 : -1;

    if (!*u->search)
        ui_hint_keys(u, "Nothing was searched for yet: press {search} and type.");
    else if (!list_search(ui_list(u), ui_view(u), u, m, u->search, ui_list(u)->index + step, step))
        ui_hint(u, "Nothing here holds \"%s\".", u->search);
}

/* What Esc goes back to. */
static void remember(struct ui *u, const char *text)
{
    const struct list *l = ui_list(u);

    snprintf(u->prompt.before.text, sizeof(u->prompt.before.text), "%s", text);
    memcpy(u->prompt.before.name, l->name, sizeof(l->name));
    u->prompt.before.index = l->index;
}

static void select_again(struct ui *u, const struct model *m, const struct prompt *was)
{
    struct list *l = ui_list(u);

    l->index = was->before.index;
    memcpy(l->name, was->before.name, sizeof(l->name));
    ui_refresh(u, m);
    ui_hint(u, "Nothing was changed.");
}

static void left_search(struct ui *u, const struct model *m, const struct prompt *was)
{
    memcpy(u->search, was->before.text, sizeof(u->search));
    select_again(u, m, was);
}

static void ask_search(struct ui *u, const struct model *m, enum action_id a)
{
    (void)m;
    (void)a;
    ui_ask(u, answer_search, "", "Search: ");
    u->prompt.typed = typed_search;
    u->prompt.left = left_search;
    remember(u, u->search);
}

static void typed_filter(struct ui *u, const struct model *m)
{
    snprintf(ui_list(u)->filter, sizeof(ui_list(u)->filter), "%s", u->prompt.line);
    ui_refresh(u, m);
}

static struct ui_request answer_filter(struct ui *u, const struct model *m)
{
    (void)m;
    u->prompt = (struct prompt){0};
    return (struct ui_request){0};
}

static void left_filter(struct ui *u, const struct model *m, const struct prompt *was)
{
    memcpy(ui_list(u)->filter, was->before.text, sizeof(ui_list(u)->filter));
    select_again(u, m, was);
}

static void ask_filter(struct ui *u, const struct model *m, enum action_id a)
{
    (void)m;
    (void)a;
    ui_ask(u, answer_filter, ui_list(u)->filter, "Show rows with: ");
    u->prompt.typed = typed_filter;
    u->prompt.left = left_filter;
    remember(u, ui_list(u)->filter);
}

static void mark(struct ui *u, const struct model *m, enum action_id a)
{
    struct list *l = ui_list(u);
    char name[LIST_NAME];

    if (a == ACTION_UNMARK) {
        list_unmark_all(l);
    } else if (a == ACTION_MARK) {
        list_mark(l, l->name, *l->name && !list_marked(l, l->name));
        ui_move(u, m, ACTION_DOWN);
    } else {
        for (int i = 0; i < l->count; i++) {
            ui_view(u)->text(u, m, l->shown[i], false, name, sizeof(name));
            list_mark(l, name, true);
        }
    }
    ui_hint(u, "%u marked.", l->marks);
}

static void clear(struct ui *u, const struct model *m, enum action_id a)
{
    bool filtered = clear_filter(u, m), marked = ui_list(u)->marks > 0;

    (void)a;
    list_unmark_all(ui_list(u));
    ui_hint_keys(u, filtered ? "All rows are shown." : marked ? "Nothing is marked." : "{quit} leaves lxtop.");
}

/* --- figures that do not change --- */

/* What somebody has changed is told at once. */
static bool is_as_held(const struct model_distro *held, const struct model_distro *d)
{
    return strcmp(held->name, d->name) == 0 && held->state == d->state && held->silent == d->silent &&
           held->paused == d->paused && held->memory_size == d->memory_size && !d->task;
}

const struct model_distro *ui_figures(const struct ui *u, const struct model_distro *d)
{
    for (unsigned i = 0; i < u->held_count; i++)
        if (is_as_held(&u->held[i], d))
            return &u->held[i];
    return d;
}

static void freeze(struct ui *u, const struct model *m, enum action_id a)
{
    (void)a;
    u->frozen = !u->frozen;
    free(u->held);
    free(u->held_history);
    u->held = u->frozen && m->count ? malloc(m->count * sizeof(*u->held)) : NULL;
    u->held_history = u->held ? calloc(m->count, sizeof(*u->held_history)) : NULL;
    u->held_count = u->held_history ? m->count : 0;
    u->frozen_at = m->now;
    u->held_host = m->host;
    u->held_device_count = m->focus.device_count;
    memcpy(u->held_of, m->focus.name, sizeof(u->held_of));
    memcpy(u->held_devices, m->focus.devices, sizeof(u->held_devices));
    for (unsigned i = 0; i < u->held_count; i++) {
        u->held[i] = m->distros[i];
        if (m->distros[i].history)
            u->held_history[i] = *m->distros[i].history;
        u->held[i].history = m->distros[i].history ? &u->held_history[i] : NULL; /* the model's own may go */
    }
    ui_hint_keys(u, u->frozen ? "Figures are held still; {hold} lets them go on." : "Figures go on.");
}

/* --- actions --- */

static void next_view(struct ui *u, const struct model *m, enum action_id a)
{
    int step = a == ACTION_NEXT_VIEW ? 1 : -1, to = u->view < VIEW_TABS ? (int)u->view + step : VIEW_DISTROS;

    to = (to + VIEW_TABS) % VIEW_TABS;
    if (!m->count)
        while (action_table[ACTION_VIEW_DISTROS + to].selection)
            to = (to + VIEW_TABS + step) % VIEW_TABS;
    ui_open(u, m, (enum view_id)to);
}

static void back(struct ui *u, const struct model *m, enum action_id a)
{
    (void)a;
    ui_back(u, m);
}

static void help(struct ui *u, const struct model *m, enum action_id a)
{
    (void)a;
    if (u->view == VIEW_HELP)
        ui_back(u, m);
    else
        ui_open(u, m, VIEW_HELP);
}

static void undo(struct ui *u, const struct model *m, enum action_id a)
{
    (void)a;
    ask_undo(u, m);
}

static void new_snapshot(struct ui *u, const struct model *m, enum action_id a)
{
    ask_snapshot(u, ui_subject(u, m), a == ACTION_SNAPSHOT_MEMORY);
}

/*
 * What is no operation of its own: wanted of the application, for the distro where the action needs one; or a view
 * that comes up; or done here.  An action of one view alone is in that view's `act`.
 */
#define OPENS(v) {.view = VIEW_##v + 1}
static const struct {
    enum ui_want want;
    int view; /* behind the one that comes up; 0: none */
    void (*run)(struct ui *u, const struct model *m, enum action_id a);
} on_screen[ACTIONS] = {
    [ACTION_SHELL] = {.want = WANT_SHELL},
    [ACTION_CONSOLE] = {.want = WANT_CONSOLE},
    [ACTION_PANE] = {.want = WANT_PANE},
    [ACTION_PANE_CONSOLE] = {.want = WANT_PANE_CONSOLE},
    [ACTION_CANCEL] = {.want = WANT_CANCEL},
    [ACTION_SUSPEND] = {.want = WANT_SUSPEND},
    [ACTION_REDRAW] = {.want = WANT_REPAINT},
    [ACTION_QUIT] = {.want = WANT_QUIT},
    [ACTION_VIEW_DISTROS] = OPENS(DISTROS),
    [ACTION_VIEW_INFO] = OPENS(INFO),
    [ACTION_VIEW_LOG] = OPENS(LOG),
    [ACTION_VIEW_FILES] = OPENS(FILES),
    [ACTION_VIEW_INSTALL] = OPENS(INSTALL),
    [ACTION_VIEW_TASKS] = OPENS(TASKS),
    [ACTION_VIEW_SETTINGS] = OPENS(SETTINGS),
    [ACTION_VIEW_EVENTS] = OPENS(EVENTS),
    [ACTION_INSTALL] = OPENS(INSTALL),
    [ACTION_PALETTE] = OPENS(PALETTE),
    [ACTION_SNAPSHOTS] = OPENS(SNAPSHOTS),
    [ACTION_PANES] = OPENS(PANES),
    [ACTION_HELP] = {.run = help},
    [ACTION_UNDO] = {.run = undo},
    [ACTION_NEXT_VIEW] = {.run = next_view},
    [ACTION_PREVIOUS_VIEW] = {.run = next_view},
    [ACTION_SNAPSHOT_NEW] = {.run = new_snapshot},
    [ACTION_SNAPSHOT_MEMORY] = {.run = new_snapshot},
    [ACTION_BACK] = {.run = back},
    [ACTION_CLEAR] = {.run = clear},
    [ACTION_SEARCH] = {.run = ask_search},
    [ACTION_SEARCH_NEXT] = {.run = search_again},
    [ACTION_SEARCH_PREVIOUS] = {.run = search_again},
    [ACTION_FILTER] = {.run = ask_filter},
    [ACTION_MARK] = {.run = mark},
    [ACTION_MARK_ALL] = {.run = mark},
    [ACTION_UNMARK] = {.run = mark},
    [ACTION_HOLD] = {.run = freeze},
    [ACTION_UP] = {.run = ui_move},
    [ACTION_DOWN] = {.run = ui_move},
    [ACTION_PAGE_UP] = {.run = ui_move},
    [ACTION_PAGE_DOWN] = {.run = ui_move},
    [ACTION_FIRST] = {.run = ui_move},
    [ACTION_LAST] = {.run = ui_move},
};

struct ui_request ui_act(struct ui *u, const struct model *m, enum action_id a)
{
    const struct model_distro *d = ui_subject(u, m);
    const struct action *row = &action_table[a];
    struct ui_request r = {0};

    if (ui_view(u)->act && ui_view(u)->act(u, m, a, &r))
        return r;
    if (!action_works(a, d) && !(ui_of_marked(u) && d && row->op >= 0))
        return ui_refuse(u, a, d);
    if (on_screen[a].want)
        return ui_want(u, on_screen[a].want, row->selection ? d->name : NULL);
    if (row->op >= 0 && row->selection)
        return ui_operate(u, a, d);
    if (on_screen[a].view)
        ui_open(u, m, (enum view_id)(on_screen[a].view - 1));
    else if (on_screen[a].run)
        on_screen[a].run(u, m, a);
    return r;
}

/* What is pasted is text for an open question and else nothing: no line of it is ever a command. */
void ui_paste(struct ui *u, const char *text, size_t len)
{
    if (u->prompt.answer)
        ui_type(u, text, len);
    else if (ui_view(u)->paste)
        ui_view(u)->paste(u, text, len);
}

/* Its beginning or its end. */
static bool is_paste(struct ui *u, const struct model *m, ui_key k)
{
    if (k == K_PASTE_END && u->prompt.answer && u->prompt.typed)
        u->prompt.typed(u, m);
    else if (k == K_PASTE && !u->prompt.answer)
        ui_hint(u, "What is pasted is left out here: no question is open.");
    return k == K_PASTE || k == K_PASTE_END;
}

/* Two bytes that keys send on some terminals mean what those keys do, unless a person gave them a meaning. */
static int action_of_key(const struct ui *u, ui_key k)
{
    int a = keymap_action(&u->keys, u->view, k);

    if (a < 0 && (k == '\r' || k == K_CTRL('h')))
        a = keymap_action(&u->keys, u->view, k == '\r' ? K_ENTER : K_BACKSPACE);
    return a;
}

struct ui_request ui_key_pressed(struct ui *u, const struct model *m, ui_key k)
{
    struct ui_request r = {0};
    char name[KEY_TEXT], help[KEY_TEXT];
    int a;

    bool takes_all = ui_view(u)->key && !u->prompt.answer;

    if (!takes_all && is_paste(u, m, k))
        return r;
    u->hint[0] = '\0';
    u->seen = m->said;
    if (takes_all && ui_view(u)->key(u, m, k, &r))
        return r;
    ui_refresh(u, m);
    if (u->prompt.answer)
        r = ui_prompt_key(u, m, k);
    else if ((a = action_of_key(u, k)) >= 0)
        r = ui_act(u, m, (enum action_id)a);
    else if (k != K_NONE)
        ui_hint(u, "%s does nothing here; %s shows the keys.", key_text(k, name), ui_key_of(u, ACTION_HELP, help));
    return r;
}

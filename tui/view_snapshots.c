/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshots of one distro as a tree: taken, gone back to, compared, deleted, made a distro of. */
#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "tui/format.h"
#include "tui/graph.h"
#include "tui/ui.h"
#include "tui/ui_op.h"

static bool known(const struct ui *u, const struct model *m)
{
    return m->focus.tree && strcmp(m->focus.name, u->subject) == 0;
}

static unsigned count(const struct ui *u, const struct model *m)
{
    return known(u, m) ? m->focus.twigs : 0;
}

static const struct snapshot *snapshot_at(const struct model *m, unsigned row)
{
    return &m->focus.snapshots.list[m->focus.tree[row].index];
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    const struct snapshot *s = snapshot_at(m, row);

    (void)u;
    if (whole)
        snprintf(to, size, "%s %s", s->name, s->note ? s->note : "");
    else
        snprintf(to, size, "%s", s->id);
}

void snapshot_line(const struct model_focus *f, unsigned row, bool ascii, int cols, char *to, size_t size)
{
    const struct snapshot *s = &f->snapshots.list[f->tree[row].index];
    unsigned depth = f->tree[row].depth > 12 ? 12 : f->tree[row].depth;
    char when[32] = "", name[SNAPSHOT_NAME_MAX + 64], layer[FORMAT_TEXT] = "", memory[FORMAT_TEXT] = "";
    struct tm t;

    if (localtime_r(&s->created, &t))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &t);
    snprintf(name, sizeof(name), "%*s%s%s", depth ? (int)depth * 2 - 2 : 0, "", !depth ? "" : ascii ? "`-" : "\u2514\u2500", s->name);
    if (f->tree[row].layer)
        format_size(layer, f->tree[row].layer);
    if (f->tree[row].memory)
        format_size(memory, f->tree[row].memory);
    snprintf(to, size, "%s%*s %s%s%s%s%s%s%s  %s", name, cols >= 60 && text_width(name) < 28 ? 28 - text_width(name) : 0, "", when,
             *layer ? ", " : "", layer, s->memory ? ", with memory" : "", *memory ? " " : "", memory, strcmp(s->id, f->snapshots.base) == 0 ? ", the disk stands on it" : "",
             s->note ? s->note : "");
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    char line[1024];

    (void)selected;
    snapshot_line(&m->focus, row, u->look.ascii, g->cols, line, sizeof(line));
    grid_put(g, at, 2, g->cols - 2, STYLE_PLAIN, line);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    char line[NAME_MAX_LEN + 64];

    (void)m;
    snprintf(line, sizeof(line), "Snapshots of %s", u->subject);
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, line);
}

/* --- what the keys do --- */

static struct ui_request want(struct ui *u, enum op_id op, unsigned flags, const char *name, const char *second)
{
    struct ui_request r = ui_op(u, op, flags, u->subject);

    if (name != u->snapshot[0])
        snprintf(u->snapshot[0], sizeof(u->snapshot[0]), "%s", name);
    snprintf(u->snapshot[1], sizeof(u->snapshot[1]), "%s", second);
    r.args.word[r.args.words++] = u->distro;
    for (int i = 0; i < 2 && *u->snapshot[i]; i++)
        r.args.word[r.args.words++] = u->snapshot[i];
    u->prompt = (struct prompt){0};
    return r;
}

static struct ui_request take(struct ui *u, unsigned flags)
{
    struct err e = {0};

    if (!*u->prompt.line || snapshots_check_name(u->prompt.line, &e) == 0)
        return want(u, OP_SNAPSHOT_CREATE, flags, u->prompt.line, "");
    ui_hint(u, "%s.", e.msg);
    return (struct ui_request){0};
}

static struct ui_request answer_new(struct ui *u, const struct model *m)
{
    (void)m;
    return take(u, 0);
}

static struct ui_request answer_new_with_memory(struct ui *u, const struct model *m)
{
    (void)m;
    return take(u, FLAG_MEMORY);
}

static struct ui_request answer_clone(struct ui *u, const struct model *m)
{
    struct err e = {0};

    if (distro_name_check(u->prompt.line, &e) < 0)
        ui_hint(u, "%s.", e.msg);
    else if (model_find(m, u->prompt.line))
        ui_hint(u, "There is a distro named %s already; give another name.", u->prompt.line);
    else
        return want(u, OP_SNAPSHOT_CLONE, 0, u->snapshot[0], u->prompt.line);
    return (struct ui_request){0};
}

/* Empty: with the disk as it is now. */
static struct ui_request answer_compare(struct ui *u, const struct model *m)
{
    const char *with = u->prompt.line;
    struct ui_request r;

    if (*with && known(u, m) && !snapshots_find(&m->focus.snapshots, with)) {
        ui_hint(u, "%s has no snapshot named %s; empty compares with the disk as it is now.", u->subject, with);
        return (struct ui_request){0};
    }
    if (strcmp(with, u->snapshot[0]) == 0) {
        ui_hint(u, "That is the same snapshot; give another, or nothing for the disk as it is now.");
        return (struct ui_request){0};
    }
    r = want(u, OP_SNAPSHOT_DIFF, 0, u->snapshot[0], with);
    ui_open(u, m, VIEW_CHANGES);
    return r;
}

/* What is asked about is what is done, whatever is selected by then. */
static struct ui_request confirmed(struct ui *u, enum op_id op, unsigned flags)
{
    bool yes = strcmp(u->prompt.line, "y") == 0;
    char name[sizeof(u->snapshot[0])];

    memcpy(name, u->snapshot[0], sizeof(name));
    if (yes)
        return want(u, op, flags, name, "");
    u->prompt = (struct prompt){0};
    ui_hint(u, "Nothing was changed.");
    return (struct ui_request){0};
}

static struct ui_request answer_restore(struct ui *u, const struct model *m)
{
    (void)m;
    return confirmed(u, OP_SNAPSHOT_RESTORE, FLAG_YES);
}

static struct ui_request answer_delete(struct ui *u, const struct model *m)
{
    (void)m;
    return confirmed(u, OP_SNAPSHOT_DELETE, 0);
}

static const struct {
    int action;
    enum op_id op;
} operations[] = {{ACTION_SNAPSHOT_NEW, OP_SNAPSHOT_CREATE},
                  {ACTION_SNAPSHOT_RESTORE, OP_SNAPSHOT_RESTORE},
                  {ACTION_SNAPSHOT_UNDO, OP_SNAPSHOT_UNDO},
                  {ACTION_SNAPSHOT_DELETE, OP_SNAPSHOT_DELETE},
                  {ACTION_SNAPSHOT_CLONE, OP_SNAPSHOT_CLONE},
                  {ACTION_SNAPSHOT_DIFF, OP_SNAPSHOT_DIFF}};

/* Is it legal in the distro's state?  Else the hint says what to do. */
static bool legal(struct ui *u, const struct model_distro *d, int action)
{
    struct err e = {0};

    for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
        if (operations[i].action == action && !op_legal(operations[i].op, d->state)) {
            op_refuse(operations[i].op, d, &e);
            ui_hint(u, "%s.", e.msg);
            return false;
        }
    return true;
}

void ask_snapshot(struct ui *u, const struct model_distro *d, bool memory)
{
    char key[KEY_TEXT];

    if (!legal(u, d, ACTION_SNAPSHOT_NEW))
        return;
    if (memory && d->state != MACHINE_RUNNING) {
        ui_hint(u, "%s does not run, so there is no memory to keep: %s keeps its disk.", d->name,
                ui_key_of(u, ACTION_SNAPSHOT_NEW, key));
        return;
    }
    snprintf(u->subject, sizeof(u->subject), "%s", d->name);
    ui_ask(u, memory ? answer_new_with_memory : answer_new, "", "Name of the snapshot of %s%s, empty for the time: ", d->name,
           memory ? " and all that runs in it" : "");
}

/* What the disk holds now is kept, in the place of what was kept the time before: only that can be lost. */
static struct ui_request restore(struct ui *u, const struct model *m, const struct snapshot *s)
{
    const struct snapshot *lost = snapshots_lost(&m->focus.snapshots, s);

    if (!lost)
        return want(u, OP_SNAPSHOT_RESTORE, FLAG_YES, s->name, "");
    snprintf(u->snapshot[0], sizeof(u->snapshot[0]), "%s", s->name);
    ui_ask(u, answer_restore, "", "Go back to %s? %s, kept by the last time, is lost then. Type y: ", s->name, lost->name);
    return (struct ui_request){0};
}

static struct ui_request undo(struct ui *u, const struct model *m)
{
    if (known(u, m) && snapshots_undo_to(&m->focus.snapshots))
        return want(u, OP_SNAPSHOT_UNDO, 0, "", "");
    ui_hint(u, "%s has not gone back to a snapshot: there is nothing to undo.", u->subject);
    return (struct ui_request){0};
}

static void ask(struct ui *u, const struct snapshot *s, int a)
{
    snprintf(u->snapshot[0], sizeof(u->snapshot[0]), "%s", s->name);
    if (a == ACTION_SNAPSHOT_DELETE)
        ui_ask(u, answer_delete, "", "Delete snapshot %s? What stands on it stays. Type y: ", s->name);
    else if (a == ACTION_SNAPSHOT_DIFF)
        ui_ask(u, answer_compare, "", "Compare %s with which snapshot? Empty for the disk now: ", s->name);
    else
        ui_ask(u, answer_clone, "", "Name of the new distro made of %s: ", s->name);
}

/* Legal, and there is a snapshot to do it to, or one to go back to. */
static bool works(const struct ui *u, const struct model *m, int a, bool *works)
{
    const struct model_distro *d = model_find(m, u->subject);

    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        if (operations[i].action != a)
            continue;
        *works = d && op_legal(operations[i].op, d->state) &&
                 (a == ACTION_SNAPSHOT_NEW    ? true
                  : a == ACTION_SNAPSHOT_UNDO ? known(u, m) && snapshots_undo_to(&m->focus.snapshots)
                                              : list_row(&u->list[VIEW_SNAPSHOTS]) >= 0);
        return true;
    }
    return false;
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    const struct model_distro *d = model_find(m, u->subject);
    int row = list_row(ui_list(u));

    if (a == ACTION_SNAPSHOT_UNDO) {
        if (d && legal(u, d, a))
            *r = undo(u, m);
        return true;
    }
    if (a != ACTION_SNAPSHOT_RESTORE && a != ACTION_SNAPSHOT_DELETE && a != ACTION_SNAPSHOT_CLONE && a != ACTION_SNAPSHOT_DIFF)
        return false;
    if (row < 0)
        ui_hint_keys(u, "There is no snapshot yet: {snapshot_new} takes one.");
    else if (d && legal(u, d, a) && a == ACTION_SNAPSHOT_RESTORE)
        *r = restore(u, m, snapshot_at(m, (unsigned)row));
    else if (d && legal(u, d, a))
        ask(u, snapshot_at(m, (unsigned)row), a);
    return true;
}

const struct view view_snapshots = {
    .name = "Snapshots", .of_distro = true, .keeps = KEEPS_NAME, .count = count, .text = text, .row = draw_row, .head = head,
    .act = act, .works = works, .empty = "No snapshots yet: {snapshot_new} keeps the disk as it is now, also while the distro runs.",
};

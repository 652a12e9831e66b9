/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks of this lxtop, running and past, the newest first. */
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/ui.h"
#include "tui/ui_op.h"

static unsigned count(const struct ui *u, const struct model *m)
{
    (void)u;
    return m->tasks_begun < MODEL_TASKS ? (unsigned)m->tasks_begun : MODEL_TASKS;
}

static const struct model_task *task_at(const struct model *m, unsigned row)
{
    return model_task(m, m->tasks_begun - row);
}

/* How far it is, unless figures are held still. */
static const char *state_of(const struct ui *u, const struct model_task *t, char *to)
{
    if (t->running && t->total && !u->frozen)
        snprintf(to, FORMAT_TEXT, "%d%%", (int)(99.0 * (double)t->done / (double)t->total));
    else
        snprintf(to, FORMAT_TEXT, "%s", t->running ? "running" : t->failed ? "failed" : t->cancelled ? "cancelled" : "done");
    return to;
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    const struct model_task *t = task_at(m, row);
    char state[FORMAT_TEXT];

    if (whole)
        snprintf(to, size, "%s %s %s %s %s", t->what, t->distro, state_of(u, t, state), t->detail, t->why);
    else
        snprintf(to, size, "%lu", t->serial);
}

/* Of running ones since the start up to `now`; of others their length. */
static const char *took(const struct model_task *t, time_t now, char *to)
{
    return format_age(to, (t->running ? now : t->ended) - t->began);
}

/* Columns where there is room for what a task works on, and where only the remark says it. */
static bool is_wide(int cols)
{
    return cols >= 60;
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    const struct model_task *t = task_at(m, row);
    int state = is_wide(g->cols) ? 29 : 22;
    char cell[FORMAT_TEXT];

    grid_put(g, at, 2, 9, STYLE_PLAIN, t->what);
    grid_put(g, at, 12, state - 13, STYLE_PLAIN, t->distro);
    grid_put(g, at, state, 9, selected ? STYLE_PLAIN : t->failed ? STYLE_BAD : t->running ? STYLE_BUSY : STYLE_GOOD,
             state_of(u, t, cell));
    grid_put_right(g, at, state + 9, 6, STYLE_PLAIN, took(t, u->frozen ? u->frozen_at : m->now, cell));
    if (is_wide(g->cols))
        grid_put(g, at, 45, g->cols - 45, STYLE_PLAIN, t->failed ? t->why : t->detail);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    (void)u;
    (void)m;
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS,
             is_wide(g->cols) ? "TASK      DISTRO           STATE      TOOK WHAT" : "TASK      DISTRO    STATE      TOOK");
}

static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    const struct model_task *t = row < 0 ? NULL : task_at(m, (unsigned)row);
    char done[FORMAT_TEXT], total[FORMAT_TEXT], key[KEY_TEXT];

    if (t && t->failed) {
        *s = STYLE_BAD;
        snprintf(to, size, "%s", t->why);
    } else if (t && t->running && t->total && !u->frozen) {
        snprintf(to, size, "%s of %s; %s cancels it.", format_size(done, (int64_t)t->done),
                 format_size(total, (int64_t)t->total), ui_key_of(u, ACTION_CANCEL, key));
    } else if (t && !is_wide(u->cols)) {
        snprintf(to, size, "%s", t->detail);
    }
}

static bool works(const struct ui *u, const struct model *m, int a, bool *works)
{
    int row = list_row(&u->list[VIEW_TASKS]);

    *works = row >= 0 && task_at(m, (unsigned)row)->running;
    return a == ACTION_CANCEL;
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    int row = list_row(ui_list(u));
    const struct model_task *t = row < 0 ? NULL : task_at(m, (unsigned)row);

    if (a != ACTION_CANCEL)
        return false;
    if (!t || !t->running)
        ui_hint(u, t ? "That task has ended already." : "There is no task to cancel.");
    else
        *r = (struct ui_request){.want = WANT_CANCEL_TASK, .task = t->serial};
    return true;
}

const struct view view_tasks = {
    .name = "Tasks", .keeps = KEEPS_NAME, .count = count, .text = text, .row = draw_row, .head = head,
    .remark = remark, .act = act, .works = works, .empty = "No tasks yet: installs, starts, stops and copies are shown here.",
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All distros: a table whose columns, order and rows are chosen. */
#include <stdio.h>
#include <string.h>

#include "config/console.h"
#include "core/base/auto.h"
#include "tui/format.h"
#include "tui/ui.h"

struct column {
    const char *title;
    int width;
    int rank; /* where there is no room, those of the highest rank are left out first */
    bool right;
    void (*text)(const struct model_distro *d, char *to);
    double (*value)(const struct model_distro *d); /* to sort by */
};

/* Never 100: what has been read has still to be made safe, and the state says when that is done. */
static int percent_done(const struct model_distro *d)
{
    double part = (double)d->task_done / (double)d->task_total;

    return part < 0.99 ? (int)(part * 100) : 99;
}

static void text_state(const struct model_distro *d, char *to)
{
    if (d->state == MACHINE_INSTALLING && d->task && d->task_total)
        snprintf(to, FORMAT_TEXT, "install %d%%", percent_done(d));
    else if (d->silent)
        strcpy(to, "silent");
    else
        snprintf(to, FORMAT_TEXT, "%s", d->paused ? "paused" : machine_state_name(d->state));
}

static double value_state(const struct model_distro *d)
{
    return d->state;
}

static void text_boot(const struct model_distro *d, char *to)
{
    format_time(to, model_boot_us(d));
}

static double value_boot(const struct model_distro *d)
{
    return (double)model_boot_us(d);
}

static void text_uptime(const struct model_distro *d, char *to)
{
    bool live = MACHINE_BIT(d->state) & MACHINE_LIVE;

    format_age(to, live && d->uptime_us > 0 ? d->uptime_us / 1000000 : -1);
}

static double value_uptime(const struct model_distro *d)
{
    return MACHINE_BIT(d->state) & MACHINE_LIVE ? (double)d->uptime_us : -1;
}

static void text_cpu(const struct model_distro *d, char *to)
{
    format_percent(to, d->cpu_percent);
}

static double value_cpu(const struct model_distro *d)
{
    return d->cpu_percent;
}

static void text_sessions(const struct model_distro *d, char *to)
{
    snprintf(to, FORMAT_TEXT, d->sessions < 0 ? "-" : "%d", d->sessions);
}

static double value_sessions(const struct model_distro *d)
{
    return d->sessions;
}

#define SIZE_COLUMN(field)                                                                         \
    static void text_##field(const struct model_distro *d, char *to)                               \
    {                                                                                              \
        format_size(to, d->field);                                                                 \
    }                                                                                              \
    static double value_##field(const struct model_distro *d)                                      \
    {                                                                                              \
        return (double)d->field;                                                                   \
    }
#define RATE_COLUMN(field)                                                                         \
    static void text_##field(const struct model_distro *d, char *to)                               \
    {                                                                                              \
        format_rate(to, d->field);                                                                 \
    }                                                                                              \
    static double value_##field(const struct model_distro *d)                                      \
    {                                                                                              \
        return d->field;                                                                           \
    }
SIZE_COLUMN(resident)
SIZE_COLUMN(guest_used)
SIZE_COLUMN(memory_size)
SIZE_COLUMN(disk_used)
SIZE_COLUMN(disk_size)
RATE_COLUMN(read_bps)
RATE_COLUMN(write_bps)
RATE_COLUMN(p9_bps)
RATE_COLUMN(net_bps)

static const struct column column_table[COLUMNS] = {
    [COLUMN_NAME] = {"NAME", 0, 0, false, NULL, NULL},
    [COLUMN_STATE] = {"STATE", 11, 1, false, text_state, value_state},
    [COLUMN_BOOT] = {"BOOT", 7, 2, true, text_boot, value_boot},
    [COLUMN_MEMORY] = {"MEM", 6, 3, true, text_resident, value_resident},
    [COLUMN_USED] = {"USED", 6, 13, true, text_guest_used, value_guest_used},
    [COLUMN_LIMIT] = {"LIMIT", 6, 5, true, text_memory_size, value_memory_size},
    [COLUMN_CPU] = {"CPU", 5, 4, true, text_cpu, value_cpu},
    [COLUMN_READ] = {"READ/s", 7, 6, true, text_read_bps, value_read_bps},
    [COLUMN_WRITE] = {"WRITE/s", 8, 7, true, text_write_bps, value_write_bps},
    [COLUMN_9P] = {"9P/s", 6, 10, true, text_p9_bps, value_p9_bps},
    [COLUMN_NET] = {"NET/s", 6, 11, true, text_net_bps, value_net_bps},
    [COLUMN_DISK] = {"DISK", 6, 9, true, text_disk_used, value_disk_used},
    [COLUMN_SIZE] = {"SIZE", 6, 12, true, text_disk_size, value_disk_size},
    [COLUMN_UPTIME] = {"UP", 6, 8, true, text_uptime, value_uptime},
    [COLUMN_SESSIONS] = {"SESS", 4, 14, true, text_sessions, value_sessions},
};

/* --- rows --- */

static unsigned count(const struct ui *u, const struct model *m)
{
    (void)u;
    return m->count;
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    const struct model_distro *d = &m->distros[row];
    char state[FORMAT_TEXT];

    (void)u;
    text_state(d, state);
    snprintf(to, size, whole ? "%s %s" : "%s", d->name, state);
}

static int compare(const struct ui *u, const struct model *m, unsigned a, unsigned b)
{
    const struct column *c = &column_table[u->look.sort];
    double x, y;

    if (!c->value)
        return u->look.descending ? (a < b) - (a > b) : 0;
    x = c->value(ui_figures(u, &m->distros[a]));
    y = c->value(ui_figures(u, &m->distros[b]));
    return u->look.descending ? (x < y) - (x > y) : (x > y) - (x < y);
}

/* --- drawing --- */

/* Which columns fit beside a name of reasonable length, by bit; and the width that is left for the name. */
static unsigned fitting(const struct ui *u, int cols, int *name)
{
    int room = cols - 2 - (cols >= 60 ? 20 : 10);
    unsigned shown = 0;

    for (int rank = 1; rank <= COLUMNS; rank++)
        for (int i = COLUMN_STATE; i < COLUMNS; i++)
            if (column_table[i].rank == rank && (u->look.columns & 1u << i)) {
                if (column_table[i].width + 1 > room)
                    rank = COLUMNS; /* the less important ones are not shown in its place */
                else
                    shown |= 1u << i;
                room -= column_table[i].width + 1;
            }
    *name = cols - 2;
    for (int i = COLUMN_STATE; i < COLUMNS; i++)
        if (shown & 1u << i)
            *name -= column_table[i].width + 1;
    return shown;
}

/* What the other columns leave, but no more than the longest name wants. */
static unsigned lay_out(const struct ui *u, const struct model *m, int cols, int *name)
{
    unsigned shown = fitting(u, cols, name);
    int wanted = 30;

    for (unsigned i = 0; i < m->count && *name > wanted; i++)
        if ((int)strlen(m->distros[i].name) > wanted) /* plain ASCII by distro_name_check */
            wanted = (int)strlen(m->distros[i].name);
    if (*name > wanted)
        *name = wanted;
    if (*name < 8)
        *name = 8;
    return shown;
}

static enum style state_style(const struct model_distro *d)
{
    static const enum style styles[MACHINE_STATES] = {
        [MACHINE_INSTALLING] = STYLE_BUSY, [MACHINE_STOPPED] = STYLE_DIM,
        [MACHINE_STARTING] = STYLE_BUSY,   [MACHINE_RUNNING] = STYLE_GOOD,
        [MACHINE_STOPPING] = STYLE_BUSY,   [MACHINE_FAILED] = STYLE_BAD,
        [MACHINE_SUSPENDED] = STYLE_DIM,
    };

    return d->silent ? STYLE_BAD : styles[d->state];
}

static void put_column(struct grid *g, int at, int col, enum column_id i, enum style s, const char *what)
{
    if (column_table[i].right)
        grid_put_right(g, at, col, column_table[i].width, s, what);
    else
        grid_put(g, at, col, column_table[i].width, s, what);
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    const struct model_distro *d = ui_figures(u, &m->distros[row]);
    char what[FORMAT_TEXT];
    int width, col;
    unsigned shown = lay_out(u, m, g->cols, &width);

    grid_put(g, at, 2, width, STYLE_PLAIN, d->name);
    col = 2 + width + 1;
    for (int i = COLUMN_STATE; i < COLUMNS; i++) {
        if (!(shown & 1u << i))
            continue;
        column_table[i].text(d, what);
        put_column(g, at, col, (enum column_id)i,
                   i == COLUMN_STATE && !selected ? state_style(d) : STYLE_PLAIN, what);
        col += column_table[i].width + 1;
    }
}

/* The column that the rows are sorted by has a mark, where it is not the one of the names going up. */
static void draw_head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    int width, col;
    unsigned shown = lay_out(u, m, g->cols, &width);

    for (int i = COLUMN_NAME, next = 2; i < COLUMNS; i++) {
        char title[16];
        bool sorted = u->look.sort == (enum column_id)i && (i != COLUMN_NAME || u->look.descending);

        if (i != COLUMN_NAME && !(shown & 1u << i))
            continue;
        col = next;
        snprintf(title, sizeof(title), "%s%s", column_table[i].title,
                 !sorted ? "" : u->look.descending ? "v" : "^");
        if (i == COLUMN_NAME)
            grid_put(g, at, col, width, STYLE_COLUMNS, title);
        else
            put_column(g, at, col, (enum column_id)i, STYLE_COLUMNS, title);
        next = col + (i == COLUMN_NAME ? width : column_table[i].width) + 1;
    }
}

/* What can be said of the selected distro when nobody has said anything else. */
static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    const struct model_distro *d = row < 0 ? NULL : &m->distros[row];
    const char *why = d ? machine_reason_text(d->reason) : "";
    char key[KEY_TEXT];

    if (d && d->silent) {
        *s = STYLE_BAD;
        keymap_fill(&u->keys, VIEW_DISTROS, "{force}", key, sizeof(key));
        snprintf(to, size, "%s runs, but lxtop-vmm does not answer; %s stops it by force.", d->name, key);
    } else if (*why) {
        *s = d->state == MACHINE_FAILED ? STYLE_BAD : STYLE_PLAIN;
        snprintf(to, size, "%s: %s%s%s", d->name, why, *d->detail ? ": " : "", d->detail);
    } else if (d && *d->note) {
        snprintf(to, size, "%s: %s", d->name, d->note);
    }
}

/* --- sorting, columns --- */

static struct ui_request say_sort(struct ui *u)
{
    ui_hint(u, "Sorted by %s, %s first.", column_name(u->look.sort),
            u->look.sort == COLUMN_NAME ? u->look.descending ? "z" : "a" : u->look.descending ? "highest" : "lowest");
    return ui_want(u, WANT_LOOK, NULL);
}

/* Figures are mostly wanted from the highest down. */
static struct ui_request sort_by(struct ui *u, int column)
{
    u->look.sort = (enum column_id)((column + COLUMNS) % COLUMNS);
    u->look.descending = u->look.sort > COLUMN_STATE;
    return say_sort(u);
}

/* A click on the title of the column that the rows are sorted by turns them round. */
static bool click(struct ui *u, const struct model *m, int row, int at, struct ui_request *r)
{
    int width, col;
    unsigned shown = lay_out(u, m, u->cols, &width);

    if (row != u->head_row)
        return false;
    col = 2;
    for (int i = COLUMN_NAME; i < COLUMNS; i++) {
        int wide = i == COLUMN_NAME ? width : column_table[i].width;

        if (!(shown & 1u << i) && i != COLUMN_NAME)
            continue;
        if (at >= col && at < col + wide && u->look.sort == (enum column_id)i) {
            u->look.descending = !u->look.descending;
            *r = say_sort(u);
        } else if (at >= col && at < col + wide) {
            *r = sort_by(u, i);
        }
        col += wide + 1;
    }
    ui_refresh(u, m);
    return true;
}

static struct ui_request answer_columns(struct ui *u, const struct model *m)
{
    unsigned columns = 1u << COLUMN_NAME;
    auto_free char *copy = strdup(u->prompt.line);
    char *rest = copy, *word, all[LOOK_TEXT];

    (void)m;
    look_names(COLUMNS_ALL, all);
    while (rest && (word = strsep(&rest, " ,"))) {
        int c = *word ? console_column(word) : COLUMN_NAME;

        if (c < 0) {
            ui_hint(u, "There is no column %.40s; there are %s.", word, all);
            return (struct ui_request){0}; /* while it can still be mended */
        }
        columns |= 1u << c;
    }
    u->look.columns = *u->prompt.line ? columns : COLUMNS_ALL;
    u->prompt = (struct prompt){0};
    return ui_want(u, WANT_LOOK, NULL);
}

static void ask_columns(struct ui *u)
{
    char now[LOOK_TEXT];

    look_names(u->look.columns, now);
    ui_ask(u, answer_columns, now, "Columns, empty for all: ");
}

static bool act(struct ui *u, const struct model *m, int a, struct ui_request *r)
{
    if (a == ACTION_SORT || a == ACTION_SORT_BACK)
        *r = sort_by(u, (int)u->look.sort + (a == ACTION_SORT ? 1 : -1));
    else if (a == ACTION_INVERT) {
        u->look.descending = !u->look.descending;
        *r = say_sort(u);
    } else if (a == ACTION_COLUMNS) {
        ask_columns(u);
    } else if (a == ACTION_TICK) {
        u->look.tick = !u->look.tick;
        ui_hint(u, u->look.tick ? "Figures of the selected row change as they come."
                                : "Figures of the selected row are held still.");
        *r = ui_want(u, WANT_LOOK, NULL);
    } else {
        return false;
    }
    ui_refresh(u, m);
    return true;
}

const struct view view_distros = {
    .name = "Distros", .keeps = KEEPS_NAME, .count = count, .text = text, .compare = compare, .row = draw_row,
    .head = draw_head, .remark = remark, .act = act, .click = click,
    .empty = "No distros yet: press {install} to install one.\n\n{help} shows the keys. `lxtop --text` is the same in plain lines,\n"
             "for screen readers.",
};

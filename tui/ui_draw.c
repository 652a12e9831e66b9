/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drawing side of ui.h: from the model and what is being looked at into a grid. */
#include "tui/ui.h"

#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"
#include "tui/format.h"

#define FOOT_MAX 6       /* rows of a long message */
#define ANSWER_ROOM 12   /* columns that the answer gets at least in the row of its question */

/* Which rows are for what; the smaller the screen, the fewer: the selected row goes last. */
struct layout {
    int host, headings, table; /* -1: left out */
    int page;                  /* rows of the table */
    int foot, foot_rows;       /* messages or the prompt */
    int keys;                  /* -1: left out */
};

static struct layout lay_out(int rows, int foot_wanted)
{
    struct layout l = {.host = rows >= 8 ? 1 : -1, .headings = rows >= 8 ? 2 : rows >= 6 ? 1 : -1};
    int room;

    l.table = rows >= 8 ? 3 : rows >= 6 ? 2 : rows >= 4 ? 1 : 0;
    l.keys = rows >= 3 ? rows - 1 : -1;
    room = rows - l.table - (l.keys >= 0);
    l.foot_rows = foot_wanted < 1 ? 1 : foot_wanted > FOOT_MAX ? FOOT_MAX : foot_wanted;
    if (l.foot_rows > room / 2)
        l.foot_rows = room / 2;
    l.page = room - l.foot_rows;
    l.foot = l.table + l.page;
    return l;
}

/* --- the table --- */

/* A column is left out when the screen is too narrow for it; the widest screens show all. */
struct column {
    const char *title;
    int width, min_screen;
    bool right;
    void (*text)(const struct model_distro *d, char *to);
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

static void text_boot(const struct model_distro *d, char *to)
{
    format_time(to, model_boot_us(d));
}

static void text_memory(const struct model_distro *d, char *to)
{
    format_size(to, d->resident);
}

static void text_limit(const struct model_distro *d, char *to)
{
    format_size(to, d->memory_size);
}

static void text_cpu(const struct model_distro *d, char *to)
{
    format_percent(to, d->cpu_percent);
}

static void text_read(const struct model_distro *d, char *to)
{
    format_rate(to, d->read_bps);
}

static void text_write(const struct model_distro *d, char *to)
{
    format_rate(to, d->write_bps);
}

static const struct column columns[] = {
    {"STATE", 11, 0, false, text_state}, {"BOOT", 7, 0, true, text_boot},
    {"MEM", 6, 0, true, text_memory},    {"LIMIT", 6, 70, true, text_limit},
    {"CPU", 5, 50, true, text_cpu},      {"READ/s", 7, 60, true, text_read},
    {"WRITE/s", 8, 60, true, text_write},
};

/* What the other columns leave, but no more than the longest name wants. */
static int name_width(const struct model *m, const struct grid *g)
{
    int rest = g->cols - 2, wanted = 30;

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        if (g->cols >= columns[i].min_screen)
            rest -= columns[i].width + 1;
    for (unsigned i = 0; i < m->count; i++)
        if (text_width(m->distros[i].name) > wanted)
            wanted = text_width(m->distros[i].name);
    return rest < 8 ? 8 : rest > wanted ? wanted : rest;
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

static void draw_distro(const struct model_distro *d, struct grid *g, int row, int width, bool selected)
{
    char text[FORMAT_TEXT];
    int col = 2 + width + 1;
    enum style s = selected ? STYLE_SELECTED : STYLE_PLAIN;

    grid_put(g, row, 0, 2, s, selected ? "> " : "  ");
    grid_put(g, row, 2, width, s, d->name);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        const struct column *c = &columns[i];

        if (g->cols < c->min_screen)
            continue;
        c->text(d, text);
        if (c->right)
            grid_put_right(g, row, col, c->width, s, text);
        else
            grid_put(g, row, col, c->width, selected ? s : state_style(d), text);
        col += c->width + 1;
    }
    if (selected) {
        grid_style(g, row, 0, g->cols, STYLE_SELECTED);
        grid_cursor(g, row, 2);
    }
}

static void draw_headings(struct grid *g, int row, int width)
{
    int col = 2 + width + 1;

    grid_fill(g, row, 0, g->cols, STYLE_COLUMNS, ' ');
    grid_put(g, row, 2, width, STYLE_COLUMNS, "NAME");
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        if (g->cols < columns[i].min_screen)
            continue;
        if (columns[i].right)
            grid_put_right(g, row, col, columns[i].width, STYLE_COLUMNS, columns[i].title);
        else
            grid_put(g, row, col, columns[i].width, STYLE_COLUMNS, columns[i].title);
        col += columns[i].width + 1;
    }
}

static void draw_title(const struct model *m, struct grid *g)
{
    char line[128];

    snprintf(line, sizeof(line), "lxtop  %u distro%s, %u running", m->count, m->count == 1 ? "" : "s",
             model_count_live(m));
    grid_fill(g, 0, 0, g->cols, STYLE_HEADER, ' ');
    grid_put(g, 0, 0, g->cols, STYLE_HEADER, line);
}

static void draw_host(const struct model_host *h, struct grid *g, int row)
{
    char line[256], free_text[FORMAT_TEXT], all[FORMAT_TEXT];

    snprintf(line, sizeof(line), "Host: %s, %d CPUs, %s of %s memory free",
             !h->kvm ? "no KVM, see `lxtop doctor`"
             : h->emulated ? "emulated CPU: times are not hardware times"
                           : "KVM",
             h->cpus, format_size(free_text, h->available), format_size(all, h->memory));
    grid_put(g, row, 0, g->cols, h->kvm ? STYLE_PLAIN : STYLE_BAD, line);
}

/* The selected row is in view, and no row is empty while others are out of view above. */
static void scroll(struct ui *u, const struct model *m, int page)
{
    int last = (int)m->count - page;

    u->page = page < 1 ? 1 : page;
    if (u->top > last)
        u->top = last;
    if (u->index >= u->top + u->page)
        u->top = u->index - u->page + 1;
    if (u->index < u->top)
        u->top = u->index;
    if (u->top < 0)
        u->top = 0;
}

static void draw_table(struct ui *u, const struct model *m, struct grid *g, const struct layout *l)
{
    static const char *const none[] = {"No distros yet: press i to install one.", "",
                                       "F1 shows the keys. `lxtop --text` is the same in plain lines,",
                                       "for screen readers."};
    int width = name_width(m, g);

    if (l->table > 0)
        draw_title(m, g);
    if (l->host >= 0)
        draw_host(&m->host, g, l->host);
    if (l->headings >= 0)
        draw_headings(g, l->headings, width);
    scroll(u, m, l->page);
    for (int i = 0; i < u->page && u->top + i < (int)m->count; i++)
        draw_distro(&m->distros[u->top + i], g, l->table + i, width, u->top + i == u->index);
    if (m->count)
        return;
    for (int i = 0, row = l->table; i < (int)ARRAY_SIZE(none) && row < l->foot; i++)
        row += grid_put_rows(g, row, 2, g->cols - 2, l->foot - row, STYLE_PLAIN, none[i]);
    grid_cursor(g, l->table, 2);
}

/* --- help: the action table --- */

static void action_keys(const struct action *a, char *keys)
{
    char name[KEY_TEXT];

    *keys = '\0';
    for (int k = 0; k < ACTION_KEYS && a->keys[k]; k++) {
        strcat(keys, k ? ", " : "");
        strcat(keys, key_text(a->keys[k], name));
    }
}

/* Draws from the action `first` on; returns whether the last one was reached. */
static bool draw_help_rows(struct grid *g, int first, int rows)
{
    int col = g->cols >= 60 ? 20 : 16, row = 1;

    for (int i = 0, n = 0; i < ACTIONS; i++) {
        char keys[ACTION_KEYS * (KEY_TEXT + 2)];

        if (!action_table[i].keys[0] || n++ < first)
            continue;
        if (row > rows || (row > 1 && row + text_rows(action_table[i].help, g->cols - col) > rows + 1))
            return false;
        action_keys(&action_table[i], keys);
        grid_fill(g, row, 0, g->cols, STYLE_PLAIN, ' ');
        grid_put(g, row, 1, col - 2, STYLE_KEY, keys);
        row += grid_put_rows(g, row, col, g->cols - col, rows - row + 1, STYLE_PLAIN, action_table[i].help);
    }
    return true;
}

static void draw_help(struct ui *u, struct grid *g)
{
    int rows = g->rows - 2, first = 0;
    bool all;

    if (rows < 1)
        rows = 1;
    u->help_page = rows > 2 ? rows / 2 : 1; /* entries may take two rows */
    while (first < u->help_top && !draw_help_rows(g, first, rows))
        first++;
    u->help_top = first; /* further down there is nothing more to see */
    grid_clear(g);
    grid_put(g, 0, 0, g->cols, STYLE_HEADER, "Keys");
    grid_style(g, 0, 0, g->cols, STYLE_HEADER);
    all = draw_help_rows(g, first, rows);
    if (g->rows > 2)
        grid_put(g, g->rows - 1, 0, g->cols, STYLE_LABEL,
                 all ? "Esc comes back" : "Esc comes back, Down and PgDn show more");
    grid_cursor(g, 1, 1);
}

/* --- messages --- */

struct said {
    enum style style;
    char text[NAME_MAX_LEN + MACHINE_TEXT * 2];
};

/* What can be said of the selected distro when nobody has said anything else. */
static void say_remark(const struct model_distro *d, struct said *s)
{
    const char *why = machine_reason_text(d->reason);

    if (d->silent) {
        s->style = STYLE_BAD;
        snprintf(s->text, sizeof(s->text), "%s runs, but lxtop-vmm does not answer; X stops it by force.",
                 d->name);
    } else if (*why) {
        s->style = d->state == MACHINE_FAILED ? STYLE_BAD : STYLE_PLAIN;
        snprintf(s->text, sizeof(s->text), "%s: %s%s%s", d->name, why, *d->detail ? ": " : "", d->detail);
    } else if (*d->note) {
        snprintf(s->text, sizeof(s->text), "%s: %s", d->name, d->note);
    }
}

/* The newest error that nobody has answered with a key, else the newest message. */
static const struct message *newest(const struct ui *u, const struct model *m)
{
    for (unsigned long i = m->said; i > u->seen; i--) {
        const struct message *said = model_message(m, i);

        if (!said)
            break;
        if (said->level == MESSAGE_ERROR)
            return said;
    }
    return m->said > u->seen ? model_message(m, m->said) : NULL;
}

static void say(const struct ui *u, const struct model *m, struct said *s)
{
    const struct message *said = newest(u, m);

    *s = (struct said){.style = STYLE_PLAIN};
    if (*u->hint) {
        s->style = STYLE_PROMPT;
        snprintf(s->text, sizeof(s->text), "%s", u->hint);
    } else if (said) {
        s->style = said->level == MESSAGE_ERROR ? STYLE_BAD : STYLE_PLAIN;
        snprintf(s->text, sizeof(s->text), "%s", said->text);
    } else if (m->count) {
        say_remark(&m->distros[u->index], s);
    }
}

/* --- the prompt --- */

static void question(const struct ui *u, char *text, size_t size)
{
    if (u->prompt == PROMPT_CONFIRM)
        snprintf(text, size, "Remove %s and everything in it? Type y or its name: ", u->distro);
    else
        snprintf(text, size, "%s", u->prompt == PROMPT_SOURCE ? "Install from (busybox, a tar, a folder): "
                                                              : "Name of the distro: ");
}

static bool answer_in_row(const struct grid *g, const char *text)
{
    return text_width(text) + ANSWER_ROOM <= g->cols;
}

static int prompt_rows(const struct ui *u, const struct grid *g)
{
    char text[128];

    question(u, text, sizeof(text));
    return (*u->hint ? text_rows(u->hint, g->cols) : 0) +
           (answer_in_row(g, text) ? 1 : text_rows(text, g->cols) + 1);
}

/* The end of the answer, which is what is being typed, and the cursor behind it. */
static void draw_answer(const struct ui *u, struct grid *g, int row, int col)
{
    int room = g->cols - col - 1;
    const char *shown = u->line;

    while (*shown && text_width(shown) > room)
        do
            shown++;
        while ((*shown & 0xc0) == 0x80);
    grid_cursor(g, row, col + grid_put(g, row, col, room, STYLE_PLAIN, shown));
}

static void draw_prompt(const struct ui *u, struct grid *g, const struct layout *l)
{
    char text[128];
    int row = l->foot, last = l->foot_rows ? l->foot + l->foot_rows - 1 : l->foot - 1, col = 0;

    question(u, text, sizeof(text));
    for (int i = row; i <= last; i++)
        grid_fill(g, i, 0, g->cols, STYLE_PLAIN, ' ');
    if (*u->hint && row < last)
        row += grid_put_rows(g, row, 0, g->cols, last - row, STYLE_BAD, u->hint);
    if (answer_in_row(g, text) || row >= last)
        col = grid_put(g, last, 0, g->cols > ANSWER_ROOM ? g->cols - ANSWER_ROOM : g->cols / 2,
                       STYLE_PROMPT, text);
    else
        grid_put_rows(g, row, 0, g->cols, last - row, STYLE_PROMPT, text);
    draw_answer(u, g, last, col);
}

/* The keys that work now, as many as fit. */
static void draw_keys(const struct ui *u, const struct model *m, struct grid *g, int row)
{
    const struct model_distro *d = m->count ? &m->distros[u->index] : NULL;
    char name[KEY_TEXT];
    int col = 0;

    if (u->prompt != PROMPT_NONE) {
        grid_put(g, row, 0, g->cols, STYLE_LABEL, "Enter goes on, Esc leaves all as it is");
        return;
    }
    for (int i = 0; i < ACTIONS; i++) {
        const struct action *a = &action_table[i];
        int need;

        if (!a->label || !action_works((enum action_id)i, d))
            continue;
        key_text(a->keys[0], name);
        need = text_width(name) + 1 + text_width(a->label) + 2;
        if (col + need - 2 > g->cols)
            continue;
        col += grid_put(g, row, col, g->cols, STYLE_KEY, name) + 1;
        col += grid_put(g, row, col, g->cols - col, STYLE_LABEL, a->label) + 2;
    }
}

static void draw_console(struct ui *u, const struct model *m, struct grid *g)
{
    struct layout l;
    struct said s;

    say(u, m, &s);
    l = lay_out(g->rows, u->prompt != PROMPT_NONE ? prompt_rows(u, g) : text_rows(s.text, g->cols));
    draw_table(u, m, g, &l);
    if (u->prompt != PROMPT_NONE)
        draw_prompt(u, g, &l);
    else if (*s.text && l.foot_rows)
        grid_put_rows(g, l.foot, 0, g->cols, l.foot_rows, s.style, s.text);
    if (l.keys >= 0)
        draw_keys(u, m, g, l.keys);
}

void ui_draw(struct ui *u, const struct model *m, struct grid *g)
{
    grid_clear(g);
    ui_selected(u, m);
    if (u->help)
        draw_help(u, g);
    else
        draw_console(u, m, g);
}

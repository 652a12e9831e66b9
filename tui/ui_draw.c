/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws the frame and the rows of what is being looked at into a grid. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/ui.h"
#include "tui/ui_head.h"
#include "tui/ui_keys.h"

#define FOOT_MAX 6       /* rows of a long message */
#define ANSWER_ROOM 12   /* columns that the answer gets at least in the row of its question */

/* Which rows are for what; the smaller the screen, the fewer: the selected row goes last. */
struct layout {
    int host, headings, table; /* -1: left out */
    int page;                  /* rows of the view */
    int foot, foot_rows;       /* messages or the prompt */
    int keys;                  /* -1: left out */
};

static struct layout lay_out_whole(int rows, bool said)
{
    struct layout l = {.host = rows >= 8 ? 1 : -1, .headings = -1, .keys = -1};

    l.table = rows >= 8 ? 2 : rows >= 4 ? 1 : 0;
    l.page = rows - l.table;
    l.foot = rows - 1;
    l.foot_rows = said;
    return l;
}

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

/* --- rows --- */

static void draw_row(struct ui *u, const struct model *m, struct grid *g, int at, int place)
{
    const struct view *v = ui_view(u);
    struct list *l = ui_list(u);
    bool selected = place == l->index, marked = false;
    unsigned row = l->shown[place];
    char name[LIST_NAME];

    if (v->build) {
        grid_put(g, at, 2, g->cols - 2, u->doc.line[row].style, doc_text(&u->doc, row));
    } else {
        v->row(u, m, row, g, at, selected);
        if (l->marks) {
            v->text(u, m, row, false, name, sizeof(name));
            marked = list_marked(l, name);
        }
    }
    grid_put(g, at, 0, 1, STYLE_PLAIN, selected ? ">" : " ");
    grid_put(g, at, 1, 1, STYLE_PLAIN, marked ? "+" : " ");
    if (marked && !selected)
        grid_style(g, at, 0, g->cols, STYLE_MARKED);
    if (selected) {
        grid_style(g, at, 0, g->cols, STYLE_SELECTED);
        grid_cursor(g, at, 2);
    }
}

static const char *empty_text(const struct ui *u)
{
    if (!*u->list[u->view].filter)
        return ui_view(u)->empty ? ui_view(u)->empty : "";
    return u->view == VIEW_DISTROS ? "No row holds that; {clear} shows all." : "No row holds that; {back} shows all.";
}

static void draw_empty(const struct ui *u, struct grid *g, struct area a)
{
    char filled[512];
    const char *text = filled;
    int row = a.row;

    keymap_fill(&u->keys, u->view, empty_text(u), filled, sizeof(filled));
    while (text && *text && row < a.row + a.rows) {
        const char *end = strchr(text, '\n');
        char line[256];

        snprintf(line, sizeof(line), "%.*s", end ? (int)(end - text) : (int)strlen(text), text);
        row += grid_put_rows(g, row, 2, g->cols - 2, a.row + a.rows - row, STYLE_PLAIN, line);
        text = end ? end + 1 : NULL;
    }
    grid_cursor(g, a.row, 2);
}

static void draw_rows(struct ui *u, const struct model *m, struct grid *g, struct area a)
{
    struct list *l = ui_list(u);

    list_scroll(l, a.rows);
    for (int i = 0; i < l->page && l->top + i < l->count; i++)
        draw_row(u, m, g, a.row + i, l->top + i);
    if (l->count == 0)
        draw_empty(u, g, a);
}

static void draw_view(struct ui *u, const struct model *m, struct grid *g, const struct layout *l)
{
    const struct view *v = ui_view(u);

    u->head_row = l->headings;
    u->first_row = l->table;
    if (l->headings >= 0) {
        grid_fill(g, l->headings, 0, g->cols, STYLE_COLUMNS, ' ');
        if (v->head)
            v->head(u, m, g, l->headings);
    }
    if (v->draw)
        v->draw(u, m, g, (struct area){l->table, l->page});
    else
        draw_rows(u, m, g, (struct area){l->table, l->page});
}

/* --- messages --- */

struct said {
    enum style style;
    char text[NAME_MAX_LEN + MACHINE_TEXT * 2];
};

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

static void say(struct ui *u, const struct model *m, struct said *s)
{
    const struct message *said = newest(u, m);

    *s = (struct said){.style = STYLE_PLAIN};
    if (*u->hint) {
        s->style = STYLE_PROMPT;
        snprintf(s->text, sizeof(s->text), "%s", u->hint);
    } else if (said) {
        s->style = said->level == MESSAGE_ERROR ? STYLE_BAD : STYLE_PLAIN;
        snprintf(s->text, sizeof(s->text), "%s", said->text);
    } else if (ui_view(u)->remark) {
        ui_view(u)->remark(u, m, list_row(ui_list(u)), &s->style, s->text, sizeof(s->text));
    }
}

static void draw_said(struct grid *g, const struct layout *l, const struct said *s)
{
    for (int i = 0; i < l->foot_rows; i++)
        grid_fill(g, l->foot + i, 0, g->cols, STYLE_PLAIN, ' ');
    if (*s->text && l->foot_rows)
        grid_put_rows(g, l->foot, 0, g->cols, l->foot_rows, s->style, s->text);
}

/* --- the prompt --- */

static bool answer_in_row(const struct grid *g, const char *text)
{
    return text_width(text) + ANSWER_ROOM <= g->cols;
}

static int prompt_rows(const struct ui *u, const struct grid *g)
{
    const char *text = u->prompt.question;

    return (*u->hint ? text_rows(u->hint, g->cols) : 0) +
           (answer_in_row(g, text) ? 1 : text_rows(text, g->cols) + 1);
}

/* The end of the answer, which is what is being typed, and the cursor behind it. */
static void draw_answer(const struct ui *u, struct grid *g, int row, int col)
{
    int room = g->cols - col - 1;
    const char *shown = u->prompt.line;

    while (*shown && text_width(shown) > room)
        do
            shown++;
        while ((*shown & 0xc0) == 0x80);
    col += grid_put(g, row, col, room, STYLE_PLAIN, shown);
    if (!u->prompt.moving)
        grid_cursor(g, row, col);
}

static void draw_prompt(const struct ui *u, struct grid *g, const struct layout *l)
{
    const char *text = u->prompt.question;
    int row = l->foot, last = l->foot_rows ? l->foot + l->foot_rows - 1 : l->foot - 1, col = 0;

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

/* What is selected does not tick, unless that is wanted: it would be read out again and again. */
static void hold_selected(struct ui *u, const struct model *m)
{
    int row = list_row(&u->list[VIEW_DISTROS]);
    const struct model_distro *d = row < 0 ? NULL : &m->distros[row];

    if (u->frozen)
        return;
    if (!d || u->look.tick) {
        u->held_count = 0;
        return;
    }
    if (u->held_count == 1 && ui_figures(u, d) != d)
        return;
    if (!u->held)
        u->held = malloc(sizeof(*u->held));
    u->held_count = !!u->held;
    if (u->held) {
        *u->held = *d;
        u->held->history = NULL; /* which is the model's, and may go */
    }
}

void ui_draw(struct ui *u, const struct model *m, struct grid *g)
{
    struct layout l;
    struct said s;

    grid_clear(g);
    u->cols = g->cols;
    hold_selected(u, m);
    ui_refresh(u, m);
    say(u, m, &s);
    l = ui_view(u)->whole ? lay_out_whole(g->rows, *s.text)
                          : lay_out(g->rows, u->prompt.answer ? prompt_rows(u, g) : text_rows(s.text, g->cols));
    if (l.table > 0)
        draw_title(u, m, g);
    if (l.host >= 0)
        draw_host(u, m, g, l.host);
    draw_view(u, m, g, &l);
    if (u->prompt.answer)
        draw_prompt(u, g, &l);
    else
        draw_said(g, &l, &s);
    u->keys_row = l.keys;
    if (l.keys >= 0)
        draw_keys(u, m, g, l.keys);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened, the newest last: the messages that the bottom line showed. */
#include <stdio.h>

#include "tui/ui.h"

static unsigned count(const struct ui *u, const struct model *m)
{
    (void)u;
    return m->said < MODEL_MESSAGES ? (unsigned)m->said : MODEL_MESSAGES;
}

static const struct message *message_at(const struct model *m, unsigned row)
{
    unsigned long first = m->said < MODEL_MESSAGES ? 1 : m->said - MODEL_MESSAGES + 1;

    return model_message(m, first + row);
}

static void text(const struct ui *u, const struct model *m, unsigned row, bool whole, char *to, size_t size)
{
    (void)u;
    (void)whole;
    snprintf(to, size, "%s", message_at(m, row)->text);
}

static void draw_row(const struct ui *u, const struct model *m, unsigned row, struct grid *g, int at, bool selected)
{
    const struct message *s = message_at(m, row);
    bool error = s->level == MESSAGE_ERROR;
    char when[16];
    struct tm t;

    (void)u;
    localtime_r(&s->when, &t);
    snprintf(when, sizeof(when), "%02d:%02d:%02d", t.tm_hour, t.tm_min, t.tm_sec);
    grid_put(g, at, 2, 9, STYLE_DIM, when);
    if (error)
        grid_put(g, at, 11, 6, selected ? STYLE_PLAIN : STYLE_BAD, "error");
    grid_put(g, at, error ? 17 : 11, g->cols - (error ? 17 : 11), STYLE_PLAIN, s->text);
}

static void head(const struct ui *u, const struct model *m, struct grid *g, int at)
{
    (void)u;
    (void)m;
    grid_put(g, at, 2, g->cols - 2, STYLE_COLUMNS, "TIME     WHAT HAPPENED");
}

/* The selected one in full, where its row is too narrow. */
static void remark(const struct ui *u, const struct model *m, int row, enum style *s, char *to, size_t size)
{
    (void)u;
    (void)s;
    if (row >= 0 && text_width(message_at(m, (unsigned)row)->text) > u->cols - 17)
        snprintf(to, size, "%s", message_at(m, (unsigned)row)->text);
}

static void open_events(struct ui *u, const struct model *m)
{
    ui_list(u)->index = (int)count(u, m); /* the newest */
}

const struct view view_events = {
    .name = "Events", .keeps = KEEPS_END, .open = open_events, .count = count, .text = text, .row = draw_row,
    .head = head, .remark = remark, .empty = "Nothing has happened yet.",
};

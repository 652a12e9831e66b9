/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/ui.h"

#define ROW_TEXT 1024

static void row_text(const struct view *v, const struct ui *u, const struct model *m, unsigned row, bool whole, char *to,
                     size_t size)
{
    if (v->build)
        snprintf(to, size, "%s", doc_text(&u->doc, row));
    else
        v->text(u, m, row, whole, to, size);
}

void list_release(struct list *l)
{
    free(l->shown);
    list_unmark_all(l);
    *l = (struct list){0};
}

bool text_holds(const char *text, const char *wanted)
{
    return !*wanted || strcasestr(text, wanted);
}

/* --- which rows, in which order --- */

struct order {
    const struct view *view;
    const struct ui *ui;
    const struct model *model;
};

static int by_view(const void *a, const void *b, void *ctx)
{
    const struct order *o = ctx;
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    int c = o->view->compare(o->ui, o->model, x, y);

    return c ? c : (x > y) - (x < y);
}

/* Most are in order already, with every key and every drawing. */
static void sort(struct list *l, struct order *o)
{
    int i = 1;

    while (i < l->count && by_view(&l->shown[i - 1], &l->shown[i], o) < 0)
        i++;
    if (i < l->count)
        qsort_r(l->shown, (size_t)l->count, sizeof(*l->shown), by_view, o);
}

static void find_name(struct list *l, const struct view *v, const struct ui *u, const struct model *m,
                      const char *name, bool *found)
{
    char text[LIST_NAME];

    *found = false;
    for (int i = 0; i < l->count && *name && !*found; i++) {
        int place = (l->index + i) % l->count; /* it is mostly where it was */

        row_text(v, u, m, l->shown[place], false, text, sizeof(text));
        *found = strcmp(text, name) == 0;
        if (*found)
            l->index = place;
    }
}

static void find_selection(struct list *l, const struct view *v, const struct ui *u, const struct model *m,
                           bool at_end)
{
    bool found = false;

    if (v->keeps == KEEPS_END && at_end)
        l->index = l->count - 1;
    if (l->index >= l->count)
        l->index = l->count - 1;
    if (l->index < 0)
        l->index = 0;
    if (v->keeps == KEEPS_NAME && *l->awaited) {
        find_name(l, v, u, m, l->awaited, &found);
        if (found)
            l->awaited[0] = '\0';
    }
    if (v->keeps == KEEPS_NAME && !found)
        find_name(l, v, u, m, l->name, &found);
    if (!found)
        list_select(l, v, u, m, l->index);
    else
        row_text(v, u, m, l->shown[l->index], false, l->name, sizeof(l->name));
}

void list_refresh(struct list *l, const struct view *v, struct ui *u, const struct model *m)
{
    unsigned rows = v->build ? u->doc.count : v->count ? v->count(u, m) : 0;
    unsigned *shown = rows ? realloc(l->shown, rows * sizeof(*shown)) : l->shown;
    struct order o = {v, u, m};
    bool at_end = l->index >= l->count - 1;

    if (rows && !shown)
        return;
    l->shown = shown;
    l->count = 0;
    for (unsigned i = 0; i < rows; i++) {
        char text[ROW_TEXT];

        if (*l->filter)
            row_text(v, u, m, i, true, text, sizeof(text));
        if (!*l->filter || text_holds(text, l->filter))
            l->shown[l->count++] = i;
    }
    if (v->compare)
        sort(l, &o);
    find_selection(l, v, u, m, at_end);
}

/* --- the selection --- */

int list_row(const struct list *l)
{
    return l->index < l->count ? (int)l->shown[l->index] : -1;
}

void list_select(struct list *l, const struct view *v, const struct ui *u, const struct model *m, int place)
{
    l->index = place >= l->count ? l->count - 1 : place;
    if (l->index < 0)
        l->index = 0;
    l->name[0] = '\0';
    if (l->count)
        row_text(v, u, m, l->shown[l->index], false, l->name, sizeof(l->name));
}

void list_scroll(struct list *l, int page)
{
    int last = l->count - page;

    l->page = page < 1 ? 1 : page;
    if (l->top > last)
        l->top = last;
    if (l->index >= l->top + l->page)
        l->top = l->index - l->page + 1;
    if (l->index < l->top)
        l->top = l->index;
    if (l->top < 0)
        l->top = 0;
}

bool list_search(struct list *l, const struct view *v, const struct ui *u, const struct model *m,
                 const char *wanted, int from, int step)
{
    char text[ROW_TEXT];

    for (int i = 0; i < l->count; i++) {
        int place = ((from + i * step) % l->count + l->count) % l->count;

        row_text(v, u, m, l->shown[place], true, text, sizeof(text));
        if (!text_holds(text, wanted))
            continue;
        list_select(l, v, u, m, place);
        return true;
    }
    return false;
}

/* --- marks --- */

static int mark_place(const struct list *l, const char *name)
{
    for (unsigned i = 0; i < l->marks; i++)
        if (strcmp(l->mark[i], name) == 0)
            return (int)i;
    return -1;
}

bool list_marked(const struct list *l, const char *name)
{
    return mark_place(l, name) >= 0;
}

void list_mark(struct list *l, const char *name, bool on)
{
    int at = mark_place(l, name);
    char **more;

    if (on == (at >= 0))
        return;
    if (!on) {
        free(l->mark[at]);
        l->mark[at] = l->mark[--l->marks];
        return;
    }
    more = realloc(l->mark, (l->marks + 1) * sizeof(*more));
    if (!more)
        return;
    l->mark = more;
    if ((more[l->marks] = strdup(name)))
        l->marks++;
}

void list_unmark_all(struct list *l)
{
    for (unsigned i = 0; i < l->marks; i++)
        free(l->mark[i]);
    free(l->mark);
    l->mark = NULL;
    l->marks = 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keep.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "tui/look.h"

#define PAUSE_MS 300 /* one who looks for the right order presses several keys */

static const enum console_option kept[] = {CONSOLE_COLUMNS, CONSOLE_SORT, CONSOLE_TICK};

struct keep {
    struct core *core;
    uv_timer_t timer;
    uv_work_t work;
    bool waiting, busy, leaving;
    /* Of the worker while it is busy: */
    char *folder;
    bool changed[ARRAY_SIZE(kept)];
    char text[ARRAY_SIZE(kept)][LOOK_TEXT];
    struct err error;
};

static void write_all(struct keep *k)
{
    k->error = (struct err){0};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (k->changed[i])
            console_write(k->folder, "console", console_table[kept[i]].name, k->text[i], &k->error);
}

/* The settings as they are now, for the worker, which must not look at those that change meanwhile. */
static void collect(struct keep *k)
{
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        auto_free char *now = option_value_format(&console_table[kept[i]], &k->core->console.value[kept[i]]);

        k->changed[i] = now && strcmp(now, k->text[i]) != 0;
        snprintf(k->text[i], sizeof(k->text[i]), "%s", now ? now : "");
    }
    k->waiting = false;
}

static void tell(struct keep *k)
{
    if (*k->error.msg)
        model_say(&k->core->model, MESSAGE_ERROR, "what you changed is not kept: %s", k->error.msg);
}

static void on_timer(uv_timer_t *t);

static void on_work(uv_work_t *w)
{
    write_all(w->data);
}

static void on_written(uv_work_t *w, int status)
{
    struct keep *k = w->data;

    (void)status;
    k->busy = false;
    tell(k);
    if (k->waiting && !k->leaving)
        uv_timer_start(&k->timer, on_timer, PAUSE_MS, 0);
}

static void on_timer(uv_timer_t *t)
{
    struct keep *k = t->data;

    if (k->busy)
        return; /* then again */
    collect(k);
    k->busy = uv_queue_work(k->core->loop, &k->work, on_work, on_written) == 0;
}

struct keep *keep_new(struct core *c)
{
    struct keep *k = calloc(1, sizeof(*k));

    if (!k || !(k->folder = strdup(c->paths.config))) {
        free(k);
        return NULL;
    }
    k->core = c;
    uv_timer_init(c->loop, &k->timer);
    k->timer.data = k->work.data = k;
    collect(k); /* as read: nothing to write */
    return k;
}

void keep_look(struct keep *k, const struct look *l)
{
    char text[ARRAY_SIZE(kept)][LOOK_TEXT];

    if (!k)
        return;
    look_columns(l, text[0]);
    look_sort(l, text[1]);
    strcpy(text[2], l->tick ? "true" : "false");
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        console_set(&k->core->console, kept[i], text[i], NULL);
    k->waiting = true;
    uv_timer_start(&k->timer, on_timer, PAUSE_MS, 0);
}

static void on_closed(uv_handle_t *h)
{
    struct keep *k = h->data;

    free(k->folder);
    free(k);
}

void keep_free(struct keep *k)
{
    if (!k)
        return;
    k->leaving = true;
    while (k->busy)
        uv_run(k->core->loop, UV_RUN_ONCE);
    if (k->waiting) {
        collect(k);
        write_all(k);
        tell(k);
    }
    uv_close((uv_handle_t *)&k->timer, on_closed);
}

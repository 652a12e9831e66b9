/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/keep.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "tui/look.h"

#define PAUSE_MS 300 /* one who looks for the right order presses several keys */

struct keep {
    struct core *core;
    uv_timer_t timer;
    uv_work_t work;
    bool waiting, busy, leaving;
    char *new_keys[ACTIONS]; /* of actions, to be written next; owned */
    /* Of the worker while it is busy: */
    char *folder;
    bool changed[CONSOLE_OPTIONS];
    char text[CONSOLE_OPTIONS][LOOK_TEXT];
    char *keys[ACTIONS]; /* to write */
    struct err error;
};

static void write_all(struct keep *k)
{
    k->error = (struct err){0};
    for (int i = 0; i < CONSOLE_OPTIONS; i++)
        if (k->changed[i])
            console_write(k->folder, "console", console_table[i].name, k->text[i], &k->error);
    for (int a = 0; a < ACTIONS; a++) {
        if (k->keys[a])
            console_write(k->folder, "keys", action_table[a].name, k->keys[a], &k->error);
        free(k->keys[a]);
        k->keys[a] = NULL;
    }
}

/* The settings as they are now, for the worker, which must not look at those that change meanwhile. */
static void collect(struct keep *k)
{
    for (int i = 0; i < CONSOLE_OPTIONS; i++) {
        auto_free char *now = option_value_format(&console_table[i], &k->core->console.value[i]);

        k->changed[i] = now && strcmp(now, k->text[i]) != 0;
        snprintf(k->text[i], sizeof(k->text[i]), "%s", now ? now : "");
    }
    for (int a = 0; a < ACTIONS; a++)
        k->keys[a] = steal_ptr(&k->new_keys[a]);
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

static void wait(struct keep *k)
{
    k->waiting = true;
    uv_timer_start(&k->timer, on_timer, PAUSE_MS, 0);
}

void keep_set(struct keep *k, enum console_option id, const char *text)
{
    if (!k)
        return;
    console_set(&k->core->console, id, text, NULL);
    wait(k);
}

void keep_look(struct keep *k, const struct look *l)
{
    char text[LOOK_TEXT];

    look_columns(l, text);
    keep_set(k, CONSOLE_COLUMNS, text);
    look_sort(l, text);
    keep_set(k, CONSOLE_SORT, text);
    keep_set(k, CONSOLE_TICK, l->tick ? "true" : "false");
}

void keep_key(struct keep *k, enum action_id a, const char *text)
{
    if (!k)
        return;
    free(k->new_keys[a]);
    k->new_keys[a] = strdup(text);
    wait(k);
}

bool keep_pending(const struct keep *k)
{
    return k && (k->waiting || k->busy);
}

void keep_settle(struct keep *k)
{
    if (k)
        collect(k);
}

static void on_closed(uv_handle_t *h)
{
    struct keep *k = h->data;

    for (int a = 0; a < ACTIONS; a++)
        free(k->new_keys[a]);
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

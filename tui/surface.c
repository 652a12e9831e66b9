/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/surface.h"

#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/line.h"
#include "core/op.h"
#include "core/snapshots.h"
#include "core/store.h"
#include "tui/app.h"
#include "tui/text.h"
#include "tui/text_why.h"
#include "tui/verb.h"

#define LATE_MS 2000

/* What is wrong in lxtop.conf: it goes on without those rows. */
static void tell_warnings(const struct core *c)
{
    for (unsigned long serial = 1; serial <= c->model.said; serial++) {
        const struct message *s = model_message(&c->model, serial);

        if (s && s->level == MESSAGE_ERROR)
            line_say(stderr, "lxtop: %s", s->text);
    }
}

static int run_verb(struct core *c, bool text, int argc, char **argv)
{
    const struct verb_voice voice = {.notes = stderr, .error = "lxtop: "};
    struct op_args a;
    struct err e = {0};

    if (op_parse(argc, argv, &a, &e) < 0) {
        line_say(stderr, "lxtop: %s", e.msg);
        return STATUS_USAGE;
    }
    if (text_wished(text, console_number(&c->console, CONSOLE_TEXT)))
        a.flags |= FLAG_WORDS;
    if (!op_table[a.op].hidden) /* whose parent has told them */
        tell_warnings(c);
    return verb_run(c, &a, &voice);
}

int surface_words(struct core *c, int argc, char **argv)
{
    bool text = argc > 0 && strcmp(argv[0], "--text") == 0;

    argc -= text;
    argv += text;
    return argc > 0 ? run_verb(c, text, argc, argv) : surface_run(c, text);
}

int surface_run(struct core *c, bool text)
{
    struct text_facts facts;
    char why[TEXT_WHY];

    store_sweep(&c->paths);
    snapshots_sweep(&c->paths);
    trash_expire(c);
    text_facts_gather(&facts, text, console_number(&c->console, CONSOLE_TEXT));
    return text_why(&facts, why) ? text_run(c, why) : app_run(c);
}

static void on_late(uv_timer_t *t)
{
    (void)t;
    line_say(stderr, "lxtop: waiting for the disk, which has still to take what was begun; Ctrl-C leaves at once");
}

void surface_end(struct core *c)
{
    uv_loop_t *loop = c->loop;
    uv_timer_t late;

    uv_timer_init(loop, &late);
    uv_update_time(loop); /* it may have stood still for long, as in a shell */
    uv_timer_start(&late, on_late, LATE_MS, 0);
    uv_unref((uv_handle_t *)&late);
    core_release(c);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&late, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
}

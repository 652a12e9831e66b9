/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/verb.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/install.h"
#include "core/plain.h"
#include "core/task.h"
#include "core/watch.h"
#include "tui/attach.h"

#define MILESTONE 25 /* per cent between two words of progress */

struct run {
    struct core *core;
    struct op_job *job;
    FILE *notes;
    uv_signal_t interrupt;
    int status, milestone;
    bool over;
};

static void on_print(void *ctx, const char *text)
{
    (void)ctx;
    fputs(text, stdout);
    fflush(stdout);
}

static void on_note(void *ctx, const char *text)
{
    struct run *r = ctx;
    auto_free char *plain = plain_dup(text, false);

    fprintf(r->notes, "%s\n", plain ? plain : "");
    fflush(r->notes);
}

/* Sparse: a line for each quarter, nothing that moves a cursor. */
static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct run *r = ctx;
    int percent = total ? (int)(done * 100 / total) : 0;

    if (percent < r->milestone + MILESTONE || percent > 100)
        return;
    r->milestone = percent / MILESTONE * MILESTONE;
    fprintf(r->notes, "%d percent, %llu MB read\n", r->milestone, (unsigned long long)done >> 20);
    fflush(r->notes);
}

static void on_finished(void *ctx, enum op_status status, const struct err *e)
{
    struct run *r = ctx;

    r->status = status;
    r->over = true;
    r->job = NULL;
    if (e->code)
        on_note(r, e->msg);
    uv_stop(r->core->loop);
}

static void on_interrupt(uv_signal_t *s, int number)
{
    struct run *r = s->data;

    (void)number;
    if (r->job)
        op_cancel(r->job);
}

static int run_job(struct core *c, const struct op_args *a, FILE *notes)
{
    static const struct op_events ev = {on_print, on_note, on_progress, on_finished};
    struct run r = {.core = c, .notes = notes};
    struct err e = {0};

    if (!c->watch && !watch_start(c, op_watches(a), &e)) {
        fprintf(notes, "%s\n", e.msg);
        return STATUS_FAILED;
    }
    r.job = op_start(c, a, &ev, &r);
    if (!r.job)
        return STATUS_FAILED;
    uv_signal_init(c->loop, &r.interrupt);
    r.interrupt.data = &r;
    uv_signal_start(&r.interrupt, on_interrupt, SIGINT);
    while (!r.over)
        uv_run(c->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&r.interrupt, NULL);
    uv_run(c->loop, UV_RUN_NOWAIT); /* the handle is on this stack */
    return r.status;
}

static int run_console(struct core *c, const struct op_args *a, FILE *notes)
{
    const struct model_distro *d;
    struct err e = {0};
    int r;

    if (!c->watch && !watch_start(c, a->distro, &e))
        return STATUS_FAILED;
    d = model_find(&c->model, a->distro);
    if (!d) {
        fprintf(notes, "there is no distro named '%.80s'; `lxtop list` shows them\n", a->distro);
        return STATUS_NO_DISTRO;
    }
    if (!op_legal(OP_CONSOLE, d->state)) {
        op_refuse(OP_CONSOLE, d, &e);
        fprintf(notes, "%s\n", e.msg);
        return STATUS_WRONG_STATE;
    }
    r = attach_run(c, a->distro, &e);
    if (r < 0)
        fprintf(notes, "%s\n", e.msg);
    return r < 0 ? STATUS_FAILED : STATUS_DONE;
}

/* The child of an install: install.h in a process of its own. */
static int run_task_install(struct core *c, const struct op_args *a, FILE *notes)
{
    struct timespec told = {0};
    struct options o;
    struct install_request r = {.source = a->source, .name = a->distro, .options = &o,
                                .progress = task_child_progress, .ctx = &told};
    struct err e = {0};

    (void)notes;
    task_child_init();
    options_copy(&o, &c->defaults, &e);
    for (int i = 0; i < OPTIONS && !e.code; i++)
        if (a->setting[i])
            options_set(&o, option_table[i].name, a->setting[i], ORIGIN_DISTRO, &e);
    if (!e.code)
        install_run(&c->paths, &r, &e);
    options_release(&o);
    return task_child_result(&e);
}

static int run_help(struct core *c, const struct op_args *a, FILE *notes)
{
    int op = a->distro ? op_find(a->distro) : -1;

    (void)c;
    if (a->distro && op < 0) {
        fprintf(notes, "there is no verb '%.80s'; `lxtop help` lists them\n", a->distro);
        return STATUS_USAGE;
    }
    if (op < 0)
        op_help(stdout);
    else
        op_help_one(stdout, (enum op_id)op);
    return STATUS_DONE;
}

static int run_version(struct core *c, const struct op_args *a, FILE *notes)
{
    (void)c;
    (void)a;
    (void)notes;
    puts("lxtop " LXTOP_VERSION);
    return STATUS_DONE;
}

/* Asked for by name: a removal cannot be taken back. */
static int run_remove(struct core *c, const struct op_args *a, FILE *notes)
{
    char line[NAME_MAX_LEN + 3] = "";

    if (!(a->flags & FLAG_YES)) {
        fprintf(notes, "This removes %.80s and everything in it. Type its name to go on: ", a->distro);
        fflush(notes);
        if (!fgets(line, sizeof(line), stdin))
            line[0] = '\0';
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, a->distro) != 0) {
            fprintf(notes, "Nothing was removed.\n");
            return STATUS_CANCELLED;
        }
    }
    return run_job(c, a, notes);
}

static int (*const special[OPS])(struct core *c, const struct op_args *a, FILE *notes) = {
    [OP_CONSOLE] = run_console,   [OP_TASK_INSTALL] = run_task_install, [OP_HELP] = run_help,
    [OP_VERSION] = run_version,   [OP_REMOVE] = run_remove,
};

int verb_run(struct core *c, const struct op_args *a, FILE *notes)
{
    return special[a->op] ? special[a->op](c, a, notes) : run_job(c, a, notes);
}

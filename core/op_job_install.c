/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installing a distro. */
#include "core/op_work.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/core.h"
#include "core/store.h"
#include "core/task.h"
#include "core/watch.h"

/* --- install --- */

static void on_task_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct op_job *j = ctx;

    if (j->core->watch)
        watch_task(j->core->watch, j->distro, true, done, total);
    job_progress(j, done, total);
}

static int run_login(struct job_work *w, struct err *e)
{
    (void)e;
    if (job_work_read(w, NULL))
        job_work_login(w);
    return 0;
}

static void installed(struct op_job *j, struct job_work *w)
{
    if (w->note)
        job_note(j, "%s", w->note);
    job_finish(j, STATUS_DONE, NULL);
}

static void on_task_finished(void *ctx, const struct err *e)
{
    struct op_job *j = ctx;

    if (j->core->watch)
        watch_task(j->core->watch, j->distro, false, 0, 0);
    if (e->code == 0)
        job_work_start(j, run_login, installed);
    else
        job_finish(j, e->code == ECANCELED ? STATUS_CANCELLED : STATUS_FAILED, e);
}

/* The same words a person would type, for the child. */
static struct task *start_install(struct op_job *j, struct err *e)
{
    static const struct task_events ev = {on_task_progress, on_task_finished};
    auto_free char *self = program_self();
    char *names[OPTIONS] = {0};
    const char *argv[5 + 2 * OPTIONS] = {op_table[OP_TASK_INSTALL].verb};
    struct task *t = NULL;
    unsigned n = 1;

    for (int i = 0; i < OPTIONS; i++)
        if (j->setting[i] && (names[i] = file_path("--%s", option_table[i].name))) {
            argv[n++] = names[i];
            argv[n++] = j->setting[i];
        }
    argv[n++] = "--";
    argv[n++] = j->source;
    argv[n++] = j->distro;
    if (self)
        t = task_start(j->core->loop, self, argv, &ev, j, e);
    else
        err_sys(e, ENOENT, "find lxtop itself");
    for (int i = 0; i < OPTIONS; i++)
        free(names[i]);
    return t;
}

/* Settings are judged here, where the error still has the person's ear. */
static int check_install(struct op_job *j, struct err *e)
{
    struct options o;
    int r = options_copy(&o, &j->core->defaults, e);

    for (int i = 0; i < OPTIONS && r == 0; i++)
        if (j->setting[i])
            r = options_set(&o, option_table[i].name, j->setting[i], ORIGIN_COMMAND, e);
    options_release(&o);
    if (r == 0 && !j->distro[0]) {
        auto_free char *name = store_suggest_name(&j->core->paths, j->source);

        snprintf(j->distro, sizeof(j->distro), "%s", name ? name : "distro");
    }
    return r == 0 ? distro_name_check(j->distro, e) : r;
}

void job_run_install(struct op_job *j)
{
    struct err e = {0};

    if (j->begun)
        return;
    if (check_install(j, &e) < 0) {
        job_finish(j, STATUS_USAGE, &e);
        return;
    }
    job_note(j, "installing from %s", j->source);
    j->task = start_install(j, &e);
    if (!j->task)
        job_finish(j, STATUS_FAILED, &e);
    else if (j->core->watch)
        watch_task(j->core->watch, j->distro, true, 0, 0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/op_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"

static void free_work(struct job_work *w)
{
    for (size_t i = 0; i < ARRAY_SIZE(w->word); i++)
        free(w->word[i]);
    free(w->as);
    free(w->note);
    paths_release(&w->paths);
    options_release(&w->defaults);
    free(w);
}

static bool copy_text(char **to, const char *text)
{
    *to = text ? strdup(text) : NULL;
    return *to || !text;
}

static bool copy_job(struct job_work *w, const struct op_job *j)
{
    bool ok = paths_copy(&w->paths, &j->core->paths) && options_copy(&w->defaults, &j->core->defaults, NULL) == 0 &&
              copy_text(&w->as, j->as);

    memcpy(w->distro, j->distro, sizeof(w->distro));
    for (unsigned i = 0; i < j->words && i < ARRAY_SIZE(w->word); i++)
        ok = ok && copy_text(&w->word[i], j->word[i]);
    return ok;
}

static void on_thread(uv_work_t *work)
{
    struct job_work *w = work->data;

    if (w->run(w, &w->err) >= 0)
        w->err = (struct err){0}; /* of something that was tried first */
}

static void on_done(uv_work_t *work, int status)
{
    struct job_work *w = work->data;

    (void)status;
    if (w->job) {
        w->job->work = NULL;
        w->done(w->job, w);
    }
    free_work(w);
}

void job_work_start(struct op_job *j, int (*run)(struct job_work *w, struct err *e),
                    void (*done)(struct op_job *j, struct job_work *w))
{
    struct job_work *w = calloc(1, sizeof(*w));
    struct err e;

    if (w && copy_job(w, j)) {
        w->run = run;
        w->done = done;
        w->work.data = w;
        if (uv_queue_work(j->core->loop, &w->work, on_thread, on_done) == 0) {
            w->job = j;
            j->work = w;
            return;
        }
    }
    if (w)
        free_work(w);
    err_sys(&e, ENOMEM, "%s", op_table[j->op].verb);
    job_finish(j, STATUS_FAILED, &e);
}

void job_work_detach(struct job_work *w)
{
    if (w)
        w->job = NULL;
}

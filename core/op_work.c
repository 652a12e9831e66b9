/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/op_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/login.h"
#include "core/suspended.h"
#include "core/watch.h"

/* --- life --- */

void job_work_drop_live(struct job_work *w)
{
    if (w->live)
        snapshots_abort(w->live);
    free(w->live);
    w->live = NULL;
}

static void free_work(struct job_work *w)
{
    if (!w)
        return;
    job_work_drop_live(w);
    for (size_t i = 0; i < ARRAY_SIZE(w->word); i++)
        free(w->word[i]);
    free(w->as);
    free(w->text);
    free(w->note);
    free(w->output);
    if (w->read)
        distro_release(&w->settings);
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
    bool ok = copy_text(&w->as, j->as) && copy_text(&w->text, j->note);

    w->flags = j->flags;
    memcpy(w->distro, j->distro, sizeof(w->distro));
    for (unsigned i = 0; i < j->words && i < ARRAY_SIZE(w->word); i++)
        ok = ok && copy_text(&w->word[i], j->word[i]);
    return ok;
}

static void count_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct job_work *w = ctx;

    w->bytes_done = done;
    w->bytes_total = total;
}

static void add_line(void *ctx, const char *text)
{
    job_work_line(ctx, text);
}

/* --- the thread, and back --- */

static void on_thread(uv_work_t *work)
{
    struct job_work *w = work->data;

    if (w->run(w, &w->err) >= 0)
        w->err = (struct err){0}; /* of something that was tried first */
}

static void on_looked(void *ctx)
{
    struct job_work *w = ctx;

    if (w->job) {
        w->job->work = NULL;
        w->done(w->job, w);
    }
    free_work(w);
}

static void on_done(uv_work_t *work, int status)
{
    struct job_work *w = work->data;

    (void)status;
    if (w->job && w->core->watch)
        watch_look_then(w->core->watch, on_looked, w);
    else
        on_looked(w);
}

/* NULL: for lack of memory. */
static struct job_work *start(struct core *c, const struct op_job *j, struct snapshot_new *live,
                              int (*run)(struct job_work *w, struct err *e))
{
    struct job_work *w = calloc(1, sizeof(*w));

    if (!w || !paths_copy(&w->paths, &c->paths) || options_copy(&w->defaults, &c->defaults, NULL) < 0 ||
        (j && !copy_job(w, j))) {
        free_work(w);
        return NULL;
    }
    w->core = c;
    w->run = run;
    w->live = live;
    w->progress = (struct snapshots_work){&w->cancel, count_progress, w, add_line};
    w->work.data = w;
    if (uv_queue_work(c->loop, &w->work, on_thread, on_done) == 0)
        return w;
    w->live = NULL;
    free_work(w);
    return NULL;
}

void job_work_live(struct op_job *j, struct snapshot_new *live, int (*run)(struct job_work *w, struct err *e),
                   void (*done)(struct op_job *j, struct job_work *w))
{
    struct err e;

    j->work = start(j->core, j, live, run);
    if (j->work) {
        j->work->job = j;
        j->work->done = done;
        return;
    }
    if (live)
        snapshots_abort(live);
    free(live);
    err_sys(&e, ENOMEM, "%s", op_table[j->op].verb);
    job_finish(j, STATUS_FAILED, &e);
}

void job_work_start(struct op_job *j, int (*run)(struct job_work *w, struct err *e),
                    void (*done)(struct op_job *j, struct job_work *w))
{
    job_work_live(j, NULL, run, done);
}

void core_work_start(struct core *c, int (*run)(struct job_work *w, struct err *e))
{
    start(c, NULL, NULL, run);
}

void job_work_cancel(struct job_work *w)
{
    if (w)
        w->cancel = true;
}

void job_work_detach(struct job_work *w)
{
    job_work_cancel(w);
    if (w)
        w->job = NULL;
}

/* --- what several do on the thread --- */

bool job_work_read(struct job_work *w, struct err *e)
{
    if (w->read)
        distro_release(&w->settings);
    w->read = store_load(&w->paths, &w->defaults, w->distro, &w->settings, e) == 0;
    return w->read;
}

void job_work_line(struct job_work *w, const char *text)
{
    char *more = file_path("%s%s\n", w->output ? w->output : "", text);

    if (!more)
        return;
    free(w->output);
    w->output = more;
}

int job_work_discard(struct job_work *w, struct err *e)
{
    (void)e;
    suspended_discard(&w->paths, w->distro);
    return 0;
}

void job_work_login(struct job_work *w)
{
    free(w->note);
    w->note = login_follow(&w->paths, w->distro, &w->settings.options);
}

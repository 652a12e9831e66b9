/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations that take time: op.h.  Each is a row of `runners`, driven by the model's changes. */
#include "core/op_job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/doctor.h"
#include "core/file_job.h"
#include "core/log_read.h"
#include "core/machine.h"
#include "core/op_work.h"
#include "core/plain.h"
#include "core/report.h"
#include "core/task.h"
#include "core/watch.h"

/* --- telling --- */

void __attribute__((format(printf, 2, 3))) job_note(struct op_job *j, const char *fmt, ...)
{
    char text[ERR_MSG_SIZE];
    va_list ap;

    if (j->detached || !j->ev.note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    j->ev.note(j->ctx, text);
}

void job_print(struct op_job *j, const char *text)
{
    if (!j->detached && j->ev.print && text)
        j->ev.print(j->ctx, text);
}

enum report_form job_form(const struct op_job *j)
{
    return j->flags & FLAG_JSON ? REPORT_JSON : j->flags & FLAG_WORDS ? REPORT_WORDS : REPORT_TABLE;
}

static void on_kick_closed(uv_handle_t *h)
{
    struct op_job *j = h->data;

    free(j->source);
    free(j->note);
    free(j->as);
    for (unsigned i = 0; i < j->words; i++)
        free(j->word[i]);
    free(j->word);
    for (int i = 0; i < OPTIONS; i++)
        free(j->setting[i]);
    free(j);
}

/* --- as a task of the model --- */

static void task_begin(struct op_job *j)
{
    static const bool is_task[OPS] = {
        [OP_INSTALL] = true, [OP_START] = true, [OP_STOP] = true, [OP_REMOVE] = true,
        [OP_COPY] = true, [OP_MOUNT] = true, [OP_UNMOUNT] = true,
    };
    char detail[MACHINE_TEXT] = "";

    if (!is_task[j->op])
        return;
    if (j->source)
        snprintf(detail, sizeof(detail), "from %s", j->source);
    else if (j->words)
        snprintf(detail, sizeof(detail), "%s%s to %s", j->word[0], j->words > 2 ? " and others" : "", j->word[j->words - 1]);
    j->serial = model_task_begin(&j->core->model, op_table[j->op].verb, j->distro, detail)->serial;
}

void job_progress(struct op_job *j, uint64_t done, uint64_t total)
{
    struct model_task *t = model_task(&j->core->model, j->serial);

    if (t) {
        t->done = done;
        t->total = total;
    }
    if (!j->detached && j->ev.progress)
        j->ev.progress(j->ctx, done, total);
}

static void task_end(struct op_job *j, enum op_status status, const struct err *e)
{
    struct model_task *t = model_task(&j->core->model, j->serial);

    if (!t)
        return;
    t->running = false;
    t->cancelled = status == STATUS_CANCELLED;
    t->failed = status != STATUS_DONE && !t->cancelled;
    t->ended = time(NULL);
    if (!t->distro[0])
        plain_copy(t->distro, sizeof(t->distro), j->distro, strlen(j->distro), false);
    if (e && status != STATUS_DONE)
        plain_copy(t->why, sizeof(t->why), e->msg, strlen(e->msg), false);
}

void job_finish(struct op_job *j, enum op_status status, const struct err *e)
{
    static const struct err none;
    struct op_job **at = &j->core->jobs;

    if (j->finished)
        return;
    j->finished = true;
    task_end(j, status, e);
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    machine_start_detach(j->start);
    job_forget_use(j);
    task_free(j->task);
    file_job_detach(j->files);
    job_work_detach(j->work);
    log_read_free(j->log);
    j->log = NULL;
    if (!j->detached)
        j->ev.finished(j->ctx, status, e ? e : &none);
    uv_close((uv_handle_t *)&j->kick, on_kick_closed);
}

/* --- finding the distro, judging its state --- */

const struct model_distro *job_distro(struct op_job *j)
{
    return model_find(&j->core->model, j->distro);
}

/* One that works on the same distro, whose lock it may hold as a machine does that starts; NULL: none. */
static const struct op_job *at_work(const struct op_job *j)
{
    const struct op_job *o = j->core->jobs;

    while (o && (o == j || !o->work || strcmp(o->distro, j->distro) != 0))
        o = o->next;
    return o;
}

static void refuse(struct op_job *j, const struct model_distro *d)
{
    const struct op_job *o = d->state == MACHINE_STARTING ? at_work(j) : NULL;
    struct err e;

    if (o)
        err_set(&e, EBUSY, "%s: %s is under way; wait until it is done", d->name, op_table[o->op].verb);
    else
        op_refuse(j->op, d, &e);
    job_finish(j, STATUS_WRONG_STATE, &e);
}

/* False when the operation ended here. */
bool job_check_distro(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);
    struct err e;

    if (!d) {
        distro_name_unknown(&j->core->paths, j->distro, &e);
        job_finish(j, STATUS_NO_DISTRO, &e);
        return false;
    }
    if (op_legal(j->op, d->state))
        return true;
    refuse(j, d);
    return false;
}

/* --- list, doctor --- */

static void run_list(struct op_job *j)
{
    auto_free char *text = NULL;

    if (!j->core->model.settled)
        return; /* a live machine has still to answer */
    text = report_list(&j->core->model, job_form(j));
    job_print(j, text);
    job_finish(j, STATUS_DONE, NULL);
}

static void run_doctor(struct op_job *j)
{
    auto_free char *text = NULL;
    struct doctor_facts f;
    bool cannot;

    doctor_facts_gather(&f, &j->core->paths, &j->core->defaults);
    text = report_doctor(&f, job_form(j), &cannot);
    doctor_facts_release(&f);
    job_print(j, text);
    job_finish(j, cannot ? STATUS_HOST : STATUS_DONE, NULL); /* the report says it */
}

/* --- stats --- */

static void on_stats(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;
    const struct model_distro *d = job_distro(j);
    auto_free char *text = reply && d ? report_stats(d, reply, job_form(j)) : NULL;

    job_print(j, text);
    job_finish(j, text ? STATUS_DONE : STATUS_FAILED, e);
}

static void run_stats(struct op_job *j)
{
    struct err e;

    if (j->asked || (!j->begun && !job_check_distro(j)))
        return;
    j->asked = true;
    if (watch_send(j->core->watch, j->distro, json_pack("{ss}", "cmd", "stats"), on_stats, j, &e) < 0)
        job_finish(j, STATUS_FAILED, &e);
}

/* --- all of them --- */

static void (*const runners[OPS])(struct op_job *j) = {
    [OP_LIST] = run_list,   [OP_INSTALL] = job_run_install, [OP_START] = job_run_start,
    [OP_SUSPEND] = job_run_suspend,
    [OP_STOP] = job_run_stop,   [OP_STATS] = run_stats,     [OP_REMOVE] = job_run_remove,
    [OP_DOCTOR] = run_doctor, [OP_FILES] = job_run_files,   [OP_CAT] = job_run_files,
    [OP_SHELL] = job_run_files, [OP_EXEC] = job_run_files, [OP_FORWARD] = job_run_forward,
    [OP_COPY] = job_run_files,  [OP_MOUNT] = job_run_files,     [OP_UNMOUNT] = job_run_unmount,
    [OP_INFO] = job_run_info,   [OP_LOG] = job_run_log,         [OP_SET] = job_run_set,
    [OP_SNAPSHOT_CREATE] = job_run_snapshot, [OP_SNAPSHOT_LIST] = job_run_snapshot,
    [OP_SNAPSHOT_RESTORE] = job_run_snapshot, [OP_SNAPSHOT_UNDO] = job_run_snapshot, [OP_SNAPSHOT_DELETE] = job_run_snapshot,
    [OP_SNAPSHOT_CLONE] = job_run_snapshot, [OP_SNAPSHOT_DIFF] = job_run_snapshot,
    [OP_TRASH_LIST] = job_run_trash, [OP_TRASH_RESTORE] = job_run_trash, [OP_TRASH_EMPTY] = job_run_trash,
};

static void on_kick(uv_timer_t *t)
{
    struct op_job *j = t->data;
    bool begun = j->begun;

    if (j->work && j->work->bytes_total)
        job_progress(j, j->work->bytes_done, j->work->bytes_total);
    runners[j->op](j);
    if (!begun)
        j->begun = true;
}

static bool copy_args(struct op_job *j, const struct op_args *a)
{
    j->op = a->op;
    j->flags = a->flags;
    snprintf(j->distro, sizeof(j->distro), "%s", a->distro ? a->distro : "");
    j->source = a->source ? strdup(a->source) : NULL;
    j->note = a->note ? strdup(a->note) : NULL;
    j->as = a->as ? strdup(a->as) : NULL;
    for (int i = 0; i < OPTIONS; i++)
        if (a->setting[i] && !(j->setting[i] = strdup(a->setting[i])))
            return false;
    j->word = calloc(a->words + 1, sizeof(*j->word));
    for (; j->word && j->words < a->words; j->words++)
        if (!(j->word[j->words] = strdup(a->word[j->words])))
            return false;
    return j->word && (!a->source || j->source) && (!a->as || j->as);
}

struct op_job *op_start(struct core *c, const struct op_args *a, const struct op_events *ev,
                        void *ctx)
{
    struct op_job *j = runners[a->op] ? calloc(1, sizeof(*j)) : NULL;

    if (!j)
        return NULL;
    *j = (struct op_job){.core = c, .ev = *ev, .ctx = ctx, .next = c->jobs};
    if (!copy_args(j, a)) {
        free(j);
        return NULL;
    }
    c->jobs = j;
    task_begin(j);
    uv_timer_init(c->loop, &j->kick);
    j->kick.data = j;
    uv_timer_start(&j->kick, on_kick, 0, 50); /* looks at the model; events make it change at once */
    return j;
}

void op_cancel(struct op_job *j)
{
    struct err e;

    if (j->task)
        task_cancel(j->task); /* it cleans up and then says that it was cancelled */
    if (j->files)
        file_job_cancel(j->files);
    job_work_cancel(j->work);
    if (j->log) { /* what follows for ever is ended so */
        job_finish(j, STATUS_CANCELLED, NULL);
        return;
    }
    if (j->task || j->files || j->work || j->asked) /* a reply that is due finds its job */
        return;
    err_set(&e, ECANCELED, "no longer waited for; what was begun goes on, and `lxtop list` shows it");
    job_finish(j, STATUS_CANCELLED, &e);
}

void op_cancel_install(struct core *c, const char *distro)
{
    for (struct op_job *j = c->jobs; j; j = j->next)
        if (j->task && strcmp(j->distro, distro) == 0) {
            op_cancel(j);
            return;
        }
}

void op_cancel_task(struct core *c, unsigned long serial)
{
    for (struct op_job *j = c->jobs; j; j = j->next)
        if (serial && j->serial == serial) {
            op_cancel(j);
            return;
        }
}

void op_detach(struct op_job *j)
{
    j->detached = true;
    job_finish(j, STATUS_CANCELLED, NULL);
}

struct op_job *op_first(struct core *c)
{
    return c->jobs;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a distro's machine, and stopping it. */
#include "core/op_work.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/doctor.h"
#include "core/machine.h"
#include "core/store.h"
#include "core/suspended.h"
#include "core/watch.h"

#define CONSOLE_LINES 12 /* of the guest's last words when a start fails */

/* --- start --- */

static void tell_phases(struct op_job *j, const struct model_distro *d)
{
    static const char *const texts[PHASES] = {
        [PHASE_VM] = "machine created",   [PHASE_KERNEL] = "kernel entered",
        [PHASE_INIT] = "/init runs",      [PHASE_ROOT] = "root file system mounted",
        [PHASE_READY] = "distro ready",
    };

    for (int i = 0; i < PHASES; i++)
        if (texts[i] && d->phase_us[i] >= 0 && !(j->phases_told & 1U << i)) {
            j->phases_told |= 1U << i;
            job_note(j, "%s after %lld ms", texts[i], (long long)d->phase_us[i] / 1000);
        }
}

static void fail_start(struct op_job *j, const struct model_distro *d)
{
    auto_free char *tail = machine_console_tail(&j->core->paths, j->distro, CONSOLE_LINES);
    const char *why = machine_reason_text(d->reason);
    struct err e;

    if (tail && *tail) {
        job_note(j, "the last lines of its console:");
        job_print(j, tail);
    }
    err_set(&e, EIO, "%s ended before it was ready: %s%s%s", j->distro,
            *why ? why : "the guest powered off", *d->detail ? ": " : "", d->detail);
    job_finish(j, STATUS_FAILED, &e);
}

/* Another lxtop started it at the same time: its boot is as good; should it have given up, ours comes. */
#define JOINS_MAX 3

static void ask_use(struct op_job *j);

/* Who only wants it started has no more to ask. */
static void machine_runs(struct op_job *j)
{
    j->booting = false;
    if (j->op == OP_START)
        job_on_running(j);
    else
        ask_use(j);
}

/* True: it ended here, or is not known yet.  False when somebody else's machine runs in the place of ours. */
static bool is_not_started(struct op_job *j, const struct model_distro *d)
{
    struct err e = j->not_started;

    if (!e.code || watch_is_starting(j->core->watch, j->distro))
        return e.code;
    j->not_started.code = 0;
    if (MACHINE_BIT(d->state) & MACHINE_LIVE)
        j->joined++;
    else
        job_finish(j, STATUS_FAILED, &e);
    return !(MACHINE_BIT(d->state) & MACHINE_LIVE);
}

static void watch_boot(struct op_job *j, const struct model_distro *d)
{
    if (j->start || is_not_started(j, d))
        return; /* lxtop-vmm is not up (yet) */
    tell_phases(j, d);
    if (d->state == MACHINE_RUNNING) {
        if (*d->note)
            job_note(j, "%s", d->note);
        machine_runs(j);
    } else if (!(MACHINE_BIT(d->state) & MACHINE_DOWN) || watch_is_starting(j->core->watch, j->distro)) {
        return;
    } else if (j->joined && j->joined <= JOINS_MAX) {
        j->booting = false;
    } else {
        fail_start(j, d);
    }
}

static void on_start_note(void *ctx, const char *text)
{
    job_note(ctx, "%s", text);
}

static void on_started(void *ctx, const struct err *e)
{
    struct op_job *j = ctx;

    j->start = NULL;
    j->not_started = *e;
    watch_started(j->core->watch, j->distro);
    if (j->not_started.code)
        job_need_machine(j);
}

static int run_prepare(struct job_work *w, struct err *e)
{
    char advice[ERR_MSG_SIZE];

    if (!doctor_kvm_works(advice, sizeof(advice)))
        return err_set(e, ENOTSUP, "%s", advice);
    if (!job_work_read(w, e))
        return -EIO;
    job_work_login(w);
    return 0;
}

static void prepared(struct op_job *j, struct job_work *w)
{
    static const struct machine_start_events ev = {on_start_note, on_started, false};
    struct err e = {0};

    if (w->err.code) {
        job_finish(j, w->err.code == ENOTSUP ? STATUS_HOST : STATUS_FAILED, &w->err);
        return;
    }
    if (w->settings.warning)
        job_note(j, "%s", w->settings.warning);
    if (w->note)
        job_note(j, "%s", w->note);
    j->use_deadline = 0; /* it is asked anew */
    j->start = machine_start(j->core->loop, &j->core->paths, &w->settings, &ev, j, &e);
    j->booting = true;
    watch_starting(j->core->watch, j->distro);
    if (!j->start)
        on_started(j, &e);
}

/* --- a machine that runs may be about to stop: it is asked before it is used --- */

#define USE_ANSWER_MS 5000 /* then a machine that goes on running is used all the same */

struct job_use {
    struct job_use *next;
    struct core *core;
    struct op_job *job; /* NULL: the job is no more */
};

static void use_free(struct job_use *u)
{
    struct job_use **at = &u->core->uses;

    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    free(u);
}

void job_uses_free(struct core *c)
{
    while (c->uses)
        use_free(c->uses);
}

void job_forget_use(struct op_job *j)
{
    if (j->use)
        j->use->job = NULL;
    j->use = NULL;
}

/* A refusal means that it is on its way down, which the next look shows; then it is started again. */
static void on_use(void *ctx, const json_t *reply, const struct err *e)
{
    struct job_use *u = ctx;
    struct op_job *j = u->job;

    (void)e;
    use_free(u);
    if (!j)
        return;
    j->use = NULL;
    if (reply || (int64_t)uv_now(j->core->loop) >= j->use_deadline)
        job_on_running(j);
}

static void ask_use(struct op_job *j)
{
    struct job_use *u = calloc(1, sizeof(*u));
    struct err e;

    if (!u)
        return; /* at the next look */
    *u = (struct job_use){.next = j->core->uses, .core = j->core, .job = j};
    j->core->uses = u;
    j->use = u;
    if (!j->use_deadline)
        j->use_deadline = (int64_t)uv_now(j->core->loop) + USE_ANSWER_MS;
    if (watch_send(j->core->watch, j->distro, json_pack("{ss}", "cmd", "use"), on_use, u, &e) < 0)
        on_use(u, NULL, &e);
}

/* One that hangs is tried all the same: its end is told better than by silence. */
static void wait_use(struct op_job *j)
{
    if ((int64_t)uv_now(j->core->loop) < j->use_deadline)
        return;
    job_forget_use(j);
    job_on_running(j);
}

void job_need_machine(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);

    if (!d)
        job_finish(j, STATUS_NO_DISTRO, NULL);
    else if (j->work)
        return;
    else if (j->use)
        wait_use(j);
    else if (j->booting)
        watch_boot(j, d);
    else if (MACHINE_BIT(d->state) & MACHINE_DOWN)
        job_work_start(j, run_prepare, prepared);
    else if (d->state == MACHINE_RUNNING)
        machine_runs(j);
    else if (d->state == MACHINE_STARTING)
        j->booting = true;
}

void job_run_start(struct op_job *j)
{
    if (j->begun || job_check_distro(j))
        job_need_machine(j);
}

/* --- stop --- */

#define STOP_SECONDS 30 /* where its settings do not say how long its stop may take */

/* Its lock is free: only the next look at its state will tell. */
static bool has_ended(const struct op_job *j)
{
    auto_close int lock = machine_lock(&j->core->paths, j->distro, NULL);

    return lock >= 0;
}

/* A VMM that does not answer, or not in time, is killed: a stop always wins.  It may have ended just now. */
static void kill_machine(struct op_job *j)
{
    struct err e;

    job_note(j, "lxtop-vmm does not answer; it is killed");
    if (machine_kill(&j->core->paths, j->distro, &e) < 0 && !has_ended(j))
        job_finish(j, STATUS_FAILED, &e);
    j->stop_deadline = INT64_MAX;
}

static void power_off(struct op_job *j)
{
    bool force = j->flags & FLAG_FORCE;

    j->stop_deadline = (int64_t)uv_now(j->core->loop) + (force ? 2000 : j->stop_seconds * 1000 + 5000);
    if (watch_send(j->core->watch, j->distro,
                   json_pack("{ss sb sI}", "cmd", "stop", "force", force, "deadline_ms",
                             (json_int_t)j->stop_seconds * 1000), NULL, NULL, NULL) < 0)
        kill_machine(j);
}

/* A stop always wins: what cannot be saved is powered off. */
static void on_not_saved(struct op_job *j, const struct err *e)
{
    job_note(j, "it cannot be suspended and is powered off: %s", e->msg);
    j->not_saved = NULL;
    power_off(j);
}

static int run_read(struct job_work *w, struct err *e)
{
    return job_work_read(w, e) ? 0 : -EIO;
}

/* Where its settings cannot be read it is stopped all the same. */
static void settings_read(struct op_job *j, struct job_work *w)
{
    const struct model_distro *d = job_distro(j);

    if (w->read) {
        j->stop_seconds = options_number(&w->settings.options, OPT_STOP_TIMEOUT);
        j->instant = (int)options_number(&w->settings.options, OPT_INSTANT);
    }
    if (d && d->state == MACHINE_RUNNING && j->instant == INSTANT_SUSPEND)
        job_begin_suspend(j, on_not_saved);
    else
        power_off(j);
}

/* By force nothing is waited for, no disk either. */
static void begin_stop(struct op_job *j)
{
    j->stop_deadline = INT64_MAX;
    j->stop_seconds = STOP_SECONDS;
    j->instant = -1;
    if (j->flags & FLAG_FORCE)
        power_off(j);
    else
        job_work_start(j, run_read, settings_read);
}

static void discarded(struct op_job *j, struct job_work *w)
{
    (void)w;
    job_finish(j, STATUS_DONE, NULL);
}

/* There is nothing to power off, and what is saved is not thrown away for one word. */
static void stop_suspended(struct op_job *j)
{
    struct err e;

    if (j->flags & FLAG_FORCE) {
        job_work_start(j, job_work_discard, discarded);
        return;
    }
    err_set(&e, EBUSY, "%s is suspended; `lxtop start %s` goes on there, `lxtop stop --force %s` throws what is saved "
            "of it away", j->distro, j->distro, j->distro);
    job_finish(j, STATUS_WRONG_STATE, &e);
}

/* --- a stop that leaves it ready for the next start --- */

#define PREPARE_MS 130000 /* a little more than lxtop-vmm's own */

/* It is stopped, as was asked; only the next start is a boot. */
static void not_prepared(struct op_job *j, const char *why)
{
    job_note(j, "its next start is a boot: %s", why);
    job_finish(j, STATUS_DONE, NULL);
}

static void on_prepared(void *ctx, const struct err *e)
{
    struct op_job *j = ctx;
    struct err copy = *e;

    j->start = NULL;
    watch_started(j->core->watch, j->distro);
    if (copy.code)
        not_prepared(j, copy.msg);
}

static void boot_again(struct op_job *j, struct job_work *w)
{
    static const struct machine_start_events ev = {on_start_note, on_prepared, true};
    struct err e = w->err;

    if (w->read)
        j->start = machine_start(j->core->loop, &j->core->paths, &w->settings, &ev, j, &e);
    if (j->start)
        watch_starting(j->core->watch, j->distro);
    else
        not_prepared(j, e.msg);
}

static void prepare(struct op_job *j)
{
    j->prepared = true;
    j->stop_deadline = (int64_t)uv_now(j->core->loop) + PREPARE_MS;
    job_work_start(j, run_read, boot_again);
}

static void is_down(struct op_job *j, const struct model_distro *d)
{
    bool forced = d && strcmp(d->reason, "forced") == 0;

    if (d && !j->prepared && strcmp(d->reason, "stopped") == 0 && j->instant == INSTANT_READY) {
        prepare(j);
        return;
    }
    if (d && j->prepared && d->state != MACHINE_SUSPENDED) {
        not_prepared(j, *d->detail ? d->detail : machine_reason_text(d->reason));
        return;
    }
    if (forced && !(j->flags & FLAG_FORCE))
        job_note(j, "the guest did not power off in time and was stopped by force");
    job_finish(j, STATUS_DONE, NULL);
}

void job_run_stop(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);

    if (j->work || (!j->begun && !job_check_distro(j)))
        return;
    if (!j->begun && d->state == MACHINE_SUSPENDED) {
        stop_suspended(j);
    } else if (!j->begun) {
        begin_stop(j);
    } else if (j->not_saved) {
        job_watch_suspend(j);
    } else if (j->start) {
        return; /* lxtop-vmm is not up yet */
    } else if (!d || (MACHINE_BIT(d->state) & MACHINE_DOWN)) {
        is_down(j, d);
    } else if ((int64_t)uv_now(j->core->loop) > j->stop_deadline) {
        kill_machine(j);
    }
}

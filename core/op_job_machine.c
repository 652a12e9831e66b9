/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a distro's machine, and stopping it. */
#include "core/op_job.h"

#include <errno.h>
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

void job_watch_boot(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);

    if (!d) {
        job_finish(j, STATUS_NO_DISTRO, NULL);
        return;
    }
    if (j->start)
        return; /* lxtop-vmm is not up yet */
    tell_phases(j, d);
    if (d->state == MACHINE_RUNNING) {
        if (*d->note)
            job_note(j, "%s", d->note);
        job_on_running(j);
    } else if (MACHINE_BIT(d->state) & MACHINE_DOWN) {
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
    struct err copy = *e;

    j->start = NULL;
    watch_started(j->core->watch, j->distro);
    if (copy.code)
        job_finish(j, STATUS_FAILED, &copy);
}

void job_begin_start(struct op_job *j)
{
    static const struct machine_start_events ev = {on_start_note, on_started};
    struct distro d;
    struct err e = {0};
    char advice[ERR_MSG_SIZE];

    if (!doctor_kvm_works(advice, sizeof(advice))) {
        err_set(&e, ENOTSUP, "%s", advice);
        job_finish(j, STATUS_HOST, &e);
        return;
    }
    if (store_load(&j->core->paths, &j->core->defaults, j->distro, &d, &e) < 0) {
        job_finish(j, STATUS_FAILED, &e);
        return;
    }
    if (d.warning)
        job_note(j, "%s", d.warning);
    j->start = machine_start(j->core->loop, &j->core->paths, &d, &ev, j, &e);
    distro_release(&d);
    if (j->start)
        watch_starting(j->core->watch, j->distro);
    else
        job_finish(j, STATUS_FAILED, &e);
}

void job_run_start(struct op_job *j)
{
    if (j->begun)
        job_watch_boot(j);
    else if (job_check_distro(j))
        job_begin_start(j);
}

/* --- stop --- */

/* A VMM that does not answer, or not in time, is killed: a stop always wins. */
static void kill_machine(struct op_job *j)
{
    struct err e;

    job_note(j, "lxtop-vmm does not answer; it is killed");
    if (machine_kill(&j->core->paths, j->distro, &e) < 0)
        job_finish(j, STATUS_FAILED, &e);
    j->stop_deadline = INT64_MAX;
}

/* A number among the distro's settings; `otherwise` where they cannot be read. */
static int64_t setting_of(struct op_job *j, enum option_id id, int64_t otherwise)
{
    struct distro d;
    int64_t number;

    if (store_load(&j->core->paths, &j->core->defaults, j->distro, &d, NULL) < 0)
        return otherwise;
    number = options_number(&d.options, id);
    distro_release(&d);
    return number;
}

static void power_off(struct op_job *j)
{
    bool force = j->flags & FLAG_FORCE;
    int64_t seconds = setting_of(j, OPT_STOP_TIMEOUT, 30);

    j->stop_deadline = (int64_t)uv_now(j->core->loop) + (force ? 2000 : seconds * 1000 + 5000);
    if (watch_send(j->core->watch, j->distro,
                   json_pack("{ss sb sI}", "cmd", "stop", "force", force, "deadline_ms",
                             (json_int_t)seconds * 1000), NULL, NULL, NULL) < 0)
        kill_machine(j);
}

/* A stop always wins: what cannot be saved is powered off. */
static void on_not_saved(struct op_job *j, const struct err *e)
{
    job_note(j, "it cannot be suspended and is powered off: %s", e->msg);
    j->not_saved = NULL;
    power_off(j);
}

static void begin_stop(struct op_job *j, const struct model_distro *d)
{
    if (d->state == MACHINE_RUNNING && !(j->flags & FLAG_FORCE) && setting_of(j, OPT_INSTANT, 0))
        job_begin_suspend(j, on_not_saved);
    else
        power_off(j);
}

/* There is nothing to power off, and what is saved is not thrown away for one word. */
static void stop_suspended(struct op_job *j)
{
    struct err e;

    if (j->flags & FLAG_FORCE) {
        suspended_discard(&j->core->paths, j->distro);
        watch_look(j->core->watch);
        job_finish(j, STATUS_DONE, NULL);
        return;
    }
    err_set(&e, EBUSY, "%s is suspended; `lxtop start %s` goes on there, `lxtop stop --force %s` throws what is saved "
            "of it away", j->distro, j->distro, j->distro);
    job_finish(j, STATUS_WRONG_STATE, &e);
}

void job_run_stop(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);

    if (!j->begun && !job_check_distro(j))
        return;
    if (!j->begun && d->state == MACHINE_SUSPENDED) {
        stop_suspended(j);
    } else if (!j->begun) {
        begin_stop(j, d);
    } else if (j->not_saved) {
        job_watch_suspend(j);
    } else if (!d || (MACHINE_BIT(d->state) & MACHINE_DOWN)) {
        if (d && strcmp(d->reason, "forced") == 0 && !(j->flags & FLAG_FORCE))
            job_note(j, "the guest did not power off in time and was stopped by force");
        job_finish(j, STATUS_DONE, NULL);
    } else if ((int64_t)uv_now(j->core->loop) > j->stop_deadline) {
        kill_machine(j);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a distro, and what it is told to be: info, log, set. */
#include "core/op_job.h"

#include <errno.h>
#include <jansson.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "core/info.h"
#include "core/log_read.h"
#include "core/store.h"
#include "core/watch.h"

/* --- info --- */

void job_run_info(struct op_job *j)
{
    struct err e = {0};
    auto_free char *text = NULL;

    if (!j->begun && !job_check_distro(j))
        return;
    text = info_text(&j->core->paths, &j->core->defaults, job_distro(j), job_form(j), &e);
    job_print(j, text);
    job_finish(j, text ? STATUS_DONE : STATUS_FAILED, &e);
}

/* --- log --- */

static void on_log_line(void *ctx, const char *line)
{
    job_print(ctx, line);
}

/* Until the machine has ended; without --follow, until all that there is has been said. */
void job_run_log(struct op_job *j)
{
    bool follow = j->flags & FLAG_FOLLOW;
    const struct model_distro *d;
    struct err e = {0};

    if (!j->begun && !job_check_distro(j))
        return;
    d = job_distro(j);
    follow = follow && d && (MACHINE_BIT(d->state) & MACHINE_LIVE);
    if (!j->begun)
        j->log = log_read_start(j->core, j->distro, follow || (d && d->state == MACHINE_RUNNING), follow,
                                job_form(j), on_log_line, j, &e);
    if (!j->log) {
        job_finish(j, STATUS_FAILED, &e);
        return;
    }
    if (follow || !log_read_busy(j->log))
        log_read_more(j->log);
    if (follow || log_read_busy(j->log))
        return;
    if (d && d->state == MACHINE_STOPPED && log_read_lines(j->log) == 0)
        job_note(j, "nothing has been said: it has not run yet, and its log begins with `lxtop start %s`", j->distro);
    job_finish(j, STATUS_DONE, NULL);
}

/* --- set --- */

static bool setting_is_whole(struct op_job *j)
{
    bool forget = j->flags & FLAG_REMOVE;
    struct err e;

    if (forget == (j->words == 2))
        return true;
    err_set(&e, EINVAL, forget ? "--remove takes no value" : "say the value, or --remove for the default again");
    job_finish(j, STATUS_USAGE, &e);
    return false;
}

static void on_idle_set(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;

    (void)e;
    if (!reply)
        job_note(j, "%s takes effect at its next start", j->word[1]);
    job_finish(j, STATUS_DONE, NULL);
}

/* When it runs has changed; a machine that runs learns when to end: true when its answer is waited for. */
static bool follow_policy(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);
    struct distro s;
    int64_t seconds;

    if (store_load(&j->core->paths, &j->core->defaults, j->distro, &s, NULL) < 0)
        return false;
    job_follow_login(j, &s.options);
    seconds = options_idle_seconds(&s.options);
    distro_release(&s);
    if (!d || !(MACHINE_BIT(d->state) & MACHINE_LIVE))
        return false;
    j->asked = true;
    if (watch_send(j->core->watch, j->distro,
                   json_pack("{ss sI}", "cmd", "idle", "timeout_ms", (json_int_t)seconds * 1000),
                   on_idle_set, j, NULL) < 0)
        on_idle_set(j, NULL, NULL);
    return true;
}

static void tell_effect(struct op_job *j, enum option_effect effect)
{
    const struct model_distro *d = job_distro(j);

    if (effect == EFFECT_INSTALL)
        job_note(j, "%s is what new distros get; the disk of this one stays as it is", j->word[1]);
    else if (effect == EFFECT_START && d && (MACHINE_BIT(d->state) & MACHINE_LIVE))
        job_note(j, "%s takes effect at its next start", j->word[1]);
}

void job_run_set(struct op_job *j)
{
    struct err e = {0};
    int id, r;

    if (j->begun || j->asked || !job_check_distro(j) || !setting_is_whole(j))
        return;
    r = store_set(&j->core->paths, j->distro, j->word[1], j->words > 2 ? j->word[2] : NULL, &e);
    id = option_find(j->word[1]);
    if (r == 0 && id >= 0)
        tell_effect(j, option_table[id].effect);
    if (r == 0 && (id == OPT_POLICY || id == OPT_IDLE_TIMEOUT) && follow_policy(j))
        return;
    job_finish(j, r == 0 ? STATUS_DONE : e.code == EINVAL ? STATUS_USAGE : STATUS_FAILED, &e);
}

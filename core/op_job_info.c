/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a distro, and what it is told to be: info, log, set. */
#include "core/op_work.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/core.h"
#include "core/info.h"
#include "core/log_read.h"
#include "core/login.h"
#include "core/store.h"
#include "core/watch.h"

/* --- info --- */

void job_run_info(struct op_job *j)
{
    struct err e = {0}, settings;
    auto_free char *text = NULL;

    if (!j->begun && !job_check_distro(j))
        return;
    text = info_text(&j->core->paths, &j->core->defaults, job_distro(j), job_form(j), &e);
    job_print(j, text);
    if (store_check(&j->core->paths, j->distro, &settings) < 0)
        job_note(j, "%s", settings.msg);
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

static bool is_about_idleness(const char *option)
{
    int id = option_find(option);

    return id == OPT_POLICY || id == OPT_IDLE_TIMEOUT;
}

/* When it runs has changed: its login, here; and for its machine how long it may idle. */
static void follow_policy(struct job_work *w)
{
    if (!job_work_read(w, NULL))
        return;
    job_work_login(w);
    w->seconds = options_idle_seconds(&w->settings.options);
}

static int run_set(struct job_work *w, struct err *e)
{
    int r = store_set(&w->paths, w->distro, w->word[1], w->word[2], e);

    if (r == 0 && is_about_idleness(w->word[1]))
        follow_policy(w);
    return r;
}

/* True: its answer is waited for. */
static bool tell_machine(struct op_job *j, int64_t seconds)
{
    const struct model_distro *d = job_distro(j);

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

static void is_set(struct op_job *j, struct job_work *w)
{
    int id = option_find(j->word[1]);

    if (!w->err.code && (j->flags & FLAG_WORDS)) /* where nothing else shows that something has happened */
        job_note(j, "%s is now %s", j->word[1],
                 j->flags & FLAG_REMOVE ? "the default" : *j->word[2] ? j->word[2] : "empty");
    if (!w->err.code && id >= 0)
        tell_effect(j, option_table[id].effect);
    if (w->note)
        job_note(j, "%s", w->note);
    if (!w->err.code && is_about_idleness(j->word[1]) && tell_machine(j, w->seconds))
        return;
    job_finish(j, !w->err.code ? STATUS_DONE : w->err.code == EINVAL ? STATUS_USAGE : STATUS_FAILED, &w->err);
}

/* Another one is about to write the settings of this distro. */
static bool is_being_set(const struct op_job *j)
{
    for (const struct op_job *o = j->core->jobs; o; o = o->next)
        if (o != j && o->work && o->op == OP_SET && strcmp(o->distro, j->distro) == 0)
            return true;
    return false;
}

void job_run_set(struct op_job *j)
{
    if (!j->work && !j->asked && !is_being_set(j) && job_check_distro(j) && setting_is_whole(j))
        job_work_start(j, run_set, is_set);
}

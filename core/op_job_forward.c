/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwards of a distro: asked of its machine where it runs, and kept in its settings. */
#include <errno.h>
#include <jansson.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/forward.h"
#include "core/core.h"
#include "core/forwards.h"
#include "core/machine.h"
#include "core/model.h"
#include "core/op_work.h"
#include "core/watch.h"

static int run_keep(struct job_work *w, struct err *e)
{
    struct forward f;
    int r = forward_parse(w->word[1], &f, e);

    return r < 0 ? r : forwards_keep(&w->paths, &w->defaults, w->distro, &f, !(w->flags & FLAG_REMOVE), e);
}

/* What the machine has taken, or would take at its start, is kept in the settings. */
static void kept(struct op_job *j, struct job_work *w)
{
    bool automatic = w->err.code == ENOENT && j->asked; /* which the machine has removed */

    job_finish(j, !w->err.code || automatic ? STATUS_DONE : STATUS_FAILED, automatic ? NULL : &w->err);
}

/* What it could not make at its start it cannot remove, but the next start need not try. */
static void forgotten(struct op_job *j, struct job_work *w)
{
    job_finish(j, w->err.code ? STATUS_FAILED : STATUS_DONE, w->err.code ? &j->refused : NULL);
}

static void print_forwards(struct op_job *j, const char *lines)
{
    enum report_form form = job_form(j);
    auto_free char *other = !lines || form == REPORT_TABLE ? NULL
                            : form == REPORT_JSON          ? forwards_json(lines)
                                                           : forwards_words(j->distro, lines);

    job_print(j, other ? other : lines);
}

static void on_forwarded(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;
    auto_free char *text = reply ? forwards_reply_text(reply) : NULL;

    if (reply && j->words > 1) {
        job_work_start(j, run_keep, kept);
        return;
    }
    print_forwards(j, text);
    if (!reply && (j->flags & FLAG_REMOVE)) {
        j->refused = *e;
        job_work_start(j, run_keep, forgotten);
        return;
    }
    job_finish(j, reply ? STATUS_DONE : STATUS_FAILED, e);
}

static void list_forwards(struct op_job *j)
{
    struct err e = {0};
    auto_free char *text = forwards_settings_text(&j->core->paths, &j->core->defaults, j->distro, &e);

    print_forwards(j, text);
    job_finish(j, text ? STATUS_DONE : STATUS_FAILED, &e);
}

static void ask_forward(struct op_job *j)
{
    const char *what = j->flags & FLAG_REMOVE ? "remove" : "add";
    json_t *request = j->words > 1 ? json_pack("{ss ss}", "cmd", "forward", what, j->word[1])
                                   : json_pack("{ss}", "cmd", "forward");
    struct err e;

    j->asked = true;
    if (watch_send(j->core->watch, j->distro, request, on_forwarded, j, &e) < 0)
        job_finish(j, STATUS_FAILED, &e);
}

/* Before the machine is asked: what it does is kept afterwards. */
static bool may_keep(struct op_job *j, const struct forward *f, struct err *e)
{
    return (j->flags & FLAG_REMOVE) || forwards_may_add(&j->core->paths, &j->core->defaults, j->distro, f, e) >= 0;
}

void job_run_forward(struct op_job *j)
{
    struct err e = {0};
    struct forward f;

    if (j->asked || j->work || (!j->begun && !job_check_distro(j)))
        return;
    if ((j->words > 1 && forward_parse(j->word[1], &f, &e) < 0) ||
        (j->words == 1 && (j->flags & FLAG_REMOVE) && err_set(&e, EINVAL, "say which to remove") < 0))
        job_finish(j, STATUS_USAGE, &e);
    else if (j->words > 1 && !may_keep(j, &f, &e))
        job_finish(j, STATUS_FAILED, &e);
    else if (MACHINE_BIT(job_distro(j)->state) & MACHINE_LIVE)
        ask_forward(j);
    else if (j->words > 1)
        job_work_start(j, run_keep, kept);
    else
        list_forwards(j);
}

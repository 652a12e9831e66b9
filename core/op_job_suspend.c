/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspending a distro: its machine is saved by lxtop-vmm, which ends with it. */
#include "core/op_work.h"

#include <errno.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/suspended.h"
#include "core/watch.h"
#include "core/words.h"

static void on_saved(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;
    json_int_t bytes = json_integer_value(json_object_get(reply, "memory_bytes"));
    char text[WORDS_TEXT];

    j->asked = false;
    if (reply)
        job_note(j, "%s of its memory were written", words_size(text, bytes));
    else
        j->not_saved(j, e);
}

static void ask_save(struct op_job *j, struct job_work *w)
{
    auto_free char *folder = suspended_folder(&j->core->paths, j->distro);
    struct err e;

    (void)w;
    j->asked = true;
    if (watch_send(j->core->watch, j->distro,
                   json_pack("{ss ss* ss}", "cmd", "save", "path", folder, "then", "end"), on_saved, j, &e) == 0)
        return;
    j->asked = false;
    j->not_saved(j, &e);
}

void job_begin_suspend(struct op_job *j, void (*failed)(struct op_job *j, const struct err *e))
{
    j->not_saved = failed;
    job_work_start(j, job_work_discard, ask_save); /* of a running distro it is debris */
}

void job_watch_suspend(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);
    struct err e;

    if (j->asked || j->work || (d && !(MACHINE_BIT(d->state) & MACHINE_DOWN)))
        return;
    if (d && d->state == MACHINE_SUSPENDED) {
        job_finish(j, STATUS_DONE, NULL);
        return;
    }
    err_set(&e, EIO, "%s ended before it was saved%s%s", j->distro, d && *d->detail ? ": " : "", d ? d->detail : "");
    job_finish(j, STATUS_FAILED, &e);
}

static void on_not_saved(struct op_job *j, const struct err *e)
{
    job_finish(j, STATUS_FAILED, e);
}

void job_run_suspend(struct op_job *j)
{
    if (j->begun)
        job_watch_suspend(j);
    else if (job_check_distro(j))
        job_begin_suspend(j, on_not_saved);
}

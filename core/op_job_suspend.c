/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspending a distro: its machine is saved by lxtop-vmm, which ends with it. */
#include "core/op_job.h"

#include <errno.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/suspended.h"
#include "core/watch.h"

static void on_saved(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;
    json_int_t bytes = json_integer_value(json_object_get(reply, "memory_bytes"));

    j->asked = false;
    if (reply)
        job_note(j, "%lld MB of its memory are saved", (long long)(bytes + (1 << 19)) >> 20);
    else
        job_finish(j, STATUS_FAILED, e);
}

static void begin_suspend(struct op_job *j)
{
    const struct paths *p = &j->core->paths;
    auto_free char *folder = suspended_folder(p, j->distro);
    struct err e;

    suspended_discard(p, j->distro); /* of a running distro it is debris */
    j->asked = true;
    if (watch_send(j->core->watch, j->distro,
                   json_pack("{ss ss* ss}", "cmd", "save", "path", folder, "then", "end"), on_saved, j, &e) < 0)
        job_finish(j, STATUS_FAILED, &e);
}

void job_run_suspend(struct op_job *j)
{
    const struct model_distro *d = job_distro(j);
    struct err e;

    if (!j->begun) {
        if (job_check_distro(j))
            begin_suspend(j);
        return;
    }
    if (j->asked || (d && !(MACHINE_BIT(d->state) & MACHINE_DOWN)))
        return;
    if (d && d->state == MACHINE_SUSPENDED) {
        job_finish(j, STATUS_DONE, NULL);
        return;
    }
    err_set(&e, EIO, "%s ended before it was saved%s%s", j->distro, d && *d->detail ? ": " : "", d ? d->detail : "");
    job_finish(j, STATUS_FAILED, &e);
}

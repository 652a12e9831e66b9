/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a distro and bringing it back.  What frees disk space waits for the disk, on a thread of libuv's. */
#include "core/op_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/login.h"
#include "core/machine.h"
#include "core/trash.h"
#include "core/trash_report.h"
#include "core/words.h"

/* --- on the thread --- */

static void delete_one(struct job_work *w, const struct trashed *t)
{
    int64_t used = trash_used(&w->paths, t);

    if (trash_delete(&w->paths, t, &w->err) < 0)
        return;
    w->deleted++;
    w->freed += used;
}

/* Of the job's distro, or of all; nothing but what came last (`last`), or has been there for its time (`old`). */
static int empty(struct job_work *w, bool last, bool old)
{
    unsigned count;
    auto_free struct trashed *list = trash_list(&w->paths, &count);

    for (unsigned i = 0; i < count && !(last && w->deleted); i++)
        if ((!*w->distro || strcmp(w->distro, list[i].name) == 0) &&
            (!old || trash_until(&w->paths, &w->defaults, &list[i]) <= time(NULL)))
            delete_one(w, &list[i]);
    return w->err.code ? -w->err.code : 0;
}

static int run_empty(struct job_work *w, struct err *e)
{
    int r = empty(w, false, false);

    if (r < 0 || w->deleted || !*w->distro)
        return r;
    return err_set(e, ENOENT, "there is no '%.80s' in the trash; `lxtop trash list` shows what is", w->distro);
}

static int run_purge(struct job_work *w, struct err *e)
{
    (void)e;
    return empty(w, true, false);
}

static int run_expire(struct job_work *w, struct err *e)
{
    (void)e;
    return trash_changed_ns(&w->paths) ? empty(w, false, true) : 0;
}

/* --- on the loop --- */

static void emptied(struct op_job *j, struct job_work *w)
{
    char count[WORDS_TEXT], size[WORDS_TEXT];

    if (w->deleted)
        job_note(j, "%s deleted for good; that frees %s", words_count(count, w->deleted, "removed distro"),
                 words_size(size, w->freed));
    else if (!w->err.code && j->op == OP_TRASH_EMPTY)
        job_note(j, "there is nothing in the trash");
    job_finish(j, w->err.code == ENOENT ? STATUS_NO_DISTRO : w->err.code ? STATUS_FAILED : STATUS_DONE, &w->err);
}

void trash_expire(struct core *c)
{
    core_work_start(c, run_expire);
}

/* --- the operations --- */

static int run_remove(struct job_work *w, struct err *e)
{
    auto_close int lock = machine_lock(&w->paths, w->distro, e);
    int r;

    w->seconds = job_work_read(w, NULL) ? options_number(&w->settings.options, OPT_TRASH) : 0; /* its own wish */
    r = lock < 0 ? lock : trash_put(&w->paths, w->distro, e);
    if (r == 0)
        login_set(&w->paths, w->distro, false, NULL);
    return r;
}

static void removed(struct op_job *j, struct job_work *w)
{
    char kept[WORDS_TEXT];

    if (w->err.code) {
        job_finish(j, w->err.code == EBUSY ? STATUS_WRONG_STATE : STATUS_FAILED, &w->err);
        return;
    }
    if (w->seconds == 0 || (j->flags & FLAG_PURGE)) {
        job_work_start(j, run_purge, emptied);
        return;
    }
    job_note(j, "for %s `lxtop trash restore %s` brings it back, `lxtop trash empty %s` frees its disk space",
             words_time(kept, w->seconds * 1000000), j->distro, j->distro);
    trash_expire(j->core);
    job_finish(j, STATUS_DONE, NULL);
}

void job_run_remove(struct op_job *j)
{
    if (!j->begun && job_check_distro(j))
        job_work_start(j, run_remove, removed);
}

static void list(struct op_job *j)
{
    auto_free char *text = trash_report(&j->core->paths, &j->core->defaults, job_form(j));

    job_print(j, text);
    job_finish(j, STATUS_DONE, NULL);
}

static int run_restore(struct job_work *w, struct err *e)
{
    const char *as = w->as ? w->as : w->distro;
    struct distro d;
    int r = trash_restore(&w->paths, w->distro, w->as, e);

    if (r == 0 && store_load(&w->paths, &w->defaults, as, &d, NULL) == 0) {
        login_set(&w->paths, as, options_number(&d.options, OPT_POLICY) == POLICY_LOGIN, NULL);
        distro_release(&d);
    }
    return r;
}

static void restored(struct op_job *j, struct job_work *w)
{
    int code = w->err.code;

    if (!code && j->as)
        job_note(j, "it is %s now", j->as);
    job_finish(j, !code ? STATUS_DONE : code == ENOENT ? STATUS_NO_DISTRO : code == EEXIST ? STATUS_WRONG_STATE : STATUS_FAILED,
               &w->err);
}

static void restore(struct op_job *j)
{
    struct err e;

    if (*j->distro) {
        job_work_start(j, run_restore, restored);
        return;
    }
    err_set(&e, ENOENT, "there is nothing in the trash");
    job_finish(j, STATUS_NO_DISTRO, &e);
}

void job_run_trash(struct op_job *j)
{
    if (j->begun)
        return;
    if (j->op == OP_TRASH_LIST)
        list(j);
    else if (j->op == OP_TRASH_RESTORE)
        restore(j);
    else
        job_work_start(j, run_empty, emptied);
}

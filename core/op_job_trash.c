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
#include "core/watch.h"
#include "core/words.h"

/* A copy of everything that the thread needs; the job may be gone before it. */
struct trash_work {
    uv_work_t work;
    struct op_job *job;          /* NULL: nobody waits (any more) */
    struct paths paths;          /* data and state alone */
    struct options defaults;
    char name[NAME_MAX_LEN + 2]; /* "": of all names */
    bool old_alone;              /* only what has been there for its time */
    bool last_alone;             /* only what came last */
    unsigned deleted;
    int64_t freed;
    struct err err;
};

/* --- on the thread --- */

static void delete_one(struct trash_work *w, const struct trashed *t)
{
    int64_t used = trash_used(&w->paths, t);

    if (trash_delete(&w->paths, t, &w->err) < 0)
        return;
    w->deleted++;
    w->freed += used;
}

static void thread_main(uv_work_t *work)
{
    struct trash_work *w = work->data;
    unsigned count;
    auto_free struct trashed *list = trash_list(&w->paths, &count);

    for (unsigned i = 0; i < count && !(w->last_alone && w->deleted); i++)
        if ((!*w->name || strcmp(w->name, list[i].name) == 0) &&
            (!w->old_alone || trash_until(&w->paths, &w->defaults, &list[i]) <= time(NULL)))
            delete_one(w, &list[i]);
}

static void free_work(struct trash_work *w)
{
    free(w->paths.data);
    free(w->paths.state);
    options_release(&w->defaults);
    free(w);
}

/* --- on the loop --- */

static void tell_emptied(struct op_job *j, struct trash_work *w)
{
    char count[WORDS_TEXT], size[WORDS_TEXT];

    if (w->deleted)
        job_note(j, "%s deleted for good; that frees %s", words_count(count, w->deleted, "removed distro"),
                 words_size(size, w->freed));
    else if (!w->err.code && *w->name && !w->last_alone) /* which another may have deleted already */
        err_set(&w->err, ENOENT, "there is no '%.80s' in the trash; `lxtop trash list` shows what is", w->name);
    else if (!w->err.code && !w->last_alone)
        job_note(j, "there is nothing in the trash");
    job_finish(j, w->err.code == ENOENT ? STATUS_NO_DISTRO : w->err.code ? STATUS_FAILED : STATUS_DONE, &w->err);
}

static void on_done(uv_work_t *work, int status)
{
    struct trash_work *w = work->data;
    struct op_job *j = w->job;

    (void)status;
    if (j) {
        j->trash = NULL;
        tell_emptied(j, w);
    }
    free_work(w);
}

static struct trash_work *work_new(struct core *c, const char *name)
{
    struct trash_work *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->work.data = w;
    snprintf(w->name, sizeof(w->name), "%s", name);
    w->paths.data = strdup(c->paths.data);
    w->paths.state = strdup(c->paths.state);
    if (w->paths.data && w->paths.state && options_copy(&w->defaults, &c->defaults, NULL) == 0)
        return w;
    free_work(w);
    return NULL;
}

void trash_work_detach(struct trash_work *w)
{
    if (w)
        w->job = NULL;
}

void trash_expire(struct core *c)
{
    struct trash_work *w = trash_changed_ns(&c->paths) ? work_new(c, "") : NULL;

    if (!w)
        return;
    w->old_alone = true;
    if (uv_queue_work(c->loop, &w->work, thread_main, on_done) < 0)
        free_work(w);
}

/* --- the operations --- */

static void begin_emptying(struct op_job *j, bool last_alone)
{
    struct trash_work *w = work_new(j->core, j->distro);

    if (!w || uv_queue_work(j->core->loop, &w->work, thread_main, on_done) < 0) {
        struct err e;

        if (w)
            free_work(w);
        err_sys(&e, ENOMEM, "empty the trash");
        job_finish(j, STATUS_FAILED, &e);
        return;
    }
    w->job = j;
    w->last_alone = last_alone;
    j->trash = w;
}

/* How long it can be brought back: its own wish. */
static int64_t kept_seconds(const struct job_work *w)
{
    struct distro d;
    int64_t seconds;

    if (store_load(&w->paths, &w->defaults, w->distro, &d, NULL) < 0)
        return 0;
    seconds = options_number(&d.options, OPT_TRASH);
    distro_release(&d);
    return seconds;
}

static int run_remove(struct job_work *w, struct err *e)
{
    auto_close int lock = machine_lock(&w->paths, w->distro, e);
    int r;

    w->seconds = kept_seconds(w);
    r = lock < 0 ? lock : trash_put(&w->paths, w->distro, e);
    if (r == 0)
        login_set(&w->paths, w->distro, false, NULL);
    return r;
}

static void removed(struct op_job *j, struct job_work *w)
{
    char kept[WORDS_TEXT];

    watch_look(j->core->watch);
    if (w->err.code) {
        job_finish(j, w->err.code == EBUSY ? STATUS_WRONG_STATE : STATUS_FAILED, &w->err);
        return;
    }
    if (w->seconds == 0 || (j->flags & FLAG_PURGE)) {
        begin_emptying(j, true);
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

    watch_look(j->core->watch);
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
        begin_emptying(j, false);
}

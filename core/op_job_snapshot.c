/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots of a distro.  What moves data, or waits for a disk, runs on a thread of libuv's. */
#include "core/op_job.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/machine.h"
#include "core/snapshots.h"
#include "core/snapshots_diff.h"
#include "core/snapshots_report.h"
#include "core/store.h"
#include "core/suspended.h"
#include "core/watch.h"
#include "core/words.h"

/* A copy of everything that the thread needs; the job may be gone before it. */
struct snapshot_work {
    uv_work_t work;
    struct op_job *job; /* NULL: nobody waits any more */
    uv_timer_t timer;
    int (*run)(struct snapshot_work *w, struct err *e);
    struct paths paths; /* data and state alone */
    struct options defaults;
    char distro[NAME_MAX_LEN + 2];
    char *word[4], *note;
    int64_t keep;
    char *output;       /* to print at the end */
    char kept[SNAPSHOT_NAME_MAX + 1]; /* what the disk held before is this snapshot now; "": not kept */
    struct snapshots_work progress;
    atomic_bool cancel;
    _Atomic uint64_t done, total;
    struct err err;
};

static void count_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct snapshot_work *w = ctx;

    w->done = done;
    w->total = total;
}

/* One line more to print at the end. */
static void add_note(void *ctx, const char *text)
{
    struct snapshot_work *w = ctx;
    char *more = file_path("%s%s\n", w->output ? w->output : "", text);

    if (!more)
        return;
    free(w->output);
    w->output = more;
}

static void free_work(struct snapshot_work *w)
{
    for (size_t i = 0; i < ARRAY_SIZE(w->word); i++)
        free(w->word[i]);
    free(w->note);
    free(w->output);
    free(w->paths.data);
    free(w->paths.state);
    options_release(&w->defaults);
    free(w);
}

/* --- on the thread --- */

/* While the machine's lock is held nobody can start it. */
static int lock_machine(const struct snapshot_work *w, struct err *e)
{
    return machine_lock(&w->paths, w->distro, e);
}

/* Is it the snapshot on which the disk stands now?  Then its deletion changes what a machine would write. */
static bool is_base(const struct snapshot_work *w, const char *name)
{
    const struct snapshot *n;
    struct snapshots s;
    bool base;

    if (snapshots_load(&w->paths, w->distro, &s, NULL) < 0)
        return false;
    n = snapshots_find(&s, name);
    base = n && strcmp(n->id, s.base) == 0;
    snapshots_release(&s);
    return base;
}

static int delete_one(struct snapshot_work *w, const char *name, struct err *e)
{
    bool suspended = suspended_exists(&w->paths, w->distro); /* its memory belongs to just that disk */
    auto_close int lock = is_base(w, name) && !suspended ? lock_machine(w, NULL) : -1;

    return snapshots_delete(&w->paths, w->distro, name, lock < 0, &w->progress, e);
}

/* The oldest of more than are kept; the caller frees; NULL: none. */
static char *one_too_many(const struct snapshot_work *w)
{
    const struct snapshot *oldest = NULL, *undo;
    struct snapshots s;
    char *name = NULL;

    if (w->keep == 0 || snapshots_load(&w->paths, w->distro, &s, NULL) < 0)
        return NULL;
    undo = snapshots_undo_to(&s); /* not taken by a person, and gone with the next restore */
    for (unsigned i = 0; i < s.count; i++)
        if (&s.list[i] != undo && (!oldest || s.list[i].created < oldest->created))
            oldest = &s.list[i];
    if (oldest && s.count - (undo != NULL) > (uint64_t)w->keep)
        name = strdup(oldest->name);
    snapshots_release(&s);
    return name;
}

/* The setting keep_snapshots; told in `output`. */
static int keep_last(struct snapshot_work *w, struct err *e)
{
    char *name;
    int r = 0;

    while (r == 0 && (name = one_too_many(w))) {
        auto_free char *text = file_path("snapshot %s is deleted: keep_snapshots is %lld", name, (long long)w->keep);

        r = delete_one(w, name, e);
        if (r == 0 && text)
            add_note(w, text);
        free(name);
    }
    return r;
}

static int run_create(struct snapshot_work *w, struct err *e)
{
    auto_close int lock = lock_machine(w, e);
    struct snapshot_new n;
    int r = lock < 0 ? lock : snapshots_begin(&w->paths, w->distro, w->word[1], w->note, false, &n, e);

    if (r < 0)
        return r;
    r = snapshots_commit(&n, e);
    snapshots_abort(&n);
    if (r < 0)
        return r;
    close(steal_fd(&lock));
    return keep_last(w, e);
}

static int run_restore(struct snapshot_work *w, struct err *e)
{
    auto_close int lock = lock_machine(w, e);

    return lock < 0 ? lock : snapshots_restore(&w->paths, w->distro, w->word[1], w->kept, e);
}

static int run_undo(struct snapshot_work *w, struct err *e)
{
    auto_close int lock = lock_machine(w, e);

    return lock < 0 ? lock : snapshots_undo(&w->paths, w->distro, w->kept, e);
}

static int run_delete(struct snapshot_work *w, struct err *e)
{
    return delete_one(w, w->word[1], e);
}

static int run_clone(struct snapshot_work *w, struct err *e)
{
    return snapshots_clone(&w->paths, &w->defaults, w->distro, w->word[1], w->word[2], &w->progress, e);
}

static int run_diff(struct snapshot_work *w, struct err *e)
{
    return snapshots_diff(&w->paths, w->distro, w->word[1], w->word[2], &w->progress, &w->output, e);
}

/* --- on the loop --- */

static void on_timer_closed(uv_handle_t *h)
{
    free_work(h->data);
}

static enum op_status status_of(int code)
{
    return code == 0 ? STATUS_DONE : code == ECANCELED ? STATUS_CANCELLED
           : code == EBUSY ? STATUS_WRONG_STATE : STATUS_FAILED;
}

static void thread_main(uv_work_t *work)
{
    struct snapshot_work *w = work->data;

    w->run(w, &w->err);
}

static void print_output(struct op_job *j, const char *text)
{
    auto_free char *words = text && job_form(j) == REPORT_WORDS ? snapshots_diff_words(text) : NULL;

    job_print(j, words ? words : text);
}

static void on_done(uv_work_t *work, int status)
{
    struct snapshot_work *w = work->data;
    struct op_job *j = w->job;

    (void)status;
    uv_close((uv_handle_t *)&w->timer, on_timer_closed);
    if (!j)
        return;
    j->snapshot = NULL;
    watch_look(j->core->watch);
    print_output(j, w->output);
    if (*w->kept)
        job_note(j, "what it held before is kept as the snapshot %s; `lxtop snapshot undo %s` goes back to it", w->kept, w->distro);
    job_finish(j, status_of(w->err.code), &w->err);
}

static void on_tick(uv_timer_t *t)
{
    struct snapshot_work *w = t->data;

    if (w->job && !w->job->detached && w->job->ev.progress && w->total)
        w->job->ev.progress(w->job->ctx, w->done, w->total);
}

void snapshot_work_cancel(struct snapshot_work *w)
{
    w->cancel = true;
}

void snapshot_work_detach(struct snapshot_work *w)
{
    if (!w)
        return;
    w->cancel = true;
    w->job = NULL;
}

static int64_t keep_of(struct op_job *j)
{
    struct distro d;
    int64_t keep = 0;

    if (store_load(&j->core->paths, &j->core->defaults, j->distro, &d, NULL) == 0) {
        keep = options_number(&d.options, OPT_KEEP_SNAPSHOTS);
        distro_release(&d);
    }
    return keep;
}

static void start_work(struct op_job *j, int (*run)(struct snapshot_work *w, struct err *e))
{
    struct snapshot_work *w = calloc(1, sizeof(*w));

    if (!w || options_copy(&w->defaults, &j->core->defaults, NULL) < 0 ||
        !(w->paths.data = strdup(j->core->paths.data)) || !(w->paths.state = strdup(j->core->paths.state))) {
        if (w)
            free_work(w);
        job_finish(j, STATUS_FAILED, &(struct err){.code = ENOMEM, .msg = "not enough memory"});
        return;
    }
    for (unsigned i = 0; i < j->words && i < ARRAY_SIZE(w->word); i++)
        w->word[i] = strdup(j->word[i]);
    w->note = j->note ? strdup(j->note) : NULL;
    snprintf(w->distro, sizeof(w->distro), "%s", j->distro);
    w->keep = keep_of(j);
    w->run = run;
    w->job = j;
    w->progress = (struct snapshots_work){&w->cancel, count_progress, w, add_note};
    w->work.data = w->timer.data = w;
    j->snapshot = w;
    uv_timer_init(j->core->loop, &w->timer);
    uv_timer_start(&w->timer, on_tick, 100, 100);
    uv_queue_work(j->core->loop, &w->work, thread_main, on_done);
}

/* --- of a running distro: its machine does the renaming --- */

static void tell_memory(struct op_job *j, const json_t *reply)
{
    char text[WORDS_TEXT];

    job_note(j, "%s of its memory were written", words_size(text, json_integer_value(json_object_get(reply, "memory_bytes"))));
    job_note(j, "it stood still for %s", words_time(text, json_integer_value(json_object_get(reply, "pause_us")) + 999));
}

static void tell_snapshot(struct op_job *j, const json_t *reply)
{
    const char *no_memory = json_string_value(json_object_get(reply, "memory_error"));

    if (!json_is_true(json_object_get(reply, "frozen")))
        job_note(j, "its file systems could not be held still: the disk is as after a loss of power");
    if (no_memory)
        job_note(j, "the snapshot is of its disk alone, its memory could not be kept: %s", no_memory);
    else if (j->flags & FLAG_MEMORY)
        tell_memory(j, reply);
}

static void on_snapshot(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;
    struct err mine = {0};
    int r;

    j->asked = false;
    if (reply)
        tell_snapshot(j, reply);
    r = reply ? snapshots_commit(j->live, &mine) : -1;
    snapshots_abort(j->live);
    free(j->live);
    j->live = NULL;
    if (r < 0)
        job_finish(j, STATUS_FAILED, reply ? &mine : e);
    else
        start_work(j, keep_last);
}

static int ask_machine(struct op_job *j, struct err *e)
{
    json_t *request = json_pack("{ss ss ss ss ss*}", "cmd", "snapshot", "disk", "root", "from", j->live->from, "to",
                                j->live->to, "memory", j->live->memory);

    j->asked = true;
    return watch_send(j->core->watch, j->distro, request, on_snapshot, j, e);
}

static void create_live(struct op_job *j)
{
    struct err e = {0};
    int r = -ENOMEM;

    j->live = malloc(sizeof(*j->live));
    if (j->live)
        r = snapshots_begin(&j->core->paths, j->distro, j->words > 1 ? j->word[1] : NULL, j->note,
                            j->flags & FLAG_MEMORY, j->live, &e);
    if (r == 0 && (r = ask_machine(j, &e)) < 0)
        snapshots_abort(j->live);
    if (r == 0)
        return;
    free(j->live);
    j->live = NULL;
    j->asked = false;
    job_finish(j, status_of(e.code), &e);
}

/* --- the rows --- */

static void print_list(struct op_job *j)
{
    struct snapshots s;
    struct err e = {0};
    auto_free char *text = NULL;

    if (snapshots_load(&j->core->paths, j->distro, &s, &e) == 0) {
        text = snapshots_report(&s, job_form(j));
        snapshots_release(&s);
    }
    job_print(j, text);
    job_finish(j, text ? STATUS_DONE : STATUS_FAILED, &e);
}

void job_run_snapshot(struct op_job *j)
{
    static int (*const works[OPS])(struct snapshot_work *w, struct err *e) = {
        [OP_SNAPSHOT_CREATE] = run_create, [OP_SNAPSHOT_RESTORE] = run_restore,
        [OP_SNAPSHOT_UNDO] = run_undo, [OP_SNAPSHOT_DELETE] = run_delete, [OP_SNAPSHOT_CLONE] = run_clone, [OP_SNAPSHOT_DIFF] = run_diff};

    struct err e;

    if (j->begun || !job_check_distro(j))
        return;
    if (j->op == OP_SNAPSHOT_DIFF && j->words < 3 && (MACHINE_BIT(job_distro(j)->state) & MACHINE_LIVE)) {
        err_set(&e, EBUSY, "%s runs, so its disk changes; take a snapshot and compare with that", j->distro);
        job_finish(j, STATUS_WRONG_STATE, &e);
        return;
    }
    if (j->op == OP_SNAPSHOT_CREATE && (j->flags & FLAG_MEMORY) && job_distro(j)->state != MACHINE_RUNNING) {
        err_set(&e, EBUSY, "%s does not run, so there is no memory to keep; start it first, or leave --memory out",
                j->distro);
        job_finish(j, STATUS_WRONG_STATE, &e);
        return;
    }
    if (j->op == OP_SNAPSHOT_LIST)
        print_list(j);
    else if (j->op == OP_SNAPSHOT_CREATE && (MACHINE_BIT(job_distro(j)->state) & MACHINE_LIVE))
        create_live(j);
    else
        start_work(j, works[j->op]);
}

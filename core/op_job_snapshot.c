/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots of a distro.  What moves data, or waits for a disk, runs on a thread of libuv's. */
#include "core/op_work.h"

#include <errno.h>
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

/* --- on the thread --- */

/* While the machine's lock is held nobody can start it. */
static int lock_machine(const struct job_work *w, struct err *e)
{
    return machine_lock(&w->paths, w->distro, e);
}

/* Is it the snapshot on which the disk stands now?  Then its deletion changes what a machine would write. */
static bool is_base(const struct job_work *w, const char *name)
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

static int delete_one(struct job_work *w, const char *name, struct err *e)
{
    bool suspended = suspended_exists(&w->paths, w->distro); /* its memory belongs to just that disk */
    auto_close int lock = is_base(w, name) && !suspended ? lock_machine(w, NULL) : -1;

    return snapshots_delete(&w->paths, w->distro, name, lock < 0, &w->progress, e);
}

/* The oldest of more than are kept; the caller frees; NULL: none. */
static char *one_too_many(const struct job_work *w)
{
    const struct snapshot *oldest = NULL, *undo;
    struct snapshots s;
    char *name = NULL;

    if (snapshots_load(&w->paths, w->distro, &s, NULL) < 0)
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
static int keep_last(struct job_work *w, struct err *e)
{
    char *name;
    int r = 0;

    w->keep = job_work_read(w, NULL) ? options_number(&w->settings.options, OPT_KEEP_SNAPSHOTS) : 0;
    while (r == 0 && w->keep && (name = one_too_many(w))) {
        auto_free char *text = file_path("snapshot %s is deleted: keep_snapshots is %lld", name, (long long)w->keep);

        r = delete_one(w, name, e);
        if (r == 0 && text)
            job_work_line(w, text);
        free(name);
    }
    return r;
}

static int run_create(struct job_work *w, struct err *e)
{
    auto_close int lock = lock_machine(w, e);
    struct snapshot_new n;
    int r = lock < 0 ? lock : snapshots_begin(&w->paths, w->distro, w->word[1], w->text, false, &n, e);

    if (r < 0)
        return r;
    r = snapshots_commit(&n, e);
    snapshots_abort(&n);
    if (r < 0)
        return r;
    close(steal_fd(&lock));
    return keep_last(w, e);
}

static int run_restore(struct job_work *w, struct err *e)
{
    auto_close int lock = lock_machine(w, e);

    return lock < 0 ? lock : snapshots_restore(&w->paths, w->distro, w->word[1], w->kept, e);
}

static int run_undo(struct job_work *w, struct err *e)
{
    auto_close int lock = lock_machine(w, e);

    return lock < 0 ? lock : snapshots_undo(&w->paths, w->distro, w->kept, e);
}

static int run_delete(struct job_work *w, struct err *e)
{
    return delete_one(w, w->word[1], e);
}

static int run_clone(struct job_work *w, struct err *e)
{
    return snapshots_clone(&w->paths, &w->defaults, w->distro, w->word[1], w->word[2], &w->progress, e);
}

static int run_diff(struct job_work *w, struct err *e)
{
    return snapshots_diff(&w->paths, w->distro, w->word[1], w->word[2], &w->progress, &w->output, e);
}

/* Of a running distro: its machine does the renaming. */
static int run_begin(struct job_work *w, struct err *e)
{
    struct snapshot_new *n = malloc(sizeof(*n));
    int r = n ? snapshots_begin(&w->paths, w->distro, w->word[1], w->text, w->flags & FLAG_MEMORY, n, e)
              : err_sys(e, ENOMEM, "snapshot");

    if (r < 0)
        free(n);
    else
        w->live = n;
    return r;
}

static int run_commit(struct job_work *w, struct err *e)
{
    int r = snapshots_commit(w->live, e);

    job_work_drop_live(w);
    return r < 0 ? r : keep_last(w, e);
}

static int run_abort(struct job_work *w, struct err *e)
{
    (void)e;
    job_work_drop_live(w);
    return 0;
}

/* --- on the loop --- */

static enum op_status status_of(int code)
{
    return code == 0 ? STATUS_DONE : code == ECANCELED ? STATUS_CANCELLED
           : code == EBUSY ? STATUS_WRONG_STATE : STATUS_FAILED;
}

static void print_output(struct op_job *j, const char *text)
{
    auto_free char *words = text && job_form(j) == REPORT_WORDS ? snapshots_diff_words(text) : NULL;

    job_print(j, words ? words : text);
}

static void done(struct op_job *j, struct job_work *w)
{
    print_output(j, w->output);
    if (*w->kept)
        job_note(j, "what it held before is kept as the snapshot %s; `lxtop snapshot undo %s` goes back to it", w->kept, w->distro);
    job_finish(j, status_of(w->err.code), &w->err);
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

/* The machine's error is what is told. */
static void aborted(struct op_job *j, struct job_work *w)
{
    (void)w;
    job_finish(j, status_of(j->refused.code), &j->refused);
}

static void on_snapshot(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;

    j->asked = false;
    if (reply)
        tell_snapshot(j, reply);
    else
        j->refused = *e;
    job_work_live(j, steal_ptr(&j->live), reply ? run_commit : run_abort, reply ? done : aborted);
}

static void ask_machine(struct op_job *j, struct job_work *w)
{
    json_t *request;
    struct err e;

    if (w->err.code) {
        job_finish(j, status_of(w->err.code), &w->err);
        return;
    }
    j->live = steal_ptr(&w->live);
    request = json_pack("{ss ss ss ss ss*}", "cmd", "snapshot", "disk", "root", "from", j->live->from, "to", j->live->to,
                        "memory", j->live->memory);
    j->asked = true;
    if (watch_send(j->core->watch, j->distro, request, on_snapshot, j, &e) < 0)
        on_snapshot(j, NULL, &e);
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
    static int (*const works[OPS])(struct job_work *w, struct err *e) = {
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
        job_work_start(j, run_begin, ask_machine);
    else
        job_work_start(j, works[j->op], done);
}

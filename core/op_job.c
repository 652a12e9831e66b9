/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations that take time: op.h.  Each is a row of `runners`, driven by the model's changes. */
#include "core/op.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/doctor.h"
#include "core/file_job.h"
#include "core/forwards.h"
#include "core/machine.h"
#include "core/report.h"
#include "core/store.h"
#include "core/task.h"
#include "core/watch.h"

#define CONSOLE_LINES 12 /* of the guest's last words when a start fails */

struct op_job {
    struct op_job *next;
    struct core *core;
    struct op_events ev;
    void *ctx;
    uv_timer_t kick; /* first step and every look: never calls back from op_start */
    enum op_id op;
    char distro[NAME_MAX_LEN + 2]; /* one too many: a name too long is cut to one that nobody has */
    char *source;
    char *setting[OPTIONS];
    char **word;
    unsigned words;
    struct file_job *files;
    uint64_t copied;
    unsigned flags;
    bool detached, finished, begun, asked;
    struct machine_start *start;
    struct task *task;
    unsigned phases_told;
    int64_t stop_deadline; /* uv_now milliseconds: then the process itself is killed */
};

/* --- telling --- */

static void __attribute__((format(printf, 2, 3))) note(struct op_job *j, const char *fmt, ...)
{
    char text[ERR_MSG_SIZE];
    va_list ap;

    if (j->detached || !j->ev.note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    j->ev.note(j->ctx, text);
}

static void print(struct op_job *j, const char *text)
{
    if (!j->detached && j->ev.print && text)
        j->ev.print(j->ctx, text);
}

static void on_kick_closed(uv_handle_t *h)
{
    struct op_job *j = h->data;

    free(j->source);
    for (unsigned i = 0; i < j->words; i++)
        free(j->word[i]);
    free(j->word);
    for (int i = 0; i < OPTIONS; i++)
        free(j->setting[i]);
    free(j);
}

static void finish(struct op_job *j, enum op_status status, const struct err *e)
{
    static const struct err none;
    struct op_job **at = &j->core->jobs;

    if (j->finished)
        return;
    j->finished = true;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    machine_start_detach(j->start);
    task_free(j->task);
    file_job_detach(j->files);
    if (!j->detached)
        j->ev.finished(j->ctx, status, e ? e : &none);
    uv_close((uv_handle_t *)&j->kick, on_kick_closed);
}

/* --- finding the distro, judging its state --- */

static const struct model_distro *find(struct op_job *j)
{
    return model_find(&j->core->model, j->distro);
}

/* False when the operation ended here. */
static bool check_distro(struct op_job *j)
{
    const struct model_distro *d = find(j);
    struct err e;

    if (!d) {
        err_set(&e, ENOENT, "there is no distro named '%s'; `lxtop list` shows them", j->distro);
        finish(j, STATUS_NO_DISTRO, &e);
        return false;
    }
    if (op_legal(j->op, d->state))
        return true;
    op_refuse(j->op, d, &e);
    finish(j, STATUS_WRONG_STATE, &e);
    return false;
}

/* --- list, doctor --- */

static void run_list(struct op_job *j)
{
    auto_free char *text = NULL;

    if (!j->core->model.settled)
        return; /* a live machine has still to answer */
    text = report_list(&j->core->model, j->flags & FLAG_JSON);
    print(j, text);
    finish(j, STATUS_DONE, NULL);
}

static void run_doctor(struct op_job *j)
{
    auto_free char *text = NULL;
    struct doctor_facts f;
    bool cannot;

    doctor_facts_gather(&f, &j->core->paths, &j->core->defaults);
    text = report_doctor(&f, &cannot);
    doctor_facts_release(&f);
    print(j, text);
    finish(j, cannot ? STATUS_HOST : STATUS_DONE, NULL); /* the report says it */
}

/* --- stats --- */

static void on_stats(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;
    const struct model_distro *d = find(j);
    auto_free char *text = reply && d ? report_stats(d, reply, j->flags & FLAG_JSON) : NULL;

    print(j, text);
    finish(j, text ? STATUS_DONE : STATUS_FAILED, e);
}

static void run_stats(struct op_job *j)
{
    struct err e;

    if (j->asked || (!j->begun && !check_distro(j)))
        return;
    j->asked = true;
    if (watch_send(j->core->watch, j->distro, json_pack("{ss}", "cmd", "stats"), on_stats, j, &e) < 0)
        finish(j, STATUS_FAILED, &e);
}

/* --- install --- */

static void on_task_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct op_job *j = ctx;

    if (j->core->watch)
        watch_task(j->core->watch, j->distro, true, done, total);
    if (!j->detached && j->ev.progress)
        j->ev.progress(j->ctx, done, total);
}

static void on_task_finished(void *ctx, const struct err *e)
{
    struct op_job *j = ctx;

    if (j->core->watch)
        watch_task(j->core->watch, j->distro, false, 0, 0);
    finish(j, e->code == 0           ? STATUS_DONE
              : e->code == ECANCELED ? STATUS_CANCELLED
                                     : STATUS_FAILED, e);
}

/* The same words a person would type, for the child. */
static struct task *start_install(struct op_job *j, struct err *e)
{
    static const struct task_events ev = {on_task_progress, on_task_finished};
    auto_free char *self = core_self();
    char *names[OPTIONS] = {0};
    const char *argv[5 + 2 * OPTIONS] = {op_table[OP_TASK_INSTALL].verb};
    struct task *t = NULL;
    unsigned n = 1;

    for (int i = 0; i < OPTIONS; i++)
        if (j->setting[i] && (names[i] = file_path("--%s", option_table[i].name))) {
            argv[n++] = names[i];
            argv[n++] = j->setting[i];
        }
    argv[n++] = "--";
    argv[n++] = j->source;
    argv[n++] = j->distro;
    if (self)
        t = task_start(j->core->loop, self, argv, &ev, j, e);
    else
        err_sys(e, ENOENT, "find lxtop itself");
    for (int i = 0; i < OPTIONS; i++)
        free(names[i]);
    return t;
}

/* Settings are judged here, where the error still has the person's ear. */
static int check_install(struct op_job *j, struct err *e)
{
    struct options o;
    int r = options_copy(&o, &j->core->defaults, e);

    for (int i = 0; i < OPTIONS && r == 0; i++)
        if (j->setting[i])
            r = options_set(&o, option_table[i].name, j->setting[i], ORIGIN_COMMAND, e);
    options_release(&o);
    if (r == 0 && !j->distro[0]) {
        auto_free char *name = store_suggest_name(&j->core->paths, j->source);

        snprintf(j->distro, sizeof(j->distro), "%s", name ? name : "distro");
    }
    return r == 0 ? store_check_name(j->distro, e) : r;
}

static void run_install(struct op_job *j)
{
    struct err e = {0};

    if (j->begun)
        return;
    if (check_install(j, &e) < 0) {
        finish(j, STATUS_USAGE, &e);
        return;
    }
    note(j, "installing from %s", j->source);
    j->task = start_install(j, &e);
    if (!j->task)
        finish(j, STATUS_FAILED, &e);
    else if (j->core->watch)
        watch_task(j->core->watch, j->distro, true, 0, 0);
}

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
            note(j, "%s after %lld ms", texts[i], (long long)d->phase_us[i] / 1000);
        }
}

static void fail_start(struct op_job *j, const struct model_distro *d)
{
    auto_free char *tail = machine_console_tail(&j->core->paths, j->distro, CONSOLE_LINES);
    const char *why = machine_reason_text(d->reason);
    struct err e;

    if (tail && *tail) {
        note(j, "the last lines of its console:");
        print(j, tail);
    }
    err_set(&e, EIO, "%s ended before it was ready: %s%s%s", j->distro,
            *why ? why : "the guest powered off", *d->detail ? ": " : "", d->detail);
    finish(j, STATUS_FAILED, &e);
}

static void on_running(struct op_job *j);

static void watch_boot(struct op_job *j)
{
    const struct model_distro *d = find(j);

    if (!d) {
        finish(j, STATUS_NO_DISTRO, NULL);
        return;
    }
    if (j->start)
        return; /* lxtop-vmm is not up yet */
    tell_phases(j, d);
    if (d->state == MACHINE_RUNNING) {
        if (*d->note)
            note(j, "%s", d->note);
        on_running(j);
    } else if (MACHINE_BIT(d->state) & MACHINE_DOWN) {
        fail_start(j, d);
    }
}

static void on_start_note(void *ctx, const char *text)
{
    note(ctx, "%s", text);
}

static void on_started(void *ctx, const struct err *e)
{
    struct op_job *j = ctx;
    struct err copy = *e;

    j->start = NULL;
    watch_started(j->core->watch, j->distro);
    if (copy.code)
        finish(j, STATUS_FAILED, &copy);
}

static void begin_start(struct op_job *j)
{
    static const struct machine_start_events ev = {on_start_note, on_started};
    struct distro d;
    struct err e = {0};
    char advice[ERR_MSG_SIZE];

    if (!doctor_kvm_works(advice, sizeof(advice))) {
        err_set(&e, ENOTSUP, "%s", advice);
        finish(j, STATUS_HOST, &e);
        return;
    }
    if (store_load(&j->core->paths, &j->core->defaults, j->distro, &d, &e) < 0) {
        finish(j, STATUS_FAILED, &e);
        return;
    }
    if (d.warning)
        note(j, "%s", d.warning);
    j->start = machine_start(j->core->loop, &j->core->paths, &d, &ev, j, &e);
    distro_release(&d);
    if (j->start)
        watch_starting(j->core->watch, j->distro);
    else
        finish(j, STATUS_FAILED, &e);
}

static void run_start(struct op_job *j)
{
    if (j->begun)
        watch_boot(j);
    else if (check_distro(j))
        begin_start(j);
}

/* --- stop --- */

/* A VMM that does not answer, or not in time, is killed: a stop always wins. */
static void kill_machine(struct op_job *j)
{
    struct err e;

    note(j, "lxtop-vmm does not answer; it is killed");
    if (machine_kill(&j->core->paths, j->distro, &e) < 0)
        finish(j, STATUS_FAILED, &e);
    j->stop_deadline = INT64_MAX;
}

static void begin_stop(struct op_job *j)
{
    bool force = j->flags & FLAG_FORCE;
    struct distro d;
    int64_t seconds = 30;

    if (store_load(&j->core->paths, &j->core->defaults, j->distro, &d, NULL) == 0) {
        seconds = options_number(&d.options, OPT_STOP_TIMEOUT);
        distro_release(&d);
    }
    j->stop_deadline = (int64_t)uv_now(j->core->loop) + (force ? 2000 : seconds * 1000 + 5000);
    if (watch_send(j->core->watch, j->distro,
                   json_pack("{ss sb sI}", "cmd", "stop", "force", force, "deadline_ms",
                             (json_int_t)seconds * 1000), NULL, NULL, NULL) < 0)
        kill_machine(j);
}

static void run_stop(struct op_job *j)
{
    const struct model_distro *d = find(j);

    if (!j->begun && !check_distro(j))
        return;
    if (!j->begun) {
        begin_stop(j);
    } else if (!d || (MACHINE_BIT(d->state) & MACHINE_DOWN)) {
        if (d && strcmp(d->reason, "forced") == 0 && !(j->flags & FLAG_FORCE))
            note(j, "the guest did not power off in time and was stopped by force");
        finish(j, STATUS_DONE, NULL);
    } else if ((int64_t)uv_now(j->core->loop) > j->stop_deadline) {
        kill_machine(j);
    }
}

/* --- remove --- */

/* The lock, and not the model, says that nobody has started it since the last look. */
static int lock_machine(struct op_job *j, const char *state, struct err *e)
{
    auto_free char *lock = machine_file(&j->core->paths, j->distro, "lock");
    int r = lock ? file_mkdirs(state, 0700, e) : err_sys(e, ENOMEM, "remove %s", j->distro);

    if (r == 0)
        r = file_lock(lock, e);
    return r == -EAGAIN ? err_set(e, EBUSY, "%s has just been started; stop it first: lxtop stop %s",
                                  j->distro, j->distro) : r;
}

static int remove_files(struct op_job *j, struct err *e)
{
    auto_free char *state = file_path("%s/machines/%s", j->core->paths.state, j->distro);
    auto_close int lock = state ? lock_machine(j, state, e) : err_sys(e, ENOMEM, "remove %s", j->distro);
    int r = lock < 0 ? lock : store_remove(&j->core->paths, j->distro, e);

    return r == 0 ? file_remove_tree(state, e) : r;
}

static void run_remove(struct op_job *j)
{
    struct err e = {0};
    int r;

    if (!check_distro(j))
        return;
    r = remove_files(j, &e);
    watch_look(j->core->watch);
    finish(j, r == 0 ? STATUS_DONE : r == -EBUSY ? STATUS_WRONG_STATE : STATUS_FAILED, &e);
}

/* --- forwards --- */

/* What the machine has taken, or would take at its start, is kept in the settings. */
static void keep_forward(struct op_job *j)
{
    struct forward f;
    struct err e = {0};
    int r = forward_parse(j->word[1], &f, &e);

    if (r == 0)
        r = forwards_keep(&j->core->paths, &j->core->defaults, j->distro, &f,
                          !(j->flags & FLAG_REMOVE), &e);
    finish(j, r == 0 ? STATUS_DONE : STATUS_FAILED, &e);
}

static void on_forwarded(void *ctx, const json_t *reply, const struct err *e)
{
    struct op_job *j = ctx;
    auto_free char *text = reply ? forwards_reply_text(reply) : NULL;

    if (reply && j->words > 1) {
        keep_forward(j);
        return;
    }
    print(j, text);
    finish(j, reply ? STATUS_DONE : STATUS_FAILED, e);
}

static void list_forwards(struct op_job *j)
{
    struct err e = {0};
    auto_free char *text = forwards_settings_text(&j->core->paths, &j->core->defaults, j->distro, &e);

    print(j, text);
    finish(j, text ? STATUS_DONE : STATUS_FAILED, &e);
}

static void ask_forward(struct op_job *j)
{
    const char *what = j->flags & FLAG_REMOVE ? "remove" : "add";
    json_t *request = j->words > 1 ? json_pack("{ss ss}", "cmd", "forward", what, j->word[1])
                                   : json_pack("{ss}", "cmd", "forward");
    struct err e;

    j->asked = true;
    if (watch_send(j->core->watch, j->distro, request, on_forwarded, j, &e) < 0)
        finish(j, STATUS_FAILED, &e);
}

static void run_forward(struct op_job *j)
{
    struct err e = {0};
    struct forward f;

    if (j->asked || (!j->begun && !check_distro(j)))
        return;
    if ((j->words > 1 && forward_parse(j->word[1], &f, &e) < 0) ||
        (j->words == 1 && (j->flags & FLAG_REMOVE) && err_set(&e, EINVAL, "say which to remove") < 0))
        finish(j, STATUS_USAGE, &e);
    else if (MACHINE_BIT(find(j)->state) & MACHINE_LIVE)
        ask_forward(j);
    else if (j->words > 1)
        keep_forward(j);
    else
        list_forwards(j);
}

/* --- files of a distro --- */

static void on_file_print(void *ctx, const char *text)
{
    print(ctx, text);
}

static void on_file_note(void *ctx, const char *text)
{
    note(ctx, "%s", text);
}

static void on_file_finished(void *ctx, const struct err *e)
{
    struct op_job *j = ctx;

    j->files = NULL;
    finish(j, e->code == 0           ? STATUS_DONE
              : e->code == ECANCELED ? STATUS_CANCELLED
                                     : STATUS_FAILED, e);
}

static void begin_files(struct op_job *j)
{
    static const enum file_work works[OPS] = {[OP_FILES] = FILE_LIST, [OP_CAT] = FILE_CAT,
                                              [OP_COPY] = FILE_COPY, [OP_UNMOUNT] = FILE_UNMOUNT};
    static const struct file_job_events ev = {on_file_print, on_file_note, on_file_finished};
    struct file_request r = {
        .work = works[j->op], .distro = j->distro[0] ? j->distro : NULL,
        .word = (const char *const *)j->word, .words = j->words, .details = j->flags & FLAG_LONG,
        .recursive = j->flags & FLAG_RECURSIVE,
        .preserve = j->flags & (FLAG_PRESERVE | FLAG_RECURSIVE),
    };
    struct err e;

    j->files = file_job_start(j->core->loop, &j->core->paths, &r, &ev, j, &e);
    if (!j->files)
        finish(j, STATUS_FAILED, &e);
}

static void on_mount_progress(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
}

static void on_mounted(void *ctx, const struct err *e)
{
    finish(ctx, e->code == 0 ? STATUS_DONE : STATUS_FAILED, e);
}

/* The mount outlives every surface: its process is a child's child. */
static void begin_mount(struct op_job *j)
{
    static const struct task_events ev = {on_mount_progress, on_mounted};
    const char *argv[] = {op_table[OP_TASK_MOUNT].verb, "--", j->word[0], j->word[1], NULL};
    auto_free char *self = core_self();
    struct err e = {0};

    if (self)
        j->task = task_start(j->core->loop, self, argv, &ev, j, &e);
    else
        err_sys(&e, ENOENT, "find lxtop itself");
    if (!j->task)
        finish(j, STATUS_FAILED, &e);
}

/* What a running distro was wanted for. */
static void on_running(struct op_job *j)
{
    if (j->op == OP_START)
        finish(j, STATUS_DONE, NULL);
    else if (j->op == OP_MOUNT)
        begin_mount(j);
    else
        begin_files(j);
}

static void tell_copied(struct op_job *j)
{
    uint64_t done, total;

    file_job_progress(j->files, &done, &total);
    if (done != j->copied && !j->detached && j->ev.progress)
        j->ev.progress(j->ctx, done, total);
    j->copied = done;
}

/* A stopped distro is started first, as if the person had. */
static void run_files(struct op_job *j)
{
    const struct model_distro *d = find(j);

    if (j->files)
        tell_copied(j);
    else if (j->task)
        return;
    else if (j->begun)
        watch_boot(j);
    else if (!check_distro(j))
        return;
    else if (MACHINE_BIT(d->state) & MACHINE_DOWN)
        begin_start(j);
    else if (d->state == MACHINE_RUNNING)
        on_running(j);
}

static void run_unmount(struct op_job *j)
{
    if (!j->begun)
        begin_files(j);
}

/* --- all of them --- */

static void (*const runners[OPS])(struct op_job *j) = {
    [OP_LIST] = run_list,   [OP_INSTALL] = run_install, [OP_START] = run_start,
    [OP_STOP] = run_stop,   [OP_STATS] = run_stats,     [OP_REMOVE] = run_remove,
    [OP_DOCTOR] = run_doctor, [OP_FILES] = run_files,   [OP_CAT] = run_files,
    [OP_FORWARD] = run_forward, [OP_COPY] = run_files,  [OP_MOUNT] = run_files,     [OP_UNMOUNT] = run_unmount,
};

static void on_kick(uv_timer_t *t)
{
    struct op_job *j = t->data;
    bool begun = j->begun;

    runners[j->op](j);
    if (!begun)
        j->begun = true;
}

static bool copy_args(struct op_job *j, const struct op_args *a)
{
    j->op = a->op;
    j->flags = a->flags;
    snprintf(j->distro, sizeof(j->distro), "%s", a->distro ? a->distro : "");
    j->source = a->source ? strdup(a->source) : NULL;
    for (int i = 0; i < OPTIONS; i++)
        if (a->setting[i] && !(j->setting[i] = strdup(a->setting[i])))
            return false;
    j->word = calloc(a->words + 1, sizeof(*j->word));
    for (; j->word && j->words < a->words; j->words++)
        if (!(j->word[j->words] = strdup(a->word[j->words])))
            return false;
    return j->word && (!a->source || j->source);
}

struct op_job *op_start(struct core *c, const struct op_args *a, const struct op_events *ev,
                        void *ctx)
{
    struct op_job *j = runners[a->op] ? calloc(1, sizeof(*j)) : NULL;

    if (!j)
        return NULL;
    *j = (struct op_job){.core = c, .ev = *ev, .ctx = ctx, .next = c->jobs};
    if (!copy_args(j, a)) {
        free(j);
        return NULL;
    }
    c->jobs = j;
    uv_timer_init(c->loop, &j->kick);
    j->kick.data = j;
    uv_timer_start(&j->kick, on_kick, 0, 50); /* looks at the model; events make it change at once */
    return j;
}

void op_cancel(struct op_job *j)
{
    struct err e;

    if (j->task)
        task_cancel(j->task); /* it cleans up and then says that it was cancelled */
    if (j->files)
        file_job_cancel(j->files);
    if (j->task || j->files || j->asked) /* a reply that is due finds its job */
        return;
    err_set(&e, ECANCELED, "no longer waited for; what was begun goes on");
    finish(j, STATUS_CANCELLED, &e);
}

void op_cancel_install(struct core *c, const char *distro)
{
    for (struct op_job *j = c->jobs; j; j = j->next)
        if (j->task && strcmp(j->distro, distro) == 0) {
            op_cancel(j);
            return;
        }
}

void op_detach(struct op_job *j)
{
    j->detached = true;
    finish(j, STATUS_CANCELLED, NULL);
}

struct op_job *op_first(struct core *c)
{
    return c->jobs;
}

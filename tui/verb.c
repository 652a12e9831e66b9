/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/verb.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/install.h"
#include "core/line.h"
#include "core/mounts.h"
#include "core/store.h"
#include "core/task.h"
#include "core/trash.h"
#include "core/watch.h"
#include "core/words.h"
#include "tui/attach.h"
#include "tui/first_user.h"
#include "tui/loss.h"
#include "tui/settings.h"
#include "tui/shell.h"

#define MILESTONE 25    /* per cent between two words of progress */
#define QUIET_MS 10000  /* longer than that without a word is as bad as a word too many */

/* Words for what takes time: while it lasts, and when it is done. */
static const struct {
    const char *doing, *done;
} words[OPS] = {
    [OP_INSTALL] = {"installing", "installed"}, [OP_START] = {"starting", "running"},
    [OP_STOP] = {"stopping", "stopped"},        [OP_REMOVE] = {"removing", "removed"},
    [OP_TRASH_RESTORE] = {"bringing back", "back"},
    [OP_SUSPEND] = {"suspending", "suspended"},
    [OP_SNAPSHOT_CREATE] = {"taking a snapshot", "kept in a snapshot"},
    [OP_SNAPSHOT_RESTORE] = {"restoring", "restored"}, [OP_SNAPSHOT_UNDO] = {"undoing", "as it was before"},
    [OP_SNAPSHOT_DELETE] = {"merging", "rid of that snapshot"},
    [OP_SNAPSHOT_CLONE] = {"cloning", "cloned"}, [OP_SNAPSHOT_DIFF] = {"comparing", NULL},
    [OP_MOUNT] = {"mounting", "mounted"},       [OP_SHELL] = {"starting", NULL},    [OP_EXEC] = {"starting", NULL},
};

struct run {
    struct core *core;
    struct op_job *job;
    const struct op_args *args;
    const struct verb_voice *voice;
    uv_signal_t interrupt;
    uv_timer_t quiet;
    uint64_t begun;      /* uv_now, milliseconds */
    uint64_t bytes;      /* read so far by an install */
    int percent, milestone;
    int status;
    unsigned open;       /* handles above that are not closed yet */
    bool over, unheard; /* unheard: the reader of standard output is gone */
};

static void on_print(void *ctx, const char *text)
{
    struct run *r = ctx;

    fputs(text, stdout);
    r->unheard |= fflush(stdout) == EOF;
}

static FILE *notes_of(const struct run *r)
{
    return r->voice->progress ? r->voice->progress : r->voice->notes;
}

static void on_note(void *ctx, const char *text)
{
    struct run *r = ctx;

    line_say(notes_of(r), "%s%s%s", r->args->distro ? r->args->distro : "",
             r->args->distro ? ": " : "", text);
    uv_timer_again(&r->quiet);
}

/* Sparse: a line for each quarter, nothing that moves a cursor; the end is told by the result. */
static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct run *r = ctx;
    char text[WORDS_TEXT];

    r->bytes = done;
    r->percent = total && done < total ? (int)((double)done * 100 / (double)total) : 0;
    if (r->percent < r->milestone + MILESTONE)
        return;
    r->milestone = r->percent / MILESTONE * MILESTONE;
    line_say(r->voice->notes, "%s: %d percent, %s read", r->args->distro, r->milestone,
             words_size(text, (int64_t)done));
    uv_timer_again(&r->quiet);
}

static uint64_t elapsed_ms(const struct run *r)
{
    uv_update_time(r->core->loop);
    return uv_now(r->core->loop) - r->begun;
}

static void on_quiet(uv_timer_t *t)
{
    struct run *r = t->data;
    char text[WORDS_TEXT];
    unsigned long long seconds = elapsed_ms(r) / 1000;

    uv_timer_set_repeat(t, 2 * uv_timer_get_repeat(t)); /* ever sparser */
    if (!words[r->args->op].doing)
        return;
    if (r->bytes)
        line_say(notes_of(r), "%s: still %s after %llu seconds, %s read", r->args->distro,
                 words[r->args->op].doing, seconds, words_size(text, (int64_t)r->bytes));
    else
        line_say(notes_of(r), "%s: still %s after %llu seconds", r->args->distro,
                 words[r->args->op].doing, seconds);
}

static void say_result(struct run *r, enum op_status status, const struct err *e)
{
    const char *done = words[r->args->op].done;
    char text[WORDS_TEXT];

    if (status == STATUS_DONE && done)
        line_say(r->voice->notes, "%s is %s; it took %s.", r->args->distro, done,
                 words_time(text, (int64_t)elapsed_ms(r) * 1000));
    else if (e->code)
        line_say(r->voice->notes, "%s%s", r->voice->error, e->msg);
}

static void on_finished(void *ctx, enum op_status status, const struct err *e)
{
    struct run *r = ctx;

    r->status = status;
    r->over = true;
    r->job = NULL;
    say_result(r, status, e);
    uv_stop(r->core->loop);
}

static void on_interrupt(uv_signal_t *s, int number)
{
    struct run *r = s->data;

    (void)number;
    if (r->job)
        op_cancel(r->job);
    if (r->job)
        line_say(r->voice->notes, "cancelling");
}

static void on_closed(uv_handle_t *h)
{
    struct run *r = h->data;

    r->open--;
}

static void start_handles(struct run *r)
{
    uv_loop_t *l = r->core->loop;

    uv_signal_init(l, &r->interrupt);
    uv_timer_init(l, &r->quiet);
    r->interrupt.data = r->quiet.data = r;
    r->open = 2;
    uv_signal_start(&r->interrupt, on_interrupt, SIGINT);
    uv_timer_start(&r->quiet, on_quiet, QUIET_MS, QUIET_MS);
}

/* The handles are on the stack: they are closed before it goes. */
static void stop_handles(struct run *r)
{
    uv_close((uv_handle_t *)&r->interrupt, on_closed);
    uv_close((uv_handle_t *)&r->quiet, on_closed);
    while (r->open)
        uv_run(r->core->loop, UV_RUN_ONCE);
}

/* False when there is no model to work on. */
static bool need_watch(struct core *c, const char *only, const struct verb_voice *v)
{
    struct err e = {0};

    if (c->watch || watch_start(c, only, &e))
        return true;
    line_say(v->notes, "%s%s", v->error, e.msg);
    return false;
}

static int run_job(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    static const struct op_events ev = {on_print, on_note, on_progress, on_finished};
    struct run r = {.core = c, .args = a, .voice = v};

    if (!need_watch(c, op_watches(a), v))
        return STATUS_FAILED;
    start_handles(&r);
    uv_update_time(c->loop);
    r.begun = uv_now(c->loop);
    r.status = STATUS_FAILED;
    r.job = op_start(c, a, &ev, &r);
    while (r.job && !r.over) {
        uv_run(c->loop, UV_RUN_ONCE);
        if (r.job && r.unheard && (a->flags & FLAG_FOLLOW))
            op_cancel(r.job);
    }
    stop_handles(&r);
    return r.status;
}

/* The distro of a verb that is legal for it now; else NULL, and *status, after saying why. */
static const struct model_distro *legal_distro(struct core *c, const struct op_args *a,
                                               const struct verb_voice *v, int *status)
{
    const struct model_distro *d;
    struct err e = {0};

    *status = STATUS_FAILED;
    if (!need_watch(c, a->distro, v))
        return NULL;
    d = model_find(&c->model, a->distro);
    if (d && op_legal(a->op, d->state))
        return d;
    *status = d ? STATUS_WRONG_STATE : STATUS_NO_DISTRO;
    if (d)
        op_refuse(a->op, d, &e);
    else
        distro_name_unknown(&c->paths, a->distro, &e);
    line_say(v->notes, "%s%s", v->error, e.msg);
    return NULL;
}

static int run_console(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    struct err e = {0};
    int status, r;

    if (!legal_distro(c, a, v, &status))
        return status;
    r = attach_run(c, a->distro, &e);
    if (r < 0)
        line_say(v->notes, "%s%s", v->error, e.msg);
    return r < 0 ? STATUS_FAILED : STATUS_DONE;
}

/* Started first where it is stopped; of that a script hears nothing but why it failed. */
static int run_session(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    auto_fclose FILE *nowhere = isatty(STDERR_FILENO) ? NULL : fopen("/dev/null", "we");
    struct verb_voice quiet = {.notes = v->notes, .error = v->error, .progress = v->progress ? v->progress : nowhere};
    int status = run_job(c, a, &quiet);
    struct err e = {0};

    if (status != STATUS_DONE)
        return status;
    if (a->op == OP_SHELL && !a->setting[OPT_USER])
        first_user_offer(c, a->distro, v->notes);
    status = shell_run(c, a, &e);
    if (e.code)
        line_say(v->notes, "%s%s", v->error, e.msg);
    return status < 0 ? STATUS_FAILED : status;
}

/* The name is settled here, so that every line can say it. */
static int run_install(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    struct op_args named = *a;
    auto_free char *name = a->distro ? NULL : store_suggest_name(&c->paths, a->source);

    if (name)
        named.distro = name;
    return run_job(c, &named, v);
}

/* So is that of what was removed last. */
static int run_restore(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    struct op_args named = *a;
    unsigned count;
    auto_free struct trashed *list = a->distro ? NULL : trash_list(&c->paths, &count);

    if (list)
        named.distro = list[0].name;
    return run_job(c, &named, v);
}

/* The child of an install: install.h in a process of its own. */
static int run_task_install(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    struct timespec told = {0};
    struct options o;
    struct install_request r = {.source = a->source, .name = a->distro, .options = &o,
                                .progress = task_child_progress, .ctx = &told};
    struct err e = {0};

    (void)v;
    task_child_init();
    options_copy(&o, &c->defaults, &e);
    for (int i = 0; i < OPTIONS && !e.code; i++)
        if (a->setting[i])
            options_set(&o, option_table[i].name, a->setting[i], ORIGIN_DISTRO, &e);
    if (!e.code)
        install_run(&c->paths, &r, &e);
    options_release(&o);
    return task_child_result(&e);
}

/* The child of a mount: it answers when the mount is up, and its own child goes on. */
static int run_task_mount(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    struct err e = {0};

    (void)v;
    mounts_mount(&c->paths, a->distro, a->word[1], a->setting[OPT_USER] ? a->setting[OPT_USER] : "", &e);
    return task_child_result(&e);
}

static int run_help(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    struct err e = {0};

    (void)c;
    if (a->words == 0)
        op_help(stdout);
    else if (op_help_of(stdout, (int)a->words, (char *const *)a->word, &e) < 0)
        line_say(v->notes, "%s%s", v->error, e.msg);
    return e.code ? STATUS_USAGE : STATUS_DONE;
}

static int run_version(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    (void)c;
    (void)a;
    (void)v;
    puts("lxtop " LXTOP_VERSION);
    return STATUS_DONE;
}

static bool typed_name(const struct core *c, const struct op_args *a, FILE *notes)
{
    char line[NAME_MAX_LEN + 3] = "", loss[LOSS_TEXT];
    const char *name;

    if (!loss_of(c, a, loss, &name))
        return true;
    line_ask(notes, "%s Type %s to go on: ", loss, name);
    if (!fgets(line, sizeof(line), stdin) || !isatty(STDIN_FILENO))
        fputc('\n', notes);
    line[strcspn(line, "\n")] = '\0';
    return strcmp(line, name) == 0;
}

/* Asked for by name: these cannot be taken back, or not for long. */
static int run_asked(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    int status = STATUS_FAILED;

    if (op_table[a->op].states ? !legal_distro(c, a, v, &status) : !need_watch(c, NULL, v))
        return status;
    if ((a->flags & FLAG_YES) || typed_name(c, a, v->notes))
        return run_job(c, a, v);
    line_say(v->notes, a->op == OP_REMOVE ? "Nothing was removed." : "Nothing was changed.");
    return STATUS_CANCELLED;
}

static int (*const special[OPS])(struct core *c, const struct op_args *a, const struct verb_voice *v) = {
    [OP_CONSOLE] = run_console, [OP_SETTINGS] = run_settings, [OP_TASK_INSTALL] = run_task_install, [OP_HELP] = run_help,
    [OP_VERSION] = run_version, [OP_REMOVE] = run_asked, [OP_STOP] = run_asked, [OP_SNAPSHOT_RESTORE] = run_asked,
    [OP_SNAPSHOT_DELETE] = run_asked, [OP_TRASH_EMPTY] = run_asked, [OP_TRASH_RESTORE] = run_restore, [OP_INSTALL] = run_install,
    [OP_TASK_MOUNT] = run_task_mount,
    [OP_SHELL] = run_session,   [OP_EXEC] = run_session,
};

int verb_run(struct core *c, const struct op_args *a, const struct verb_voice *v)
{
    return special[a->op] ? special[a->op](c, a, v) : run_job(c, a, v);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A distro's files on the host: list, cat, copy, mount, unmount. */
#include "core/op_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/program.h"
#include "core/core.h"
#include "core/file_job.h"
#include "core/mounts.h"
#include "core/store.h"
#include "core/task.h"

static void on_file_print(void *ctx, const char *text)
{
    job_print(ctx, text);
}

static void on_file_note(void *ctx, const char *text)
{
    job_note(ctx, "%s", text);
}

static void on_file_finished(void *ctx, const struct err *e)
{
    struct op_job *j = ctx;

    j->files = NULL;
    job_finish(j, e->code == 0           ? STATUS_DONE
                  : e->code == ECANCELED ? STATUS_CANCELLED
                                         : STATUS_FAILED, e);
}

/* As whom: what was asked for, else the distro's setting; the caller frees. */
static char *user_of(struct op_job *j)
{
    char *user = NULL;
    struct distro d;

    if (j->setting[OPT_USER])
        return strdup(j->setting[OPT_USER]);
    if (store_load(&j->core->paths, &j->core->defaults, j->distro, &d, NULL) == 0) {
        user = strdup(options_text(&d.options, OPT_USER));
        distro_release(&d);
    }
    return user ? user : strdup("");
}

static void begin_files(struct op_job *j)
{
    static const enum file_work works[OPS] = {[OP_FILES] = FILE_LIST, [OP_CAT] = FILE_CAT,
                                              [OP_COPY] = FILE_COPY, [OP_UNMOUNT] = FILE_UNMOUNT};
    static const struct file_job_events ev = {.print = on_file_print, .note = on_file_note, .finished = on_file_finished};
    auto_free char *user = user_of(j);
    struct file_request r = {
        .work = works[j->op], .distro = j->distro[0] ? j->distro : NULL, .user = user,
        .word = (const char *const *)j->word, .words = j->words, .details = j->flags & FLAG_LONG,
        .form = job_form(j),
        .recursive = j->flags & FLAG_RECURSIVE,
        .preserve = j->flags & (FLAG_PRESERVE | FLAG_RECURSIVE),
    };
    struct err e;

    j->files = file_job_start(j->core->loop, &j->core->paths, &r, &ev, j, &e);
    if (!j->files)
        job_finish(j, STATUS_FAILED, &e);
}

static void on_mount_progress(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
}

static void on_mounted(void *ctx, const struct err *e)
{
    job_finish(ctx, e->code == 0 ? STATUS_DONE : STATUS_FAILED, e);
}

/* The mount outlives every surface: its process is a child's child. */
static void begin_mount(struct op_job *j)
{
    static const struct task_events ev = {on_mount_progress, on_mounted};
    auto_free char *user = user_of(j);
    const char *argv[] = {op_table[OP_TASK_MOUNT].verb, "--user", user ? user : "", "--", j->word[0],
                          j->word[1], NULL};
    auto_free char *self = program_self();
    struct err e = {0};

    if (self)
        j->task = task_start(j->core->loop, self, argv, &ev, j, &e);
    else
        err_sys(&e, ENOENT, "find lxtop itself");
    if (!j->task)
        job_finish(j, STATUS_FAILED, &e);
}

void job_on_running(struct op_job *j)
{
    if (j->op == OP_START || j->op == OP_SHELL || j->op == OP_EXEC)
        job_finish(j, STATUS_DONE, NULL);
    else if (j->op == OP_MOUNT)
        begin_mount(j);
    else
        begin_files(j);
}

static void tell_copied(struct op_job *j)
{
    uint64_t done, total;

    file_job_progress(j->files, &done, &total);
    if (done != j->copied)
        job_progress(j, done, total);
    j->copied = done;
}

/* No machine starts for a folder that cannot be one of a mount. */
static bool check_folder(struct op_job *j)
{
    struct err e;

    if (j->op != OP_MOUNT || mounts_check_folder(j->word[1], &e) == 0)
        return true;
    job_finish(j, STATUS_FAILED, &e);
    return false;
}

/* A stopped distro is started first, as if the person had. */
void job_run_files(struct op_job *j)
{
    if (j->files)
        tell_copied(j);
    else if (!j->task && (j->begun || (job_check_distro(j) && check_folder(j))))
        job_need_machine(j);
}

void job_run_unmount(struct op_job *j)
{
    if (!j->begun)
        begin_files(j);
}

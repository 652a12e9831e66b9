/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the operations under way share; for nobody else.
 *
 * A job is a row of `runners` in op_job.c, which runs at once and then at every look at the model
 * until it calls job_finish.
 */
#ifndef CORE_OP_JOB_H
#define CORE_OP_JOB_H

#include <uv.h>

#include "core/base/err.h"
#include "core/op.h"
#include "core/report.h"

struct core;
struct file_job;
struct log_read;
struct machine_start;
struct snapshot_new;
struct task;
struct job_work;

struct op_job {
    struct op_job *next;
    struct core *core;
    struct op_events ev;
    void *ctx;
    uv_timer_t kick; /* first step and every look: never calls back from op_start */
    enum op_id op;
    char distro[NAME_MAX_LEN + 2]; /* one too many: a name too long is cut to one that nobody has */
    char *source, *note, *as;
    char *setting[OPTIONS];
    char **word;
    unsigned words;
    struct file_job *files;
    struct log_read *log;
    uint64_t copied;
    unsigned flags;
    bool detached, finished, begun, asked;
    bool prepared; /* a stop that boots it again, to be saved when it is ready */
    void (*not_saved)(struct op_job *j, const struct err *e); /* of job_begin_suspend; NULL: it is not under way */
    struct machine_start *start;
    struct job_use *use;        /* the machine is being asked to stay */
    unsigned joined;
    bool booting;
    struct err not_started;     /* unless somebody else's machine runs, as the next look says */
    int64_t use_deadline;       /* uv_now milliseconds; 0: not asked yet */
    struct task *task;
    unsigned long serial;  /* of its model_task; 0: it takes no time worth a task */
    struct job_work *work;     /* what waits for a disk is being done (op_work.h) */
    struct snapshot_new *live; /* a snapshot that the machine has been asked for */
    struct err refused;        /* what it answered */
    unsigned phases_told;
    int64_t stop_seconds;  /* of its settings, as `instant` */
    int instant;
    int64_t stop_deadline; /* uv_now milliseconds: then the process itself is killed */
};

/* A sentence for the person; what was asked for (NULL: nothing). */
void __attribute__((format(printf, 2, 3))) job_note(struct op_job *j, const char *fmt, ...);
void job_print(struct op_job *j, const char *text);
enum report_form job_form(const struct op_job *j);
void job_progress(struct op_job *j, uint64_t done, uint64_t total); /* bytes; total 0: not known */
/* Ends the job, which is no more after it; `e` may be NULL.  The second call does nothing. */
void job_finish(struct op_job *j, enum op_status status, const struct err *e);
/* The model's distro of the job, or NULL; borrowed until the model changes. */
const struct model_distro *job_distro(struct op_job *j);
/* False when the operation ended here: no such distro, or not legal in its state. */
bool job_check_distro(struct op_job *j);

/*
 * For who needs a running distro, at each look: one that is down is started, one that is stopping is waited
 * for and started again, one that runs is asked to stay ("use", vmm/ctl.h).  Ends in job_on_running.
 */
void job_need_machine(struct op_job *j);
/* What a running distro was wanted for. */
void job_on_running(struct op_job *j);
/* The answer is for nobody any more. */
void job_forget_use(struct op_job *j);
/* Of all jobs, when no answer can come any more. */
void job_uses_free(struct core *c);

/* The rows. */
void job_run_install(struct op_job *j);
void job_run_remove(struct op_job *j);
void job_run_start(struct op_job *j);
void job_run_stop(struct op_job *j);
void job_run_suspend(struct op_job *j);
/* Has the machine saved and ended; `failed` is called where that could not be, and the machine runs on. */
void job_begin_suspend(struct op_job *j, void (*failed)(struct op_job *j, const struct err *e));
/* At each look after it, until the machine is down. */
void job_watch_suspend(struct op_job *j);
void job_run_files(struct op_job *j);
void job_run_unmount(struct op_job *j);
void job_run_forward(struct op_job *j);
void job_run_snapshot(struct op_job *j);
void job_run_trash(struct op_job *j);
void job_run_info(struct op_job *j);
void job_run_log(struct op_job *j);
void job_run_set(struct op_job *j);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of an operation that waits for a disk: on a thread of libuv's, so that the loop, and with it the console,
 * goes on.  The job may be gone before it; what was begun is done all the same.
 */
#ifndef CORE_OP_WORK_H
#define CORE_OP_WORK_H

#include <uv.h>

#include "core/op_job.h"

struct job_work {
    uv_work_t work;
    struct op_job *job; /* NULL: nobody waits any more */
    int (*run)(struct job_work *w, struct err *e);
    void (*done)(struct op_job *j, struct job_work *w);
    /* Copies for the thread: */
    struct paths paths;
    struct options defaults;
    char distro[NAME_MAX_LEN + 2];
    char *word[3], *as;
    /* What `run` found out, for `done`: */
    struct err err;     /* code 0: none */
    char *note;         /* for the person; owned */
    int64_t seconds;
};

/* `run` on the thread, then `done` on the loop unless nobody waits.  For lack of memory the job is finished. */
void job_work_start(struct op_job *j, int (*run)(struct job_work *w, struct err *e),
                    void (*done)(struct op_job *j, struct job_work *w));
void job_work_detach(struct job_work *w); /* NULL allowed */

#endif

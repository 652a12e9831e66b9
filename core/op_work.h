/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of an operation that waits for a disk: on a thread of libuv's, so that the loop, and with it the console,
 * goes on.  The job may be gone before it; what was begun is done all the same, or ends soon where it can be cancelled.
 */
#ifndef CORE_OP_WORK_H
#define CORE_OP_WORK_H

#include <stdatomic.h>
#include <uv.h>

#include "core/op_job.h"
#include "core/snapshots.h"
#include "core/store.h"

struct job_work {
    uv_work_t work;
    struct core *core;
    struct op_job *job; /* NULL: nobody waits (any more) */
    int (*run)(struct job_work *w, struct err *e);
    void (*done)(struct op_job *j, struct job_work *w);
    /* Copies for the thread: */
    struct paths paths;
    struct options defaults;
    char distro[NAME_MAX_LEN + 2];
    char *word[4], *as, *text;  /* text: the job's note */
    unsigned flags;
    struct snapshot_new *live;  /* a snapshot that the machine makes; owned */
    /* Both see: */
    atomic_bool cancel;
    _Atomic uint64_t bytes_done, bytes_total;
    struct snapshots_work progress; /* all of that, for snapshots.h */
    /* What `run` found out, for `done`: */
    struct err err;     /* code 0: none */
    char *note;         /* for the person; owned */
    char *output;       /* to print; owned */
    char kept[SNAPSHOT_NAME_MAX + 1]; /* what the disk held before is this snapshot now; "": not kept */
    int64_t seconds, keep, freed;
    unsigned deleted;
    bool read;          /* `settings` are the distro's, as it is on the disk */
    struct distro settings;
};

/* `run` on the thread, then `done` on the loop, when the model shows what has changed; unless nobody waits.  For lack of
 * memory the job is finished. */
void job_work_start(struct op_job *j, int (*run)(struct job_work *w, struct err *e),
                    void (*done)(struct op_job *j, struct job_work *w));
/* With `live` of a snapshot that is under way, which is taken. */
void job_work_live(struct op_job *j, struct snapshot_new *live, int (*run)(struct job_work *w, struct err *e),
                   void (*done)(struct op_job *j, struct job_work *w));
/* For nobody. */
void core_work_start(struct core *c, int (*run)(struct job_work *w, struct err *e));
/* It ends soon, where it can; NULL allowed. */
void job_work_cancel(struct job_work *w);
/* And nobody waits for it; NULL allowed. */
void job_work_detach(struct job_work *w);

/* On the thread: `settings` are read; false: they cannot be. */
bool job_work_read(struct job_work *w, struct err *e);
/* One line more of `output`. */
void job_work_line(struct job_work *w, const char *text);
/* The snapshot that was under way, where there is one, is given up. */
void job_work_drop_live(struct job_work *w);
/* To be run by job_work_start: what is saved of the machine goes. */
int job_work_discard(struct job_work *w, struct err *e);
/* The login follows the policy in `settings`; what is to be said of it is the note. */
void job_work_login(struct job_work *w);

#endif

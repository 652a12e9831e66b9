/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every surface of lxtop stands on: the loop, the paths, the settings and the model.
 *
 * One `struct core` a program, made by main and handed down; one thread, one libuv loop.  Nothing
 * called from the loop blocks for longer than a look at a few small files: long work is a child
 * process (task.h, machine.h) or libuv's worker for functions that touch nothing shared.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <uv.h>

#include "config/console.h"
#include "config/option.h"
#include "config/paths.h"
#include "core/model.h"

struct err;
struct aside;
struct watch;
struct op_job;
struct job_use;

/* Of lxtop.conf and console.conf; which they are is seen by these. */
#define CORE_CONFS 2
struct core_conf {
    int64_t inode, written_ns, size; /* inode 0: it is not there */
};

struct core {
    uv_loop_t *loop;        /* borrowed */
    struct paths paths;
    struct options defaults; /* table defaults under lxtop.conf */
    struct console_options console; /* the console's own settings */
    struct core_conf conf[CORE_CONFS];
    bool console_old;       /* its settings in the files are others since core_conf_look */
    bool conf_told;         /* what is wrong in lxtop.conf was said */
    struct model model;
    struct watch *watch;    /* keeps the model fresh once started; NULL before */
    struct aside *searching; /* for archives (source_find.h); NULL: nobody does */
    struct op_job *jobs;    /* running operations (op.h) */
    struct job_use *uses;   /* their questions to machines that are not answered yet */
    /* Told after every change of the model, once a turn of the loop at most.  May be NULL. */
    void (*changed)(void *ctx);
    void *changed_ctx;
};

int core_init(struct core *c, uv_loop_t *loop, struct err *e);
/* Closes every handle; the loop has to run until it is empty before it is closed. */
void core_release(struct core *c);

/* What stat(2) says of them; touches nothing of the core, so that a thread can ask. */
void core_conf_stat(const struct paths *p, struct core_conf conf[CORE_CONFS]);
/*
 * By what they are `now`, have the files of settings changed since they were read?  Then the defaults of distros are those of now, and
 * console_old is set: when the console's own can be read anew is for its owner to say.  A file that is no
 * libconfig is told, and all stays as it was read before.
 */
bool core_conf_look(struct core *c, const struct core_conf now[CORE_CONFS]);
void core_console_read(struct core *c);
/* conf_warn of config/conf.h, into the messages, once for each change of lxtop.conf; ctx is the core. */
void core_conf_warning(void *ctx, const char *text);

#endif

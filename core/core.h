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
struct watch;
struct op_job;
struct job_use;

struct core {
    uv_loop_t *loop;        /* borrowed */
    struct paths paths;
    struct options defaults; /* table defaults under lxtop.conf */
    struct console_options console; /* the console's own settings */
    struct model model;
    struct watch *watch;    /* keeps the model fresh once started; NULL before */
    struct op_job *jobs;    /* running operations (op.h) */
    struct job_use *uses;   /* their questions to machines that are not answered yet */
    /* Told after every change of the model, once a turn of the loop at most.  May be NULL. */
    void (*changed)(void *ctx);
    void *changed_ctx;
};

int core_init(struct core *c, uv_loop_t *loop, struct err *e);
/* Closes every handle; the loop has to run until it is empty before it is closed. */
void core_release(struct core *c);

/* conf_warn of config/conf.h, into the messages; ctx is the core. */
void core_conf_warning(void *ctx, const char *text);

#endif

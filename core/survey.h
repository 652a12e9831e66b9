/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of all distros say.  A disk may be slow, or hang, and 500 distros are some thousand system calls:
 * so a survey touches nothing but its own, and can be on a thread (aside.h).
 *
 * It remembers what the one before found: only what has changed since is read, and told, again.
 */
#ifndef CORE_SURVEY_H
#define CORE_SURVEY_H

#include "core/base/err.h"
#include "core/core.h"
#include "core/machine.h"
#include "core/seen.h"
#include "core/snapshots.h"
#include "core/store.h"
#include "core/trash.h"

/* What was read of one distro. */
struct survey_files {
    struct distro distro;
    struct machine_run run;
    int64_t disk_used, disk_size; /* as in the model; negative: not known */
    bool focus;                   /* `snapshots` are its */
    struct snapshots snapshots;
};

struct survey_row {
    char name[NAME_MAX_LEN + 1];
    bool installing;           /* by a live process */
    bool same;                 /* it is as it was told before */
    struct survey_files *read;   /* NULL: installing, the same, or it cannot be read */
    struct seen seen;
    bool down;                 /* when it was read last */
};

struct survey {
    /* Whoever asks for it says, before each: */
    char focus[NAME_MAX_LEN + 1]; /* of whom all is wanted */
    /* And is told, until survey_forget_read: */
    time_t now;
    struct err err;            /* code: the folder of distros cannot be read, and nothing of it is told */
    struct survey_row *row;      /* by name */
    unsigned rows;
    bool trash_new;            /* `trash` is what can be brought back; else as it was */
    struct trashed *trash;     /* the newest first; owned */
    unsigned trash_count;
    struct core_conf conf[CORE_CONFS];
    struct model_host host;    /* its disk alone; unless `only` */
    /* Its own: */
    struct paths paths;
    struct options defaults;
    char *only;
    int64_t trash_ns;
};

/* `only`: of one distro, and nothing of the host; NULL: of all.  NULL for lack of memory. */
struct survey *survey_new(const struct paths *p, const struct options *defaults, const char *only);
void survey_free(struct survey *k);
/* From now on with these; all is read again. */
void survey_use(struct survey *k, const struct options *defaults);
/* What is known of `name` is read again, changed or not. */
void survey_forget(struct survey *k, const char *name);

void survey_run(struct survey *k);
/* What was told is done with. */
void survey_forget_read(struct survey *k);

#endif

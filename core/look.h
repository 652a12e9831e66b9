/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of all distros say.  A disk may be slow, or hang, and 500 distros are some thousand system calls:
 * so a look touches nothing but its own, and can be on a thread (aside.h).
 *
 * It remembers what the look before found: only what has changed since is read, and told, again.
 */
#ifndef CORE_LOOK_H
#define CORE_LOOK_H

#include "core/base/err.h"
#include "core/core.h"
#include "core/machine.h"
#include "core/seen.h"
#include "core/snapshots.h"
#include "core/store.h"
#include "core/trash.h"

/* What was read of one distro. */
struct look_files {
    struct distro distro;
    struct machine_run run;
    int64_t disk_used, disk_size; /* as in the model; negative: not known */
    bool focus;                   /* `snapshots` are its */
    struct snapshots snapshots;
};

struct look_row {
    char name[NAME_MAX_LEN + 1];
    bool installing;           /* by a live process */
    bool same;                 /* it is as it was told before */
    struct look_files *read;   /* NULL: installing, the same, or it cannot be read */
    struct seen seen;
    bool down;                 /* when it was read last */
};

struct look {
    /* Whoever asks for it says, before each: */
    char focus[NAME_MAX_LEN + 1]; /* of whom all is wanted */
    /* And is told, until look_forget_read: */
    time_t now;
    struct err err;            /* code: the folder of distros cannot be read, and nothing of it is told */
    struct look_row *row;      /* by name */
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
struct look *look_new(const struct paths *p, const struct options *defaults, const char *only);
void look_free(struct look *k);
/* From now on with these; all is read again. */
void look_use(struct look *k, const struct options *defaults);
/* What is known of `name` is read again, changed or not. */
void look_forget(struct look *k, const char *name);

void look_run(struct look *k);
/* What was told is done with. */
void look_forget_read(struct look *k);

#endif

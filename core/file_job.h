/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on files of a distro beside the loop: list, print, copy, rename, remove, unmount.
 *
 * It runs on a thread of libuv's, with a copy of everything that it needs; what it tells comes back on
 * the loop.  A cancel breaks the connection, so it ends at once, whatever the guest does.
 */
#ifndef CORE_FILE_JOB_H
#define CORE_FILE_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/report.h"

struct err;
struct file_job;
struct model_folder;
struct paths;

enum file_work {
    FILE_LIST,
    FILE_CAT,
    FILE_COPY,
    FILE_UNMOUNT,
    FILE_FOLDER, /* word: the folder; told by `folder` */
    FILE_RENAME, /* words: the path, its new name */
    FILE_REMOVE, /* words: paths */
};

struct file_request {
    enum file_work work;
    const char *distro;       /* whose files; NULL for FILE_UNMOUNT and where all words are of this machine */
    const char *user;         /* as whom (guest_files); NULL as distro */
    const char *const *word;  /* as typed: NAME:/PATH or a path of this machine */
    unsigned words;
    enum report_form form;    /* of FILE_LIST */
    bool details, recursive, preserve;
};

struct file_job_events {
    void (*print)(void *ctx, const char *text);
    void (*note)(void *ctx, const char *text);
    void (*folder)(void *ctx, struct model_folder *f); /* FILE_FOLDER; what it takes out of *f is its own */
    void (*finished)(void *ctx, const struct err *e); /* once, last; the job is gone after it */
};

/* Everything is copied.  NULL and an error when nothing was begun. */
struct file_job *file_job_start(uv_loop_t *loop, const struct paths *p, const struct file_request *r,
                                const struct file_job_events *ev, void *ctx, struct err *e);
/* Bytes copied so far, and of how many (0: not known). */
void file_job_progress(const struct file_job *j, uint64_t *done, uint64_t *total);
void file_job_cancel(struct file_job *j);
/* Cancels, and no event comes any more. NULL allowed. */
void file_job_detach(struct file_job *j);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/browser.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/file_job.h"
#include "core/plain.h"

static void changed(struct browser *b)
{
    if (b->core->changed)
        b->core->changed(b->core->changed_ctx);
}

/* As whom: as its shells and the verbs.  NULL: of the one that is looked at closely it is not known yet. */
static const char *user_of(const struct core *c, const char *distro)
{
    const struct model_focus *f = &c->model.focus;

    return f->known && strcmp(f->name, distro) == 0 ? options_text(&f->options, OPT_USER) : NULL;
}

/* --- listing --- */

struct browser_listing {
    struct browser *browser;
    int side;
    char *path;
};

static void on_folder(void *ctx, struct model_folder *f)
{
    struct browser_listing *l = ctx;
    struct model_folder *to = &l->browser->core->model.folder[l->side];

    model_folder_forget(to);
    *to = *f;
    *f = (struct model_folder){0};
}

static void on_listed(void *ctx, const struct err *e)
{
    struct browser_listing *l = ctx;
    struct browser *b = l->browser;
    struct model_folder *f = &b->core->model.folder[l->side];

    if (e->code)
        model_folder_forget(f);
    free(f->path);
    f->path = steal_ptr(&l->path);
    f->known = true;
    if (e->code)
        plain_copy(f->why, sizeof(f->why), e->msg, strlen(e->msg), false);
    b->side[l->side].job = NULL;
    b->side[l->side].listing = NULL;
    free(l);
    changed(b);
}

static void stop_listing(struct browser *b, int side)
{
    file_job_detach(b->side[side].job);
    if (b->side[side].listing)
        free(b->side[side].listing->path);
    free(b->side[side].listing);
    b->side[side].job = NULL;
    b->side[side].listing = NULL;
}

static void list_side(struct browser *b, const struct ui *u, int side)
{
    static const struct file_job_events ev = {.folder = on_folder, .finished = on_listed};
    char place[FILES_PATH + 80];
    const char *word = files_place(u, side, "", place);
    struct file_request r = {.work = FILE_FOLDER, .distro = side ? NULL : u->subject,
                             .user = side ? NULL : user_of(b->core, u->subject), .word = &word, .words = 1};
    struct browser_listing *l = calloc(1, sizeof(*l));

    if (!l || !(l->path = strdup(u->files.path[side]))) {
        free(l);
        return;
    }
    l->browser = b;
    l->side = side;
    b->side[side].job = file_job_start(b->core->loop, &b->core->paths, &r, &ev, l, NULL);
    b->side[side].listing = l;
    if (!b->side[side].job)
        stop_listing(b, side);
}

void browser_look(struct browser *b, const struct ui *u)
{
    const struct model_distro *d = model_find(&b->core->model, u->subject);
    const char *user = user_of(b->core, u->subject);

    for (int side = 0; side < 2; side++) {
        char *wanted = file_path("%s:%s %u %u", side ? "" : u->subject, u->files.path[side], u->files.reload, b->done);

        if (!wanted || (side == 0 && (!user || !d || d->state != MACHINE_RUNNING)) ||
            (b->side[side].wanted && strcmp(wanted, b->side[side].wanted) == 0)) {
            free(wanted);
            continue;
        }
        free(b->side[side].wanted);
        b->side[side].wanted = wanted;
        stop_listing(b, side);
        list_side(b, u, side);
    }
}

/* --- changes --- */

struct browser_change {
    struct browser_change *next;
    struct browser *browser;
    struct file_job *job;
    unsigned long task;
};

static void forget(struct browser_change *c)
{
    struct browser_change **at = &c->browser->changes;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    free(c);
}

static void on_changed(void *ctx, const struct err *e)
{
    struct browser_change *c = ctx;
    struct browser *b = c->browser;
    struct model_task *t = model_task(&b->core->model, c->task);

    if (t) {
        t->running = false;
        t->failed = e->code != 0;
        t->ended = time(NULL);
        plain_copy(t->why, sizeof(t->why), e->msg, e->code ? strlen(e->msg) : 0, false);
    }
    if (e->code)
        model_say(&b->core->model, MESSAGE_ERROR, "%s", e->msg);
    b->done++;
    forget(c);
    changed(b);
}

void browser_change(struct browser *b, const struct ui_request *r)
{
    static const struct file_job_events ev = {.finished = on_changed};
    bool rename = r->want == WANT_FILE_RENAME;
    const char *user = user_of(b->core, r->distro);
    struct file_request f = {.work = rename ? FILE_RENAME : FILE_REMOVE, .distro = r->args.word[0][0] == '/' ? NULL : r->distro,
                             .user = user ? user : "", .word = r->args.word, .words = r->args.words};
    struct browser_change *c = calloc(1, sizeof(*c));
    struct err e = {0};

    if (!c)
        return;
    *c = (struct browser_change){.next = b->changes, .browser = b};
    b->changes = c;
    c->task = model_task_begin(&b->core->model, rename ? "rename" : "remove", r->distro, r->args.word[0])->serial;
    c->job = file_job_start(b->core->loop, &b->core->paths, &f, &ev, c, &e);
    if (!c->job)
        on_changed(c, &e);
}

void browser_release(struct browser *b)
{
    for (int side = 0; side < 2; side++) {
        stop_listing(b, side);
        free(b->side[side].wanted);
    }
    while (b->changes) {
        file_job_detach(b->changes->job);
        forget(b->changes);
    }
}

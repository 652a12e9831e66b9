/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/file_job.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/browse.h"
#include "core/copy.h"
#include "core/guest.h"
#include "core/line.h"
#include "core/mounts.h"
#include "core/plain.h"
#include "core/report.h"
#include "core/words.h"
#include "p9/client.h"

#define CAT_PIECE (1u << 20)

struct file_job {
    uv_work_t work;
    struct file_job_events ev;
    void *ctx;
    bool detached;
    enum file_work kind;           /* from here on [const] while the thread runs */
    enum report_form form;
    bool details, recursive, preserve;
    json_t *json; /* the listing, where it is to be JSON */
    char *runtime, *distro, *user, **word;
    unsigned words;
    atomic_bool cancel;
    _Atomic uint64_t done, total;
    pthread_mutex_t lock;          /* of `client` */
    struct p9_client *client;
    char *output, *notes;          /* for the loop, when the work is done */
    size_t output_len, notes_len;
    FILE *out, *note;
    struct model_folder folder;
    struct err err;
};

/* --- On the thread ------------------------------------------------------------------------------- */

/* The path in the distro, or NULL for one of this machine. */
static const char *path_in(const struct file_job *j, const char *word)
{
    char distro[GUEST_NAME_SIZE];
    const char *path;

    return j->distro && guest_path(word, distro, &path) && strcmp(distro, j->distro) == 0 ? path : NULL;
}

/* The name as it is, where it is text; JSON says by escapes what would move a cursor. */
static void list_json(struct file_job *j, const char *name, const struct stat *st)
{
    auto_free char *plain = plain_dup(name, false);
    json_t *text = json_string(name);

    json_array_append_new(j->json, json_pack("{so si si si sI sI}", "name", text ? text : json_string(plain), "mode",
                                             (int)st->st_mode, "uid", (int)st->st_uid, "gid", (int)st->st_gid, "size",
                                             (json_int_t)st->st_size, "mtime", (json_int_t)st->st_mtime));
}

static void list_words(struct file_job *j, const char *name, const struct stat *st)
{
    static const char *const kinds[16] = {[1] = "pipe", [2] = "character device", [4] = "folder", [6] = "block device",
                                          [8] = "file", [10] = "link", [12] = "socket"};
    const char *kind = kinds[(st->st_mode >> 12) & 15];
    char size[WORDS_TEXT], when[WORDS_TEXT];

    line_say(j->out, "%s: %s, %s, mode %04o, owner %u, group %u, changed at %s.", name, kind ? kind : "unknown",
             words_size(size, st->st_size), (unsigned)st->st_mode & 07777, (unsigned)st->st_uid,
             (unsigned)st->st_gid, words_moment(when, st->st_mtime));
}

static void list_line(struct file_job *j, const char *name, const struct stat *st)
{
    auto_free char *plain = plain_dup(name, false);
    char when[32] = "";
    struct tm t;

    if (st && j->form != REPORT_TABLE) {
        (j->json ? list_json : list_words)(j, name, st);
        return;
    }
    if (st && localtime_r(&st->st_mtime, &t))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &t);
    if (st)
        fprintf(j->out, "%c%04o %6u %6u %12lld %s ", "?pc?d?b?-?l?s???"[(st->st_mode >> 12) & 15],
                (unsigned)st->st_mode & 07777, (unsigned)st->st_uid, (unsigned)st->st_gid,
                (long long)st->st_size, when);
    fprintf(j->out, "%s\n", plain ? plain : "");
}

static void print_listing(struct file_job *j, struct tree *t, int64_t dir, struct tree_names *l)
{
    tree_names_sort(l);
    for (size_t i = 0; i < l->count; i++) {
        struct stat st;
        int64_t handle;

        if (!j->details) {
            list_line(j, l->name[i], NULL);
        } else if (t->ops->look(t, dir, l->name[i], &handle, &st) == 0) {
            list_line(j, l->name[i], &st);
            t->ops->close(t, handle);
        }
    }
}

static int list_folder(struct file_job *j, struct tree *t, const char *path)
{
    struct tree_names l = {0};
    struct stat st;
    int64_t dir, names;
    int rc = t->ops->find(t, path, &dir, &st);

    if (rc < 0)
        return rc;
    rc = t->ops->find(t, path, &names, &st);
    if (rc == 0)
        rc = tree_names_read(t, names, &l);
    if (rc == 0)
        print_listing(j, t, dir, &l);
    t->ops->close(t, dir);
    tree_names_release(&l);
    return rc;
}

static int run_list(struct file_job *j)
{
    struct tree t = tree_guest(j->client, j->distro);
    const char *path = path_in(j, j->word[0]);
    struct stat st;
    int64_t handle;
    int rc = t.ops->find(&t, path, &handle, &st);

    if (rc < 0)
        return err_sys(&j->err, -rc, "%s", j->word[0]);
    t.ops->close(&t, handle);
    if (!S_ISDIR(st.st_mode)) {
        list_line(j, path, j->details ? &st : NULL);
        return 0;
    }
    rc = list_folder(j, &t, path);
    return rc < 0 ? err_sys(&j->err, -rc, "%s", j->word[0]) : 0;
}

static int cat_bytes(struct file_job *j, struct tree *t, int64_t handle)
{
    auto_free char *bytes = malloc(CAT_PIECE);
    uint64_t offset = 0;
    ssize_t n = bytes ? 1 : -ENOMEM;

    while (n > 0 && !j->cancel) {
        n = t->ops->read(t, handle, bytes, CAT_PIECE, offset);
        if (n > 0 && file_write_all(STDOUT_FILENO, bytes, (size_t)n, &j->err) < 0)
            return -j->err.code;
        offset += n > 0 ? (uint64_t)n : 0;
    }
    return (int)n;
}

static int cat_one(struct file_job *j, const char *word)
{
    struct tree t = tree_guest(j->client, j->distro);
    struct stat st;
    int64_t handle;
    int rc = t.ops->find(&t, path_in(j, word), &handle, &st);

    if (rc == 0) {
        rc = S_ISDIR(st.st_mode) ? -EISDIR : t.ops->open(&t, &handle, false);
        if (rc == 0)
            rc = cat_bytes(j, &t, handle);
        t.ops->close(&t, handle);
    }
    return rc < 0 && !j->err.code ? err_sys(&j->err, -rc, "%s", word) : rc;
}

static int run_cat(struct file_job *j)
{
    int rc = 0;

    for (unsigned i = 0; i < j->words && rc == 0; i++)
        rc = cat_one(j, j->word[i]);
    return rc;
}

static void on_copied(void *ctx, uint64_t done, uint64_t total)
{
    struct file_job *j = ctx;

    j->done = done;
    j->total = total;
}

static void on_left_out(void *ctx, const char *name)
{
    struct file_job *j = ctx;
    auto_free char *plain = plain_dup(name, false);

    fprintf(j->note, "left out, as it is no regular file, folder or link: %s\n", plain ? plain : "");
}

static int run_copy(struct file_job *j)
{
    const char *target = j->word[j->words - 1], *to = path_in(j, target);
    int rc = 0;
    struct copy c = {.to = to ? tree_guest(j->client, j->distro) : tree_host(),
                     .recursive = j->recursive, .preserve = j->preserve, .cancel = &j->cancel,
                     .progress = on_copied, .left_out = on_left_out, .ctx = j};

    for (unsigned i = 0; i + 1 < j->words && rc == 0; i++) {
        const char *from = path_in(j, j->word[i]);

        c.from = from ? tree_guest(j->client, j->distro) : tree_host();
        rc = copy_run(&c, from ? from : j->word[i], to ? to : target, &j->err);
    }
    copy_release(&c);
    return rc;
}

/* Of a distro or of this machine: *path is the path there. */
static struct tree tree_of(const struct file_job *j, const char *word, const char **path)
{
    *path = path_in(j, word);
    if (*path)
        return tree_guest(j->client, j->distro);
    *path = word;
    return tree_host();
}

static int run_folder(struct file_job *j)
{
    const char *path;
    struct tree t = tree_of(j, j->word[0], &path);
    int rc = browse_list(&t, path, &j->cancel, &j->folder);

    return rc < 0 ? err_sys(&j->err, -rc, "%s", j->word[0]) : 0;
}

static int run_rename(struct file_job *j)
{
    const char *path;
    struct tree t = tree_of(j, j->word[0], &path);
    int rc = browse_rename(&t, path, j->word[1]);

    return rc < 0 ? err_sys(&j->err, -rc, "%s cannot become %s", j->word[0], j->word[1]) : 0;
}

static int run_remove(struct file_job *j)
{
    int rc = 0;

    for (unsigned i = 0; i < j->words && rc == 0; i++) {
        const char *path;
        struct tree t = tree_of(j, j->word[i], &path);

        rc = browse_remove(&t, path, &j->cancel);
        if (rc < 0)
            err_sys(&j->err, -rc, "%s", j->word[i]);
    }
    return rc;
}

static int run_unmount(struct file_job *j)
{
    return mounts_unmount(j->word[0], &j->err);
}

static int (*const works[])(struct file_job *j) = {
    [FILE_LIST] = run_list, [FILE_CAT] = run_cat, [FILE_COPY] = run_copy, [FILE_UNMOUNT] = run_unmount,
    [FILE_FOLDER] = run_folder, [FILE_RENAME] = run_rename, [FILE_REMOVE] = run_remove,
};

static void set_client(struct file_job *j, struct p9_client *client)
{
    pthread_mutex_lock(&j->lock);
    j->client = client;
    pthread_mutex_unlock(&j->lock);
}

static void on_work(uv_work_t *w)
{
    struct file_job *j = w->data;
    struct paths p = {.runtime = j->runtime};
    struct p9_client *client = NULL;

    if (j->distro)
        client = guest_files(&p, j->distro, j->user, NULL, &j->cancel, &j->err);
    set_client(j, client);
    if (!j->err.code && !j->cancel)
        works[j->kind](j);
    set_client(j, NULL);
    p9_client_free(client);
    if (j->cancel)
        err_set(&j->err, ECANCELED, "cancelled");
}

/* --- On the loop --------------------------------------------------------------------------------- */

static void job_free(struct file_job *j)
{
    for (unsigned i = 0; i < j->words; i++)
        free(j->word[i]);
    free(j->word);
    json_decref(j->json);
    if (j->out)
        fclose(j->out);
    if (j->note)
        fclose(j->note);
    model_folder_forget(&j->folder);
    free(j->output);
    free(j->notes);
    free(j->runtime);
    free(j->distro);
    free(j->user);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

static void tell(struct file_job *j)
{
    char *line, *rest;

    if (j->json) {
        auto_free char *text = report_json(steal_ptr(&j->json));

        fputs(text && !j->err.code ? text : "", j->out);
    }
    fflush(j->out);
    fflush(j->note);
    if (j->output_len > 0 && j->ev.print)
        j->ev.print(j->ctx, j->output);
    for (line = strtok_r(j->notes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (j->ev.note)
            j->ev.note(j->ctx, line);
    if (j->ev.folder && j->kind == FILE_FOLDER && !j->err.code)
        j->ev.folder(j->ctx, &j->folder);
    j->ev.finished(j->ctx, &j->err);
}

static void on_done(uv_work_t *w, int status)
{
    struct file_job *j = w->data;

    if (status < 0)
        err_set(&j->err, ECANCELED, "cancelled");
    if (!j->detached)
        tell(j);
    job_free(j);
}

static bool copy_request(struct file_job *j, const struct paths *p, const struct file_request *r)
{
    j->kind = r->work;
    j->form = r->form;
    j->details = r->details || r->form == REPORT_JSON;
    j->json = r->form == REPORT_JSON ? json_array() : NULL;
    j->recursive = r->recursive;
    j->preserve = r->preserve;
    j->runtime = strdup(p->runtime);
    j->distro = r->distro ? strdup(r->distro) : NULL;
    j->user = strdup(r->user ? r->user : "");
    j->word = calloc(r->words + 1, sizeof(*j->word));
    j->out = open_memstream(&j->output, &j->output_len);
    j->note = open_memstream(&j->notes, &j->notes_len);
    for (; j->word && j->words < r->words; j->words++)
        if (!(j->word[j->words] = strdup(r->word[j->words])))
            return false;
    return j->runtime && j->user && j->word && j->out && j->note && (j->distro || !r->distro);
}

struct file_job *file_job_start(uv_loop_t *loop, const struct paths *p, const struct file_request *r,
                                const struct file_job_events *ev, void *ctx, struct err *e)
{
    struct file_job *j = calloc(1, sizeof(*j));

    if (!j) {
        err_sys(e, ENOMEM, "work on files");
        return NULL;
    }
    j->ev = *ev;
    j->ctx = ctx;
    j->work.data = j;
    pthread_mutex_init(&j->lock, NULL);
    if (copy_request(j, p, r) && uv_queue_work(loop, &j->work, on_work, on_done) == 0)
        return j;
    err_sys(e, ENOMEM, "work on files");
    job_free(j);
    return NULL;
}

void file_job_progress(const struct file_job *j, uint64_t *done, uint64_t *total)
{
    *done = j->done;
    *total = j->total;
}

void file_job_cancel(struct file_job *j)
{
    pthread_mutex_lock(&j->lock);
    j->cancel = true;
    if (j->client && j->kind != FILE_COPY) /* a copy removes what is half first */
        p9_client_break(j->client);
    pthread_mutex_unlock(&j->lock);
}

void file_job_detach(struct file_job *j)
{
    if (!j)
        return;
    j->detached = true;
    file_job_cancel(j);
}

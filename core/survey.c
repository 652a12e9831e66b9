/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/survey.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/doctor.h"

/* --- life --- */

struct survey *survey_new(const struct paths *p, const struct options *defaults, const char *only)
{
    struct survey *k = calloc(1, sizeof(*k));

    if (k && paths_copy(&k->paths, p) && options_copy(&k->defaults, defaults, NULL) == 0 &&
        (!only || (k->only = strdup(only))))
        return k;
    survey_free(k);
    return NULL;
}

static void files_free(struct survey_files *f)
{
    if (!f)
        return;
    if (f->focus)
        snapshots_release(&f->snapshots);
    distro_release(&f->distro);
    free(f);
}

void survey_forget_read(struct survey *k)
{
    for (unsigned i = 0; i < k->rows; i++) {
        files_free(k->row[i].read);
        k->row[i].read = NULL;
    }
    free(k->trash);
    k->trash = NULL;
    k->trash_new = false;
}

void survey_free(struct survey *k)
{
    if (!k)
        return;
    survey_forget_read(k);
    free(k->row);
    free(k->only);
    options_release(&k->defaults);
    paths_release(&k->paths);
    free(k);
}

void survey_use(struct survey *k, const struct options *defaults)
{
    struct options more;

    if (options_copy(&more, defaults, NULL) == 0) {
        options_release(&k->defaults);
        k->defaults = more;
    }
    for (unsigned i = 0; i < k->rows; i++)
        k->row[i].seen = (struct seen){0};
}

static int by_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct survey_row *)row)->name);
}

void survey_forget(struct survey *k, const char *name)
{
    struct survey_row *r = k->rows ? bsearch(name, k->row, k->rows, sizeof(*k->row), by_name) : NULL;

    if (r)
        r->seen = (struct seen){0};
}

/* --- one distro --- */

/* What the root disk takes of this host: a sparse file grows with what is written. */
static void read_disk(struct survey_files *f)
{
    struct stat st;

    f->disk_used = f->disk_size = -1;
    if (!f->distro.disk || stat(f->distro.disk, &st) < 0)
        return;
    f->disk_used = (int64_t)st.st_blocks * 512 + f->distro.layers_used;
    f->disk_size = st.st_size;
}

static struct survey_files *read_files(const struct survey *k, const char *name)
{
    struct survey_files *f = calloc(1, sizeof(*f));

    if (!f || store_load(&k->paths, &k->defaults, name, &f->distro, NULL) < 0) {
        free(f);
        return NULL;
    }
    machine_read(&k->paths, name, &f->run);
    read_disk(f);
    f->focus = strcmp(k->focus, name) == 0 && snapshots_load(&k->paths, name, &f->snapshots, NULL) == 0;
    return f;
}

/* The machine's lock is asked for each time: whoever takes it need not write anything. */
static bool is_locked(const struct survey *k, const char *name)
{
    auto_free char *lock = machine_file(&k->paths, name, "lock");

    return lock && file_is_locked(lock);
}

/* It was down and is, and no file of it has changed: what was told of it holds. */
static bool is_same(const struct survey *k, struct survey_row *r)
{
    bool same = seen_same(&r->seen, &k->paths, r->name, k->now);

    return same && r->down && strcmp(k->focus, r->name) != 0 && !is_locked(k, r->name);
}

static void look_at(struct survey *k, struct survey_row *r)
{
    r->same = is_same(k, r);
    if (r->installing || r->same)
        return;
    r->read = read_files(k, r->name);
    r->down = r->read && (MACHINE_BIT(r->read->run.state) & MACHINE_DOWN);
}

/* --- all of them --- */

/* What was known of those that are there still; both lists are by name. */
static struct survey_row *rows_of(const struct survey *k, const struct store_name *list, unsigned n)
{
    struct survey_row *row = calloc(n + 1UL, sizeof(*row));

    for (unsigned i = 0, old = 0; row && i < n; i++) {
        while (old < k->rows && strcmp(k->row[old].name, list[i].name) < 0)
            old++;
        if (old < k->rows && strcmp(k->row[old].name, list[i].name) == 0 && !list[i].installing)
            row[i] = k->row[old];
        memcpy(row[i].name, list[i].name, sizeof(row[i].name));
        row[i].installing = list[i].installing;
    }
    return row;
}

static void keep_only(const struct survey *k, struct store_name *list, unsigned *n)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < *n; i++)
        if (!k->only || strcmp(k->only, list[i].name) == 0)
            list[kept++] = list[i];
    *n = kept;
}

static int look_at_distros(struct survey *k, struct err *e)
{
    auto_free struct store_name *list = NULL;
    struct survey_row *row;
    unsigned n = 0;
    int r = store_list(&k->paths, &list, &n, e);

    if (r < 0)
        return r;
    keep_only(k, list, &n);
    row = rows_of(k, list, n);
    if (!row)
        return err_sys(e, ENOMEM, "list of distros");
    free(k->row);
    k->row = row;
    k->rows = n;
    for (unsigned i = 0; i < n; i++)
        look_at(k, &row[i]);
    return 0;
}

static void look_at_trash(struct survey *k)
{
    int64_t changed_ns = trash_changed_ns(&k->paths);

    k->trash_new = changed_ns != k->trash_ns;
    k->trash_ns = changed_ns;
    if (k->trash_new)
        k->trash = trash_list(&k->paths, &k->trash_count);
}

void survey_run(struct survey *k)
{
    k->now = time(NULL);
    k->err = (struct err){0};
    if (look_at_distros(k, &k->err) == 0)
        k->err = (struct err){0}; /* of something that was tried first */
    look_at_trash(k);
    core_conf_stat(&k->paths, k->conf);
    if (!k->only)
        doctor_host_disk(&k->host, k->paths.data);
}

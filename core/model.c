/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plain.h"

void model_release(struct model *m)
{
    for (unsigned i = 0; i < m->count; i++)
        free(m->distros[i].history);
    free(m->distros);
    model_focus_forget(&m->focus);
    model_sources_forget(m);
    model_folder_forget(&m->folder[0]);
    model_folder_forget(&m->folder[1]);
    model_changes_forget(&m->changes);
    free(m->removed);
    free(m->log.text);
    free(m->log.line);
    *m = (struct model){0};
}

/* Where `name` is, or with *found false where it would be. */
static unsigned place_of(const struct model *m, const char *name, bool *found)
{
    unsigned low = 0, high = m->count;

    *found = false;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        int c = strcmp(m->distros[mid].name, name);

        if (c == 0) {
            *found = true;
            return mid;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

int model_index(const struct model *m, const char *name)
{
    bool found;
    unsigned i = place_of(m, name, &found);

    return found ? (int)i : -1;
}

const struct model_distro *model_find(const struct model *m, const char *name)
{
    int i = model_index(m, name);

    return i < 0 ? NULL : &m->distros[i];
}

static void row_init(struct model_distro *d, const char *name)
{
    *d = (struct model_distro){.state = MACHINE_STOPPED,
                               .memory_size = -1,
                               .resident = -1,
                               .overhead = -1,
                               .cpu_percent = -1,
                               .read_bps = -1,
                               .write_bps = -1,
                               .p9_bps = -1,
                               .net_bps = -1,
                               .disk_used = -1,
                               .disk_size = -1,
                               .guest_used = -1,
                               .sessions = -1};
    plain_copy(d->name, sizeof(d->name), name, strlen(name), false);
    for (int i = 0; i < PHASES; i++)
        d->phase_us[i] = -1;
}

struct model_distro *model_row(struct model *m, const char *name)
{
    bool found;
    unsigned i = place_of(m, name, &found);
    struct model_distro *more;

    if (found)
        return &m->distros[i];
    more = realloc(m->distros, (m->count + 1) * sizeof(*more));
    if (!more)
        return NULL;
    m->distros = more;
    memmove(&more[i + 1], &more[i], (m->count - i) * sizeof(*more));
    m->count++;
    row_init(&more[i], name);
    return &more[i];
}

void model_drop(struct model *m, unsigned index)
{
    free(m->distros[index].history);
    memmove(&m->distros[index], &m->distros[index + 1],
            (m->count - index - 1) * sizeof(*m->distros));
    m->count--;
}

unsigned model_count_live(const struct model *m)
{
    unsigned n = 0;

    for (unsigned i = 0; i < m->count; i++)
        n += !!(MACHINE_BIT(m->distros[i].state) & MACHINE_LIVE);
    return n;
}

int64_t model_boot_us(const struct model_distro *d)
{
    return d->phase_us[PHASE_READY];
}

void model_say(struct model *m, enum message_level level, const char *fmt, ...)
{
    struct message *s = &m->messages[++m->said % MODEL_MESSAGES];
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    s->serial = m->said;
    s->level = level;
    s->when = time(NULL);
    plain_copy(s->text, sizeof(s->text), text, strlen(text), false);
}

const struct message *model_message(const struct model *m, unsigned long serial)
{
    const struct message *s = &m->messages[serial % MODEL_MESSAGES];

    return serial && s->serial == serial ? s : NULL;
}

/* --- tasks --- */

struct model_task *model_task_begin(struct model *m, const char *what, const char *distro, const char *detail)
{
    struct model_task *t = &m->tasks[++m->tasks_begun % MODEL_TASKS];

    *t = (struct model_task){.serial = m->tasks_begun, .what = what, .running = true, .began = time(NULL)};
    plain_copy(t->distro, sizeof(t->distro), distro, strlen(distro), false);
    plain_copy(t->detail, sizeof(t->detail), detail, strlen(detail), false);
    return t;
}

struct model_task *model_task(const struct model *m, unsigned long serial)
{
    const struct model_task *t = &m->tasks[serial % MODEL_TASKS];

    return serial && t->serial == serial ? (struct model_task *)t : NULL;
}

/* --- history --- */

static double disk_bps(const struct model_distro *d)
{
    return d->read_bps < 0 || d->write_bps < 0 ? -1 : d->read_bps + d->write_bps;
}

void model_history_add(struct model_distro *d)
{
    const double now[HISTORIES] = {
        [HISTORY_CPU] = d->cpu_percent, [HISTORY_MEMORY] = (double)d->resident, [HISTORY_DISK] = disk_bps(d),
        [HISTORY_9P] = d->p9_bps,       [HISTORY_NET] = d->net_bps};

    if (!d->history && !(d->history = calloc(1, sizeof(*d->history))))
        return;
    for (int i = 0; i < HISTORIES; i++)
        d->history->value[i][d->history->count % HISTORY_LEN] = (float)now[i];
    d->history->count++;
}

void model_history_forget(struct model_distro *d)
{
    free(d->history);
    d->history = NULL;
}

double history_value(const struct history *h, enum history_series s, unsigned ago)
{
    if (!h || ago >= HISTORY_LEN || ago >= h->count)
        return -1;
    return (double)h->value[s][(h->count - 1 - ago) % HISTORY_LEN];
}

/* --- sources --- */

void model_sources_forget(struct model *m)
{
    for (unsigned i = 0; i < m->source_count; i++) {
        free(m->sources[i].text);
        free(m->sources[i].help);
    }
    free(m->sources);
    m->sources = NULL;
    m->source_count = 0;
}

void model_source_add(struct model *m, const char *text, const char *help)
{
    struct model_source *more = realloc(m->sources, (m->source_count + 1) * sizeof(*more));
    struct model_source s = {strdup(text), plain_dup(help, false)};

    if (more)
        m->sources = more;
    if (more && s.text && s.help) {
        more[m->source_count++] = s;
        return;
    }
    free(s.text);
    free(s.help);
}

void model_folder_forget(struct model_folder *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        free(f->files[i].name);
        free(f->files[i].shown);
    }
    free(f->files);
    free(f->path);
    *f = (struct model_folder){0};
}

/* --- focus --- */

static void forget_snapshots(struct model_focus *f)
{
    if (f->tree)
        snapshots_release(&f->snapshots);
    free(f->tree);
    f->tree = NULL;
    f->twigs = 0;
    f->snapshots = (struct snapshots){0};
}

void model_focus_forget(struct model_focus *f)
{
    forget_snapshots(f);
    if (f->known)
        options_release(&f->options);
    *f = (struct model_focus){0};
}

/* All that stand on `parent`, each followed by what stands on it; the count of those put so far. */
static unsigned put_children(struct model_focus *f, const char *parent, unsigned depth, unsigned n)
{
    for (unsigned i = 0; i < f->snapshots.count && n < f->snapshots.count; i++)
        if (strcmp(f->snapshots.list[i].parent, parent) == 0) {
            f->tree[n++] = (struct model_twig){i, depth, snapshots_layer_bytes(&f->snapshots, &f->snapshots.list[i]),
                                               snapshots_memory_bytes(&f->snapshots, &f->snapshots.list[i])};
            if (depth < SNAPSHOTS_DEPTH_MAX)
                n = put_children(f, f->snapshots.list[i].id, depth + 1, n);
        }
    return n;
}

void model_focus_snapshots(struct model_focus *f, struct snapshots *s)
{
    forget_snapshots(f);
    f->tree = calloc(s->count + 1, sizeof(*f->tree));
    if (!f->tree) {
        snapshots_release(s);
        return;
    }
    f->snapshots = *s;
    f->twigs = put_children(f, "", 0, 0);
    for (unsigned i = 0; i < s->count; i++) {
        char *plain = plain_dup(s->list[i].note ? s->list[i].note : "", false);

        if (plain) {
            free(f->snapshots.list[i].note);
            f->snapshots.list[i].note = plain;
        }
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/core.h"
#include "core/doctor.h"
#include "core/machine.h"
#include "core/plain.h"
#include "core/seen.h"
#include "core/stats.h"
#include "core/store.h"

#define LOOK_MS 1000
#define MISSES_SILENT 3 /* stats unanswered in a row: the machine is silent */

/* One distro that is watched. */
struct line {
    struct line *next;
    struct watch *watch;
    char name[NAME_MAX_LEN + 1];
    struct ctl *ctl; /* NULL while not connected */
    struct stats_sample sample;
    struct seen files;
    unsigned misses;
    bool seen, starting, task;
    bool failed; /* the connection was refused or ended: not tried again before the next tick */
    uint64_t task_done, task_total;
};

struct watch {
    struct core *core;
    char *only;
    uv_timer_t timer;
    struct line *lines;
    struct line *next; /* of them, where line_find begins */
    int64_t trash_ns; /* when the trash that is in the model was changed */
    bool stopping;
};

/* Heard of every live machine, or given up on it. */
static bool is_settled(const struct watch *w)
{
    for (const struct line *l = w->lines; l; l = l->next)
        if (l->ctl && !l->sample.valid && l->misses == 0)
            return false;
    return true;
}

static void changed(struct watch *w)
{
    w->core->model.settled = is_settled(w);
    if (w->core->changed)
        w->core->changed(w->core->changed_ctx);
}

/* Most are asked for in the order in which they stand, so the search goes on where the last one ended. */
static struct line *line_find(struct watch *w, const char *name)
{
    struct line *l = w->next;

    for (unsigned turn = 0; turn < 2; turn++, l = w->lines)
        for (; l; l = l->next)
            if (strcmp(l->name, name) == 0) {
                w->next = l->next;
                return l;
            }
    return NULL;
}

static struct line *line_of(struct watch *w, const char *name)
{
    struct line *l = line_find(w, name), **end = &w->lines;

    if (l || !(l = calloc(1, sizeof(*l))))
        return l;
    plain_copy(l->name, sizeof(l->name), name, strlen(name), false);
    l->watch = w;
    while (*end)
        end = &(*end)->next;
    *end = l;
    return l;
}

static void line_free(struct line *l)
{
    ctl_close(l->ctl);
    free(l);
}

/* --- figures from the control socket --- */

static void forget_figures(struct model_distro *d)
{
    d->resident = d->overhead = -1;
    d->cpu_percent = d->read_bps = d->write_bps = d->p9_bps = d->net_bps = -1;
    d->guest_used = d->sessions = -1;
    d->uptime_us = 0;
    model_history_forget(d);
    d->paused = d->silent = false;
}

static void show_sample(struct model_distro *d, const struct stats_sample *before,
                        const struct stats_sample *now)
{
    struct stats_rates r = stats_rates(before, now);

    d->memory_size = now->memory_size;
    d->resident = now->resident;
    d->overhead = now->overhead;
    d->cpus = now->cpus;
    d->cpu_percent = r.cpu_percent;
    d->read_bps = r.read_bps;
    d->write_bps = r.write_bps;
    d->p9_bps = r.p9_bps;
    d->net_bps = r.net_bps;
    d->guest_used = now->guest_used;
    d->sessions = now->sessions;
    d->read_bytes = now->read_bytes;
    d->write_bytes = now->write_bytes;
    d->exits = now->exits;
    d->uptime_us = now->uptime_us;
    d->silent = false;
    if (before->valid)
        model_history_add(d);
}

/* Its devices one by one, for who looks at this distro closely. */
static void show_devices(struct model_focus *f, const char *name, const json_t *devices)
{
    size_t i;
    json_t *device;

    if (strcmp(f->name, name) != 0)
        return;
    f->device_count = 0;
    json_array_foreach((json_t *)devices, i, device) {
        struct model_device *to = &f->devices[f->device_count];
        struct stats_device d = {0};

        if (f->device_count == MODEL_DEVICES || stats_device_read(device, &d, NULL) < 0)
            continue;
        *to = (struct model_device){.requests = d.requests, .read_bytes = d.read_bytes, .write_bytes = d.write_bytes,
                                    .errors = d.errors, .latency_us = d.latency_us};
        plain_copy(to->name, sizeof(to->name), d.name, strlen(d.name), false);
        plain_copy(to->class, sizeof(to->class), d.class, strlen(d.class), false);
        f->device_count++;
    }
}

static void on_stats(void *ctx, const json_t *reply, const struct err *e)
{
    struct line *l = ctx;
    struct model_distro *d = model_row(&l->watch->core->model, l->name);
    struct stats_sample now;

    (void)e;
    l->misses = 0;
    if (!reply || !d || stats_read(reply, &now, NULL) < 0)
        return;
    show_sample(d, &l->sample, &now);
    show_devices(&l->watch->core->model.focus, l->name, json_object_get(reply, "devices"));
    l->sample = now;
    changed(l->watch);
}

static void on_event(void *ctx, const json_t *event)
{
    struct line *l = ctx;
    const char *name = json_string_value(json_object_get(event, "event"));

    /* The files say the same, atomically; an event only says that it is time to look. */
    if (name)
        watch_look(l->watch);
}

static void on_closed(void *ctx, const struct err *e)
{
    struct line *l = ctx;

    (void)e;
    l->ctl = NULL;
    l->failed = true;
    l->sample.valid = false;
    watch_look(l->watch);
}

static void connect_line(struct line *l)
{
    static const struct ctl_events ev = {.event = on_event, .closed = on_closed};
    auto_free char *path = machine_socket(&l->watch->core->paths, l->name);

    l->ctl = path ? ctl_open(l->watch->core->loop, path, &ev, l, NULL) : NULL;
    l->sample = (struct stats_sample){0};
    if (l->ctl) {
        ctl_send(l->ctl, json_pack("{ss}", "cmd", "events"), NULL, NULL);
        ctl_send(l->ctl, json_pack("{ss}", "cmd", "stats"), on_stats, l);
    }
}

static void ask_stats(struct line *l)
{
    struct model_distro *d = model_row(&l->watch->core->model, l->name);

    if (!d || l->starting || !(MACHINE_BIT(d->state) & MACHINE_LIVE))
        return;
    if (l->misses >= MISSES_SILENT)
        d->silent = true;
    if (l->misses++ < MISSES_SILENT && l->ctl) /* what it has not read does not pile up */
        ctl_send(l->ctl, json_pack("{ss}", "cmd", "stats"), on_stats, l);
}

/* --- the files --- */

static void show_run(struct model_distro *d, const struct machine_run *r)
{
    d->state = r->state;
    memcpy(d->reason, r->reason, sizeof(d->reason));
    memcpy(d->detail, r->detail, sizeof(d->detail));
    memcpy(d->init, r->init, sizeof(d->init));
    memcpy(d->note, r->note, sizeof(d->note));
    memcpy(d->phase_us, r->phase_us, sizeof(d->phase_us));
    d->started = r->started;
    d->emulated = r->emulated;
}

/* What the root disk takes of this host: a sparse file grows with what is written. */
static void show_disk(struct model_distro *d, const struct distro *s)
{
    struct stat st;

    if (!s->disk || stat(s->disk, &st) < 0)
        return;
    d->disk_used = (int64_t)st.st_blocks * 512 + s->layers_used;
    d->disk_size = st.st_size;
}

static void show_progress(struct model_distro *d, const struct line *l)
{
    d->task = l->task;
    d->task_done = l->task_done;
    d->task_total = l->task_total;
}

static void show_files(struct model_distro *d, const struct distro *s)
{
    plain_copy(d->source, sizeof(d->source), s->source ? s->source : "", s->source ? strlen(s->source) : 0, false);
    d->installed = s->installed;
    d->memory_size = options_number(&s->options, OPT_MEMORY);
    d->cpus = (int)options_number(&s->options, OPT_CPUS);
    d->trash_seconds = options_number(&s->options, OPT_TRASH);
    show_disk(d, s);
}

static void read_run(const struct line *l, struct machine_run *run)
{
    machine_read(&l->watch->core->paths, l->name, run);
    if (!l->starting || (MACHINE_BIT(run->state) & MACHINE_LIVE))
        return;
    run->state = MACHINE_STARTING;
    run->reason[0] = run->detail[0] = '\0';
    for (int i = 0; i < PHASES; i++)
        run->phase_us[i] = -1;
}

/* What the files of a distro say, which were read just now. */
static void show_distro(struct line *l, struct model_distro *d, const struct distro *s)
{
    struct model_focus *f = &l->watch->core->model.focus;
    struct machine_run run;

    show_files(d, s);
    read_run(l, &run);
    show_run(d, &run);
    if (!(MACHINE_BIT(run.state) & MACHINE_LIVE)) {
        if (strcmp(f->name, d->name) == 0)
            f->device_count = 0;
        forget_figures(d);
        l->misses = 0;
    } else if (!l->ctl && !l->starting && !l->failed) {
        connect_line(l);
    }
}

/* The settings of the one that is looked at closely, as they are in the files now. */
static void show_focus(struct watch *w, const struct distro *s)
{
    struct model_focus *f = &w->core->model.focus;
    struct snapshots snapshots;

    if (strcmp(f->name, s->name) != 0)
        return;
    if (f->known)
        options_release(&f->options);
    f->known = options_copy(&f->options, &s->options, NULL) == 0;
    if (snapshots_load(&w->core->paths, s->name, &snapshots, NULL) == 0)
        model_focus_snapshots(f, &snapshots);
}

void watch_focus(struct watch *w, const char *name)
{
    struct core *c = w->core;
    struct model_focus *f = &c->model.focus;
    struct distro s;

    if (strcmp(f->name, name) == 0)
        return;
    model_focus_forget(f);
    snprintf(f->name, sizeof(f->name), "%s", name);
    if (!*name || store_load(&c->paths, &c->defaults, name, &s, NULL) < 0)
        return; /* the next look tells what there is */
    show_focus(w, &s);
    distro_release(&s);
}

static void show_trash(struct watch *w)
{
    struct model *m = &w->core->model;
    int64_t changed_ns = trash_changed_ns(&w->core->paths);

    if (changed_ns == w->trash_ns)
        return;
    w->trash_ns = changed_ns;
    free(m->removed);
    m->removed = trash_list(&w->core->paths, &m->removed_count);
}

/* An install by this process has a row before its folder is there. */
static void show_task(struct watch *w, struct line *l)
{
    struct model_distro *d = l->task && !l->seen ? model_row(&w->core->model, l->name) : NULL;

    if (!d)
        return;
    l->seen = true;
    d->state = MACHINE_INSTALLING;
    show_progress(d, l);
}

static void drop_unseen(struct watch *w)
{
    w->next = NULL;
    for (struct line **at = &w->lines; *at;) {
        struct line *l = *at;
        int index;

        if (l->seen) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        index = model_index(&w->core->model, l->name);
        if (index >= 0)
            model_drop(&w->core->model, (unsigned)index);
        line_free(l);
    }
}

/* The machine's lock is asked for each time: whoever takes it need not write anything. */
static bool is_locked(const struct line *l)
{
    auto_free char *lock = machine_file(&l->watch->core->paths, l->name, "lock");

    return lock && file_is_locked(lock);
}

/* It was down and is, and no file of it has changed: what is shown of it holds. */
static bool is_known(struct line *l, const struct model_distro *d)
{
    const struct core *c = l->watch->core;
    bool same = seen_same(&l->files, &c->paths, l->name, c->model.now);

    return same && !l->starting && (MACHINE_BIT(d->state) & MACHINE_DOWN) && strcmp(c->model.focus.name, l->name) != 0 &&
           !is_locked(l);
}

static void look_at(struct watch *w, const struct store_name *n)
{
    struct core *c = w->core;
    struct line *l = line_of(w, n->name);
    struct model_distro *d = l ? model_row(&c->model, n->name) : NULL;
    struct distro s;

    if (!d)
        return;
    show_progress(d, l);
    l->seen = n->installing || is_known(l, d);
    if (n->installing) {
        d->state = MACHINE_INSTALLING;
    } else if (!l->seen && store_load(&c->paths, &c->defaults, n->name, &s, NULL) == 0) {
        l->seen = true;
        show_distro(l, d, &s);
        show_focus(w, &s);
        distro_release(&s);
    }
}

void watch_look(struct watch *w)
{
    struct core *c = w->core;
    auto_free struct store_name *list = NULL;
    struct err e = {0};
    unsigned n = 0;

    if (w->stopping)
        return;
    c->model.now = time(NULL);
    if (store_list(&c->paths, &list, &n, &e) < 0) {
        model_say(&c->model, MESSAGE_ERROR, "%s", e.msg);
        return;
    }
    for (struct line *l = w->lines; l; l = l->next)
        l->seen = false;
    for (unsigned i = 0; i < n; i++)
        if (!w->only || strcmp(w->only, list[i].name) == 0)
            look_at(w, &list[i]);
    for (struct line *l = w->lines; l; l = l->next)
        show_task(w, l);
    drop_unseen(w);
    show_trash(w);
    changed(w);
}

/* Who follows one distro shows nothing of it; and it is not asked for nothing: /proc tells of each processor. */
static void look_at_host(struct watch *w)
{
    struct model_host *h = &w->core->model.host;

    if (w->only)
        return;
    doctor_host_memory(h);
    doctor_host_cpu(h);
    doctor_host_disk(h, w->core->paths.data);
}

static void on_timer(uv_timer_t *t)
{
    struct watch *w = t->data;
    bool settings = core_conf_look(w->core);

    for (struct line *l = w->lines; l; l = l->next) {
        l->failed = false;
        if (settings)
            l->files = (struct seen){0};
    }
    watch_look(w);
    look_at_host(w);
    for (struct line *l = w->lines; l; l = l->next)
        ask_stats(l);
}

/* --- life --- */

struct watch *watch_start(struct core *c, const char *only, struct err *e)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w || (only && !(w->only = strdup(only)))) {
        free(w);
        err_sys(e, ENOMEM, "watch");
        return NULL;
    }
    w->core = c;
    c->watch = w;
    uv_timer_init(c->loop, &w->timer);
    w->timer.data = w;
    if (!only)
        doctor_host(&c->model.host);
    uv_timer_start(&w->timer, on_timer, LOOK_MS, LOOK_MS);
    watch_look(w);
    return w;
}

static void on_timer_closed(uv_handle_t *h)
{
    struct watch *w = h->data;

    free(w->only);
    free(w);
}

void watch_stop(struct watch *w)
{
    if (!w)
        return;
    w->stopping = true;
    for (struct line *l = w->lines, *next; l; l = next) {
        next = l->next;
        line_free(l);
    }
    w->lines = w->next = NULL;
    uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}

void watch_starting(struct watch *w, const char *name)
{
    struct line *l = line_of(w, name);

    if (l)
        l->starting = true;
    watch_look(w);
}

void watch_started(struct watch *w, const char *name)
{
    struct line *l = line_find(w, name);

    if (l)
        l->starting = l->failed = false;
    watch_look(w);
}

void watch_task(struct watch *w, const char *name, bool on, uint64_t done, uint64_t total)
{
    struct line *l = line_of(w, name);

    if (!l)
        return;
    l->task = on;
    l->task_done = done;
    l->task_total = total;
    watch_look(w);
}

int watch_send(struct watch *w, const char *name, json_t *request, ctl_reply *reply, void *ctx,
               struct err *e)
{
    struct line *l = line_find(w, name);
    const struct model_distro *d = model_find(&w->core->model, name);

    /* A request does not wait for the next tick: on -ENOTCONN a stop would kill the machine. */
    if (l && !l->ctl && !l->starting && d && (MACHINE_BIT(d->state) & MACHINE_LIVE))
        connect_line(l);
    if (l && l->ctl) {
        ctl_send(l->ctl, request, reply, ctx);
        return 0;
    }
    json_decref(request);
    return err_set(e, ENOTCONN, "the machine of %s does not answer; `lxtop stop --force %s` ends it",
                   name, name);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/aside.h"
#include "core/core.h"
#include "core/doctor.h"
#include "core/survey.h"
#include "core/machine.h"
#include "core/plain.h"
#include "core/stats.h"
#include "core/store.h"

#define LOOK_MS 1000
#define MISSES_SILENT 3 /* stats unanswered in a row: the machine is silent */
#define LOOKS_LATE 5    /* ticks without the end of a look: the disk hangs, which is said */

/* One distro that is watched. */
struct line {
    struct line *next;
    struct watch *watch;
    char name[NAME_MAX_LEN + 1];
    struct ctl *ctl; /* NULL while not connected */
    struct stats_sample sample;
    unsigned misses;
    bool seen, task;
    bool starting; /* shown as that, whatever the files say */
    bool started;  /* no longer, once they have been looked at anew: */
    bool looked;   /* by the look that is under way */
    bool failed; /* the connection was refused or ended: not tried again before the next tick */
    uint64_t task_done, task_total;
};

/* Somebody waits for the end of a look that begins after he has asked. */
struct wait {
    struct wait *next;
    void (*then)(void *ctx);
    void *ctx;
    bool begun;
};

struct watch {
    struct core *core;
    bool alone; /* of one distro: nothing is shown of the host */
    uv_timer_t timer;
    struct line *lines;
    struct line *next; /* of them, where line_find begins */
    struct survey *survey; /* NULL: under way */
    struct aside *aside; /* where it is; NULL: here */
    struct wait *waits;
    unsigned late; /* ticks since it is under way */
    bool asked;    /* for another */
    bool afresh;   /* which uses the defaults of now */
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

static void show_progress(struct model_distro *d, const struct line *l)
{
    d->task = l->task;
    d->task_done = l->task_done;
    d->task_total = l->task_total;
}

static void show_files(struct model_distro *d, const struct survey_files *f)
{
    const struct distro *s = &f->distro;

    plain_copy(d->source, sizeof(d->source), s->source ? s->source : "", s->source ? strlen(s->source) : 0, false);
    d->installed = s->installed;
    d->memory_size = options_number(&s->options, OPT_MEMORY);
    d->cpus = (int)options_number(&s->options, OPT_CPUS);
    d->trash_seconds = options_number(&s->options, OPT_TRASH);
    d->disk_used = f->disk_used;
    d->disk_size = f->disk_size;
}

/* Over what the files say. */
static void show_starting(struct model_distro *d)
{
    if (MACHINE_BIT(d->state) & MACHINE_LIVE)
        return;
    d->state = MACHINE_STARTING;
    d->reason[0] = d->detail[0] = '\0';
    for (int i = 0; i < PHASES; i++)
        d->phase_us[i] = -1;
}

static void show_distro(struct line *l, struct model_distro *d, const struct survey_files *files)
{
    struct model_focus *f = &l->watch->core->model.focus;
    bool live = MACHINE_BIT(files->run.state) & MACHINE_LIVE;

    show_files(d, files);
    show_run(d, &files->run);
    if (!live && !l->starting) {
        if (strcmp(f->name, d->name) == 0)
            f->device_count = 0;
        forget_figures(d);
        l->misses = 0;
    } else if (live && !l->ctl && !l->starting && !l->failed) {
        connect_line(l);
    }
}

/* The settings of the one that is looked at closely, as they are in the files now. */
static void show_focus(struct watch *w, struct survey_files *files)
{
    struct model_focus *f = &w->core->model.focus;

    if (strcmp(f->name, files->distro.name) != 0)
        return;
    if (f->known)
        options_release(&f->options);
    f->known = options_copy(&f->options, &files->distro.options, NULL) == 0;
    if (files->focus)
        model_focus_snapshots(f, &files->snapshots);
    files->focus = false;
}

void watch_focus(struct watch *w, const char *name)
{
    struct model_focus *f = &w->core->model.focus;

    if (strcmp(f->name, name) == 0)
        return;
    model_focus_forget(f);
    snprintf(f->name, sizeof(f->name), "%s", name);
    if (*name)
        watch_look(w);
}

static void show_trash(struct model *m, struct survey *k)
{
    if (!k->trash_new)
        return;
    free(m->removed);
    m->removed = k->trash;
    m->removed_count = k->trash_count;
    k->trash = NULL;
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

static void show_row(struct watch *w, struct survey_row *r)
{
    struct line *l = line_of(w, r->name);
    struct model_distro *d = l ? model_row(&w->core->model, r->name) : NULL;

    if (!d)
        return;
    show_progress(d, l);
    l->seen = r->installing || r->same || r->read;
    if (r->installing) {
        d->state = MACHINE_INSTALLING;
    } else if (r->read) {
        show_distro(l, d, r->read);
        show_focus(w, r->read);
    }
    if (l->starting && !r->installing)
        show_starting(d);
}

static void show_rows(struct watch *w, struct survey *k)
{
    for (struct line *l = w->lines; l; l = l->next) {
        l->seen = false;
        l->starting &= !l->looked;
        l->looked = false;
    }
    for (unsigned i = 0; i < k->rows; i++)
        show_row(w, &k->row[i]);
    for (struct line *l = w->lines; l; l = l->next)
        show_task(w, l);
    drop_unseen(w);
}

static void show_look(struct watch *w, struct survey *k)
{
    struct model *m = &w->core->model;

    m->now = k->now;
    if (k->err.code) {
        model_say(m, MESSAGE_ERROR, "%s", k->err.msg);
        return;
    }
    show_rows(w, k);
    show_trash(m, k);
    if (!w->alone) {
        m->host.disk_free = k->host.disk_free;
        m->host.disk_size = k->host.disk_size;
    }
    if (core_conf_look(w->core, k->conf))
        w->afresh = w->asked = true;
    changed(w);
}

/* --- a look, here or aside --- */

static void end_waits(struct watch *w, bool all)
{
    struct wait *due = NULL, *wait;

    for (struct wait **at = &w->waits; (wait = *at);) {
        if (!wait->begun && !all) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        wait->next = due;
        due = wait;
    }
    while ((wait = due)) {
        due = wait->next;
        wait->then(wait->ctx);
        free(wait);
    }
}

static void end_look(struct watch *w, struct survey *k)
{
    show_look(w, k);
    survey_forget_read(k);
    w->survey = k;
    w->late = 0;
    end_waits(w, false);
}

static void begin_look(struct watch *w)
{
    struct survey *k = steal_ptr(&w->survey);

    w->asked = false;
    snprintf(k->focus, sizeof(k->focus), "%s", w->core->model.focus.name);
    if (w->afresh)
        survey_use(k, &w->core->defaults);
    w->afresh = false;
    for (struct wait *wait = w->waits; wait; wait = wait->next)
        wait->begun = true;
    for (struct line *l = w->lines; l; l = l->next)
        if (l->started) {
            survey_forget(k, l->name);
            l->looked = true;
            l->started = false;
        }
    if (w->aside) {
        aside_give(w->aside, k);
        return;
    }
    survey_run(k);
    end_look(w, k);
}

/* One that is under way has begun before what is asked for: another follows it. */
void watch_look(struct watch *w)
{
    w->asked = true;
    while (w->asked && w->survey && !w->stopping)
        begin_look(w);
}

void watch_look_then(struct watch *w, void (*then)(void *ctx), void *ctx)
{
    struct wait *wait = w->stopping ? NULL : malloc(sizeof(*wait));

    if (!wait) {
        then(ctx);
        return;
    }
    *wait = (struct wait){w->waits, then, ctx, false};
    w->waits = wait;
    watch_look(w);
}

static void run_aside(void *work)
{
    survey_run(work);
}

static void on_looked(void *ctx, void *work)
{
    struct watch *w = ctx;

    end_look(w, work);
    if (w->asked)
        watch_look(w);
}

static void lose_aside(void *work)
{
    survey_free(work);
}

void watch_aside(struct watch *w)
{
    static const struct aside_events ev = {run_aside, on_looked, lose_aside};

    w->aside = aside_new(w->core->loop, &ev, w);
}

/* --- once a second --- */

/* No end of a look shows what else there is to show. */
static void tell_late(struct watch *w)
{
    if (w->survey)
        return;
    if (++w->late == LOOKS_LATE)
        model_say(&w->core->model, MESSAGE_ERROR, "the disk under %s does not answer; what is shown of distros is as it was",
                  w->core->paths.data);
    changed(w);
}

/* Who follows one distro shows nothing of it; and it is not asked for nothing: /proc tells of each processor. */
static void look_at_host(struct watch *w)
{
    if (w->alone)
        return;
    doctor_host_memory(&w->core->model.host);
    doctor_host_cpu(&w->core->model.host);
}

static void on_timer(uv_timer_t *t)
{
    struct watch *w = t->data;

    w->core->model.now = time(NULL);
    tell_late(w);
    for (struct line *l = w->lines; l; l = l->next)
        l->failed = false;
    look_at_host(w);
    watch_look(w);
    for (struct line *l = w->lines; l; l = l->next)
        ask_stats(l);
}

/* --- life --- */

struct watch *watch_start(struct core *c, const char *only, struct err *e)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w || !(w->survey = survey_new(&c->paths, &c->defaults, only))) {
        free(w);
        err_sys(e, ENOMEM, "watch");
        return NULL;
    }
    w->core = c;
    w->alone = only;
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
    free(h->data);
}

void watch_stop(struct watch *w)
{
    if (!w)
        return;
    w->stopping = true;
    aside_close(w->aside);
    survey_free(w->survey);
    end_waits(w, true);
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
    struct model_distro *d = model_row(&w->core->model, name);

    if (!l || !d)
        return;
    l->starting = true;
    l->started = l->looked = false;
    show_starting(d);
    changed(w);
}

void watch_started(struct watch *w, const char *name)
{
    struct line *l = line_find(w, name);

    if (l) {
        l->started = true;
        l->failed = false;
    }
    watch_look(w);
}

bool watch_is_starting(struct watch *w, const char *name)
{
    const struct line *l = line_find(w, name);

    return l && l->starting;
}

/* What it has done so far is no reason to look at any file. */
void watch_task(struct watch *w, const char *name, bool on, uint64_t done, uint64_t total)
{
    struct line *l = line_of(w, name);
    int row = model_index(&w->core->model, name);

    if (!l)
        return;
    l->task = on;
    l->task_done = done;
    l->task_total = total;
    if (on && row >= 0)
        show_progress(&w->core->model.distros[row], l);
    if (on && !l->seen)
        show_task(w, l);
    if (on)
        changed(w);
    else
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models made by hand, and what is looked at in them: a row a scene, of which each size is a golden screen
 * of tests/screens, without colours and with them.
 * Included by the tests of the screen (test_ui*.c) alone.
 */
#ifndef TESTS_UNIT_SCENES_H
#define TESTS_UNIT_SCENES_H

#include "core/base/auto.h"
#include "core/plain.h"
#include "tests/unit/pane_world.h"
#include "tui/ui.h"

/* By bit: which golden screens a scene has, and whether panes are open in it. */
enum { SMALL = 1, USUAL = 2, LARGE = 4, EVERY = SMALL | USUAL | LARGE, LITTLE = 8, LEAST = 16, TALL = 32, PANES = 64 };
static const struct scene_size {
    unsigned bit;
    int rows, cols;
} scene_sizes[] = {{SMALL, 12, 40}, {USUAL, 24, 80}, {LARGE, 50, 200}, {LITTLE, 5, 20}, {LEAST, 2, 10}, {TALL, 44, 80}};

struct scene {
    const char *name;
    void (*fill)(struct model *m);
    const char *keys; /* pressed first */
    unsigned shots;
};
struct looked {
    struct pane_world *panes;
    struct model model;
    struct ui ui;
    struct grid grid;
};

#define SCENE_NOW 1790000000 /* 2026-09-21 13:33:20 UTC */

static void host(struct model *m)
{
    m->host = (struct model_host){.cpus = 8, .memory = 32LL << 30, .available = 20LL << 30, .kvm = true,
                                  .cpu_percent = 12, .disk_free = 120LL << 30, .disk_size = 400LL << 30};
    m->now = SCENE_NOW;
    model_source_add(m, "busybox", "the small distro that lxtop brings itself");
    model_source_add(m, "/home/somebody/Downloads/debian-12.tar.xz", "archive, 142 MB");
}

static struct model_distro *distro(struct model *m, const char *name, enum machine_state s)
{
    struct model_distro *d = model_row(m, name);

    assert_non_null(d);
    d->state = s;
    d->memory_size = 512LL << 20;
    return d;
}

static void running(struct model *m, const char *name, int64_t boot_us)
{
    struct model_distro *d = distro(m, name, MACHINE_RUNNING);

    d->phase_us[PHASE_READY] = boot_us;
    d->resident = 31LL << 20;
    d->cpu_percent = 12.4;
    d->read_bps = 0;
    d->write_bps = 1.5 * (1 << 20);
    d->p9_bps = 300 * 1024;
    d->net_bps = 0;
    d->disk_used = 412LL << 20;
    d->disk_size = 8LL << 30;
    d->uptime_us = 187000000;
    d->sessions = 2;
}

static void scene_none(struct model *m)
{
    host(m);
}

static void scene_no_kvm(struct model *m)
{
    host(m);
    m->host.kvm = false;
}

static void failed(struct model *m, const char *name, const char *reason, const char *detail)
{
    struct model_distro *d = distro(m, name, MACHINE_FAILED);

    snprintf(d->reason, sizeof(d->reason), "%s", reason);
    snprintf(d->detail, sizeof(d->detail), "%s", detail);
}

static void scene_every_state(struct model *m)
{
    struct model_distro *d;

    host(m);
    distro(m, "alpine", MACHINE_STOPPED);
    d = distro(m, "arch", MACHINE_STARTING);
    d->resident = 7LL << 20;
    running(m, "debian", 142000);
    snprintf(model_row(m, "debian")->note, MACHINE_TEXT, "2 units failed: a.service b.service");
    failed(m, "fedora", "panic", "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(254,0)");
    d = distro(m, "gentoo", MACHINE_INSTALLING);
    d->task = true;
    d->task_done = d->task_total = 1000; /* read, not yet safe */
    distro(m, "kali", MACHINE_STOPPING);
    running(m, "mint", 1234567);
    model_row(m, "mint")->paused = true;
    distro(m, "suse", MACHINE_INSTALLING);
    running(m, "ubuntu", 99999999);
    model_row(m, "ubuntu")->silent = true;
}

static void snapshots(struct model *m)
{
    static const struct {
        const char *id, *parent, *name, *note;
        bool memory;
    } all[] = {{"01", "", "fresh", "as installed", false},
               {"02", "01", "with-docker", "", true},
               {"03", "01", "experiment", "\x1b[2Jnot so good", false},
               {"04", "02", "before-upgrade", "", false}};
    struct snapshots s = {.list = calloc(ARRAY_SIZE(all), sizeof(*s.list)), .count = ARRAY_SIZE(all), .active = strdup("x"),
                          .folder = strdup("x"), .base = "04"};

    for (unsigned i = 0; i < s.count; i++) {
        struct snapshot *to = &s.list[i];

        *to = (struct snapshot){.note = strdup(all[i].note), .layer = strdup("x"), .memory = all[i].memory,
                                .created = SCENE_NOW + i * 60};
        strcpy(to->id, all[i].id);
        strcpy(to->parent, all[i].parent);
        strcpy(to->name, all[i].name);
    }
    model_focus_snapshots(&m->focus, &s);
}

/* One that runs, looked at closely. */
static void scene_close(struct model *m)
{
    static const int64_t phases[PHASES] = {3100, 8200, 21000, 61000, 88000, 142000};
    struct model_distro *d;

    host(m);
    distro(m, "alpine", MACHINE_STOPPED);
    running(m, "debian", 142000);
    d = model_row(m, "debian");
    memcpy(d->phase_us, phases, sizeof(phases));
    strcpy(d->init, "systemd");
    strcpy(d->source, "/home/somebody/Downloads/debian-12.tar.xz");
    d->installed = SCENE_NOW - 86400;
    for (int i = 0; i < 150; i++) {
        d->cpu_percent = i % 40 * 2;
        d->resident = (20LL + i / 10) << 20;
        d->read_bps = i % 7 ? 0 : 3 << 20;
        model_history_add(d);
    }
    snprintf(m->focus.name, sizeof(m->focus.name), "debian");
    options_init(&m->focus.options);
    options_set(&m->focus.options, "memory", "1G", ORIGIN_DISTRO, NULL);
    options_set(&m->focus.options, "shares", "~:/mnt/host; /data:/data,ro", ORIGIN_CONF, NULL);
    options_set(&m->focus.options, "forwards", "127.0.0.1:8080:80", ORIGIN_DISTRO, NULL);
    m->focus.known = true;
    m->focus.devices[0] = (struct model_device){"root", "blk", 4711, 52 << 20, 7 << 20, 0, 184};
    m->focus.devices[1] = (struct model_device){"net0", "net", 12, 1200, 900, 1, 0};
    m->focus.device_count = 2;
}

static void scene_snapshots(struct model *m)
{
    scene_close(m);
    snapshots(m);
}

static void scene_changes(struct model *m)
{
    static const char text[] = "# with-docker was not unmounted or held still: what only its journal holds is not seen here\n"
                               "M /etc/hostname\n+ /usr/share/some/very/long/folder/with/a/name/that/does/not/fit/into/the/row/at/all.txt\n"
                               "- /root/old\n+ /srv/\xc3\xa4pfel\n";

    scene_snapshots(m);
    model_changes_done(m, model_changes_begin(m, "debian", "fresh", ""), text, NULL);
}

static void scene_tasks(struct model *m)
{
    struct model_task *t;

    scene_close(m);
    t = model_task_begin(m, "install", "fedora", "from /home/somebody/fedora.tar");
    t->began = SCENE_NOW - 90;
    t->ended = SCENE_NOW - 30;
    t->running = false;
    t->failed = true;
    strcpy(t->why, "/home/somebody/fedora.tar: is no archive that can be read: truncated input in the middle of a file");
    t = model_task_begin(m, "stop", "alpine", "");
    t->began = t->ended = SCENE_NOW - 20;
    t->running = false;
    t = model_task_begin(m, "install", "arch", "from arch.tar.zst");
    t->began = SCENE_NOW - 5;
    t->done = 42 << 20;
    t->total = 142 << 20;
}

static void scene_log(struct model *m)
{
    static const char *const lines[] = {
        "[    0.000000] Linux version 6.1.0 (somebody@somewhere) #1 SMP",
        "[    0.061000] Run /init as init process",
        "lxtop-guest: root file system mounted, and here is a line that is longer than all screens but the widest are",
        "debian login: root (automatic login)"};
    struct model_log *l = &m->log;
    size_t len = 0;

    scene_close(m);
    strcpy(l->distro, "debian");
    l->known = true;
    l->count = ARRAY_SIZE(lines) * 20;
    l->line = calloc(l->count, sizeof(*l->line));
    l->text = calloc(l->count, 160);
    for (unsigned i = 0; i < l->count; i++) {
        l->line[i] = (uint32_t)len;
        strcpy(l->text + len, lines[i % ARRAY_SIZE(lines)]);
        len += strlen(l->text + len) + 1;
    }
}

static void folder(struct model_folder *f, const char *path, const struct model_file *files, unsigned n)
{
    *f = (struct model_folder){.known = true, .path = strdup(path), .count = n};
    f->files = calloc(n + 1, sizeof(*f->files));
    for (unsigned i = 0; i < n; i++) {
        f->files[i] = files[i];
        f->files[i].shown = plain_dup(files[i].name, false);
        f->files[i].name = strdup(files[i].name);
    }
}

static void scene_files(struct model *m)
{
    static const struct model_file guest[] = {
        {"boot", NULL, true, 040755, 4096, SCENE_NOW - 7777},
        {"etc", NULL, true, 040755, 4096, SCENE_NOW - 86400},
        {"bin", NULL, true, 0120777, 7, SCENE_NOW - 99999},
        {"a name that is much longer than the half of a usual screen.tar.xz", NULL, false, 0100644, 142 << 20, SCENE_NOW},
        {"dangling", NULL, false, 0120777, 3, SCENE_NOW},
        {"hello\x1b[2J", NULL, false, 0100755, 12, SCENE_NOW},
        {"initctl", NULL, false, 010600, 0, SCENE_NOW},
    };
    static const struct model_file host_files[] = {
        {"..", NULL, true, 040000, -1, 0},
        {"src", NULL, true, 040755, 4096, SCENE_NOW - 86400},
        {"notes.txt", NULL, false, 0100644, 9000, SCENE_NOW - 60},
    };

    scene_close(m);
    folder(&m->folder[0], "/", guest, ARRAY_SIZE(guest));
    folder(&m->folder[1], "/home/somebody", host_files, ARRAY_SIZE(host_files));
}

static void scene_no_files(struct model *m)
{
    scene_close(m);
}

static void scene_events(struct model *m)
{
    scene_close(m);
    model_say(m, MESSAGE_INFO, "debian: start done");
    model_say(m, MESSAGE_ERROR, "no kernel (auto) under /home/somebody/.cache/lxtop/kernels: `make kernel` builds the tuned one");
    model_say(m, MESSAGE_INFO, "alpine: stop done");
    for (unsigned long i = 1; i <= m->said; i++)
        m->messages[i].when = SCENE_NOW + (time_t)i;
}

static void scene_emulated(struct model *m)
{
    scene_every_state(m);
    m->host.emulated = true;
}

static void scene_long_names(struct model *m)
{
    host(m);
    running(m, "a23456789-123456789-123456789-123456789-123456789-123456789-123", 5000000000);
    failed(m, "b23456789-123456789-123456789-123456789-123456789-123456789-123", "vmm-error",
           "/home/somebody/.local/share/lxtop/distros/a-name-that-goes-on/root.img: Permission denied, and "
           "so on and so forth, which nobody reads to its end but which has to be cut somewhere, whatever "
           "the height of the screen on which it is shown");
    model_row(m, "a23456789-123456789-123456789-123456789-123456789-123456789-123")->memory_size = 1LL << 40;
}

static void scene_many(struct model *m)
{
    char name[NAME_MAX_LEN + 1];

    host(m);
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "distro-%02d", i);
        distro(m, name, MACHINE_STOPPED);
    }
}

/* What the model's filler would have made plain, and what it would not, all the same. */
static void scene_hostile(struct model *m)
{
    host(m);
    failed(m, "a", "panic", "\x1b]0;title\x07\x1b[2J\x9b" "31m red \r\n\xc2\x9b" "H \xe2\x80\xae \xe4\xbd\xa0\xe4\xbd");
    failed(m, "b", "killed", "");
    strcpy(m->distros[1].name, "b\x1b[31m\x9b\xff"); /* not by model_row, which makes names plain */
    running(m, "c", 1);
    snprintf(model_row(m, "c")->note, MACHINE_TEXT, "\x1b[?1049l\x1b" "c\tbye\v");
}

static void scene_message(struct model *m)
{
    scene_every_state(m);
    model_say(m, MESSAGE_ERROR, "no kernel (auto) under /home/somebody/.cache/lxtop/kernels: `make kernel` "
                                "builds the tuned one, `make stock-kernel` gets Debian's \x1b[2J");
    model_say(m, MESSAGE_INFO, "debian: start done");
}

/* Scenes of what the option and action tables hold show a part that rows of others do not change. */
#define HELP "?"
#define VIEW_TASKS_KEY "6"
#define PREFIX "\x1d"
static const struct scene scenes[] = {
    /* every view */
    {"distros", scene_every_state, "jj", EVERY},
    {"info", scene_close, "jv", EVERY},
    {"log", scene_log, "jlk", EVERY},
    {"files", scene_files, "jbjj", EVERY},
    {"install", scene_every_state, "i", EVERY},
    {"install-form", scene_every_state, "ij\n", EVERY},
    {"tasks", scene_tasks, VIEW_TASKS_KEY, EVERY},
    {"settings", scene_close, "je\\shares\n", EVERY},
    {"events", scene_events, "mk", EVERY},
    {"help", scene_every_state, "m" HELP, EVERY},
    {"palette", scene_close, ":sort", EVERY},
    {"snapshots", scene_snapshots, "jSj", EVERY},
    {"changes", scene_changes, "jS=\njj", EVERY},
    {"pane", scene_close, "0", EVERY | PANES},
    {"pane-copying", scene_close, "0" PREFIX "ckk0 llllll", EVERY | PANES},
    /* a question, a message, nothing at all */
    {"none", scene_none, "", EVERY},
    {"message", scene_message, "", EVERY},
    {"remove", scene_every_state, "dalp", EVERY},
    {"marked", scene_every_state, "t t", EVERY},
    {"failed", scene_every_state, "jjj", EVERY},
    {"silent", scene_every_state, "G", EVERY},
    {"long-names", scene_long_names, "j", EVERY},
    /* more of them, where they have something of their own to show */
    {"states", scene_every_state, "jj", LITTLE | LEAST},
    {"no-kvm", scene_no_kvm, "", USUAL},
    {"emulated", scene_emulated, "", USUAL},
    {"many", scene_many, "Gkkk", USUAL},
    {"hostile", scene_hostile, "", USUAL},
    {"hostile-name", scene_hostile, "j", USUAL},
    {"hostile-note", scene_hostile, "G", USUAL},
    {"refused", scene_every_state, "x", USUAL},
    {"install-path", scene_every_state, "iG\n/a/long/path/to/some/where.tar.xz", SMALL},
    {"install-name", scene_every_state, "i\ngj\nBad Name\n", USUAL | SMALL | LITTLE},
    {"log-search", scene_log, "jlg/mounted", USUAL},
    {"tasks-end", scene_tasks, VIEW_TASKS_KEY "G", SMALL},
    {"settings-question", scene_close, "je\\shares\n\n", SMALL},
    {"snapshots-delete", scene_snapshots, "jSjd", USUAL},
    {"snapshots-info", scene_snapshots, "jv", TALL},
    {"files-here", scene_files, "jb\tj", USUAL | LARGE},
    {"files-marked", scene_files, "jbjjj  \t", USUAL},
    {"files-remove", scene_files, "jbjjj  d", USUAL},
    {"files-none", scene_no_files, "b", USUAL},
    {"palette-views", scene_close, ":view", USUAL},
    {"filter", scene_every_state, "\\run", USUAL},
    {"filtered", scene_every_state, "\\ing\n", EVERY},
    {"filtered-long", scene_every_state, "\\ning                                           \n", SMALL},
    {"filter-none", scene_every_state, "\\xyz\n", SMALL},
    {"sorted", scene_every_state, ">>>>>>>", USUAL},
    {"frozen", scene_every_state, "Z", SMALL},
    {"columns", scene_close, "o\x15" "state disk size 9p net uptime sessions\n", USUAL},
    {"help-end", scene_every_state, "m" HELP "G", SMALL},
    {"pane-none", scene_close, "0", USUAL},
    {"pane-command", scene_close, "0" PREFIX, USUAL | PANES},
};
static const unsigned scenes_count = ARRAY_SIZE(scenes);

static void looked_release(struct looked *l)
{
    model_release(&l->model);
    ui_release(&l->ui);
    grid_release(&l->grid);
    pane_world_free(l->panes);
    l->panes = NULL;
}

/* `l` as it is after the scene's keys; drawn between them as the application does. */
static void look(struct looked *l, const struct scene *s, int rows, int cols)
{
    *l = (struct looked){0};
    ui_init(&l->ui);
    assert_int_equal(grid_init(&l->grid, rows, cols), 0);
    strcpy(l->ui.files.path[1], "/home/somebody");
    if (s->shots & PANES)
        l->ui.tabs = (l->panes = pane_world_new())->tabs;
    s->fill(&l->model);
    ui_draw(&l->ui, &l->model, &l->grid);
    for (const char *k = s->keys ? s->keys : ""; *k; k++) {
        ui_key_pressed(&l->ui, &l->model, (ui_key)*k);
        ui_draw(&l->ui, &l->model, &l->grid);
    }
}

#endif

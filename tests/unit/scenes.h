/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models made by hand, and what is looked at in them: one a golden screen of tests/screens.
 * Included by test_ui.c alone.
 */
#ifndef TESTS_UNIT_SCENES_H
#define TESTS_UNIT_SCENES_H

#include "core/base/auto.h"
#include "tui/ui.h"

#define SCENES_MAX 40
struct scene {
    const char *name;
    int rows, cols;
    void (*fill)(struct model *m);
    const char *keys; /* pressed first */
    bool styles;
};
struct looked {
    struct model model;
    struct ui ui;
    struct grid grid;
};

static void host(struct model *m)
{
    m->host = (struct model_host){.cpus = 8, .memory = 32LL << 30, .available = 20LL << 30, .kvm = true};
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

#define HELP "?"
static const struct scene scenes[] = {
    {"none-80x24", 24, 80, scene_none, "", false},
    {"none-40x12", 12, 40, scene_none, "", false},
    {"no-kvm-80x24", 24, 80, scene_no_kvm, "", true},
    {"states-80x24", 24, 80, scene_every_state, "", true},
    {"states-40x12", 12, 40, scene_every_state, "", false},
    {"states-200x50", 50, 200, scene_every_state, "jj", false},
    {"states-20x5", 5, 20, scene_every_state, "jj", false},
    {"states-10x2", 2, 10, scene_every_state, "jj", false},
    {"emulated-80x24", 24, 80, scene_emulated, "", false},
    {"failed-80x24", 24, 80, scene_every_state, "jjj", true},
    {"failed-40x12", 12, 40, scene_every_state, "jjj", false},
    {"silent-40x12", 12, 40, scene_every_state, "G", false},
    {"long-names-80x24", 24, 80, scene_long_names, "j", false},
    {"long-names-40x12", 12, 40, scene_long_names, "j", false},
    {"long-names-200x50", 50, 200, scene_long_names, "", false},
    {"many-80x24", 24, 80, scene_many, "Gkkk", false},
    {"hostile-80x24", 24, 80, scene_hostile, "", false},
    {"hostile-name-80x24", 24, 80, scene_hostile, "j", false},
    {"hostile-note-80x24", 24, 80, scene_hostile, "G", false},
    {"message-80x24", 24, 80, scene_message, "", true},
    {"message-40x12", 12, 40, scene_message, "", false},
    {"refused-80x24", 24, 80, scene_every_state, "x", false},
    {"install-source-80x24", 24, 80, scene_every_state, "i", true},
    {"install-source-40x12", 12, 40, scene_every_state, "i/a/long/path/to/some/where.tar.xz", false},
    {"install-name-80x24", 24, 80, scene_every_state, "i\nBad Name\n", false},
    {"install-name-40x12", 12, 40, scene_every_state, "i\nBad Name\n", false},
    {"install-name-20x5", 5, 20, scene_every_state, "i\nBad Name\n", false},
    {"remove-80x24", 24, 80, scene_every_state, "dalp", false},
    {"remove-40x12", 12, 40, scene_every_state, "dalp", false},
    {"help-80x24", 24, 80, scene_every_state, HELP, false},
    {"help-40x12", 12, 40, scene_every_state, HELP, false},
    {"help-end-40x12", 12, 40, scene_every_state, HELP "G", false},
};
static const unsigned scenes_count = ARRAY_SIZE(scenes);

static void looked_release(struct looked *l)
{
    model_release(&l->model);
    grid_release(&l->grid);
}

/* `l` as it is after the scene's keys; drawn between them as the application does. */
static void look(struct looked *l, const struct scene *s, int rows, int cols)
{
    *l = (struct looked){0};
    ui_init(&l->ui);
    assert_int_equal(grid_init(&l->grid, rows, cols), 0);
    s->fill(&l->model);
    ui_draw(&l->ui, &l->model, &l->grid);
    for (const char *k = s->keys ? s->keys : ""; *k; k++) {
        ui_key_pressed(&l->ui, &l->model, (ui_key)*k);
        ui_draw(&l->ui, &l->model, &l->grid);
    }
}

#endif

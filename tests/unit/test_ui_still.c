/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Held still: whatever figures do, no character changes in any view, so that a screen reader has nothing to say. */
#include "tests/unit/fixture.h"

#include <locale.h>

#include "core/base/auto.h"
#include "tests/unit/scenes.h"
#include "tui/ui.h"

#define LATER 7 /* seconds */

static char *shown(struct looked *l)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    ui_draw(&l->ui, &l->model, &l->grid);
    grid_dump(&l->grid, f);
    fclose(f);
    return text;
}

static void change_distro(struct model_distro *d)
{
    if (!(MACHINE_BIT(d->state) & MACHINE_LIVE))
        return;
    d->resident += 77LL << 20;
    d->cpu_percent += 33;
    d->read_bps += 1e6;
    d->write_bps += 1e6;
    d->p9_bps += 1e6;
    d->net_bps += 1e6;
    d->disk_used += 1LL << 30;
    d->uptime_us += 77000000;
    d->sessions++;
    for (int i = 0; d->history && i < LATER; i++)
        model_history_add(d);
}

/* Some seconds later. */
static void change_figures(struct model *m)
{
    m->now += LATER;
    m->host.available -= 5LL << 30;
    m->host.cpu_percent = 91;
    m->host.disk_free -= 50LL << 30;
    for (unsigned i = 0; i < m->count; i++)
        change_distro(&m->distros[i]);
    for (unsigned i = 0; i < m->focus.device_count; i++) {
        m->focus.devices[i].requests += 1000;
        m->focus.devices[i].read_bytes += 1 << 30;
        m->focus.devices[i].latency_us += 77;
    }
    for (int i = 0; i < MODEL_TASKS; i++)
        if (m->tasks[i].running)
            m->tasks[i].done += m->tasks[i].total / 7;
}

/* Every scene at every size that a golden screen has, then with nothing held: what changes is a figure that moves. */
static void test_ui__held_still_nothing_changes(void **state)
{
    static const int sizes[][2] = {{12, 40}, {24, 80}, {50, 200}};
    unsigned moving = 0;

    (void)state;
    for (unsigned i = 0; i < scenes_count; i++)
        for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
            auto_free char *before = NULL, *held = NULL, *after = NULL;
            struct looked l;

            look(&l, &scenes[i], sizes[s][0], sizes[s][1]);
            if (l.ui.view == VIEW_PANES) { /* all keys are a program's */
                looked_release(&l);
                continue;
            }
            if (l.ui.prompt.answer) /* where keys are text */
                ui_key_pressed(&l.ui, &l.model, K_ESC);
            if (l.ui.view == VIEW_PALETTE)
                ui_key_pressed(&l.ui, &l.model, K_ESC);
            if (!l.ui.frozen)
                ui_key_pressed(&l.ui, &l.model, 'Z');
            before = shown(&l);
            change_figures(&l.model);
            held = shown(&l);
            if (strcmp(before, held) != 0)
                fail_msg("%s does not stand still:\n%s\n%s", scenes[i].name, before, held);
            ui_key_pressed(&l.ui, &l.model, 'Z');
            after = shown(&l);
            moving += strcmp(before, after) != 0;
            looked_release(&l);
        }
    assert_in_range(moving, scenes_count, 3 * scenes_count); /* the figures that were changed are shown */
}

/* The same of the selected row alone, without any key. */
static void test_ui__the_selected_row_does_not_tick(void **state)
{
    auto_free char *before = NULL, *after = NULL;
    const struct scene s = {.fill = scene_every_state, .keys = "jj"};
    char *a, *b;
    struct looked l;

    (void)state;
    look(&l, &s, 24, 80);
    before = shown(&l);
    change_figures(&l.model);
    after = shown(&l);
    a = strstr(before, "> debian");
    b = strstr(after, "> debian");
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(strncmp(a, b, strcspn(a, "\n")), 0);
    assert_string_not_equal(before, after);
    looked_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ui__held_still_nothing_changes),
        cmocka_unit_test(test_ui__the_selected_row_does_not_tick),
    };

    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 99;
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

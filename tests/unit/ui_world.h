/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screen without a terminal: keys in, requests out. */
#ifndef TESTS_UNIT_UI_WORLD_H
#define TESTS_UNIT_UI_WORLD_H

#include "tests/unit/fixture.h"

#include <locale.h>

#include "tests/unit/scenes.h"
#include "tui/ui.h"
#include "tui/ui_keys.h"

static struct looked l; /* of the test that runs */

static inline void begin(void (*fill)(struct model *m))
{
    const struct scene s = {.fill = fill};

    looked_release(&l);
    look(&l, &s, 24, 80);
}

static inline const char *selected(void)
{
    return l.ui.list[VIEW_DISTROS].name;
}

static inline struct ui_request press(ui_key k)
{
    struct ui_request r = ui_key_pressed(&l.ui, &l.model, k);

    ui_draw(&l.ui, &l.model, &l.grid);
    return r;
}

static inline struct ui_request type(const char *text)
{
    struct ui_request r = {0};

    while (*text)
        r = press((ui_key)*text++);
    return r;
}

static inline void assert_op(struct ui_request r, enum op_id op, unsigned flags, const char *distro)
{
    assert_int_equal(r.want, WANT_OP);
    assert_int_equal(r.args.op, op);
    assert_int_equal(r.args.flags, flags);
    assert_string_equal(r.args.distro, distro);
}

static inline void assert_hint(struct ui_request r, const char *text)
{
    assert_int_equal(r.want, WANT_NOTHING);
    assert_string_equal(l.ui.hint, text);
}

#define ui_run(tests) ui_end(ui_begin() ? cmocka_run_group_tests(tests, NULL, NULL) : 1)

static inline bool ui_begin(void)
{
    (void)scenes;
    (void)scenes_count;
    setenv("TZ", "UTC", 1);
    return setlocale(LC_ALL, "C.UTF-8");
}

static inline int ui_end(int failed)
{
    looked_release(&l);
    return failed;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a log on the screen, and the archives that a distro can be installed from. */
#include "core/follow.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/source_find.h"

static char *home;
static uv_loop_t loop;
static struct core core;
static unsigned changes;

static void on_changed(void *ctx)
{
    (void)ctx;
    changes++;
}

static int set_up(void **state)
{
    static const char *const names[] = {"HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME",
                                        "XDG_CONFIG_HOME"};
    struct err e = {0};

    (void)state;
    home = fixture_enter();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        setenv(names[i], home, 1);
    assert_int_equal(shell("mkdir -p %s/lxtop/machines/a", home), 0);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_ok(core_init(&core, &loop, &e), e);
    core.changed = on_changed;
    changes = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    core_release(&core);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0); /* nothing is left open */
    fixture_leave(home);
    return 0;
}

static void await_change(void)
{
    unsigned before = changes;

    while (changes == before)
        uv_run(&loop, UV_RUN_ONCE);
}

static const char *line(unsigned i)
{
    assert_true(i < core.model.log.count);
    return core.model.log.text + core.model.log.line[i];
}

static void test_follow__what_comes_is_shown_and_is_plain(void **state)
{
    const struct model_log *l = &core.model.log;
    struct follow *f;

    (void)state;
    assert_int_equal(shell("printf 'one\\r\\n\\033[31mtwo\\033[0m\\n\\nlast' > %s/lxtop/machines/a/console.log", home), 0);
    f = follow_start(&core, "a", false);
    assert_true(follow_is_of(f, "a", false));
    assert_false(follow_is_of(f, "a", true));
    await_change();
    assert_true(l->known);
    assert_string_equal(l->distro, "a");
    assert_int_equal(l->count, 4);
    assert_string_equal(line(0), "one");
    assert_string_equal(line(1), "two");
    assert_string_equal(line(2), "");
    assert_string_equal(line(3), "last");
    assert_int_equal(shell("printf ' line\\nmore\\n' >> %s/lxtop/machines/a/console.log", home), 0);
    await_change();
    assert_int_equal(l->count, 5);
    assert_string_equal(line(3), "last line");
    assert_string_equal(line(4), "more");
    follow_stop(f);
}

static void test_follow__none_yet_and_then_one(void **state)
{
    struct follow *f = follow_start(&core, "a", true);

    (void)state;
    await_change();
    assert_int_equal(core.model.log.count, 0);
    assert_non_null(strstr(core.model.log.why, "none yet"));
    assert_int_equal(shell("echo said > %s/lxtop/machines/a/vmm.log", home), 0);
    await_change();
    assert_string_equal(core.model.log.why, "");
    assert_string_equal(line(0), "said");
    follow_stop(f);
}

/* Only the end of a long one, from a whole line on. */
static void test_follow__its_end_is_kept(void **state)
{
    struct follow *f;

    (void)state;
    assert_int_equal(shell("seq 1000000 1100000 > %s/lxtop/machines/a/console.log", home), 0);
    f = follow_start(&core, "a", false);
    await_change();
    assert_in_range(core.model.log.count, FOLLOW_KEPT / 8 - 2, FOLLOW_KEPT / 8);
    assert_int_equal(strlen(line(0)), 7);
    assert_string_equal(line(core.model.log.count - 1), "1100000");
    follow_stop(f);
}

/* A log that is a link is none of ours: somebody's file is not shown. */
static void test_follow__no_link(void **state)
{
    struct follow *f;

    (void)state;
    assert_int_equal(shell("ln -s /etc/passwd %s/lxtop/machines/a/console.log", home), 0);
    f = follow_start(&core, "a", false);
    await_change();
    assert_int_equal(core.model.log.count, 0);
    assert_non_null(strstr(core.model.log.why, "cannot be read"));
    follow_stop(f);
}

static void test_follow__stopped_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct follow *f = follow_start(&core, "a", i % 2);

        for (int turn = 0; turn < i % 4; turn++)
            uv_run(&loop, UV_RUN_NOWAIT);
        follow_stop(f);
    }
}

static void test_source_find__archives_where_people_keep_them(void **state)
{
    const struct model *m = &core.model;

    (void)state;
    core.watch = (struct watch *)&loop; /* any: the core is not released yet */
    assert_int_equal(shell("mkdir -p %s/Downloads %s/lxtop/distros && cd %s && touch a.tar.xz notes.txt .hidden.tar Downloads/b.wsl "
                           "lxtop/distros/c.tar && mkdir folder.tar", home, home, home), 0);
    source_find(&core);
    await_change();
    core.watch = NULL;
    assert_int_equal(m->source_count, 4);
    assert_string_equal(m->sources[0].text, "busybox");
    assert_non_null(strstr(m->sources[1].text, "/Downloads/b.wsl"));
    assert_non_null(strstr(m->sources[2].text, "/a.tar.xz")); /* once, though it is here and in the home */
    assert_non_null(strstr(m->sources[3].text, "/lxtop/distros/c.tar"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_follow__what_comes_is_shown_and_is_plain),
        TEST(test_follow__none_yet_and_then_one),
        TEST(test_follow__its_end_is_kept),
        TEST(test_follow__no_link),
        TEST(test_follow__stopped_at_once),
        TEST(test_source_find__archives_where_people_keep_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

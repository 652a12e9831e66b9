/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/seen.h"

#include "tests/unit/fixture.h"

static struct paths paths = {.data = (char *)".", .state = (char *)"."};

/* `later` seconds from now, as if the clock had gone on. */
static bool same(struct seen *s, int later)
{
    return seen_same(s, &paths, "d", time(NULL) + later);
}

static int set_up(void **state)
{
    *state = fixture_enter();
    assert_int_equal(shell("mkdir -p distros/d/layers distros/d/memory machines/d; echo 'cpus = 1;' > distros/d/distro.conf;"
                           "echo disk > distros/d/root.img; echo {} > machines/d/run.json; touch distros/d/layers/a.part"), 0);
    return 0;
}

static int tear_down(void **state)
{
    fixture_leave(*state);
    return 0;
}

static void test_seen_same__only_when_nothing_was_written_for_two_seconds(void **state)
{
    struct seen s = {0};

    (void)state;
    assert_false(same(&s, 100)); /* the first time */
    assert_true(same(&s, 100));
    assert_false(same(&s, 0));
    assert_true(same(&s, 100));
}

static void test_seen_same__not_after_any_change(void **state)
{
    static const char *const changes[] = {
        "printf 'cpus = 2;\\n' > distros/d/distro.conf", /* in place, as an editor may */
        "echo 'cpus = 2;' > new && mv new distros/d/distro.conf",
        "echo '{ }' > machines/d/new && mv machines/d/new machines/d/run.json",
        "rm machines/d/run.json",
        "mv distros/d/layers/a.part distros/d/layers/a",
        "mkdir distros/d/memory/x",
        "rmdir distros/d/memory/x",
        "rmdir distros/d/memory",
        "mkdir distros/d/memory",
        "echo {} > distros/d/snapshots.json",
        "ln -s memory/x distros/d/suspended",
        "echo more >> distros/d/root.img",
        "rm distros/d/root.img",
        "touch distros/d/root.img",
        "mv distros/d distros/e && mkdir distros/d && mv distros/e/* distros/d", /* removed, and another of the name */
        "rm distros/d/distro.conf",
        "touch distros/d/distro.conf",
    };
    struct seen s = {0};

    (void)state;
    same(&s, 100);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        assert_true(same(&s, 100));
        assert_int_equal(shell("%s", changes[i]), 0);
        if (same(&s, 100))
            fail_msg("not seen: %s", changes[i]);
    }
}

static void test_seen_same__of_files_that_are_not_there(void **state)
{
    struct seen s = {0};

    (void)state;
    assert_int_equal(shell("rm -r distros machines"), 0);
    assert_true(same(&s, 100));
    assert_int_equal(shell("mkdir -p machines/d && echo {} > machines/d/run.json"), 0);
    assert_false(same(&s, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_seen_same__only_when_nothing_was_written_for_two_seconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_seen_same__not_after_any_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_seen_same__of_files_that_are_not_there, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

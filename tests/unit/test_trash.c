/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removed distros: brought back as they were, kept for their time, deleted for good; and verbs that say so. */
#include "tests/unit/as_lxtop.h"

#include <unistd.h>

#include "core/trash.h"

static struct paths paths;

static int begin(void **state)
{
    struct err e = {0};

    set_up(state);
    assert_ok(paths_init(&paths, &e), e);
    return 0;
}

static int end(void **state)
{
    paths_release(&paths);
    return tear_down(state);
}

static bool there(const char *what)
{
    auto_free char *path = file_path("%s/lxtop/%s", folder, what);

    return access(path, F_OK) == 0;
}

static unsigned in_trash(void)
{
    unsigned count;

    free(trash_list(&paths, &count));
    return count;
}

#define assert_verb(words, says, status)                                                           \
    do {                                                                                           \
        int got_;                                                                                  \
        auto_free char *text_ = run_verb("", words, &got_);                                        \
        if (!strstr(text_, says))                                                                  \
            fail_msg("%s: says \"%s\" and not \"%s\"", words, text_, says);                          \
        assert_int_equal(got_, status);                                                            \
    } while (0)

#define RUN "{\"state\":\"stopped\",\"reason\":\"suspended\",\"started\":1}"

/* All that is known of it comes back with it. */
static void test_trash__there_and_back(void **state)
{
    (void)state;
    make_distro("a", RUN);
    assert_verb("remove a --yes", "for 7 days `lxtop trash restore a` brings it back", STATUS_DONE);
    assert_false(there("distros/a"));
    assert_false(there("machines/a"));
    assert_int_equal(in_trash(), 1);
    assert_verb("trash list", "\na ", STATUS_DONE);
    assert_verb("--text trash list", "a: takes ", STATUS_DONE);
    assert_verb("trash list --json", "\"name\": \"a\"", STATUS_DONE);
    assert_verb("trash restore", "a is back", STATUS_DONE);
    assert_true(there("distros/a/root.img"));
    assert_true(there("machines/a/run.json"));
    assert_int_equal(in_trash(), 0);
    assert_verb("trash list", "There is nothing in the trash.", STATUS_DONE);
    assert_verb("trash restore", "there is nothing in the trash", STATUS_NO_DISTRO);
    assert_verb("trash restore b", "there is no 'b' in the trash; `lxtop trash list` shows what is", STATUS_NO_DISTRO);
}

/* Its name may be in use by then; and one name can be removed as often as one likes, the last is the first to come back. */
static void test_trash__names_in_use(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        make_distro("a", NULL);
        assert_int_equal(shell("echo %d > '%s/lxtop/distros/a/root.img'", i, folder), 0);
        assert_verb("remove a --yes", "a is removed", STATUS_DONE);
    }
    assert_int_equal(in_trash(), 3);
    assert_verb("trash restore a", "a is back", STATUS_DONE);
    assert_int_equal(shell("grep -qx 2 '%s/lxtop/distros/a/root.img'", folder), 0);
    assert_verb("trash restore a", "there is a distro named 'a' already; `lxtop trash restore a --as NEWNAME` brings it back "
                "under another name", STATUS_WRONG_STATE);
    assert_true(there("machines/a"));
    assert_verb("trash restore a --as A", "'A' is no name for a distro", STATUS_FAILED);
    assert_verb("trash restore a --as b", "a: it is b now", STATUS_DONE);
    assert_int_equal(shell("grep -qx 1 '%s/lxtop/distros/b/root.img'", folder), 0);
    assert_int_equal(in_trash(), 1);
}

static void test_trash__purge_takes_no_other(void **state)
{
    (void)state;
    make_distro("a", NULL);
    assert_verb("remove a --yes", "a is removed", STATUS_DONE);
    make_distro("a", NULL);
    assert_verb("remove a --yes --purge", "a: 1 removed distro deleted for good; that frees ", STATUS_DONE);
    assert_int_equal(in_trash(), 1);
    make_distro("b", NULL);
    assert_verb("set b trash 0", "", STATUS_DONE);
    assert_verb("remove b --yes", "b is removed", STATUS_DONE);
    assert_int_equal(in_trash(), 1);
    assert_int_equal(shell("test -z \"$(ls -A '%s/lxtop/distros')\"", folder), 0);
}

static void test_trash__emptied_by_hand(void **state)
{
    (void)state;
    make_distro("a", NULL);
    make_distro("b", NULL);
    assert_verb("trash empty", "there is nothing in the trash", STATUS_DONE);
    assert_verb("remove a --yes", "a is removed", STATUS_DONE);
    assert_verb("remove b --yes", "b is removed", STATUS_DONE);
    assert_verb("trash empty", "This deletes all that is in the trash for good. Type trash to go on: ", STATUS_CANCELLED);
    assert_verb("trash empty c", "there is no 'c' in the trash", STATUS_NO_DISTRO);
    assert_verb("trash empty a --yes", "a: 1 removed distro deleted for good", STATUS_DONE);
    assert_int_equal(in_trash(), 1);
    assert_verb("trash empty --yes", "1 removed distro deleted for good", STATUS_DONE);
    assert_int_equal(in_trash(), 0);
    assert_int_equal(shell("test -z \"$(ls -A '%s/lxtop/removed')\"", folder), 0);
}

/* Each for as long as its own setting says; lxtop looks when it begins. */
static void test_trash__emptied_by_age(void **state)
{
    (void)state;
    make_distro("a", NULL);
    make_distro("b", NULL);
    assert_verb("set b trash 1d", "", STATUS_DONE);
    assert_verb("remove a --yes", "a is removed", STATUS_DONE);
    assert_verb("remove b --yes", "b is removed", STATUS_DONE);
    assert_int_equal(shell("cd '%s/lxtop/trash' && for f in *; do mv $f ${f%%@*}@$(( ${f#*@} - 2 * 86400 )); done", folder), 0);
    assert_verb("--surface < /dev/null", "0 distros", STATUS_DONE);
    assert_int_equal(in_trash(), 1);
    assert_verb("trash restore b", "there is no 'b'", STATUS_NO_DISTRO);
    assert_verb("trash restore a", "a is back", STATUS_DONE);
}

/* kill -9 between any two steps: nothing is lost, and doing it again ends it. */
static void test_trash__half_way(void **state)
{
    (void)state;
    make_distro("a", RUN);
    assert_int_equal(shell("cd '%s/lxtop' && mkdir trash && mv distros/a trash/a@5", folder), 0); /* amid a removal */
    assert_verb("trash restore", "a is back", STATUS_DONE);
    assert_true(there("machines/a/run.json"));
    assert_int_equal(shell("cd '%s/lxtop' && mv distros/a trash/a@5", folder), 0); /* amid its undo, which is the same */
    assert_verb("trash restore", "a is back", STATUS_DONE);
    assert_true(there("machines/a/run.json"));
    assert_verb("remove a --yes", "a is removed", STATUS_DONE); /* amid a deletion */
    assert_int_equal(shell("cd '%s/lxtop' && mv trash/* distros/.old-a@5", folder), 0);
    assert_verb("--surface < /dev/null", "0 distros", STATUS_DONE);
    assert_false(there("distros/.old-a@5"));
}

/* What is none of its own is let be. */
static void test_trash__other_files(void **state)
{
    static const char *const names[] = {"a", "@5", "a@", "a@x", "a@5x", "A@5", "a@-5", "a@0", ".a@5"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(shell("mkdir -p '%s/lxtop/trash/%s'", folder, names[i]), 0);
    assert_int_equal(in_trash(), 0);
    assert_verb("trash empty --yes", "there is nothing in the trash", STATUS_DONE);
    assert_true(there("trash/a@x"));
}

#define test(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test(test_trash__there_and_back), test(test_trash__names_in_use), test(test_trash__purge_takes_no_other),
        test(test_trash__emptied_by_hand), test(test_trash__emptied_by_age), test(test_trash__half_way),
        test(test_trash__other_files),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}

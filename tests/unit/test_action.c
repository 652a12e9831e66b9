/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include "tui/keymap.h"

static struct keymap keys;

static int action_of_key(enum view_id v, ui_key k)
{
    keymap_init(&keys);
    return keymap_action(&keys, v, k);
}

static void test_action_table__every_row_is_whole(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIONS; i++) {
        const struct action *a = &action_table[i];

        assert_non_null(a->help);
        assert_true(*a->help);
        assert_true(a->keys[0] || a->word); /* reachable */
        assert_int_equal(!a->word, !a->letter);
        assert_int_equal(!a->name, !a->keys[0]);
        assert_true(!a->label || a->keys[0]);
        assert_true(a->op >= -1 && a->op < OPS);
    }
}

/* A key leads somewhere in each view of its row; where it leads elsewhere, that row is of fewer views. */
static void test_action_table__no_key_word_or_letter_twice(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIONS; i++) {
        const struct action *a = &action_table[i];

        for (int k = 0; k < ACTION_KEYS && a->keys[k]; k++)
            for (int v = 0; v < VIEWS; v++) {
                int found = a->views & VIEW_BIT(v) ? action_of_key((enum view_id)v, a->keys[k]) : i;

                if (found != i && __builtin_popcount(action_table[found].views) >= __builtin_popcount(a->views))
                    fail_msg("a key of \"%s\" is one of \"%s\" too", a->help, action_table[found].help);
            }
        if (!a->word)
            continue;
        assert_int_equal(action_of_word(a->word), i);
        assert_int_equal(action_of_word(a->letter), i);
    }
}

/* Tabs have their digits, and no action with keys is out of every view. */
static void test_action_table__views(void **state)
{
    (void)state;
    for (int v = 0; v < VIEW_TABS; v++)
        assert_int_equal(action_of_key(VIEW_DISTROS, (ui_key)('1' + v)), ACTION_VIEW_DISTROS + v);
    for (int i = 0; i < ACTIONS; i++)
        assert_int_equal(!action_table[i].keys[0], !action_table[i].views);
}

/* A gap in the keys of a row would hide those behind it from the help. */
static void test_action_table__keys_have_no_gap(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIONS; i++)
        for (int k = 1; k < ACTION_KEYS; k++)
            assert_false(action_table[i].keys[k] && !action_table[i].keys[k - 1]);
}

static void test_action_table__flags_are_those_of_the_operation(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIONS; i++) {
        const struct action *a = &action_table[i];

        if (a->op >= 0) {
            assert_int_equal(a->flags & ~op_table[a->op].flags, 0);
            assert_int_equal(a->selection, op_table[a->op].words == WORDS_DISTRO);
        }
    }
}

/* What destroys data asks, on every surface. */
static void test_action_table__removal_is_confirmed(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIONS; i++)
        if (action_table[i].op == OP_REMOVE)
            assert_int_equal(action_table[i].confirm, CONFIRM_NAME);
}

static void test_action_of_key__unknown(void **state)
{
    (void)state;
    assert_int_equal(action_of_key(VIEW_DISTROS, K_NONE), -1);
    assert_int_equal(action_of_key(VIEW_DISTROS, 'y'), -1);
    assert_int_equal(action_of_key(VIEW_INFO, ' '), -1);
    assert_int_equal(action_of_key(VIEW_DISTROS, 0x10ffff), -1);
}

static void test_action_of_word__unknown(void **state)
{
    (void)state;
    assert_int_equal(action_of_word(""), -1);
    assert_int_equal(action_of_word("star"), -1);
    assert_int_equal(action_of_word("Start"), -1);
}

/* One letter a state, in the order of enum machine_state: does the action work in it? */
static const struct {
    enum action_id action;
    const char *works;
} legal[] = {
    {ACTION_START, "-y--yyy"}, {ACTION_CONSOLE, "--yyy--"}, {ACTION_SHELL, "-yyyyyy"}, {ACTION_STOP, "--yyy-y"},
    {ACTION_FORCE, "--yyy-y"}, {ACTION_REMOVE, "-y---yy"},  {ACTION_STATS, "--yyy--"}, {ACTION_FREEZE, "---y---"},
    {ACTION_INSTALL, "yyyyyyy"}, {ACTION_QUIT, "yyyyyyy"},  {ACTION_CANCEL, "-------"},
};

static void test_action_works__by_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(legal) / sizeof(*legal); i++)
        for (int s = 0; s < MACHINE_STATES; s++) {
            struct model_distro d = {.state = (enum machine_state)s};

            if (action_works(legal[i].action, &d) != (legal[i].works[s] == 'y'))
                fail_msg("%s of a distro that is %s", action_table[legal[i].action].help,
                         machine_state_name((enum machine_state)s));
        }
}

static void test_action_works__cancel_only_of_our_own_install(void **state)
{
    struct model_distro d = {.state = MACHINE_INSTALLING, .task = true};

    (void)state;
    assert_true(action_works(ACTION_CANCEL, &d));
    d.task = false;
    assert_false(action_works(ACTION_CANCEL, &d));
}

static void test_action_works__nothing_selected(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIONS; i++)
        assert_int_equal(action_works((enum action_id)i, NULL), !action_table[i].selection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_action_table__every_row_is_whole),
        cmocka_unit_test(test_action_table__no_key_word_or_letter_twice),
        cmocka_unit_test(test_action_table__views),
        cmocka_unit_test(test_action_table__keys_have_no_gap),
        cmocka_unit_test(test_action_table__flags_are_those_of_the_operation),
        cmocka_unit_test(test_action_table__removal_is_confirmed),
        cmocka_unit_test(test_action_of_key__unknown),
        cmocka_unit_test(test_action_of_word__unknown),
        cmocka_unit_test(test_action_works__by_state),
        cmocka_unit_test(test_action_works__cancel_only_of_our_own_install),
        cmocka_unit_test(test_action_works__nothing_selected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

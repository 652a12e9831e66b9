/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/model.h"

#include "tests/unit/fixture.h"

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct model));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    model_release(*state);
    free(*state);
    return 0;
}

static void assert_names(const struct model *m, const char *expected)
{
    char text[256] = "";

    for (unsigned i = 0; i < m->count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", m->distros[i].name);
    assert_string_equal(text, expected);
}

static void test_model_row__sorts_and_finds_again(void **state)
{
    static const char *const names[] = {"m", "z", "a", "b", "mm", "m", "a"};
    struct model *m = *state;

    for (size_t i = 0; i < 7; i++)
        assert_string_equal(model_row(m, names[i])->name, names[i]);
    assert_names(m, "a b m mm z");
    for (unsigned i = 0; i < m->count; i++) {
        assert_int_equal(model_index(m, m->distros[i].name), i);
        assert_ptr_equal(model_find(m, m->distros[i].name), &m->distros[i]);
    }
    assert_int_equal(model_index(m, "aa"), -1);
    assert_null(model_find(m, ""));
}

static void test_model_row__a_new_row_knows_nothing(void **state)
{
    struct model_distro *d = model_row(*state, "d");

    assert_int_equal(d->state, MACHINE_STOPPED);
    assert_true(d->resident < 0 && d->overhead < 0 && d->memory_size < 0);
    assert_true(d->cpu_percent < 0 && d->read_bps < 0 && d->write_bps < 0);
    assert_true(model_boot_us(d) < 0);
    for (int i = 0; i < PHASES; i++)
        assert_true(d->phase_us[i] < 0);
}

static void test_model_drop__first_middle_last(void **state)
{
    struct model *m = *state;

    for (const char *p = "abcde"; *p; p++)
        model_row(m, (char[]){*p, 0});
    model_drop(m, 4);
    model_drop(m, 0);
    model_drop(m, 1);
    assert_names(m, "b d");
    model_drop(m, 0);
    model_drop(m, 0);
    assert_names(m, "");
    assert_int_equal(model_index(m, "b"), -1);
    model_row(m, "x");
    assert_names(m, "x");
}

static void test_model_count_live__only_what_runs(void **state)
{
    struct model *m = *state;

    for (int s = 0; s < MACHINE_STATES; s++) {
        char name[2] = {(char)('a' + s), 0};

        model_row(m, name)->state = (enum machine_state)s;
    }
    assert_int_equal(model_count_live(m), 3); /* starting, running, stopping */
}

static void test_model_say__keeps_the_newest_in_order(void **state)
{
    struct model *m = *state;
    char expected[32];

    assert_null(model_message(m, 0));
    assert_null(model_message(m, 1));
    for (int i = 1; i <= 3 * MODEL_MESSAGES; i++)
        model_say(m, i % 2 ? MESSAGE_ERROR : MESSAGE_INFO, "message %d", i);
    assert_int_equal(m->said, 3 * MODEL_MESSAGES);
    assert_null(model_message(m, m->said - MODEL_MESSAGES));
    assert_null(model_message(m, m->said + 1));
    for (unsigned long s = m->said - MODEL_MESSAGES + 1; s <= m->said; s++) {
        snprintf(expected, sizeof(expected), "message %lu", s);
        assert_string_equal(model_message(m, s)->text, expected);
        assert_int_equal(model_message(m, s)->level, s % 2 ? MESSAGE_ERROR : MESSAGE_INFO);
    }
}

static void test_model_say__is_plain_and_cut(void **state)
{
    struct model *m = *state;
    char big[3000];

    model_say(m, MESSAGE_INFO, "%s", "a\033[2J\007b\nc");
    assert_string_equal(model_message(m, 1)->text, "a?b c");
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    model_say(m, MESSAGE_INFO, "%s", big);
    assert_int_equal(strlen(model_message(m, 2)->text), MACHINE_TEXT - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
/* Of two comparisons under way only the newer one is shown. */
static void test_model_changes__only_the_newest_counts(void **state)
{
    struct model m = {0};
    unsigned long first, second;

    (void)state;
    first = model_changes_begin(&m, "debian", "a", "b");
    second = model_changes_begin(&m, "debian", "a", "");
    model_changes_done(&m, first, "+ /wrong\n", NULL);
    assert_false(m.changes.known);
    model_changes_done(&m, second, "# a remark\n+ /new\n- /old\n\n+ \n", NULL);
    assert_true(m.changes.known);
    assert_int_equal(m.changes.count, 3);
    assert_int_equal(m.changes.files, 2);
    assert_string_equal(m.changes.line[2], "- /old");
    model_changes_done(&m, second, "", NULL); /* its end: what it found stays */
    assert_int_equal(m.changes.count, 3);
    model_changes_done(&m, model_changes_begin(&m, "d", "a", "b"), NULL, "no such snapshot");
    assert_string_equal(m.changes.why, "no such snapshot");
    assert_int_equal(m.changes.count, 0);
    model_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_model_row__sorts_and_finds_again),
        TEST(test_model_row__a_new_row_knows_nothing),
        TEST(test_model_drop__first_middle_last),
        TEST(test_model_count_live__only_what_runs),
        TEST(test_model_say__keeps_the_newest_in_order),
        TEST(test_model_say__is_plain_and_cut),
        cmocka_unit_test(test_model_changes__only_the_newest_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

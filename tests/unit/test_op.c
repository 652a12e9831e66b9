/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/op.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"

/* --- the table --- */

static void test_op_table__rows_are_whole_and_verbs_are_unlike(void **state)
{
    (void)state;
    for (int i = 0; i < OPS; i++) {
        const struct op_info *o = &op_table[i];

        assert_true(*o->verb && *o->help && o->help[strlen(o->help) - 1] != '.');
        assert_int_equal(op_find(o->verb), i);
        for (size_t a = 0; a < ARRAY_SIZE(o->aliases) && o->aliases[a]; a++)
            assert_int_equal(op_find(o->aliases[a]), i);
        assert_true(o->states == 0 || o->words == WORDS_DISTRO || o->words >= WORDS_PLACE);
    }
    assert_int_equal(op_find("fly"), -1);
    assert_int_equal(op_find(""), -1);
}

static void test_op_help__names_every_verb_setting_and_status(void **state)
{
    auto_free char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    (void)state;
    op_help(f);
    fclose(f);
    for (int i = 0; i < OPS; i++)
        assert_int_equal(strstr(text, op_table[i].help) != NULL, !op_table[i].hidden);
    for (int i = 0; i < OPTIONS; i++)
        assert_non_null(strstr(text, option_table[i].help));
    for (unsigned i = 0; i < op_status_count; i++)
        assert_non_null(strstr(text, op_status_table[i].help));
}

static void test_op_status_table__is_what_scripts_rely_on(void **state)
{
    static const int expected[] = {0, 1, 2, 3, 4, 5, 130};

    (void)state;
    assert_int_equal(op_status_count, ARRAY_SIZE(expected));
    for (unsigned i = 0; i < op_status_count; i++)
        assert_int_equal(op_status_table[i].status, expected[i]);
}

/* --- arguments --- */

static void test_op_parse__every_wrong_line_names_the_right_usage(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"fly", "there is no verb 'fly'; `lxtop help` lists them"},
        {"statr a", "there is no verb 'statr'; did you mean 'start'? `lxtop help` lists them"},
        {"snapshot creat a", "snapshot goes on with one of these words: create, "},
        {"list x", "one word too many: x; usage: lxtop list [--json]"},
        {"list --force", "unknown option --force; usage: lxtop list [--json]"},
        {"start", "NAME is missing; usage: lxtop start NAME"},
        {"start a b", "one word too many: b"},
        {"start --json a", "unknown option --json"},
        {"stop", "usage: lxtop stop NAME [--force] [--yes]"},
        {"install", "usage: lxtop install SOURCE [--name N] [--SETTING VALUE]..."},
        {"install a --name", "--name needs a value"},
        {"install a --memory", "--memory needs a value"},
        {"install a --memry 1G", "unknown option --memry; did you mean '--memory'? usage: lxtop install"},
        {"list --jsn", "unknown option --jsn; did you mean '--json'? usage: lxtop list [--json]"},
        {"start a --forse", "unknown option --forse; usage: lxtop start"}, /* which it does not take */
        {"install a b", "one word too many: b"},
        {"remove -- --yes extra", "one word too many: extra"},
        {"task-install a", "is missing"},
        {"help a b c", "one word too many: c"},
        {"start --", "NAME is missing"},
        {"exec", "NAME is missing"},
        {"exec a", "COMMAND... is missing; usage: lxtop exec [--cd FOLDER] [--env NAME=VALUE]... [--user USER] NAME [--] COMMAND..."},
        {"exec a --", "COMMAND... is missing"},
        {"exec --force a b", "unknown option --force"},
        {"exec a --env B c", "--env B: write NAME=VALUE"},
        {"exec a --env =B c", "--env =B: write NAME=VALUE"},
        {"exec a --cd", "--cd needs a value"},
        {"shell a b", "one word too many: b"},
        {"shell a --env B=c", "unknown option --env"},
        {"set", "NAME is missing"},
        {"cp x", "TARGET is missing"},
        {"snapshot clone a s", "NEWNAME is missing"},
        {"set a", "SETTING is missing; usage: lxtop set NAME SETTING [VALUE] [--remove]"},
        {"set a b c d", "one word too many: d"},
        {"log a -x", "unknown option -x; usage: lxtop log NAME [--json] [--follow|-f]"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *copy = strdup(cases[i].line);
        char *argv[16], *rest = copy;
        struct op_args a;
        struct err e = {0};
        int argc = 0, r;

        while ((argv[argc] = strsep(&rest, " ")))
            argc++;
        r = op_parse(argc, argv, &a, &e);
        assert_int_equal(r, strstr(e.msg, " is missing") ? -ENODATA : -EINVAL);
        assert_says(e, cases[i].says);
    }
}

static void test_op_parse__help_behind_a_verb(void **state)
{
    static const struct {
        const char *line, *of; /* NULL: it is no call for help */
    } cases[] = {
        {"start --help", "start"}, {"start a --help", "start"}, {"rm -h", "remove"},
        {"snapshot --help", "snapshot"}, {"snapshot create --help", "snapshot create"},
        {"exec --help a b", "exec"}, {"exec a ls --help", NULL}, {"install -- --help", NULL},
        {"install a --name --help", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *copy = strdup(cases[i].line);
        char *argv[16], *rest = copy;
        struct op_args a;
        int argc = 0;

        while ((argv[argc] = strsep(&rest, " ")))
            argc++;
        assert_int_equal(op_parse(argc, argv, &a, NULL), 0);
        assert_int_equal(a.op == OP_HELP, cases[i].of != NULL);
        if (cases[i].of)
            assert_string_equal(a.word[0], cases[i].of);
    }
}

static void test_op_help_of__words_or_halves_of_them(void **state)
{
    static const struct {
        const char *line, *says; /* NULL: what `why` says */
        const char *why;
    } cases[] = {
        {"start", "Usage: lxtop start NAME\n", NULL}, {"rm", "Usage: lxtop remove", NULL},
        {"snapshot create", "Usage: lxtop snapshot create", NULL}, {"trash", "Usage: lxtop trash empty", NULL},
        {"strat", NULL, "there is no verb 'strat'; did you mean 'start'?"},
        {"snapshot fly", NULL, "snapshot goes on with one of these words: create"},
        {"start now", NULL, "one word too many: now"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *copy = strdup(cases[i].line), *text = NULL;
        char *argv[16], *rest = copy;
        struct err e = {0};
        int argc = 0;
        size_t len;
        FILE *f = open_memstream(&text, &len);

        while ((argv[argc] = strsep(&rest, " ")))
            argc++;
        assert_int_equal(op_help_of(f, argc, argv, &e), cases[i].says ? 0 : -EINVAL);
        fclose(f);
        if (cases[i].says)
            assert_non_null(strstr(text, cases[i].says));
        else
            assert_says(e, cases[i].why);
    }
}

static void test_op_parse__flags_values_and_the_end_of_flags(void **state)
{
    char *argv[] = {"add", "--name", "n", "--memory", "1G", "--cpus", "3", "--", "--json", NULL};
    char *force[] = {"stop", "--force", "x", NULL};
    struct op_args a;

    (void)state;
    assert_int_equal(op_parse(9, argv, &a, NULL), 0);
    assert_int_equal(a.op, OP_INSTALL);
    assert_string_equal(a.distro, "n");
    assert_string_equal(a.source, "--json");
    assert_string_equal(a.setting[OPT_MEMORY], "1G");
    assert_string_equal(a.setting[OPT_CPUS], "3");
    assert_null(a.setting[OPT_KERNEL]);
    assert_null(op_watches(&a));
    assert_int_equal(op_parse(3, force, &a, NULL), 0);
    assert_int_equal(a.flags, FLAG_FORCE);
    assert_string_equal(op_watches(&a), "x");
}

/* --- states --- */

static void test_op_legal__by_state(void **state)
{
    static const struct {
        enum op_id op;
        const char *legal; /* 1 or 0 by state: installing stopped starting running stopping failed suspended */
    } cases[] = {
        {OP_LIST, "1111111"},   {OP_INSTALL, "1111111"}, {OP_START, "0100111"}, {OP_STOP, "0011101"},
        {OP_CONSOLE, "0011100"}, {OP_SHELL, "0111111"}, {OP_EXEC, "0111111"}, {OP_STATS, "0011100"},
        {OP_REMOVE, "0100011"}, {OP_DOCTOR, "1111111"}, {OP_SUSPEND, "0001000"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int s = 0; s < MACHINE_STATES; s++)
            assert_int_equal(op_legal(cases[i].op, (enum machine_state)s), cases[i].legal[s] == '1');
}

static void test_op_refuse__says_why_and_what_to_do(void **state)
{
    static const struct {
        enum op_id op;
        enum machine_state state;
        const char *says;
    } cases[] = {
        {OP_START, MACHINE_RUNNING, "d is running already"},
        {OP_START, MACHINE_STARTING, "d is starting already"},
        {OP_START, MACHINE_INSTALLING, "d is installing; wait until it is installed"},
        {OP_STOP, MACHINE_STOPPED, "d is stopped already"},
        {OP_STOP, MACHINE_FAILED, "d is stopped already"},
        {OP_STOP, MACHINE_INSTALLING, "wait until it is installed"},
        {OP_CONSOLE, MACHINE_FAILED, "d has failed; start it first: lxtop start d"},
        {OP_STATS, MACHINE_SUSPENDED, "d is suspended; start it first: lxtop start d"},
        {OP_SUSPEND, MACHINE_STOPPED, "d is stopped; start it first: lxtop start d"},
        {OP_STATS, MACHINE_STOPPED, "d is stopped; start it first: lxtop start d"},
        {OP_REMOVE, MACHINE_STOPPING, "d is stopping; stop it first: lxtop stop d"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct model_distro d = {.name = "d", .state = cases[i].state};
        struct err e = {0};

        assert_false(op_legal(cases[i].op, cases[i].state));
        assert_int_equal(op_refuse(cases[i].op, &d, &e), -EBUSY);
        assert_says(e, cases[i].says);
    }
}

static int parse_line(struct op_args *a, struct err *e, int argc, char *const *argv)
{
    *e = (struct err){0};
    return op_parse(argc, argv, a, e);
}
#define PARSE(a, e, ...)                                                                           \
    parse_line(a, e, (int)ARRAY_SIZE(((char *[]){__VA_ARGS__})), (char *[]){__VA_ARGS__})

static void test_op_parse__places_name_the_distro(void **state)
{
    char ls[] = "ls", cp[] = "cp", mount[] = "mount", r[] = "-r", p[] = "-p", z[] = "-z", from[] = "a:/x", to[] = "b:/y", here[] = "here";
    struct op_args *a = calloc(1, sizeof(*a));
    struct err e;

    (void)state;
    assert_int_equal(PARSE(a, &e, ls), 0);
    assert_int_equal(a->op, OP_LIST);
    assert_int_equal(PARSE(a, &e, ls, from), 0);
    assert_string_equal(a->distro, "a");
    assert_int_equal(PARSE(a, &e, cp, r, from, here, p), 0);
    assert_int_equal(a->words, 2);
    assert_int_equal(a->flags, FLAG_RECURSIVE | FLAG_PRESERVE);
    assert_int_equal(PARSE(a, &e, cp, here, here), -EINVAL);
    assert_int_equal(PARSE(a, &e, cp, from), -ENODATA);
    assert_int_equal(PARSE(a, &e, cp, z, from, here), -EINVAL);
    assert_int_equal(PARSE(a, &e, cp, from, to), -EINVAL);
    assert_says(e, "two distros");
    assert_int_equal(PARSE(a, &e, mount, here, here), 0);
    assert_string_equal(a->distro, "here");
    assert_int_equal(PARSE(a, &e, mount, here), -ENODATA);
    assert_string_equal(a->distro, "here"); /* so that what misses can be asked for */
    free(a);
}

/* What belongs to the command is not ours, whatever it looks like. */
static void test_op_parse__the_words_of_a_command_are_its_own(void **state)
{
    char *line[] = {"exec", "--user", "eve", "a", "--env", "A=1", "--env", "B=", "--cd", "/x", "ls", "--user", "--", "-l"};
    char *dashes[] = {"exec", "a", "--", "--env", "--"};
    struct op_args *a = calloc(1, sizeof(*a));
    struct err e;

    (void)state;
    assert_int_equal(parse_line(a, &e, ARRAY_SIZE(line), line), 0);
    assert_string_equal(a->distro, "a");
    assert_string_equal(op_watches(a), "a");
    assert_string_equal(a->setting[OPT_USER], "eve");
    assert_string_equal(a->folder, "/x");
    assert_int_equal(a->envs, 2);
    assert_string_equal(a->env[1], "B=");
    assert_int_equal(a->words, 5);
    for (unsigned i = 1; i < a->words; i++)
        assert_string_equal(a->word[i], line[9 + i]);
    assert_null(a->word[5]);
    assert_int_equal(parse_line(a, &e, ARRAY_SIZE(dashes), dashes), 0);
    assert_int_equal(a->words, 3);
    assert_string_equal(a->word[1], "--env");
    assert_string_equal(a->word[2], "--");
    free(a);
}

static void test_op_parse__variables_have_a_limit(void **state)
{
    char *line[3 + 2 * (OP_ENVS + 1)] = {"exec", "a"};
    struct op_args *a = calloc(1, sizeof(*a));
    struct err e;
    int n = 2;

    (void)state;
    for (int i = 0; i <= OP_ENVS; i++) {
        line[n++] = "--env";
        line[n++] = "A=1";
    }
    line[n] = "ls";
    assert_int_equal(parse_line(a, &e, n + 1, line), -EINVAL);
    line[n - 2] = "ls";
    assert_int_equal(parse_line(a, &e, n - 1, line), 0);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_op_table__rows_are_whole_and_verbs_are_unlike),
        cmocka_unit_test(test_op_help__names_every_verb_setting_and_status),
        cmocka_unit_test(test_op_status_table__is_what_scripts_rely_on),
        cmocka_unit_test(test_op_parse__every_wrong_line_names_the_right_usage),
        cmocka_unit_test(test_op_parse__flags_values_and_the_end_of_flags),
        cmocka_unit_test(test_op_parse__help_behind_a_verb),
        cmocka_unit_test(test_op_help_of__words_or_halves_of_them),
        cmocka_unit_test(test_op_legal__by_state),
        cmocka_unit_test(test_op_parse__places_name_the_distro),
        cmocka_unit_test(test_op_parse__the_words_of_a_command_are_its_own),
        cmocka_unit_test(test_op_parse__variables_have_a_limit),
        cmocka_unit_test(test_op_refuse__says_why_and_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

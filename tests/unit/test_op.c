/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/op.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "core/core.h"
#include "core/install.h"
#include "core/task.h"
#include "core/watch.h"

struct world {
    char *folder;
    uv_loop_t loop;
    struct core core;
    pid_t holder;
    unsigned finished;
    enum op_status status;
    struct err result;
    char printed[65536], noted[4096];
};

static int set_up(void **state)
{
    static const char *const variables[] = {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
                                            "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"};
    struct world *w = calloc(1, sizeof(*w));
    struct err e = {0};

    w->folder = fixture_folder();
    assert_int_equal(chdir(w->folder), 0);
    setenv("HOME", w->folder, 1);
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        auto_free char *path = file_path("%s/%zu", w->folder, i);

        setenv(variables[i], path, 1);
    }
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_ok(core_init(&w->core, &w->loop, &e), e);
    assert_non_null(watch_start(&w->core, NULL, &e));
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    while (op_first(&w->core))
        op_detach(op_first(&w->core));
    core_release(&w->core);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    if (w->holder) {
        kill(w->holder, SIGKILL);
        waitpid(w->holder, NULL, 0);
    }
    assert_int_equal(chdir("/"), 0);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static void on_print(void *ctx, const char *text)
{
    struct world *w = ctx;
    size_t used = strlen(w->printed);

    snprintf(w->printed + used, sizeof(w->printed) - used, "%s", text);
}

static void on_note(void *ctx, const char *text)
{
    struct world *w = ctx;
    size_t used = strlen(w->noted);

    snprintf(w->noted + used, sizeof(w->noted) - used, "%s\n", text);
}

static void on_finished(void *ctx, enum op_status status, const struct err *e)
{
    struct world *w = ctx;

    w->finished++;
    w->status = status;
    w->result = *e;
}

/* Runs a verb as typed to its end: its exit status. */
static enum op_status run(struct world *w, const char *line)
{
    static const struct op_events ev = {on_print, on_note, NULL, on_finished};
    auto_free char *copy = strdup(line);
    char *argv[16], *rest = copy;
    struct op_args a;
    int argc = 0;

    w->finished = 0;
    w->printed[0] = w->noted[0] = '\0';
    w->result = (struct err){0};
    while ((argv[argc] = strsep(&rest, " ")))
        argc++;
    if (op_parse(argc, argv, &a, &w->result) < 0)
        return STATUS_USAGE;
    assert_non_null(op_start(&w->core, &a, &ev, w));
    assert_int_equal(w->finished, 0); /* never calls back before it returns */
    while (!w->finished)
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(w->finished, 1);
    return w->status;
}

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
        assert_true(o->states == 0 || o->words == WORDS_DISTRO);
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
        {"list x", "one word too many: x; usage: lxtop list [--json]"},
        {"list --force", "unknown option --force; usage: lxtop list [--json]"},
        {"start", "something is missing; usage: lxtop start NAME"},
        {"start a b", "one word too many: b"},
        {"start --json a", "unknown option --json"},
        {"stop", "usage: lxtop stop NAME [--force]"},
        {"install", "usage: lxtop install SOURCE [--name N] [--SETTING VALUE]..."},
        {"install a --name", "--name needs a value"},
        {"install a --memory", "--memory needs a value"},
        {"install a --memry 1G", "unknown option --memry"},
        {"install a b", "one word too many: b"},
        {"remove -- --yes extra", "one word too many: extra"},
        {"task-install a", "something is missing"},
        {"help a b", "one word too many: b"},
        {"start --", "something is missing"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(run(w, cases[i].line), STATUS_USAGE);
        assert_int_equal(w->result.code, EINVAL);
        assert_says(w->result, cases[i].says);
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
        const char *legal; /* 1 or 0 by state: installing stopped starting running stopping failed */
    } cases[] = {
        {OP_LIST, "111111"},   {OP_INSTALL, "111111"}, {OP_START, "010001"}, {OP_STOP, "001110"},
        {OP_CONSOLE, "001110"}, {OP_STATS, "001110"},  {OP_REMOVE, "010001"}, {OP_DOCTOR, "111111"},
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
        {OP_CONSOLE, MACHINE_FAILED, "d is failed; start it first: lxtop start d"},
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

/* --- running --- */

static void test_op__no_such_distro_is_status_3(void **state)
{
    static const char *const lines[] = {"start none", "stop none", "stats none", "remove none --yes"};
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        assert_int_equal(run(w, lines[i]), STATUS_NO_DISTRO);
        assert_says(w->result, "there is no distro named 'none'; `lxtop list` shows them");
    }
}

static void test_op_list__empty_and_as_json(void **state)
{
    struct world *w = *state;

    assert_int_equal(run(w, "list"), STATUS_DONE);
    assert_string_equal(w->printed, "No distros. `lxtop install busybox` installs a small one.\n");
    assert_int_equal(run(w, "list --json"), STATUS_DONE);
    assert_string_equal(w->printed, "[]\n");
}

static void install(struct world *w, const char *name)
{
    auto_free char *line = file_path("install busybox --disk_size 32M --name %s", name);

    if (run(w, line) != STATUS_DONE)
        fail_msg("%s", w->result.msg);
}

static void test_op_install__then_list_and_remove(void **state)
{
    struct world *w = *state;

    assert_int_equal(run(w, "install busybox --disk_size 32M --memory 1G --cpus 3 --kernel auto --append quiet "
                            "--stop_timeout 9"), STATUS_DONE); /* every setting there is */
    assert_string_equal(w->noted, "installing busybox from busybox\n");
    assert_int_equal(run(w, "list"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "busybox              stopped"));
    assert_non_null(strstr(w->printed, "1024 MB"));
    assert_int_equal(run(w, "install busybox --name busybox"), STATUS_FAILED);
    assert_says(w->result, "give another name with --name");
    assert_int_equal(run(w, "stop busybox"), STATUS_WRONG_STATE);
    assert_int_equal(run(w, "stats busybox"), STATUS_WRONG_STATE);
    assert_int_equal(run(w, "remove busybox --yes"), STATUS_DONE);
    assert_int_equal(run(w, "remove busybox --yes"), STATUS_NO_DISTRO);
    assert_int_equal(shell("test -z \"$(ls -A 0/lxtop/distros)$(ls -A 1/lxtop/machines)\""), 0);
}

static void test_op_install__bad_words_are_usage(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"install busybox --memory lots", "not a size"},
        {"install busybox --cpus 99", "give 1 to 8"},
        {"install busybox --name Upper", "is no name for a distro"},
        {"install busybox --name aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "at most 63"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(run(w, cases[i].line), STATUS_USAGE);
        assert_says(w->result, cases[i].says);
    }
    assert_int_equal(run(w, "install no-such.tar"), STATUS_FAILED);
    assert_says(w->result, "no-such.tar");
    assert_int_equal(run(w, "list"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "No distros"));
}

/* A name that is cut could be another distro's. */
static void test_op_remove__a_name_too_long_is_nobodys(void **state)
{
    struct world *w = *state;
    char name[65], *line = NULL;

    memset(name, 'a', 64);
    name[63] = '\0';
    install(w, name);
    name[63] = 'a';
    name[64] = '\0';
    line = file_path("remove %s --yes", name);
    assert_int_equal(run(w, line), STATUS_NO_DISTRO);
    free(line);
    assert_int_equal(run(w, "list"), STATUS_DONE);
    name[63] = '\0';
    assert_non_null(strstr(w->printed, name));
}

/* A machine in another process: its lock, and what `behave` does with its socket. */
static void hold_machine(struct world *w, const char *name, void (*behave)(int fd))
{
    auto_free char *state = file_path("1/lxtop/machines/%s", name), *run_folder = file_path("4/lxtop/%s", name);
    auto_free char *lock = file_path("%s/lock", state), *file = file_path("%s/run.json", state);
    static const char text[] = "{\"state\": \"running\", \"reason\": \"none\", \"pid\": 1}";
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int pipe_fd[2], fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;

    assert_int_equal(file_mkdirs(state, 0700, NULL) | file_mkdirs(run_folder, 0700, NULL), 0);
    assert_int_equal(file_write_atomic(file, text, strlen(text), 0600, NULL), 0);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/ctl.sock", run_folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(pipe(pipe_fd), 0);
    w->holder = fork();
    if (w->holder == 0) {
        if (file_lock(lock, NULL) < 0 || (behave && listen(fd, 9) < 0) || write(pipe_fd[1], "x", 1) != 1)
            _exit(1);
        if (behave)
            behave(fd);
        pause();
    }
    assert_int_equal(read(pipe_fd[0], &byte, 1), 1);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    close(fd);
}

static void stay_silent(int fd)
{
    (void)fd;
}

static void talk_nonsense(int fd)
{
    for (int c; (c = accept(fd, NULL, NULL)) >= 0; close(c))
        dprintf(c, "nonsense\n");
}

/* Bounded whatever the machine does; the loop does not turn for nothing meanwhile. */
static void assert_list_ends(struct world *w, void (*behave)(int fd))
{
    unsigned turns = 0;

    install(w, "d");
    hold_machine(w, "d", behave);
    watch_look(w->core.watch);
    assert_int_equal(run(w, "list"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "d                    running"));
    for (uint64_t end = uv_now(&w->loop) + 300; uv_now(&w->loop) < end; turns++)
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_true(turns < 30);
    assert_int_equal(run(w, "remove d --yes"), STATUS_WRONG_STATE);
    assert_says(w->result, "stop it first");
}

static void test_op_list__of_a_machine_without_a_server(void **state)
{
    assert_list_ends(*state, NULL);
}

static void test_op_list__of_a_machine_that_never_answers(void **state)
{
    assert_list_ends(*state, stay_silent);
}

static void test_op_list__of_a_machine_that_talks_nonsense(void **state)
{
    assert_list_ends(*state, talk_nonsense);
}

static void test_op_stats__of_a_machine_without_a_server_fails(void **state)
{
    struct world *w = *state;

    install(w, "d");
    hold_machine(w, "d", NULL);
    watch_look(w->core.watch);
    assert_int_equal(run(w, "stats d"), STATUS_FAILED);
    assert_int_not_equal(w->result.code, 0);
}

/* Started by another lxtop since this one looked: the model says stopped, the lock says no. */
static void test_op_remove__a_machine_just_started_is_kept(void **state)
{
    struct world *w = *state;

    install(w, "d");
    assert_int_equal(run(w, "list"), STATUS_DONE);
    hold_machine(w, "d", NULL);
    assert_int_equal(run(w, "remove d --yes"), STATUS_WRONG_STATE);
    assert_int_equal(shell("test -e 0/lxtop/distros/d/root.img && test -e 1/lxtop/machines/d/lock"), 0);
}

/* --- the child of an install, as lxtop runs itself --- */

static int task_install(int argc, char **argv)
{
    struct timespec told = {0};
    struct op_args a;
    struct options o;
    struct paths p;
    struct err e = {0};
    struct install_request r = {.options = &o, .progress = task_child_progress, .ctx = &told};

    task_child_init();
    if (op_parse(argc, argv, &a, &e) < 0 || paths_init(&p, &e) < 0)
        return task_child_result(&e);
    options_init(&o);
    for (int i = 0; i < OPTIONS && !e.code; i++)
        if (a.setting[i])
            options_set(&o, option_table[i].name, a.setting[i], ORIGIN_DISTRO, &e);
    r.source = a.source;
    r.name = a.distro;
    if (!e.code)
        install_run(&p, &r, &e);
    options_release(&o);
    paths_release(&p);
    return task_child_result(&e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_op_table__rows_are_whole_and_verbs_are_unlike),
        TEST(test_op_help__names_every_verb_setting_and_status),
        TEST(test_op_status_table__is_what_scripts_rely_on),
        TEST(test_op_parse__every_wrong_line_names_the_right_usage),
        TEST(test_op_parse__flags_values_and_the_end_of_flags),
        TEST(test_op_legal__by_state),
        TEST(test_op_refuse__says_why_and_what_to_do),
        TEST(test_op__no_such_distro_is_status_3),
        TEST(test_op_list__empty_and_as_json),
        TEST(test_op_install__then_list_and_remove),
        TEST(test_op_install__bad_words_are_usage),
        TEST(test_op_remove__a_name_too_long_is_nobodys),
        TEST(test_op_list__of_a_machine_without_a_server),
        TEST(test_op_list__of_a_machine_that_never_answers),
        TEST(test_op_list__of_a_machine_that_talks_nonsense),
        TEST(test_op_stats__of_a_machine_without_a_server_fails),
        TEST(test_op_remove__a_machine_just_started_is_kept),
    };

    signal(SIGPIPE, SIG_IGN);
    if (argc > 1)
        return task_install(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

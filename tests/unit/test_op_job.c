/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations as they run, and their exit status, where no machine is. */
#include "core/op.h"

#include "tests/unit/op_world.h"

/* --- running --- */

static void test_op__no_such_distro_is_status_3(void **state)
{
    static const char *const lines[] = {"start none", "stop none", "stats none", "info none", "log none", "remove none --yes"};
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

static void test_op_install__then_list_and_remove(void **state)
{
    struct world *w = *state;

    assert_int_equal(run(w, "install busybox --disk_size 32M --memory 1G --cpus 3 --kernel auto --append quiet "
                            "--stop_timeout 9"), STATUS_DONE); /* every setting there is */
    assert_string_equal(w->noted, "installing from busybox\n");
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

static void ignore(void *ctx, enum op_status status, const struct err *e)
{
    (void)ctx;
    (void)status;
    (void)e;
}

static void test_op_snapshot__of_a_stopped_distro(void **state)
{
    struct world *w = *state;

    install(w, "s");
    assert_int_equal(run(w, "snapshot list s"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\n(now) "));
    assert_int_equal(run(w, "snapshot create s one --note text"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot create s one"), STATUS_FAILED);
    assert_says(w->result, "already");
    assert_int_equal(run(w, "snapshot create s two"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot list s"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\none "));
    assert_non_null(strstr(w->printed, "text\n  two "));
    assert_non_null(strstr(w->printed, "\n    (now) "));
    assert_int_equal(run(w, "snapshot list s --json"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\"name\": \"one\""));
    assert_int_equal(run(w, "snapshot diff s one two"), STATUS_DONE);
    assert_string_equal(w->printed, "");
    assert_int_equal(run(w, "snapshot diff s one none"), STATUS_FAILED);
    assert_int_equal(run(w, "snapshot undo s"), STATUS_FAILED);
    assert_says(w->result, "there is nothing to undo");
    assert_int_equal(run(w, "snapshot restore s one --yes"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot clone s two c"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot delete s one"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot delete s one"), STATUS_FAILED);
    assert_int_equal(run(w, "snapshot create none"), STATUS_NO_DISTRO);
    assert_int_equal(run(w, "snapshot"), STATUS_USAGE);
    assert_says(w->result, "create, list, restore, undo, delete, clone, diff");
    assert_int_equal(run(w, "snapshot restore s"), STATUS_USAGE);
    assert_int_equal(run(w, "remove s --yes"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot list c"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\n  two "));
}

static void wait_for_test(uv_work_t *work)
{
    uv_sem_wait(work->data);
}

/* The lock that it holds looks like a machine that starts. */
static void test_op_snapshot__another_one_is_named(void **state)
{
    static const struct op_events nobody = {.finished = ignore};
    char *words[] = {"snapshot", "create", "b", "one", NULL};
    uv_work_t busy[4]; /* as many as there are threads: what comes after them is not begun */
    struct world *w = *state;
    enum op_status status;
    struct op_args a;
    uv_sem_t go_on;

    install(w, "b");
    assert_int_equal(uv_sem_init(&go_on, 0), 0);
    for (size_t i = 0; i < ARRAY_SIZE(busy); i++) {
        busy[i].data = &go_on;
        assert_int_equal(uv_queue_work(&w->loop, &busy[i], wait_for_test, NULL), 0);
    }
    assert_int_equal(op_parse(4, words, &a, &w->result), 0);
    assert_non_null(op_start(&w->core, &a, &nobody, w));
    uv_run(&w->loop, UV_RUN_NOWAIT);
    ((struct model_distro *)model_find(&w->core.model, "b"))->state = MACHINE_STARTING;
    status = run(w, "snapshot restore b one --yes");
    for (size_t i = 0; i < ARRAY_SIZE(busy); i++)
        uv_sem_post(&go_on);
    while (op_first(&w->core))
        uv_run(&w->loop, UV_RUN_ONCE);
    uv_sem_destroy(&go_on);
    assert_int_equal(status, STATUS_WRONG_STATE);
    assert_string_equal(w->result.msg, "b: snapshot create is under way; wait until it is done");
}

static void test_op_snapshot__with_memory_needs_a_running_one(void **state)
{
    struct world *w = *state;

    install(w, "s");
    assert_int_equal(run(w, "snapshot create s one --memory"), STATUS_WRONG_STATE);
    assert_says(w->result, "there is no memory to keep");
    assert_int_equal(run(w, "snapshot create s one"), STATUS_DONE);
}

static void test_op_snapshot__only_the_last_are_kept(void **state)
{
    struct world *w = *state;

    install(w, "k");
    assert_int_equal(run(w, "set k keep_snapshots 2"), STATUS_DONE);
    for (int i = 0; i < 4; i++) {
        char line[64];

        snprintf(line, sizeof(line), "snapshot create k s%d", i);
        assert_int_equal(run(w, line), STATUS_DONE);
        assert_int_equal(strstr(w->printed, "is deleted: keep_snapshots is 2\n") != NULL, i > 1);
    }
    assert_int_equal(run(w, "snapshot list k"), STATUS_DONE);
    assert_null(strstr(w->printed, "s1"));
    assert_non_null(strstr(w->printed, "\ns2 "));
    assert_non_null(strstr(w->printed, "\n  s3 "));
}

static void test_op_forward__of_a_stopped_distro_is_kept(void **state)
{
    struct world *w = *state;

    install(w, "f");
    assert_int_equal(run(w, "forward f"), STATUS_DONE);
    assert_string_equal(w->printed, "");
    assert_int_equal(run(w, "forward f 8080:80"), STATUS_DONE);
    assert_int_equal(run(w, "forward f [::1]:53:53/udp"), STATUS_DONE);
    assert_int_equal(run(w, "forward f 127.0.0.1:8080:81"), STATUS_FAILED);
    assert_string_equal(w->result.msg, "8080:81: its port is forwarded already, as 8080:80; take that away first: --remove 8080:80");
    assert_int_equal(run(w, "forward f 127.0.0.1:8080:80"), STATUS_DONE); /* as it is */
    assert_int_equal(run(w, "forward f"), STATUS_DONE);
    assert_string_equal(w->printed, "8080:80\n[::1]:53:53/udp\n");
    assert_int_equal(shell("grep -q 'forwards = \"8080:80; \\[::1\\]:53:53/udp\"' 0/lxtop/distros/f/distro.conf"), 0);
    assert_int_equal(run(w, "forward f --remove 8080:22"), STATUS_FAILED);
    assert_says(w->result, "f has no such forward; `lxtop forward f` lists them");
    assert_int_equal(run(w, "forward f --remove 8080:80"), STATUS_DONE);
    assert_int_equal(run(w, "forward f --remove 8080:80"), STATUS_FAILED);
    assert_says(w->result, "no such forward");
    assert_int_equal(run(w, "forward f"), STATUS_DONE);
    assert_string_equal(w->printed, "[::1]:53:53/udp\n");
    assert_int_equal(run(w, "forward f 80"), STATUS_USAGE);
    assert_int_equal(run(w, "forward f localhost:80:80"), STATUS_USAGE);
    assert_says(w->result, "'localhost' is no address of IPv4, or of IPv6 in brackets; without one it is 127.0.0.1");
    assert_int_equal(run(w, "forward f --remove"), STATUS_USAGE);
    assert_int_equal(run(w, "forward none 1:1"), STATUS_NO_DISTRO);
    assert_int_equal(run(w, "set f network none"), STATUS_DONE);
    assert_int_equal(run(w, "forward f 8080:80"), STATUS_FAILED);
    assert_string_equal(w->result.msg, "f has no network: `lxtop set f network user` gives it one");
    assert_int_equal(run(w, "forward f --remove [::1]:53:53/udp"), STATUS_DONE);
}

static void test_op_set__then_info_says_where_from(void **state)
{
    struct world *w = *state;

    install(w, "s");
    assert_int_equal(run(w, "set s memory 1G"), STATUS_DONE);
    assert_string_equal(w->noted, ""); /* it does not run */
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "  memory         1G                       distro.conf\n"));
    assert_non_null(strstr(w->printed, "  cpus           2                        default\n"));
    assert_non_null(strstr(w->printed, "root.img, raw, "));
    assert_non_null(strstr(w->printed, "source       busybox\n"));
    assert_int_equal(run(w, "info s --json"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\"from\": \"distro.conf\""));
    assert_int_equal(run(w, "set s memory --remove"), STATUS_DONE);
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "  memory         512M                     default\n"));
    assert_int_equal(run(w, "set s disk_size 1G"), STATUS_DONE);
    assert_non_null(strstr(w->noted, "the disk of this one stays as it is"));
}

/* This test's host may run systemd or not; either way it is told, and nothing is left. */
static void test_op_set__policy_login(void **state)
{
    struct world *w = *state;

    install(w, "s");
    assert_int_equal(run(w, "set s policy login"), STATUS_DONE);
    assert_true(strstr(w->noted, "does not run systemd") || strstr(w->noted, "it starts when you log in"));
    assert_int_equal(shell("test ! -d /run/systemd/system || test -e 3/systemd/user/lxtop@s.service"), 0);
    assert_int_equal(run(w, "remove s --yes"), STATUS_DONE);
    assert_int_equal(shell("! find . -name 'lxtop@*' | grep ."), 0);
}

static void test_op_set__bad_values_are_usage_and_change_nothing(void **state)
{
    struct world *w = *state;

    install(w, "s");
    assert_int_equal(run(w, "set s memory lots"), STATUS_USAGE);
    assert_int_equal(run(w, "set s memroy 1G"), STATUS_USAGE);
    assert_says(w->result, "there is no setting 'memroy'; did you mean 'memory'? `lxtop help` lists them");
    assert_int_equal(run(w, "set s memory"), STATUS_USAGE);
    assert_int_equal(run(w, "set s memory 1G --remove"), STATUS_USAGE);
    assert_int_equal(run(w, "set s memroy --remove"), STATUS_USAGE);
    assert_int_equal(run(w, "set none memory 1G"), STATUS_NO_DISTRO);
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "  memory         512M                     default\n"));
}

static void test_op_info__settings_that_are_gone_are_told(void **state)
{
    struct world *w = *state;

    install(w, "s");
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_string_equal(w->noted, "");
    assert_int_equal(shell("rm 0/lxtop/distros/s/distro.conf"), 0);
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_non_null(strstr(w->noted, "distro.conf is gone"));
    assert_int_equal(run(w, "set s shares none"), STATUS_DONE);
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_string_equal(w->noted, "");
}

static void write_log(const char *name, const char *text)
{
    auto_free char *path = file_path("1/lxtop/machines/s/%s", name);

    assert_int_equal(file_mkdirs("1/lxtop/machines/s", 0700, NULL), 0);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

/* Of a stopped machine; what a guest wrote moves no cursor of ours. */
static void test_op_log__all_sources_as_plain_lines(void **state)
{
    struct world *w = *state;

    install(w, "s");
    assert_int_equal(run(w, "log s"), STATUS_DONE);
    assert_string_equal(w->printed, "");
    assert_string_equal(w->noted, "nothing has been said: it has not run yet, and its log begins with `lxtop start s`\n");
    write_log("console.log.1", "oldest\r\n");
    write_log("console.log", "a\033[2Jb\nlast");
    write_log("vmm.log", "warned\n");
    write_log("run.json", "{\"reason\":\"stopped\",\"notes\":[\"told\", 5],\"conf\":[\"0 user.default=eve\","
              "\"0 interop.enabled=a=b\",\"1 oobe.command=x\",\"9 a.b=c\",\"nonsense\",7,\"0 \"]}");
    assert_int_equal(run(w, "log s"), STATUS_DONE);
    assert_string_equal(w->printed, "console: oldest\nconsole: ab\nguest: told\nvmm: warned\nconsole: last\n");
    assert_string_equal(w->noted, "");
    assert_int_equal(run(w, "log s --json"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "{\"source\":\"console\",\"text\":\"ab\"}\n"));
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "at its last start:\n  /etc/wsl.conf: user.default = eve\n"
                                       "  /etc/wsl.conf: interop.enabled = a=b is ignored: there is no Windows here\n"
                                       "  /etc/wsl-distribution.conf: oobe.command = x\n"));
    assert_null(strstr(w->printed, "nonsense"));
    assert_int_equal(run(w, "log s --follow"), STATUS_DONE); /* of what does not run nothing follows */
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_op__no_such_distro_is_status_3),
        TEST(test_op_list__empty_and_as_json),
        TEST(test_op_install__then_list_and_remove),
        TEST(test_op_forward__of_a_stopped_distro_is_kept),
        TEST(test_op_snapshot__of_a_stopped_distro),
        TEST(test_op_snapshot__another_one_is_named),
        TEST(test_op_snapshot__with_memory_needs_a_running_one),
        TEST(test_op_snapshot__only_the_last_are_kept),
        TEST(test_op_set__then_info_says_where_from),
        TEST(test_op_set__policy_login),
        TEST(test_op_set__bad_values_are_usage_and_change_nothing),
        TEST(test_op_info__settings_that_are_gone_are_told),
        TEST(test_op_log__all_sources_as_plain_lines),
        TEST(test_op_install__bad_words_are_usage),
        TEST(test_op_remove__a_name_too_long_is_nobodys),
    };

    signal(SIGPIPE, SIG_IGN);
    if (argc > 1)
        return task_install(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

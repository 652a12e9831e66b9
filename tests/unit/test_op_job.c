/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations as they run: their exit status, and the same bound on machines that do not answer. */
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

    w->folder = fixture_enter();
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

/* The process of a machine does not keep the loop alive; here its end is waited for. */
static void keep_alive(uv_handle_t *h, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(h))
        uv_ref(h);
}

static int tear_down(void **state)
{
    struct world *w = *state;

    while (op_first(&w->core))
        op_detach(op_first(&w->core));
    core_release(&w->core);
    uv_walk(&w->loop, keep_alive, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    if (w->holder) {
        kill(w->holder, SIGKILL);
        waitpid(w->holder, NULL, 0);
    }
    fixture_leave(w->folder);
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
    assert_int_equal(run(w, "snapshot restore s one --yes"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot clone s two c"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot delete s one"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot delete s one"), STATUS_FAILED);
    assert_int_equal(run(w, "snapshot create none"), STATUS_NO_DISTRO);
    assert_int_equal(run(w, "snapshot"), STATUS_USAGE);
    assert_says(w->result, "create, list, restore, delete, clone, diff");
    assert_int_equal(run(w, "snapshot restore s"), STATUS_USAGE);
    assert_int_equal(run(w, "remove s --yes"), STATUS_DONE);
    assert_int_equal(run(w, "snapshot list c"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\n  two "));
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
    assert_int_equal(run(w, "forward f 127.0.0.1:8080:81"), STATUS_DONE); /* in the place of the first */
    assert_int_equal(run(w, "forward f"), STATUS_DONE);
    assert_string_equal(w->printed, "8080:81\n[::1]:53:53/udp\n");
    assert_int_equal(shell("grep -q 'forwards = \"8080:81; \\[::1\\]:53:53/udp\"' 0/lxtop/distros/f/distro.conf"), 0);
    assert_int_equal(run(w, "forward f --remove 8080:81"), STATUS_DONE);
    assert_int_equal(run(w, "forward f --remove 8080:81"), STATUS_FAILED);
    assert_says(w->result, "no such forward");
    assert_int_equal(run(w, "forward f"), STATUS_DONE);
    assert_string_equal(w->printed, "[::1]:53:53/udp\n");
    assert_int_equal(run(w, "forward f 80"), STATUS_USAGE);
    assert_int_equal(run(w, "forward f --remove"), STATUS_USAGE);
    assert_int_equal(run(w, "forward none 1:1"), STATUS_NO_DISTRO);
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
    assert_says(w->result, "there is no setting 'memroy'");
    assert_int_equal(run(w, "set s memory"), STATUS_USAGE);
    assert_int_equal(run(w, "set s memory 1G --remove"), STATUS_USAGE);
    assert_int_equal(run(w, "set s memroy --remove"), STATUS_USAGE);
    assert_int_equal(run(w, "set none memory 1G"), STATUS_NO_DISTRO);
    assert_int_equal(run(w, "info s"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "  memory         512M                     default\n"));
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
    assert_int_equal(run(w, "log s"), STATUS_DONE); /* it never ran */
    assert_string_equal(w->printed, "");
    write_log("console.log.1", "oldest\r\n");
    write_log("console.log", "a\033[2Jb\nlast");
    write_log("vmm.log", "warned\n");
    write_log("run.json", "{\"reason\":\"stopped\",\"notes\":[\"told\", 5],\"conf\":[\"0 user.default=eve\","
              "\"0 interop.enabled=a=b\",\"1 oobe.command=x\",\"9 a.b=c\",\"nonsense\",7,\"0 \"]}");
    assert_int_equal(run(w, "log s"), STATUS_DONE);
    assert_string_equal(w->printed, "console: oldest\nconsole: ab\nguest: told\nvmm: warned\nconsole: last\n");
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

/* Its first connection ends at once; the next answers, and a stop takes that one and kills nobody. */
static void drop_one_then_stop(int fd)
{
    char line[4096];
    ssize_t n;

    close(accept(fd, NULL, NULL));
    for (int c; (c = accept(fd, NULL, NULL)) >= 0; close(c))
        while ((n = read(c, line, sizeof(line) - 1)) > 0) {
            line[n] = '\0';
            if (strstr(line, "\"stop\""))
                _exit(0); /* and the lock is free */
        }
}

static void test_op_stop__after_a_lost_connection_asks_again(void **state)
{
    struct world *w = *state;

    install(w, "d");
    hold_machine(w, "d", drop_one_then_stop);
    watch_look(w->core.watch);
    for (int i = 0; i < 100; i++) { /* until the loss is known, long before the next tick */
        uv_run(&w->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(run(w, "stop d"), STATUS_DONE);
    assert_string_equal(w->noted, "");
}

/* Saves as lxtop-vmm does, or says that it cannot; a stop ends it either way. */
static void serve_save(int fd, bool can)
{
    char line[4096];
    FILE *f;

    for (int c; (c = accept(fd, NULL, NULL)) >= 0 && (f = fdopen(c, "r")); fclose(f))
        while (fgets(line, sizeof(line), f)) {
            if (strstr(line, "\"stop\""))
                _exit(0);
            if (!strstr(line, "\"save\""))
                dprintf(c, "{\"ok\": true, \"state\": \"running\"}\n");
            else if (!can)
                dprintf(c, "{\"ok\": false, \"error\": \"a file does not answer\"}\n");
            else if (shell("mkdir 0/lxtop/distros/d/suspended && "
                           "echo '{\"reason\": \"suspended\"}' > 1/lxtop/machines/d/run.json") == 0) {
                dprintf(c, "{\"ok\": true, \"memory_bytes\": 62914560}\n");
                _exit(0);
            }
        }
}

/* Takes a snapshot as lxtop-vmm does, with the memory that is asked for. */
static void take_snapshot(int fd)
{
    char line[4096], *memory;
    FILE *f;

    for (int c; (c = accept(fd, NULL, NULL)) >= 0 && (f = fdopen(c, "r")); fclose(f))
        while (fgets(line, sizeof(line), f)) {
            memory = strstr(line, "\"memory\": \"");
            memory = memory ? memory : strstr(line, "\"memory\":\"");
            if (memory) {
                memory = strchr(memory, '/');
                memory[strcspn(memory, "\"")] = '\0';
                shell("mkdir %s && echo pages > %s/memory", memory, memory);
                dprintf(c, "{\"ok\": true, \"frozen\": true, \"memory_bytes\": 62914560, \"pause_us\": 12001}\n");
            } else {
                dprintf(c, "{\"ok\": true, \"state\": \"running\"}\n");
            }
        }
}

static void test_op_snapshot__of_a_running_one_with_memory(void **state)
{
    struct world *w = *state;

    install(w, "d");
    hold_machine(w, "d", take_snapshot);
    watch_look(w->core.watch);
    if (run(w, "snapshot create d live --memory") != STATUS_DONE)
        fail_msg("%s", w->result.msg);
    assert_string_equal(w->noted, "60 MB of its memory are kept; it stood still for 13 ms\n");
    assert_int_equal(run(w, "snapshot list d"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "4.0K")); /* of memory */
    assert_int_equal(run(w, "snapshot list d --json"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\"memory\": true"));
    assert_non_null(strstr(w->printed, "\"memory_bytes\": 4096"));
}

static void save_and_end(int fd)
{
    serve_save(fd, true);
}

static void refuse_to_save(int fd)
{
    serve_save(fd, false);
}

static void test_op_suspend__saves_and_ends(void **state)
{
    struct world *w = *state;

    install(w, "d");
    hold_machine(w, "d", save_and_end);
    watch_look(w->core.watch);
    if (run(w, "suspend d") != STATUS_DONE)
        fail_msg("%s", w->result.msg);
    assert_non_null(strstr(w->noted, "60 megabytes of its memory are saved"));
    assert_int_equal(run(w, "list"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "suspended"));
    assert_int_equal(run(w, "suspend d"), STATUS_WRONG_STATE);
    assert_int_equal(run(w, "stop d"), STATUS_WRONG_STATE);
    assert_says(w->result, "goes on there");
    assert_int_equal(run(w, "stop --force d"), STATUS_DONE);
    assert_int_equal(shell("test ! -e 0/lxtop/distros/d/suspended"), 0);
    assert_int_equal(run(w, "stop d"), STATUS_WRONG_STATE);
    assert_says(w->result, "stopped already");
}

static void test_op_suspend__that_is_refused_leaves_it_running(void **state)
{
    struct world *w = *state;

    install(w, "d");
    hold_machine(w, "d", refuse_to_save);
    watch_look(w->core.watch);
    assert_int_equal(run(w, "suspend d"), STATUS_FAILED);
    assert_says(w->result, "a file does not answer");
    assert_int_equal(run(w, "stop d"), STATUS_DONE);
}

static void test_op_stop__of_an_instant_distro_suspends_it(void **state)
{
    struct world *w = *state;

    assert_int_equal(run(w, "install busybox --disk_size 32M --name d --instant true"), STATUS_DONE);
    hold_machine(w, "d", save_and_end);
    watch_look(w->core.watch);
    assert_int_equal(run(w, "stop d"), STATUS_DONE);
    assert_int_equal(run(w, "list"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "suspended"));
}

static void test_op_stop__of_an_instant_distro_that_cannot_be_saved_powers_off(void **state)
{
    struct world *w = *state;

    assert_int_equal(run(w, "install busybox --disk_size 32M --name d --instant true"), STATUS_DONE);
    hold_machine(w, "d", refuse_to_save);
    watch_look(w->core.watch);
    assert_int_equal(run(w, "stop d"), STATUS_DONE);
    assert_non_null(strstr(w->noted, "is powered off: "));
}

/* Powers off in order; of what follows see be_vmm. */
static void power_off_in_order(int fd)
{
    char line[4096];
    FILE *f;

    for (int c; (c = accept(fd, NULL, NULL)) >= 0 && (f = fdopen(c, "r")); fclose(f))
        while (fgets(line, sizeof(line), f)) {
            if (strstr(line, "\"stop\""))
                _exit(shell("echo '{\"reason\": \"stopped\"}' > 1/lxtop/machines/d/run.json"));
            dprintf(c, "{\"ok\": true, \"state\": \"running\"}\n");
        }
}

/* This program again, in lxtop-vmm's place: it is to save itself when it is ready, and does or cannot. */
static int be_vmm(const char *mode)
{
    int lock = file_lock("1/lxtop/machines/d/lock", NULL);

    if (strcmp(mode, "error") == 0)
        return dprintf(3, "error no such kernel\n") < 0;
    shell("echo '{\"reason\": \"none\", \"state\": \"stopping\", \"pid\": 1}' > 1/lxtop/machines/d/run.json");
    dprintf(3, "ready\n");
    usleep(200000);
    if (strcmp(mode, "saved") == 0)
        shell("mkdir 0/lxtop/distros/d/suspended; echo '{\"reason\": \"suspended\"}' > 1/lxtop/machines/d/run.json");
    else
        shell("echo '{\"reason\": \"panic\", \"detail\": \"no init\"}' > 1/lxtop/machines/d/run.json");
    return lock < 0;
}

static void stop_one_to_be_ready(struct world *w, const char *mode)
{
    auto_free char *vmm = file_path("%s/bin/lxtop-vmm", w->folder);

    assert_int_equal(shell("mkdir -p bin 2/lxtop/kernels/tuned && : > 2/lxtop/kernels/tuned/vmlinux && "
                           "cp /proc/%d/exe bin/lxtop-vmm && cp /bin/true guest", (int)getpid()), 0);
    setenv("LXTOP_VMM", vmm, 1);
    setenv("LXTOP_GUEST", "guest", 1);
    setenv("FAKE_VMM", mode, 1);
    assert_int_equal(run(w, "install busybox --disk_size 32M --name d --instant ready --shares none"), STATUS_DONE);
    hold_machine(w, "d", power_off_in_order);
    watch_look(w->core.watch);
    assert_int_equal(run(w, "stop d"), STATUS_DONE);
}

static void test_op_stop__of_one_that_is_to_be_ready_boots_and_saves_it(void **state)
{
    struct world *w = *state;

    stop_one_to_be_ready(w, "saved");
    assert_string_equal(w->noted, "");
    assert_int_equal(run(w, "list"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "suspended"));
}

static void test_op_stop__of_one_that_cannot_be_made_ready_is_a_stop_all_the_same(void **state)
{
    stop_one_to_be_ready(*state, "error");
    assert_non_null(strstr(((struct world *)*state)->noted, "its next start is a boot: no such kernel"));
}

static void test_op_stop__of_one_that_dies_before_it_is_ready_is_a_stop_all_the_same(void **state)
{
    stop_one_to_be_ready(*state, "panics");
    assert_non_null(strstr(((struct world *)*state)->noted, "its next start is a boot: no init"));
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

/* Asked to stay it says that it is too late, and is gone. */
static void refuse_and_end(int fd)
{
    static const char yes[] = "{\"ok\":true}\n", no[] = "{\"ok\":false,\"error\":\"d is stopping\"}\n";
    char line[4096];
    ssize_t n;

    for (int c; (c = accept(fd, NULL, NULL)) >= 0; close(c))
        for (size_t len = 0; (n = read(c, line + len, 1)) == 1; len = line[len] == '\n' ? 0 : len + 1) {
            bool use = line[len] == '\n' && memmem(line, len, "\"use\"", 5);

            if (line[len] == '\n' && write(c, use ? no : yes, strlen(use ? no : yes)) < 0)
                _exit(1);
            if (use) {
                usleep(200000);
                _exit(0); /* and the lock is free */
            }
        }
}

/* The use is not lost: the end is waited for, and it is started again, as far as this host can. */
static void test_op__use_of_a_machine_about_to_stop_starts_it_again(void **state)
{
    struct world *w = *state;

    install(w, "d");
    setenv("LXTOP_VMM", "/bin/false", 1);
    hold_machine(w, "d", refuse_and_end);
    watch_look(w->core.watch);
    assert_int_not_equal(run(w, "cat d:/etc/passwd"), STATUS_DONE);
    assert_null(strstr(w->result.msg, "connect"));
    assert_true(w->status == STATUS_HOST || strstr(w->noted, "not unmounted last time"));
    assert_int_equal(shell("test ! -e 4/lxtop/d/vsock.sock"), 0);
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
        TEST(test_op__no_such_distro_is_status_3),
        TEST(test_op_list__empty_and_as_json),
        TEST(test_op_install__then_list_and_remove),
        TEST(test_op_forward__of_a_stopped_distro_is_kept),
        TEST(test_op_snapshot__of_a_stopped_distro),
        TEST(test_op_snapshot__with_memory_needs_a_running_one),
        TEST(test_op_snapshot__of_a_running_one_with_memory),
        TEST(test_op_snapshot__only_the_last_are_kept),
        TEST(test_op_set__then_info_says_where_from),
        TEST(test_op_set__policy_login),
        TEST(test_op_set__bad_values_are_usage_and_change_nothing),
        TEST(test_op_log__all_sources_as_plain_lines),
        TEST(test_op_install__bad_words_are_usage),
        TEST(test_op_remove__a_name_too_long_is_nobodys),
        TEST(test_op_list__of_a_machine_without_a_server),
        TEST(test_op_list__of_a_machine_that_never_answers),
        TEST(test_op_list__of_a_machine_that_talks_nonsense),
        TEST(test_op_stop__after_a_lost_connection_asks_again),
        TEST(test_op_suspend__saves_and_ends),
        TEST(test_op_suspend__that_is_refused_leaves_it_running),
        TEST(test_op_stop__of_an_instant_distro_suspends_it),
        TEST(test_op_stop__of_an_instant_distro_that_cannot_be_saved_powers_off),
        TEST(test_op_stop__of_one_that_is_to_be_ready_boots_and_saves_it),
        TEST(test_op_stop__of_one_that_cannot_be_made_ready_is_a_stop_all_the_same),
        TEST(test_op_stop__of_one_that_dies_before_it_is_ready_is_a_stop_all_the_same),
        TEST(test_op_stats__of_a_machine_without_a_server_fails),
        TEST(test_op_remove__a_machine_just_started_is_kept),
        TEST(test_op__use_of_a_machine_about_to_stop_starts_it_again),
    };

    signal(SIGPIPE, SIG_IGN);
    if (strstr(argv[0], "lxtop-vmm"))
        return be_vmm(getenv("FAKE_VMM"));
    if (argc > 1)
        return task_install(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

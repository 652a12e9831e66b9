/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on a machine, which another process plays: also one that is silent, talks nonsense or dies. */
#include "core/op.h"

#include "tests/unit/op_world.h"

#include <sys/socket.h>
#include <sys/un.h>

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
    assert_string_equal(w->noted, "60 megabytes of its memory were written\nit stood still for 13 milliseconds\n");
    assert_int_equal(run(w, "snapshot list d"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "4.0K")); /* of memory */
    assert_int_equal(run(w, "snapshot list d --json"), STATUS_DONE);
    assert_non_null(strstr(w->printed, "\"memory\": true"));
    assert_non_null(strstr(w->printed, "\"memory_bytes\": 4096"));
}

/* It has none of them: their ports were taken when it started. */
static void forward_nothing(int fd)
{
    char line[4096];
    FILE *f;

    for (int c; (c = accept(fd, NULL, NULL)) >= 0 && (f = fdopen(c, "r")); fclose(f))
        while (fgets(line, sizeof(line), f))
            dprintf(c, strstr(line, "\"remove\"") ? "{\"ok\": false, \"error\": \"8080:80: No such file\"}\n"
                                                : "{\"ok\": true, \"state\": \"running\", \"forwards\": []}\n");
}

static void test_op_forward__that_the_machine_could_not_make_is_removed_from_the_settings(void **state)
{
    struct world *w = *state;

    install(w, "d");
    assert_int_equal(run(w, "forward d 8080:80"), STATUS_DONE);
    hold_machine(w, "d", forward_nothing);
    watch_look(w->core.watch);
    assert_int_equal(run(w, "forward d --remove 8080:80"), STATUS_DONE);
    assert_string_equal(w->result.msg, "");
    assert_int_equal(shell("grep -q 8080 0/lxtop/distros/d/distro.conf"), 1);
    assert_int_equal(run(w, "forward d --remove 8080:80"), STATUS_FAILED);
    assert_says(w->result, "No such file");
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
    assert_non_null(strstr(w->noted, "60 megabytes of its memory were written"));
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

/* As Ctrl-C does. */
static void test_op_cancel__of_a_stop_says_what_goes_on(void **state)
{
    static const struct op_events ev = {on_print, on_note, NULL, on_finished};
    char stop[] = "stop", d[] = "d", *argv[] = {stop, d};
    struct world *w = *state;
    struct op_args a;
    struct op_job *j;

    install(w, "d");
    hold_machine(w, "d", stay_silent);
    watch_look(w->core.watch);
    assert_int_equal(op_parse(2, argv, &a, NULL), 0);
    w->finished = 0;
    j = op_start(&w->core, &a, &ev, w);
    assert_non_null(j);
    for (int i = 0; i < 20; i++) {
        uv_run(&w->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(w->finished, 0);
    op_cancel(j);
    assert_int_equal(w->finished, 1);
    assert_int_equal(w->status, STATUS_CANCELLED);
    assert_string_equal(w->result.msg, "no longer waited for; what was begun goes on, and `lxtop list` shows it");
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_op_snapshot__of_a_running_one_with_memory),
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
        TEST(test_op_forward__that_the_machine_could_not_make_is_removed_from_the_settings),
        TEST(test_op_cancel__of_a_stop_says_what_goes_on),
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start of a machine, with a false lxtop-vmm (this program under that name) and a false e2fsck. */
#include "core/machine.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "core/ctl.h"

struct world {
    char *folder;
    struct paths paths;
    struct distro distro;
    uv_loop_t loop;
    struct machine_start *start;
    unsigned done, notes;
    char first_note[1024], note[1024];
    struct err result, closed;
    char state[32];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    auto_free char *vmm = NULL, *guest = NULL, *path = NULL;

    w->folder = fixture_enter();
    w->paths = (struct paths){.data = file_path("%s/data", w->folder), .state = file_path("%s/state", w->folder),
                              .cache = file_path("%s/cache", w->folder), .config = file_path("%s/config", w->folder),
                              .runtime = file_path("%s/run", w->folder)};
    snprintf(w->distro.name, sizeof(w->distro.name), "d");
    w->distro.disk = file_path("%s/root.img", w->folder);
    w->distro.disk_format = strdup("raw");
    w->distro.disk_argument = file_path("%s,format=raw", w->distro.disk);
    options_init(&w->distro.options);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(shell("mkdir -p cache/kernels/tuned bin && touch cache/kernels/tuned/vmlinux root.img && "
                           "mkdir -p data/distros/d && touch data/distros/d/distro.conf && "
                           "ln -s /proc/%d/exe self && cp self bin/lxtop-vmm && cp /bin/true guest && "
                           "printf '#!/bin/sh\\necho \"$@\" >> fsck.ran\\necho \"$FSCK_SAYS\"\\nexit $FSCK_STATUS\\n' > bin/e2fsck && "
                           "chmod 755 bin/e2fsck", (int)getpid()), 0);
    setenv("LXTOP_VMM", vmm = file_path("%s/bin/lxtop-vmm", w->folder), 1);
    setenv("LXTOP_GUEST", guest = file_path("%s/guest", w->folder), 1);
    setenv("PATH", path = file_path("%s/bin:/usr/bin:/bin", w->folder), 1);
    setenv("FAKE_VMM", "ready", 1);
    setenv("FSCK_STATUS", "0", 1);
    setenv("FSCK_SAYS", "clean", 1);
    *state = w;
    return 0;
}

static void wait_for_lock(bool taken)
{
    while (file_is_locked("state/machines/d/lock") != taken)
        usleep(1000);
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

    machine_kill(&w->paths, "d", NULL);
    wait_for_lock(false);
    uv_walk(&w->loop, keep_alive, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    distro_release(&w->distro);
    paths_release(&w->paths);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static void on_note(void *ctx, const char *text)
{
    struct world *w = ctx;

    if (w->notes++ == 0)
        snprintf(w->first_note, sizeof(w->first_note), "%s", text);
    snprintf(w->note, sizeof(w->note), "%s", text);
}

static void on_done(void *ctx, const struct err *e)
{
    struct world *w = ctx;

    w->done++;
    w->result = *e;
}

static const struct machine_start_events events = {on_note, on_done, false};

static void start_with(struct world *w, const struct machine_start_events *ev)
{
    struct err e = {0};

    w->done = 0;
    w->start = machine_start(&w->loop, &w->paths, &w->distro, ev, w, &e);
    if (!w->start)
        fail_msg("%s", e.msg);
    while (!w->done)
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(w->done, 1);
}

static void start(struct world *w)
{
    start_with(w, &events);
}

static void assert_state(struct world *w, enum machine_state expected)
{
    struct machine_run r;

    machine_read(&w->paths, "d", &r);
    assert_string_equal(machine_state_name(r.state), machine_state_name(expected));
}

static void leave_unclean(void)
{
    assert_int_equal(shell("mkdir -p state/machines/d && echo '{\"reason\": \"panic\"}' > state/machines/d/run.json"), 0);
}

/* --- tests --- */

static void test_machine_start__runs_the_vmm_with_all_that_it_needs(void **state)
{
    struct world *w = *state;

    assert_int_equal(options_set(&w->distro.options, "memory", "1G", ORIGIN_COMMAND, NULL), 0);
    assert_int_equal(options_set(&w->distro.options, "append", "two words", ORIGIN_COMMAND, NULL), 0);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_state(w, MACHINE_RUNNING);
    assert_int_equal(w->notes, 0);
    assert_int_equal(shell("test ! -e fsck.ran"), 0);
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(shell("grep -qx -e '%s' args", (const char *const[]){
            "--name d", "--memory 1G", "--cpus 2", "--disk .*/root.img,format=raw,id=root",
            "--append .* two words", "--ctl .*/run/d/ctl.sock", "--lock .*/state/machines/d/lock",
            "--run-file .*/state/machines/d/run.json", "--net user", "--kernel .*/vmlinux",
            "--vsock .*/run/d/vsock.sock"}[i]), 0);
}

static void on_status(void *ctx, const json_t *reply, const struct err *e)
{
    struct world *w = ctx;

    (void)e;
    snprintf(w->state, sizeof(w->state), "%s",
             reply ? json_string_value(json_object_get(reply, "state")) : "refused");
}

static void on_closed(void *ctx, const struct err *e)
{
    ((struct world *)ctx)->closed = *e;
}

static void test_machine_start__when_done_the_socket_answers_and_a_stop_ends_it(void **state)
{
    static const struct ctl_events ev = {.closed = on_closed};
    struct world *w = *state;
    auto_free char *path = machine_socket(&w->paths, "d");
    struct ctl *c;

    start(w);
    c = ctl_open(&w->loop, path, &ev, w, NULL);
    ctl_send(c, json_pack("{ss}", "cmd", "status"), on_status, w);
    ctl_send(c, json_pack("{ss}", "cmd", "stop"), NULL, NULL);
    while (!w->closed.code)
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_string_equal(w->state, "running");
    wait_for_lock(false);
    assert_state(w, MACHINE_STOPPED);
}

static void test_machine_start__the_machine_outlives_its_starter(void **state)
{
    struct world *w = *state;

    start(w);
    uv_run(&w->loop, UV_RUN_DEFAULT); /* returns: a machine keeps no lxtop waiting */
    assert_state(w, MACHINE_RUNNING);
    assert_int_equal(machine_kill(&w->paths, "d", NULL), 0);
    wait_for_lock(false);
    assert_state(w, MACHINE_FAILED);
}

static void assert_fails(struct world *w, const char *mode, const char *says)
{
    setenv("FAKE_VMM", mode, 1);
    start(w);
    assert_int_not_equal(w->result.code, 0);
    assert_says(w->result, says);
}

static void test_machine_start__failures_of_the_vmm_are_told(void **state)
{
    assert_fails(*state, "error", "/dev/kvm: no? such file");
    assert_fails(*state, "die", "lxtop-vmm ended before it was ready: last words; its log is ");
    assert_fails(*state, "quiet", "lxtop-vmm ended before it was ready; its log is ");
    assert_fails(*state, "babble", "xxxxxxxx");
    assert_fails(*state, "half", "ended before it was ready");
    setenv("LXTOP_VMM", "/none", 1);
    setenv("PATH", "/usr/bin:/bin", 1);
    assert_fails(*state, "ready", "lxtop-vmm is not installed");
}

static void test_machine_start__a_second_start_is_refused_by_the_lock(void **state)
{
    struct world *w = *state;

    start(w);
    start(w);
    assert_int_not_equal(w->result.code, 0);
    assert_says(w->result, "lock");
    assert_state(w, MACHINE_RUNNING);
}

static void test_machine_start__an_unclean_disk_is_checked_first(void **state)
{
    static const struct {
        const char *status, *says, *note;
    } cases[] = {
        {"0", "clean", "e2fsck found it clean"},
        {"0", "root.img: recovering journal", "its journal was recovered"},
        {"1", "", "e2fsck has repaired it"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        leave_unclean();
        setenv("FSCK_STATUS", cases[i].status, 1);
        setenv("FSCK_SAYS", cases[i].says, 1);
        w->notes = 0;
        start(w);
        assert_int_equal(w->result.code, 0);
        assert_int_equal(w->notes, 1);
        assert_non_null(strstr(w->note, cases[i].note));
        assert_int_equal(shell("test \"$(cat fsck.ran)\" = \"-p $PWD/root.img\" && rm fsck.ran args"), 0);
        assert_int_equal(machine_kill(&w->paths, "d", NULL), 0);
        wait_for_lock(false);
    }
}

static void test_machine_start__a_disk_that_cannot_be_repaired_is_not_booted(void **state)
{
    struct world *w = *state;

    leave_unclean();
    setenv("FSCK_STATUS", "4", 1);
    start(w);
    assert_int_equal(w->result.code, EUCLEAN);
    assert_says(w->result, "run `e2fsck -f ");
    assert_int_equal(shell("test ! -e args"), 0);
    assert_int_equal(shell("printf '#!/bin/sh\\nkill -9 $$\\n' > bin/e2fsck"), 0);
    start(w);
    assert_int_equal(w->result.code, EUCLEAN);
    assert_false(file_is_locked("state/machines/d/lock"));
}

/* With the defaults in its place it would share the home that the person did not want to share. */
static void test_machine_start__settings_that_cannot_be_read_are_no_defaults(void **state)
{
    static const char *const files[][2] = {
        {"printf 'shares = \"none\";\nmemory = \n' > data/distros/d/distro.conf",
         "data/distros/d/distro.conf:3: syntax error; repair it there, or `lxtop remove d`"},
        {"printf 'memory = \"1G\";\nshares = \"nnoe\";\n' > data/distros/d/distro.conf", "data/distros/d/distro.conf:2: shares: "},
        {"rm data/distros/d/distro.conf",
         "data/distros/d/distro.conf is gone, and with it what d may share; `lxtop set d shares none`"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct err e = {0};

        assert_int_equal(shell("%s", files[i][0]), 0);
        assert_null(machine_start(&w->loop, &w->paths, &w->distro, &events, w, &e));
        assert_says(e, files[i][1]);
    }
    assert_int_equal(shell("test ! -e args && printf 'shares = \"none\";\n' > data/distros/d/distro.conf"), 0);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(machine_kill(&w->paths, "d", NULL), 0);
    wait_for_lock(false);
}

/* Which e2fsck would not mend either. */
static void test_machine_start__a_disk_that_is_gone_is_told(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    leave_unclean();
    assert_int_equal(unlink("root.img"), 0);
    assert_null(machine_start(&w->loop, &w->paths, &w->distro, &events, w, &e));
    assert_says(e, "root.img: No such file or directory; put it back, or `lxtop remove d`");
    assert_int_equal(shell("test ! -e fsck.ran"), 0);
}

static void test_machine_start__e2fsck_that_does_not_run_is_told(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    uv_timer_t t;

    leave_unclean();
    assert_int_equal(shell("printf '#!/no/interpreter\\n' > bin/e2fsck"), 0);
    assert_null(machine_start(&w->loop, &w->paths, &w->distro, &events, w, &e));
    assert_says(e, "run ");
    uv_timer_init(&w->loop, &t); /* the loop is whole: its list of handles has no dead one */
    uv_close((uv_handle_t *)&t, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->done, 0);
    assert_false(file_is_locked("state/machines/d/lock"));
}

/* Somebody else's e2fsck, or machine, is at work on the disk. */
static void test_machine_start__an_unclean_disk_with_a_lock_taken_is_busy(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    int fd;

    leave_unclean();
    fd = file_lock("state/machines/d/lock", NULL);
    assert_true(fd >= 0);
    assert_int_equal(shell("echo '{\"reason\": \"panic\"}' > state/machines/d/run.json"), 0);
    w->start = machine_start(&w->loop, &w->paths, &w->distro, &events, w, &e);
    while (w->start && !w->done)
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_true(e.code || w->result.code);
    assert_int_equal(shell("test ! -e fsck.ran"), 0);
    close(fd);
}

static void leave_suspended(const char *distro_reason)
{
    assert_int_equal(shell("mkdir -p data/distros/d/suspended state/machines/d && : > data/distros/d/suspended/state && "
                           ": > state/machines/d/lock && echo '{\"reason\": \"%s\"}' > state/machines/d/run.json",
                           distro_reason), 0);
}

static void test_machine_start__a_suspended_one_is_restored_without_a_check_of_its_disk(void **state)
{
    struct world *w = *state;

    leave_suspended("suspended");
    assert_state(w, MACHINE_SUSPENDED);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(shell("grep -qx -- \"--restore $PWD/data/distros/d/suspended\" args && test ! -e fsck.ran"), 0);
    assert_int_equal(shell("test ! -e data/distros/d/suspended"), 0); /* good for one start */
    assert_int_equal(machine_kill(&w->paths, "d", NULL), 0);
    wait_for_lock(false);
    assert_state(w, MACHINE_FAILED);
}

/* However the last run ended, or before the first one; and the memory stays. */
static void test_machine_start__a_snapshot_with_memory_is_gone_on_from(void **state)
{
    struct world *w = *state;

    assert_int_equal(shell("mkdir -p data/distros/d/memory/1 && : > data/distros/d/memory/1/state && "
                           "ln -s memory/1 data/distros/d/suspended"), 0);
    assert_state(w, MACHINE_SUSPENDED);
    assert_int_equal(shell("mkdir -p state/machines/d && : > state/machines/d/lock && "
                           "echo '{\"reason\": \"panic\"}' > state/machines/d/run.json"), 0);
    assert_state(w, MACHINE_SUSPENDED);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(shell("grep -qx -- \"--restore $PWD/data/distros/d/memory/1\" args && test ! -e fsck.ran"), 0);
    assert_int_equal(shell("test ! -L data/distros/d/suspended && test -e data/distros/d/memory/1/state"), 0);
}

/* e2fsck could not read it, and would take its lowest layer for the disk. */
static void test_machine_start__a_disk_of_layers_that_cannot_go_on_is_not_checked(void **state)
{
    struct world *w = *state;

    w->distro.layered = true;
    leave_suspended("suspended");
    setenv("FAKE_VMM", "no-restore", 1);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(w->notes, 2);
    assert_int_equal(shell("! grep -q restore args && test ! -e fsck.ran"), 0);
}

static void test_machine_start__an_instant_one_is_to_be_saved_when_idle(void **state)
{
    struct world *w = *state;

    assert_int_equal(options_set(&w->distro.options, "instant", "true", ORIGIN_COMMAND, NULL), 0);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(shell("grep -qx -- \"--suspend $PWD/data/distros/d/suspended\" args"), 0);
}

static void test_machine_start__one_that_is_prepared_is_saved_when_it_is_ready(void **state)
{
    static const struct machine_start_events prepares = {on_note, on_done, true};
    struct world *w = *state;

    assert_int_equal(options_set(&w->distro.options, "instant", "ready", ORIGIN_COMMAND, NULL), 0);
    start_with(w, &prepares);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(shell("grep -qx -- \"--suspend $PWD/data/distros/d/suspended\" args && grep -q -- --prepare args"), 0);
}

static void test_machine_start__what_cannot_be_restored_boots_afresh_and_says_why(void **state)
{
    struct world *w = *state;

    leave_suspended("suspended");
    setenv("FAKE_VMM", "no-restore", 1);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(w->notes, 2);
    assert_int_equal(shell("! grep -q restore args && test -e fsck.ran && test ! -e data/distros/d/suspended"), 0);
    assert_non_null(strstr(w->first_note, "boots afresh: disk root was written to"));
}

/* kill -9 between the restore and the removal of what it was restored from. */
static void test_machine_start__what_was_saved_before_another_end_is_debris(void **state)
{
    struct world *w = *state;

    leave_suspended("stopped");
    assert_state(w, MACHINE_STOPPED);
    start(w);
    assert_int_equal(w->result.code, 0);
    assert_int_equal(shell("! grep -q restore args && test ! -e data/distros/d/suspended"), 0);
}

static void test_machine_start_detach__nothing_is_told_any_more(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->start = machine_start(&w->loop, &w->paths, &w->distro, &events, w, &e);
    assert_non_null(w->start);
    machine_start_detach(w->start);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->done, 0);
    wait_for_lock(true);
}

/* --- the false lxtop-vmm --- */

static const char *word_after(char **argv, const char *name)
{
    for (; *argv; argv++)
        if (strcmp(*argv, name) == 0)
            return argv[1];
    return "";
}

static void write_run(const char *path, const char *reason)
{
    auto_free char *text = file_path("{\"state\": \"running\", \"reason\": \"%s\", \"pid\": %d}", reason, (int)getpid());

    file_write_atomic(path, text, strlen(text), 0600, NULL);
}

static int serve(char **argv)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), c;
    char line[256];
    FILE *f;

    if (file_lock(word_after(argv, "--lock"), NULL) < 0)
        return dprintf(3, "error the lock is taken\n") < 0;
    write_run(word_after(argv, "--run-file"), "none");
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", word_after(argv, "--ctl"));
    unlink(a.sun_path);
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4) < 0 || dprintf(3, "ready\n") < 0)
        return 1;
    close(3);
    while ((c = accept(fd, NULL, NULL)) >= 0 && (f = fdopen(c, "r"))) {
        while (fgets(line, sizeof(line), f)) {
            dprintf(c, "{\"ok\": true, \"state\": \"running\"}\n");
            if (strstr(line, "stop")) {
                write_run(word_after(argv, "--run-file"), "stopped");
                return 0;
            }
        }
        fclose(f);
    }
    return 1;
}

static int fake_vmm(char **argv)
{
    const char *mode = getenv("FAKE_VMM");
    FILE *args = fopen("args", "w");

    for (int i = 1; argv[i] && argv[i + 1]; i += 2)
        fprintf(args, "%s %s\n", argv[i], argv[i + 1]);
    fclose(args);
    if (strcmp(mode, "no-restore") == 0 && *word_after(argv, "--restore"))
        return dprintf(3, "error disk root was written to\n") < 0;
    if (strcmp(mode, "ready") == 0 || strcmp(mode, "no-restore") == 0)
        return serve(argv);
    if (strcmp(mode, "error") == 0)
        return dprintf(3, "error /dev/kvm: no\007 such \033[31mfile\n") < 0;
    if (strcmp(mode, "die") == 0)
        return dprintf(2, "first\nlast \033[1mwords\n\n") > 0;
    for (int i = 0; i < 10000 && strcmp(mode, "babble") == 0; i++)
        if (write(3, "x", 1) < 0)
            return 1;
    return strcmp(mode, "half") == 0 ? dprintf(3, "read") < 0 : 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_machine_start__runs_the_vmm_with_all_that_it_needs),
        TEST(test_machine_start__when_done_the_socket_answers_and_a_stop_ends_it),
        TEST(test_machine_start__the_machine_outlives_its_starter),
        TEST(test_machine_start__failures_of_the_vmm_are_told),
        TEST(test_machine_start__a_second_start_is_refused_by_the_lock),
        TEST(test_machine_start__an_unclean_disk_is_checked_first),
        TEST(test_machine_start__a_disk_that_cannot_be_repaired_is_not_booted),
        TEST(test_machine_start__settings_that_cannot_be_read_are_no_defaults),
        TEST(test_machine_start__a_disk_that_is_gone_is_told),
        TEST(test_machine_start__e2fsck_that_does_not_run_is_told),
        TEST(test_machine_start__an_unclean_disk_with_a_lock_taken_is_busy),
        TEST(test_machine_start__a_suspended_one_is_restored_without_a_check_of_its_disk),
        TEST(test_machine_start__a_snapshot_with_memory_is_gone_on_from),
        TEST(test_machine_start__a_disk_of_layers_that_cannot_go_on_is_not_checked),
        TEST(test_machine_start__an_instant_one_is_to_be_saved_when_idle),
        TEST(test_machine_start__one_that_is_prepared_is_saved_when_it_is_ready),
        TEST(test_machine_start__what_cannot_be_restored_boots_afresh_and_says_why),
        TEST(test_machine_start__what_was_saved_before_another_end_is_debris),
        TEST(test_machine_start_detach__nothing_is_told_any_more),
    };
    const char *name = strrchr(argv[0], '/');

    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && name && strcmp(name, "/lxtop-vmm") == 0)
        return fake_vmm(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/machine.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "core/base/auto.h"

struct world {
    char *folder;
    struct paths paths;
    pid_t holder;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    w->paths = (struct paths){.data = file_path("%s/data", w->folder), .state = file_path("%s/state", w->folder),
                              .cache = file_path("%s/cache", w->folder), .config = file_path("%s/config", w->folder),
                              .runtime = file_path("%s/run", w->folder)};
    assert_int_equal(shell("mkdir -p state/machines/d run/d"), 0);
    *state = w;
    return 0;
}

static void let_go(struct world *w)
{
    if (w->holder) {
        kill(w->holder, SIGKILL);
        waitpid(w->holder, NULL, 0);
    }
    w->holder = 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    let_go(w);
    paths_release(&w->paths);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

/* Another process takes the machine's lock and lives. */
static void hold_lock(struct world *w)
{
    int pipe_fd[2];
    char byte;

    assert_int_equal(pipe(pipe_fd), 0);
    w->holder = fork();
    if (w->holder == 0) {
        if (file_lock("state/machines/d/lock", NULL) < 0 || write(pipe_fd[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    assert_int_equal(read(pipe_fd[0], &byte, 1), 1);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
}

static void write_run(const char *text)
{
    assert_int_equal(file_write_atomic("state/machines/d/run.json", text, strlen(text), 0600, NULL), 0);
}

static struct machine_run read_run(struct world *w)
{
    struct machine_run r;

    machine_read(&w->paths, "d", &r);
    return r;
}

/* --- what run.json and the lock say --- */

struct example {
    const char *run; /* NULL: no file */
    enum machine_state state;
    const char *reason;
    bool unclean;
};

static void assert_examples(struct world *w, const struct example *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct machine_run r;

        unlink("state/machines/d/run.json");
        if (list[i].run)
            write_run(list[i].run);
        r = read_run(w);
        if (r.state != list[i].state || strcmp(r.reason, list[i].reason) != 0 ||
            machine_unclean(&r) != list[i].unclean)
            fail_msg("%s: %s, '%s', %d", list[i].run ? list[i].run : "no run.json",
                     machine_state_name(r.state), r.reason, machine_unclean(&r));
    }
}

static void test_machine_read__lock_free(void **state)
{
    static const struct example list[] = {
        {NULL, MACHINE_STOPPED, "", false},
        {"", MACHINE_STOPPED, "", false},
        {"no json", MACHINE_STOPPED, "", false},
        {"[]", MACHINE_STOPPED, "", false},
        {"{\"reason\": \"poweroff\", \"state\": \"stopping\"}", MACHINE_STOPPED, "poweroff", false},
        {"{\"reason\": \"stopped\"}", MACHINE_STOPPED, "stopped", false},
        /* Its saved machine is gone: the disk is as a power failure would leave it. */
        {"{\"reason\": \"suspended\"}", MACHINE_STOPPED, "suspended", true},
        {"{\"reason\": \"reboot\"}", MACHINE_STOPPED, "reboot", false},
        {"{\"reason\": \"forced\"}", MACHINE_STOPPED, "forced", true},
        {"{\"reason\": \"panic\"}", MACHINE_FAILED, "panic", true},
        {"{\"reason\": \"triple-fault\"}", MACHINE_FAILED, "triple-fault", true},
        {"{\"reason\": \"vmm-error\"}", MACHINE_FAILED, "vmm-error", true},
        {"{\"reason\": \"of the future\"}", MACHINE_FAILED, "of the future", true},
        /* It said that it runs, and its lock is free: it was killed, or the host went down. */
        {"{\"reason\": \"none\", \"state\": \"running\"}", MACHINE_FAILED, "killed", true},
        {"{}", MACHINE_FAILED, "killed", true},
        {"{\"reason\": 5}", MACHINE_FAILED, "killed", true},
        {"{\"reason\": \"none\", \"boot_id\": \"00000000-0000-0000-0000-000000000000\"}", MACHINE_FAILED, "host-down", true},
    };

    assert_examples(*state, list, ARRAY_SIZE(list));
}

static void test_machine_read__lock_taken(void **state)
{
    auto_free char *over = file_path("{\"reason\": \"stopped\", \"pid\": %d}", (int)getpid());
    const struct example list[] = {
        {NULL, MACHINE_STARTING, "", false},
        {"garbage", MACHINE_STARTING, "", false},
        {"{\"reason\": \"none\", \"state\": \"running\"}", MACHINE_RUNNING, "", false},
        {"{\"reason\": \"none\", \"state\": \"starting\"}", MACHINE_STARTING, "", false},
        {"{\"reason\": \"none\", \"state\": \"stopping\"}", MACHINE_STOPPING, "", false},
        {"{\"reason\": \"none\", \"state\": \"failed\"}", MACHINE_STARTING, "", false},
        {"{\"reason\": \"none\", \"state\": \"installing\"}", MACHINE_STARTING, "", false},
        {"{\"reason\": \"none\"}", MACHINE_STARTING, "", false},
        {over, MACHINE_STOPPING, "", false}, /* the file is final, its process still there */
        /* Left by an earlier run whose process is gone: the new one has not written its file yet. */
        {"{\"reason\": \"panic\", \"pid\": 999999999, \"detail\": \"old\", \"phases\": {\"ready\": 5}}", MACHINE_STARTING, "", false},
        {"{\"reason\": \"panic\", \"pid\": 0}", MACHINE_STARTING, "", false},
        {"{\"reason\": \"panic\", \"pid\": -1}", MACHINE_STARTING, "", false},
    };

    hold_lock(*state);
    assert_examples(*state, list, ARRAY_SIZE(list));
}

static void test_machine_read__an_earlier_run_tells_nothing_of_the_new_one(void **state)
{
    struct machine_run r;

    hold_lock(*state);
    write_run("{\"reason\": \"panic\", \"pid\": 999999999, \"detail\": \"old\", \"notes\": [\"old\"], \"phases\": {\"ready\": 5}}");
    r = read_run(*state);
    assert_string_equal(r.detail, "");
    assert_string_equal(r.note, "");
    assert_true(r.phase_us[PHASE_READY] < 0);
}

static void test_machine_read__a_machine_killed_is_seen_at_once(void **state)
{
    struct world *w = *state;

    hold_lock(w);
    write_run("{\"reason\": \"none\", \"state\": \"running\"}");
    assert_int_equal(read_run(w).state, MACHINE_RUNNING);
    let_go(w);
    assert_int_equal(read_run(w).state, MACHINE_FAILED);
    assert_string_equal(read_run(w).reason, "killed");
}

static void test_machine_read__everything_of_a_good_file(void **state)
{
    struct machine_run r;

    write_run("{\"reason\": \"panic\", \"detail\": \"Kernel panic - not syncing\", \"init\": \"systemd\", \"pid\": 77,"
              " \"started\": 1700000000, \"emulated\": true, \"notes\": [\"first\", \"last\"],"
              " \"phases\": {\"start\": 0, \"vm\": 10, \"ready\": 900000}}");
    r = read_run(*state);
    assert_true(r.known && r.emulated);
    assert_string_equal(r.detail, "Kernel panic - not syncing");
    assert_string_equal(r.init, "systemd");
    assert_string_equal(r.note, "last");
    assert_int_equal(r.pid, 77);
    assert_int_equal(r.started, 1700000000);
    assert_int_equal(r.phase_us[PHASE_START], 0);
    assert_int_equal(r.phase_us[PHASE_VM], 10);
    assert_true(r.phase_us[PHASE_KERNEL] < 0);
    assert_int_equal(r.phase_us[PHASE_READY], 900000);
}

static void test_machine_read__hostile_text_is_plain_and_cut(void **state)
{
    struct machine_run r;
    char big[70000] = "{\"reason\": \"panic\", \"detail\": \"";

    write_run("{\"reason\": \"a\\u001b[2Jb\\n\", \"detail\": \"\\u0007\\u009b\", \"init\": {}, \"notes\": [1, []],"
              " \"pid\": \"x\", \"phases\": [1], \"started\": 1e300}");
    r = read_run(*state);
    assert_string_equal(r.reason, "ab ");
    assert_string_equal(r.detail, "??");
    assert_string_equal(r.init, "");
    assert_string_equal(r.note, "");
    assert_int_equal(r.pid, 0);
    write_run("{\"reason\": \"panic\", \"phases\": {\"vm\": -5, \"root\": \"x\", \"ready\": 1.5}}");
    r = read_run(*state);
    for (int i = 0; i < PHASES; i++)
        assert_true(r.phase_us[i] < 0);
    memset(big + strlen(big), 'x', 60000);
    strcat(big, "\"}");
    write_run(big);
    r = read_run(*state);
    assert_int_equal(strlen(r.detail), MACHINE_TEXT - 1);
    assert_int_equal(shell("head -c 1M /dev/zero > state/machines/d/run.json"), 0);
    assert_int_equal(read_run(*state).state, MACHINE_STOPPED);
}

/* --- words --- */

static void test_machine_state_of__is_the_inverse_of_the_name(void **state)
{
    (void)state;
    for (unsigned s = 0; s < MACHINE_STATES; s++)
        assert_int_equal(machine_state_of(machine_state_name((enum machine_state)s)), s);
    assert_int_equal(machine_state_of("none"), MACHINE_STATES);
    assert_int_equal(machine_state_of(NULL), MACHINE_STATES);
    assert_string_equal(machine_state_name(MACHINE_STATES), "unknown");
}

/* A reason that vmm/ctl.h knows and machine.c does not would be unclean without a word why. */
static void test_machine_reason_text__every_exit_is_known(void **state)
{
    static const struct ctl_exit_info exits[EXITS] = CTL_EXIT_TABLE;

    (void)state;
    for (int i = EXIT_NONE + 1; i < EXITS; i++) {
        struct machine_run r = {.known = true};

        snprintf(r.reason, sizeof(r.reason), "%s", exits[i].name);
        if (exits[i].failed) {
            assert_true(*machine_reason_text(exits[i].name));
            assert_true(machine_unclean(&r));
        }
    }
    assert_true(*machine_reason_text("killed") && *machine_reason_text("host-down"));
    assert_string_equal(machine_reason_text("poweroff"), "");
}

/* --- kill --- */

static void test_machine_kill__only_the_lxtop_vmm_of_this_machine(void **state)
{
    struct world *w = *state;
    auto_free char *mine = file_path("{\"reason\": \"none\", \"pid\": %d}", (int)getpid());
    struct err e = {0};

    assert_int_equal(machine_kill(&w->paths, "d", &e), -ESRCH); /* nothing runs */
    write_run(mine);
    assert_int_equal(machine_kill(&w->paths, "d", &e), -ESRCH); /* the lock is free */
    hold_lock(w);
    assert_int_equal(machine_kill(&w->paths, "d", &e), -ESRCH); /* that number is no lxtop-vmm */
    assert_says(e, "the process of d cannot be found");
    for (size_t i = 0; i < 3; i++) {
        write_run((const char *const[]){"{\"pid\": 1}", "{\"pid\": -1}", "{\"pid\": 0}"}[i]);
        assert_int_equal(machine_kill(&w->paths, "d", &e), -ESRCH);
    }
}

static void test_machine_kill__not_the_one_of_another_machine(void **state)
{
    struct world *w = *state;
    auto_free char *run = NULL;
    struct err e = {0};
    pid_t other;

    assert_int_equal(shell("cp /bin/sleep lxtop-vmm"), 0);
    other = fork();
    if (other == 0) {
        execl("./lxtop-vmm", "./lxtop-vmm", "1000", NULL);
        _exit(127);
    }
    run = file_path("{\"reason\": \"none\", \"pid\": %d}", (int)other);
    while (shell("grep -q lxtop-vmm /proc/%d/comm", (int)other) != 0)
        usleep(1000);
    hold_lock(w);
    write_run(run);
    assert_int_equal(machine_kill(&w->paths, "d", &e), -ESRCH);
    assert_int_equal(kill(other, SIGKILL), 0);
    waitpid(other, NULL, 0);
}

/* --- the console's log --- */

static void assert_tail(struct world *w, const char *log, unsigned lines, const char *expected)
{
    auto_free char *text = NULL;

    assert_int_equal(file_write_atomic("state/machines/d/console.log", log, strlen(log), 0600, NULL), 0);
    text = machine_console_tail(&w->paths, "d", lines);
    assert_string_equal(text, expected);
}

static void test_machine_console_tail__last_lines_as_plain_text(void **state)
{
    struct world *w = *state;
    auto_free char *none = machine_console_tail(&w->paths, "d", 5);

    assert_string_equal(none, "");
    assert_tail(w, "", 5, "");
    assert_tail(w, "\n\r\n\n", 5, "");
    assert_tail(w, "one", 5, "one\n");
    assert_tail(w, "1\r\n2\r\n3\r\n", 2, "2\n3\n");
    assert_tail(w, "1\n2\n3", 3, "1\n2\n3\n");
    assert_tail(w, "1\n2\n3\n\n\n", 1, "3\n");
    assert_tail(w, "1\n\033[31mred\033[0m\007\n", 1, "red?\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_machine_read__lock_free),
        TEST(test_machine_read__lock_taken),
        TEST(test_machine_read__an_earlier_run_tells_nothing_of_the_new_one),
        TEST(test_machine_read__a_machine_killed_is_seen_at_once),
        TEST(test_machine_read__everything_of_a_good_file),
        TEST(test_machine_read__hostile_text_is_plain_and_cut),
        TEST(test_machine_state_of__is_the_inverse_of_the_name),
        TEST(test_machine_reason_text__every_exit_is_known),
        TEST(test_machine_kill__only_the_lxtop_vmm_of_this_machine),
        TEST(test_machine_kill__not_the_one_of_another_machine),
        TEST(test_machine_console_tail__last_lines_as_plain_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

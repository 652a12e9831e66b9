/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's side of a session, on this machine: it is only Linux. */
#include "vmm/guest/relay.h"

#include "tests/unit/fixture.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "core/base/auto.h"
#include "core/base/session_msg.h"
#include "vmm/guest/command.h"

struct world {
    int fd;
    pid_t relay;
    struct session_reader from;
    char out[1 << 20], err[1 << 20], fail[ERR_MSG_SIZE + 1];
    size_t out_len, err_len, room;
    bool over, killed;
    uint32_t value;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    w->fd = fds[0];
    w->from.side = SESSION_HOST;
    w->room = SESSION_WINDOW;
    w->relay = fork();
    if (w->relay == 0) {
        close(fds[0]);
        relay_run(fds[1]);
        _exit(0);
    }
    close(fds[1]);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    if (w->fd >= 0)
        close(w->fd);
    waitpid(w->relay, NULL, 0);
    session_reader_release(&w->from);
    free(w);
    return 0;
}

static void send_all(struct world *w, const void *p, size_t len)
{
    assert_int_equal(file_write_all(w->fd, p, len, NULL), 0);
}

static void send_input(struct world *w, const void *p, size_t len)
{
    uint8_t header[SESSION_HEADER];

    session_header(header, SESSION_STDIN, len);
    send_all(w, header, sizeof(header));
    send_all(w, p, len);
}

static void send_number(struct world *w, enum session_type type, uint32_t number)
{
    uint8_t frame[SESSION_SMALL];

    send_all(w, frame, session_put_number(frame, type, number));
}

/* A shell line as this user, who has no home to find here. */
static void start(struct world *w, uint32_t flags, const char *cwd, const char *line)
{
    char user[16], sh[] = "sh", c[] = "-c", variable[] = "GREETING=hello world";
    char *argv[] = {sh, c, (char *)line, NULL}, *env[] = {variable, NULL};
    struct session_start s = {.flags = flags, .rows = 24, .cols = 80, .user = user, .cwd = cwd,
                              .env = env, .argv = argv};
    auto_free uint8_t *frame = NULL;
    size_t len;

    snprintf(user, sizeof(user), "%u", geteuid());
    frame = session_put_start(&s, &len, NULL);
    send_all(w, frame, len);
}

static void keep(char *to, size_t size, size_t *len, const struct session_frame *f)
{
    assert_true(*len + f->len < size);
    memcpy(to + *len, f->bytes, f->len);
    *len += f->len;
    to[*len] = '\0';
}

static void take(struct world *w, const struct session_frame *f)
{
    assert_false(w->over);
    if (f->type == SESSION_STDOUT)
        keep(w->out, sizeof(w->out), &w->out_len, f);
    else if (f->type == SESSION_STDERR)
        keep(w->err, sizeof(w->err), &w->err_len, f);
    else if (f->type == SESSION_ROOM)
        w->room += session_get_number(f);
    else
        w->over = true;
    if (f->type == SESSION_EXIT)
        session_get_exit(f, &w->killed, &w->value);
    else if (f->type == SESSION_FAIL)
        memcpy(w->fail, f->bytes, f->len);
}

/* Reads on: false at the end of the connection. */
static bool hear(struct world *w)
{
    struct session_frame f;
    size_t room;
    uint8_t *to = session_reader_space(&w->from, &room);
    ssize_t n = read(w->fd, to, room);
    int rc;

    if (n <= 0)
        return false;
    session_reader_filled(&w->from, (size_t)n);
    while ((rc = session_reader_next(&w->from, &f)) == 1)
        take(w, &f);
    assert_int_equal(rc, 0);
    return true;
}

static void hear_until(struct world *w, const char *text)
{
    while (!strstr(w->out, text))
        assert_true(hear(w));
}

static void assert_exit(struct world *w, bool killed, uint32_t value)
{
    while (hear(w))
        ;
    assert_string_equal(w->fail, "");
    assert_true(w->over);
    assert_int_equal(w->killed, killed);
    assert_int_equal(w->value, value);
}

/* --- without a terminal --- */

static void test_relay__three_pipes_apart_and_a_status(void **state)
{
    struct world *w = *state;

    start(w, 0, "", "cat; echo to-err >&2; test ! -t 0; exit 3");
    send_input(w, "a\0b\n", 4);
    send_input(w, "c", 1);
    send_input(w, "", 0);
    assert_exit(w, false, 3);
    assert_int_equal(w->out_len, 5);
    assert_memory_equal(w->out, "a\0b\nc", 5);
    assert_string_equal(w->err, "to-err\n");
    assert_int_equal(w->room, SESSION_WINDOW + 5);
}

static void test_relay__all_output_comes_before_the_status(void **state)
{
    struct world *w = *state;

    start(w, 0, "", "head -c 1000000 /dev/zero; echo end >&2");
    assert_exit(w, false, 0);
    assert_int_equal(w->out_len, 1000000);
    assert_string_equal(w->err, "end\n");
}

/* What still has the pipes open is not waited for. */
static void test_relay__a_background_process_does_not_hold_it(void **state)
{
    struct world *w = *state;

    start(w, 0, "", "sleep 1000 & echo $!");
    assert_exit(w, false, 0);
    kill((pid_t)strtol(w->out, NULL, 10), SIGKILL);
}

static bool has_exited(pid_t pid)
{
    auto_free char *stat = NULL;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    assert_int_equal(file_read(path, 4096, &stat, NULL, NULL), 0);
    return strstr(stat, ") Z");
}

/* What is written once the command has exited is not the command's, and would have no end. */
static void test_relay__a_background_process_that_never_stops_to_write(void **state)
{
    struct world *w = *state;
    pid_t shell;

    start(w, 0, "", "trap go=1 USR1; echo $$; while [ -z \"$go\" ]; do sleep 0.01; done\n"
                    "for i in 1 2 3 4; do yes & yes >&2 & done; sleep 0.1; exit 3");
    hear_until(w, "\n");
    shell = (pid_t)strtol(w->out, NULL, 10);
    w->out_len = 0;
    kill(w->relay, SIGSTOP); /* so both pipes are full when it notices */
    kill(shell, SIGUSR1);
    while (!has_exited(shell))
        poll(NULL, 0, 1);
    kill(w->relay, SIGCONT);
    assert_exit(w, false, 3);
    assert_in_range(w->out_len, 1, 65536);
    assert_in_range(w->err_len, 1, 65536);
}

static void test_relay__death_by_a_signal(void **state)
{
    start(*state, 0, "", "kill -9 $$");
    assert_exit(*state, true, SIGKILL);
}

static void exec_of(struct world *w, const char *program)
{
    char user[16], *argv[] = {(char *)program, NULL}, *none[] = {NULL};
    struct session_start s = {.user = user, .cwd = "", .env = none, .argv = argv};
    auto_free uint8_t *frame = NULL;
    size_t len;

    snprintf(user, sizeof(user), "%u", geteuid());
    frame = session_put_start(&s, &len, NULL);
    send_all(w, frame, len);
}

static void test_relay__a_command_that_is_not_there(void **state)
{
    exec_of(*state, "no-such-program");
    assert_exit(*state, false, 127);
    assert_string_equal(((struct world *)*state)->err, "lxtop: no-such-program: not found\n");
}

static void test_relay__a_command_that_is_none(void **state)
{
    exec_of(*state, "/etc");
    assert_exit(*state, false, 126);
}

static void test_relay__environment_folder_and_default_signals(void **state)
{
    struct world *w = *state;

    start(w, SESSION_CWD_MUST, "/usr", "pwd; echo $GREETING; echo $PATH; grep -E 'SigBlk|SigIgn' /proc/self/status | "
                                       /* 32 and 33 are libc's own: as whoever runs the tests has them */
                                       "sed s/00000001[08]0000000/0000000000000000/; "
                                       "ls /proc/self/fd | wc -l");
    assert_exit(w, false, 0);
    assert_string_equal(w->out, "/usr\nhello world\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
                                "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n4\n");
}

static void test_relay__a_folder_that_is_not_there(void **state)
{
    struct world *w = *state;

    start(w, SESSION_CWD_MUST, "/no/where", "pwd");
    assert_exit(w, false, 1);
    assert_string_equal(w->err, "lxtop: cannot enter the distro's /no/where: No such file or directory\n");
}

static void test_relay__a_folder_that_need_not_be_there(void **state)
{
    start(*state, 0, "/no/where", "test \"$PWD\" = \"$HOME\" || test \"$PWD\" = /");
    assert_exit(*state, false, 0);
}

static void test_relay__nobody(void **state)
{
    struct world *w = *state;
    char *none[] = {NULL};
    struct session_start s = {.user = "no-such-user", .cwd = "", .env = none, .argv = none};
    size_t len;
    auto_free uint8_t *frame = session_put_start(&s, &len, NULL);

    send_all(w, frame, len);
    while (hear(w))
        ;
    assert_string_equal(w->fail, "there is no user 'no-such-user' in the distro; --user root is always there");
}

/* --- input and signals --- */

/* The window is full, the pipe too: the signal passes them all. */
static void test_relay__a_signal_passes_input_that_nobody_reads(void **state)
{
    struct world *w = *state;
    auto_free char *bytes = calloc(1, SESSION_DATA_MAX);

    start(w, 0, "", "trap 'echo asked; exit 9' TERM; echo ready; while :; do sleep 0.1; done");
    hear_until(w, "ready");
    for (size_t sent = 0; sent < SESSION_WINDOW; sent += SESSION_DATA_MAX)
        send_input(w, bytes, SESSION_DATA_MAX);
    send_number(w, SESSION_SIGNAL, SIGTERM);
    assert_exit(w, false, 9);
    hear_until(w, "asked");
}

static void test_relay__signals_that_are_none_are_left_out(void **state)
{
    struct world *w = *state;

    start(w, 0, "", "echo ready; read x; exit 4");
    hear_until(w, "ready");
    send_number(w, SESSION_SIGNAL, 0);
    send_number(w, SESSION_SIGNAL, 65);
    send_number(w, SESSION_SIGNAL, UINT32_MAX);
    send_input(w, "x\n", 2);
    assert_exit(w, false, 4);
}

static void test_relay__room_comes_back_as_input_is_read(void **state)
{
    struct world *w = *state;
    auto_free char *bytes = calloc(1, SESSION_DATA_MAX);
    size_t sent = 0;

    start(w, 0, "", "wc -c");
    while (sent < 8 * SESSION_WINDOW) {
        while (w->room < SESSION_DATA_MAX)
            assert_true(hear(w));
        send_input(w, bytes, SESSION_DATA_MAX);
        w->room -= SESSION_DATA_MAX;
        sent += SESSION_DATA_MAX;
    }
    send_input(w, "", 0);
    assert_exit(w, false, 0);
    assert_int_equal(strtol(w->out, NULL, 10), sent);
}

/* It reads no more, but its host need not know: the rest is taken and thrown away. */
static void test_relay__input_for_a_command_that_has_closed_it(void **state)
{
    struct world *w = *state;
    auto_free char *bytes = calloc(1, SESSION_DATA_MAX);

    start(w, 0, "", "exec 0<&-; trap 'exit 5' USR1; echo closed; while :; do sleep 0.05; done");
    hear_until(w, "closed");
    for (int i = 0; i < 8; i++) {
        while (w->room < SESSION_DATA_MAX)
            assert_true(hear(w));
        send_input(w, bytes, SESSION_DATA_MAX);
        w->room -= SESSION_DATA_MAX;
    }
    send_number(w, SESSION_SIGNAL, SIGUSR1);
    assert_exit(w, false, 5);
}

/* --- hosts that do not keep to it --- */

static void assert_ends(struct world *w)
{
    while (hear(w))
        ;
    assert_false(w->over);
}

static void test_relay__input_before_the_start(void **state)
{
    send_input(*state, "x", 1);
    assert_ends(*state);
}

static void test_relay__more_input_than_there_is_room(void **state)
{
    struct world *w = *state;
    auto_free char *bytes = calloc(1, SESSION_DATA_MAX);

    start(w, 0, "", "echo ready; kill -STOP $$");
    hear_until(w, "ready");
    for (int i = 0; i < 8; i++) { /* the pipe takes 65536 more */
        uint8_t header[SESSION_HEADER];

        session_header(header, SESSION_STDIN, SESSION_DATA_MAX);
        if (file_write_all(w->fd, header, sizeof(header), NULL) < 0 ||
            file_write_all(w->fd, bytes, SESSION_DATA_MAX, NULL) < 0)
            break;
    }
    assert_ends(w);
}

static void test_relay__a_second_start(void **state)
{
    start(*state, 0, "", "sleep 1000");
    start(*state, 0, "", "sleep 1000");
    assert_ends(*state);
}

/* --- the connection breaks --- */

static pid_t pid_said(struct world *w)
{
    hear_until(w, "\n");
    return (pid_t)strtol(w->out, NULL, 10);
}

/* A signal takes its time, and whoever inherits the dead may leave them there; never gone is a hang. */
static void assert_gone(pid_t pid)
{
    while (shell("grep -qs '^State:.[^Z]' /proc/%d/status", (int)pid) == 0)
        usleep(10000);
}

static void break_it(struct world *w)
{
    close(w->fd);
    w->fd = -1;
    assert_int_equal(waitpid(w->relay, NULL, 0), w->relay);
}

static void test_relay__a_broken_connection_hangs_up(void **state)
{
    struct world *w = *state;
    char *said = fixture_folder();
    auto_free char *line = file_path("trap 'echo hung-up > %s/file; exit' HUP; echo $$; while :; do sleep 0.05; done", said);
    pid_t pid;

    start(w, 0, "", line);
    pid = pid_said(w);
    break_it(w);
    assert_gone(pid);
    assert_int_equal(shell("grep -q hung-up %s/file", said), 0);
    fixture_remove(said);
}

/* A child of the shell that has no wish to go, in the same session. */
/* It has been forked, and has not come to its setsid yet. */
static struct command not_yet_in_its_session(void)
{
    struct command c = {.pid = fork(), .in = -1, .out = -1, .err = -1, .slave = -1};

    if (c.pid == 0)
        for (;;)
            pause();
    return c;
}

static void test_command__that_has_just_begun_is_hung_up_too(void **state)
{
    struct command c = not_yet_in_its_session();

    (void)state;
    command_hang_up(&c, 0); /* which waits for its end */
    assert_int_equal(c.pid, -1);
}

static void test_command__that_has_just_begun_hears_signals(void **state)
{
    struct command c = not_yet_in_its_session();
    int status;

    (void)state;
    command_signal(&c, SIGUSR1);
    assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
    assert_int_equal(WTERMSIG(status), SIGUSR1);
}

static void test_relay__who_does_not_hear_is_killed(void **state)
{
    struct world *w = *state;
    pid_t pid;

    start(w, 0, "", "trap '' HUP; (exec sleep 1000) & echo $!; wait");
    pid = pid_said(w);
    break_it(w);
    assert_gone(pid);
}

static void test_relay__sigterm_hangs_up(void **state)
{
    struct world *w = *state;
    pid_t pid;

    start(w, SESSION_TTY, "", "echo $$; exec sleep 1000");
    pid = pid_said(w);
    kill(w->relay, SIGTERM);
    assert_int_equal(waitpid(w->relay, NULL, 0), w->relay);
    assert_gone(pid);
}

/* --- with a terminal --- */

static void test_relay__a_terminal_of_its_size(void **state)
{
    struct world *w = *state;
    uint8_t frame[SESSION_SMALL];

    start(w, SESSION_TTY, "", "test -t 0 && test -t 1 && test -t 2 && stty size; trap 'stty size; exit 6' WINCH; "
                              "echo ready; while :; do sleep 0.05; done");
    hear_until(w, "24 80\r\nready");
    send_all(w, frame, session_put_resize(frame, 50, 132));
    assert_exit(w, false, 6);
    hear_until(w, "50 132");
    assert_int_equal(w->err_len, 0);
}

static void test_relay__keys_are_the_terminals(void **state)
{
    struct world *w = *state;

    start(w, SESSION_TTY, "", "trap 'echo interrupted' INT; echo ready; while ! read x; do :; done; echo got $x; "
                              "cat > /dev/null; exit 8");
    hear_until(w, "ready");
    send_input(w, "\003", 1);
    hear_until(w, "interrupted");
    send_input(w, "word\r", 5);
    hear_until(w, "got word");
    send_input(w, "", 0); /* the end of input is a key, too */
    assert_exit(w, false, 8);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_relay__three_pipes_apart_and_a_status),
        test(test_relay__all_output_comes_before_the_status),
        test(test_relay__a_background_process_does_not_hold_it),
        test(test_relay__a_background_process_that_never_stops_to_write),
        test(test_relay__death_by_a_signal),
        test(test_relay__a_command_that_is_not_there),
        test(test_relay__a_command_that_is_none),
        test(test_relay__environment_folder_and_default_signals),
        test(test_relay__a_folder_that_is_not_there),
        test(test_relay__a_folder_that_need_not_be_there),
        test(test_relay__nobody),
        test(test_relay__a_signal_passes_input_that_nobody_reads),
        test(test_relay__signals_that_are_none_are_left_out),
        test(test_relay__room_comes_back_as_input_is_read),
        test(test_relay__input_for_a_command_that_has_closed_it),
        test(test_relay__input_before_the_start),
        test(test_relay__more_input_than_there_is_room),
        test(test_relay__a_second_start),
        test(test_relay__a_broken_connection_hangs_up),
        test(test_command__that_has_just_begun_is_hung_up_too),
        test(test_command__that_has_just_begun_hears_signals),
        test(test_relay__who_does_not_hear_is_killed),
        test(test_relay__sigterm_hangs_up),
        test(test_relay__a_terminal_of_its_size),
        test(test_relay__keys_are_the_terminals),
    };

    alarm(120); /* what hangs ends */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

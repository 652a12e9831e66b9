/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's side of a session: against a guest's relay behind a socket, and against liars. */
#include "core/session.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/session_folder.h"
#include "vmm/guest/relay.h"

struct world {
    char *folder;
    uv_loop_t loop;
    struct session *session;
    pid_t guest;
    const char *feed; /* what goes in as there is room, then the end */
    size_t feed_len, fed, out_len, err_len, paused_at;
    char out[1 << 20], err[4096];
    bool end_sent;
    int ended, status;
    struct err why;
};

/* --- guests: what is said behind CONNECT --- */

static void guest_relay(int fd)
{
    relay_run(dup(fd));
}

static void say(int fd, const void *p, size_t len)
{
    file_write_all(fd, p, len, NULL);
}

static void guest_hangs_up(int fd)
{
    (void)fd;
}

static void guest_garbage(int fd)
{
    say(fd, "HTTP/1.0 400 Bad Request\r\n\r\n", 28);
    sleep(100);
}

static void guest_half_frame(int fd)
{
    uint8_t header[SESSION_HEADER];

    session_header(header, SESSION_STDOUT, 100);
    say(fd, header, sizeof(header));
    say(fd, "part", 4);
}

/* A terminal must not be told what to do by an error. */
static void guest_refuses(int fd)
{
    static const char text[] = "no\033[2J way";
    uint8_t header[SESSION_HEADER];

    session_header(header, SESSION_FAIL, sizeof(text) - 1);
    say(fd, header, sizeof(header));
    say(fd, text, sizeof(text) - 1);
}

/* Promises room without end, never reads, and then ends with a status that is none. */
static void guest_promises(int fd)
{
    uint8_t frame[SESSION_SMALL];

    for (int i = 0; i < 100; i++)
        say(fd, frame, session_put_number(frame, SESSION_ROOM, UINT32_MAX));
    say(fd, frame, session_put_exit(frame, false, 0xffffff07));
}

static void answer(int fd, void (*guest)(int fd))
{
    char line[64];
    size_t len = 0;

    while (len < sizeof(line) - 1 && read(fd, line + len, 1) == 1 && line[len++] != '\n')
        ;
    line[len] = '\0';
    if (strcmp(line, "CONNECT 902\n") != 0)
        _exit(1);
    say(fd, "OK 1024\n", 8);
    guest(fd);
    _exit(0);
}

static void serve(struct world *w, void (*guest)(int fd))
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(shell("mkdir -p %s/d", w->folder), 0);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/d/vsock.sock", w->folder);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(s, 8), 0);
    w->guest = fork();
    if (w->guest == 0)
        answer(accept4(s, NULL, NULL, SOCK_CLOEXEC), guest);
    close(s);
}

/* --- events --- */

static void keep(char *to, size_t size, size_t *len, const uint8_t *p, size_t n)
{
    assert_true(*len + n < size);
    memcpy(to + *len, p, n);
    *len += n;
    to[*len] = '\0';
}

static void on_output(void *ctx, bool err, const uint8_t *p, size_t len)
{
    struct world *w = ctx;

    keep(err ? w->err : w->out, err ? sizeof(w->err) : sizeof(w->out), err ? &w->err_len : &w->out_len, p, len);
    if (w->paused_at && w->out_len >= w->paused_at) {
        session_pause(w->session, true);
        w->paused_at = 0;
    }
}

static void on_room(void *ctx)
{
    struct world *w = ctx;
    size_t n = session_room(w->session);

    assert_true(n <= SESSION_WINDOW);
    n = n < w->feed_len - w->fed ? n : w->feed_len - w->fed;
    session_write(w->session, w->feed + w->fed, n);
    w->fed += n;
    if (w->fed == w->feed_len && !w->end_sent) {
        w->end_sent = true;
        session_write_end(w->session);
    }
}

static void on_ended(void *ctx, int status, const struct err *e)
{
    struct world *w = ctx;

    w->session = NULL;
    w->ended++;
    w->status = status;
    w->why = *e;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    signal(SIGPIPE, SIG_IGN);
    w->folder = fixture_folder();
    assert_int_equal(uv_loop_init(&w->loop), 0);
    w->feed = "";
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    session_close(w->session);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0); /* nothing is left on it */
    if (w->guest > 0) {
        kill(w->guest, SIGTERM);
        waitpid(w->guest, NULL, 0);
    }
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static void begin(struct world *w, const char *line)
{
    static const struct session_events ev = {on_output, on_room, on_ended};
    struct paths p = {.runtime = w->folder};
    char user[16], sh[] = "sh", c[] = "-c", *argv[] = {sh, c, (char *)line, NULL}, *env[] = {NULL};
    struct session_start s = {.user = user, .cwd = "", .env = env, .argv = argv};
    struct err e = {0};

    snprintf(user, sizeof(user), "%u", geteuid());
    w->session = session_open(&w->loop, &p, "d", &s, &ev, w, &e);
    assert_string_equal(e.msg, "");
    assert_non_null(w->session);
}

static void run(struct world *w, void (*guest)(int fd), const char *line)
{
    serve(w, guest);
    begin(w, line);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->ended, 1);
}

static void test_session__in_out_error_and_status(void **state)
{
    struct world *w = *state;

    w->feed = "in";
    w->feed_len = 2;
    run(w, guest_relay, "cat; echo to-err >&2; exit 7");
    assert_int_equal(w->why.code, 0);
    assert_int_equal(w->status, 7);
    assert_string_equal(w->out, "in");
    assert_string_equal(w->err, "to-err\n");
}

static void test_session__death_by_a_signal_is_128_and_more(void **state)
{
    struct world *w = *state;

    run(w, guest_relay, "kill -9 $$");
    assert_int_equal(w->status, 137);
}

static void test_session__more_than_any_window_both_ways(void **state)
{
    struct world *w = *state;
    auto_free char *bytes = malloc(1000000);

    for (size_t i = 0; i < 1000000; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    w->feed = bytes;
    w->feed_len = 1000000;
    run(w, guest_relay, "cat");
    assert_int_equal(w->out_len, 1000000);
    assert_memory_equal(w->out, bytes, 1000000);
}

/* Nothing comes meanwhile, not even the end, and nothing is lost. */
static void test_session_pause__holds_everything(void **state)
{
    struct world *w = *state;
    size_t held;

    w->paused_at = 1;
    serve(w, guest_relay);
    begin(w, "head -c 500000 /dev/zero; exit 3");
    while (w->paused_at)
        uv_run(&w->loop, UV_RUN_ONCE);
    held = w->out_len;
    for (int i = 0; i < 20; i++) {
        uv_run(&w->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(w->out_len, held);
    assert_int_equal(w->ended, 0);
    session_pause(w->session, false);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->out_len, 500000);
    assert_int_equal(w->status, 3);
}

static void test_session_signal__reaches_the_command(void **state)
{
    struct world *w = *state;

    serve(w, guest_relay);
    begin(w, "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done");
    while (!w->out_len)
        uv_run(&w->loop, UV_RUN_ONCE);
    session_signal(w->session, SIGTERM);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->status, 9);
}

static void test_session__guests_that_do_not_keep_to_it(void **state)
{
    static const struct {
        void (*guest)(int fd);
        int code;
        const char *says;
    } cases[] = {
        {guest_hangs_up, ENOTCONN, "connection to d was lost"},
        {guest_half_frame, ENOTCONN, "connection to d was lost"},
        {guest_garbage, EPROTO, "d: the guest does not speak as a session does"},
        {guest_refuses, EREMOTEIO, "d: no way"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world *w = *state;

        run(w, cases[i].guest, "true");
        assert_int_equal(w->why.code, cases[i].code);
        assert_string_equal(w->why.msg, cases[i].says);
        tear_down(state);
        set_up(state);
    }
}

static void test_session__a_guest_that_promises_too_much(void **state)
{
    struct world *w = *state;

    run(w, guest_promises, "true");
    assert_int_equal(w->why.code, 0);
    assert_int_equal(w->status, 7);
}

static void test_session_close__before_and_after_it_is_connected(void **state)
{
    struct world *w = *state;

    begin(w, "true"); /* nobody is there to connect to */
    session_close(w->session);
    w->session = NULL;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    serve(w, guest_relay);
    begin(w, "echo ready; sleep 1000");
    while (!w->out_len)
        uv_run(&w->loop, UV_RUN_ONCE);
    session_close(w->session);
    w->session = NULL;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->ended, 0);
    assert_int_equal(waitpid(w->guest, NULL, 0), w->guest); /* the guest has heard */
    w->guest = 0;
}

static void assert_folder(const char *shares, const char *home, const char *path, const char *expected)
{
    auto_free char *got = session_folder(shares, home, path);

    assert_string_equal(got ? got : "none", expected);
}

static void test_session_folder__by_the_innermost_share(void **state)
{
    struct world *w = *state;
    auto_free char *two = file_path("~:/mnt/host; %s/in/side:/deep/", w->folder);
    auto_free char *in = file_path("%s/in", w->folder), *side = file_path("%s/in/side", w->folder);
    auto_free char *below = file_path("%s/in/side/a b", w->folder), *beside = file_path("%s/in/sideways", w->folder);
    auto_free char *link = file_path("%s/link:/linked", w->folder);

    assert_int_equal(shell("mkdir -p %s/in/side && ln -s in %s/link", w->folder, w->folder), 0);
    assert_folder(two, w->folder, w->folder, "/mnt/host");
    assert_folder(two, w->folder, in, "/mnt/host/in");
    assert_folder(two, w->folder, side, "/deep");
    assert_folder(two, w->folder, below, "/deep/a b");
    assert_folder(two, w->folder, beside, "/mnt/host/in/sideways");
    assert_folder(two, w->folder, "/usr", "none");
    assert_folder(link, "/nowhere", side, "/linked/side"); /* a share that is a link is where it leads */
    assert_folder("none", w->folder, in, "none");
    assert_folder("rubbish", w->folder, in, "none");
    assert_folder("/:/all", w->folder, "/usr/bin", "/all/usr/bin");
    assert_folder("/:/all/", w->folder, "/", "/all");
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_session__in_out_error_and_status),
        test(test_session__death_by_a_signal_is_128_and_more),
        test(test_session__more_than_any_window_both_ways),
        test(test_session_pause__holds_everything),
        test(test_session_signal__reaches_the_command),
        test(test_session__guests_that_do_not_keep_to_it),
        test(test_session__a_guest_that_promises_too_much),
        test(test_session_close__before_and_after_it_is_connected),
        test(test_session_folder__by_the_innermost_share),
    };

    alarm(120); /* what hangs ends */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against servers that do what a good one never would; each runs in a child process. */
#include "core/ctl.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "vmm/ctl.h"

#define PATIENCE_MS 20000 /* a client that hangs fails by its state then, not by the clock */

struct world {
    char *folder;
    uv_loop_t loop;
    uv_timer_t patience;
    struct ctl *ctl;
    pid_t server;
    unsigned replies, refused, events, closed;
    char order[64];      /* the values of "n" as they came */
    char bytes[256];
    size_t len;
    struct err reply_error, close_error;
    bool close_in_reply;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    assert_int_equal(uv_loop_init(&w->loop), 0);
    uv_timer_init(&w->loop, &w->patience);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    ctl_close(w->ctl);
    uv_close((uv_handle_t *)&w->patience, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    if (w->server) {
        kill(w->server, SIGKILL);
        waitpid(w->server, NULL, 0);
    }
    fixture_leave(w->folder);
    free(w);
    return 0;
}

/* --- the server's side --- */

static int listen_at(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

/* `serve` gets the connection; its return, or the end of the test, ends the server. */
static void start_server(struct world *w, void (*serve)(int fd))
{
    int fd = listen_at("s");

    w->server = fork();
    if (w->server == 0) {
        int c = accept(fd, NULL, NULL);

        serve(c);
        _exit(0);
    }
    close(fd);
}

static void say(int fd, const char *text)
{
    if (file_write_all(fd, text, strlen(text), NULL) < 0)
        _exit(1);
}

/* Waits until that many lines have been asked. */
static void hear(int fd, int lines)
{
    char byte;

    while (lines && read(fd, &byte, 1) == 1)
        lines -= byte == '\n';
}

/* --- the client's side --- */

static void on_reply(void *ctx, const json_t *reply, const struct err *e)
{
    struct world *w = ctx;

    if (reply)
        w->replies++;
    else
        w->refused++;
    if (reply && strlen(w->order) + 1 < sizeof(w->order))
        w->order[strlen(w->order)] = (char)('0' + json_integer_value(json_object_get(reply, "n")));
    w->reply_error = *e;
    if (w->close_in_reply)
        ctl_close(steal_ptr(&w->ctl));
}

static void on_event(void *ctx, const json_t *event)
{
    struct world *w = ctx;

    w->events += json_object_get(event, "event") != NULL;
}

static void on_bytes(void *ctx, const char *p, size_t len)
{
    struct world *w = ctx;

    for (size_t i = 0; i < len && w->len < sizeof(w->bytes) - 1; i++)
        w->bytes[w->len++] = p[i];
}

static void on_closed(void *ctx, const struct err *e)
{
    struct world *w = ctx;

    w->closed++;
    w->close_error = *e;
    w->ctl = NULL;
}

static void connect_to(struct world *w, const char *path)
{
    static const struct ctl_events ev = {on_event, on_bytes, on_closed};
    struct err e = {0};

    w->ctl = ctl_open(&w->loop, path, &ev, w, &e);
    if (!w->ctl)
        fail_msg("%s", e.msg);
}

static void ask(struct world *w, unsigned n)
{
    while (n--)
        ctl_send(w->ctl, json_pack("{ss}", "cmd", "status"), on_reply, w);
}

static void on_patience(uv_timer_t *t)
{
    uv_stop(t->loop);
}

static void wait_until(struct world *w, const unsigned *count, unsigned n)
{
    uv_timer_start(&w->patience, on_patience, PATIENCE_MS, 0);
    while (*count < n && uv_is_active((uv_handle_t *)&w->patience))
        uv_run(&w->loop, UV_RUN_ONCE);
    uv_timer_stop(&w->patience);
    assert_int_equal(*count, n);
}

/* A server that has this effect: all that was asked is refused, the connection ends, with these words. */
static void assert_gone(struct world *w, void (*serve)(int fd), const char *says)
{
    start_server(w, serve);
    connect_to(w, "s");
    ask(w, 3);
    wait_until(w, &w->closed, 1);
    assert_int_equal(w->refused + w->replies, 3); /* every request is answered for */
    assert_says(w->close_error, says);
    if (w->refused)
        assert_int_equal(w->reply_error.code, w->close_error.code);
}

/* --- tests --- */

static void serve_well(int fd)
{
    hear(fd, 3);
    say(fd, "{\"ok\": true, \"n\": 1}\n{\"event\": \"phase\"}\n{\"ok\": true, \"n\"");
    usleep(1000);
    say(fd, ": 2}\n{\"event\": \"state\"}\n{\"ok\": true, \"n\": 3}\n");
    pause();
}

static void test_ctl__replies_keep_their_order_between_events(void **state)
{
    struct world *w = *state;

    start_server(w, serve_well);
    connect_to(w, "s");
    ask(w, 3);
    wait_until(w, &w->replies, 3);
    assert_string_equal(w->order, "123");
    assert_int_equal(w->events, 2);
    assert_int_equal(w->closed, 0);
}

static void serve_refusal(int fd)
{
    hear(fd, 1);
    say(fd, "{\"ok\": false, \"error\": \"not \\u001b[31mnow\\u0007\"}\n");
    hear(fd, 1);
    say(fd, "{\"ok\": 1}\n");
    pause();
}

static void test_ctl__a_refusal_is_told_plainly_and_is_no_end(void **state)
{
    struct world *w = *state;

    start_server(w, serve_refusal);
    connect_to(w, "s");
    ask(w, 1);
    wait_until(w, &w->refused, 1);
    assert_string_equal(w->reply_error.msg, "not now?");
    ask(w, 1);
    wait_until(w, &w->refused, 2);
    assert_string_equal(w->reply_error.msg, "the machine refused");
    assert_int_equal(w->closed, 0);
}

static void serve_end(int fd)
{
    hear(fd, 1);
    say(fd, "{\"ok\": true}\n{\"ok\": tr");
    shutdown(fd, SHUT_RDWR);
}

static void serve_nothing(int fd)
{
    close(fd);
}

static void serve_long_line(int fd)
{
    char *line = malloc(CTL_LINE_MAX + 1);

    memset(line, '[', CTL_LINE_MAX + 1);
    for (;;) /* for ever, without a newline */
        if (file_write_all(fd, line, CTL_LINE_MAX, NULL) < 0)
            _exit(0);
}

static void serve_garbage(int fd)
{
    say(fd, "\377\376]]]\n");
    pause();
}

static void serve_array(int fd)
{
    say(fd, "[{\"ok\": true}]\n");
    pause();
}

static void serve_empty_lines(int fd)
{
    say(fd, "\n\n\n");
    pause();
}

static void serve_too_much(int fd)
{
    hear(fd, 3);
    for (int i = 0; i < 4; i++)
        say(fd, "{\"ok\": true}\n");
    pause();
}

static void serve_deep_nesting(int fd)
{
    char *line = malloc(60002);

    memset(line, '[', 60000);
    line[60000] = '\n';
    line[60001] = '\0';
    say(fd, line);
    pause();
}

#define HOSTILE(name, serve, says)                                                                 \
    static void test_ctl__##name(void **state)                                                     \
    {                                                                                              \
        assert_gone(*state, serve, says);                                                          \
    }
HOSTILE(a_server_that_closes_early, serve_end, "closed its control socket")
HOSTILE(a_server_that_closes_at_once, serve_nothing, "control socket")
HOSTILE(a_line_without_an_end, serve_long_line, "too long")
HOSTILE(garbage, serve_garbage, "does not speak JSON")
HOSTILE(json_that_is_no_object, serve_array, "does not speak JSON")
HOSTILE(empty_lines, serve_empty_lines, "does not speak JSON")
HOSTILE(answers_that_nobody_asked, serve_too_much, "answers what nobody asked")
HOSTILE(nesting_without_end, serve_deep_nesting, "does not speak JSON")

static void serve_last_words(int fd)
{
    hear(fd, 1);
    raise(SIGSTOP);
    say(fd, "{\"ok\": true, \"n\": 5}\n");
}

/* A machine that is saved answers and ends; who looks at it may ask just then. */
static void test_ctl__an_answer_before_the_end_counts_whatever_is_asked_then(void **state)
{
    struct world *w = *state;
    int status;

    start_server(w, serve_last_words);
    connect_to(w, "s");
    ask(w, 1);
    while (waitpid(w->server, &status, WUNTRACED | WNOHANG) == 0)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_true(WIFSTOPPED(status));
    kill(w->server, SIGCONT);
    waitpid(w->server, NULL, 0);
    w->server = 0;
    ask(w, 1);
    wait_until(w, &w->closed, 1);
    assert_string_equal(w->order, "5");
    assert_int_equal(w->refused, 1);
    assert_says(w->close_error, "closed its control socket");
}

static void serve_longest_line(int fd)
{
    static char line[CTL_LINE_MAX + 1];

    memset(line, ' ', CTL_LINE_MAX);
    memcpy(line, "{\"ok\": true, \"n\": 7}", 20);
    line[CTL_LINE_MAX - 1] = '\n';
    hear(fd, 1);
    say(fd, line);
    pause();
}

static void test_ctl__the_longest_line_allowed_passes(void **state)
{
    struct world *w = *state;

    start_server(w, serve_longest_line);
    connect_to(w, "s");
    ask(w, 1);
    wait_until(w, &w->replies, 1);
    assert_string_equal(w->order, "7");
}

static void serve_silence(int fd)
{
    (void)fd;
    pause();
}

/* What it does not read cannot hold the client up, and closing ends all at once, with no callback. */
static void test_ctl__a_server_that_never_answers_can_be_left(void **state)
{
    struct world *w = *state;

    start_server(w, serve_silence);
    connect_to(w, "s");
    ask(w, 20000);
    for (int i = 0; i < 20; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    ctl_close(steal_ptr(&w->ctl));
    uv_run(&w->loop, UV_RUN_DEFAULT); /* returns: nothing is left to wait for */
    assert_int_equal(w->replies + w->refused + w->closed, 0);
}

static void test_ctl_close__in_a_reply(void **state)
{
    struct world *w = *state;

    w->close_in_reply = true;
    start_server(w, serve_well);
    connect_to(w, "s");
    ask(w, 3);
    wait_until(w, &w->replies, 1);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_string_equal(w->order, "1");
    assert_int_equal(w->closed + w->refused, 0);
    ctl_close(NULL);
}

static void test_ctl_open__no_socket_and_a_stale_one(void **state)
{
    struct world *w = *state;

    connect_to(w, "none");
    ask(w, 2);
    wait_until(w, &w->closed, 1);
    assert_int_equal(w->refused, 2);
    assert_int_equal(w->close_error.code, ENOENT);
    close(listen_at("stale")); /* its owner is dead, its name stays */
    connect_to(w, "stale");
    ask(w, 1);
    wait_until(w, &w->closed, 2);
    assert_int_equal(w->close_error.code, ECONNREFUSED);
    assert_says(w->close_error, "does not answer");
}

static void serve_console(int fd)
{
    char typed[3] = "";

    hear(fd, 2);
    say(fd, "{\"ok\": true, \"n\": 1}\n{\"ok\": true, \"n\": 2}\n{\"no\": \"json\n");
    if (file_read_all(fd, typed, 2, NULL) < 0)
        _exit(1);
    say(fd, typed);
    pause();
}

static void test_ctl_console__bytes_from_its_reply_on(void **state)
{
    struct world *w = *state;

    start_server(w, serve_console);
    connect_to(w, "s");
    ask(w, 1);
    ctl_console(w->ctl, on_reply, w);
    wait_until(w, &w->replies, 2);
    ctl_write(w->ctl, "xy", 2);
    uv_timer_start(&w->patience, on_patience, PATIENCE_MS, 0);
    while (!strchr(w->bytes, 'y') && uv_is_active((uv_handle_t *)&w->patience))
        uv_run(&w->loop, UV_RUN_ONCE);
    assert_string_equal(w->bytes, "{\"no\": \"json\nxy");
    assert_int_equal(w->closed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ctl__replies_keep_their_order_between_events),
        TEST(test_ctl__a_refusal_is_told_plainly_and_is_no_end),
        TEST(test_ctl__a_server_that_closes_early),
        TEST(test_ctl__an_answer_before_the_end_counts_whatever_is_asked_then),
        TEST(test_ctl__a_server_that_closes_at_once),
        TEST(test_ctl__a_line_without_an_end),
        TEST(test_ctl__garbage),
        TEST(test_ctl__json_that_is_no_object),
        TEST(test_ctl__empty_lines),
        TEST(test_ctl__answers_that_nobody_asked),
        TEST(test_ctl__nesting_without_end),
        TEST(test_ctl__the_longest_line_allowed_passes),
        TEST(test_ctl__a_server_that_never_answers_can_be_left),
        TEST(test_ctl_close__in_a_reply),
        TEST(test_ctl_open__no_socket_and_a_stale_one),
        TEST(test_ctl_console__bytes_from_its_reply_on),
    };

    signal(SIGPIPE, SIG_IGN); /* as main does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

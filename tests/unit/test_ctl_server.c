/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/ctl_server.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "tests/unit/fake_vm.h"
#include "vmm/loop.h"

#define CLIENTS_MAX 32

struct world {
    char *folder, *path;
    struct vm vm;
    struct loop *loop;
    struct ctl_server *server;
    pthread_t thread;
};

static void *run(void *ctx)
{
    loop_run(ctx);
    return NULL;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct err e;

    w->folder = fixture_folder();
    w->path = file_path("%s/ctl.sock", w->folder);
    w->vm.viewer = -1;
    assert_non_null(w->loop = loop_new(NULL));
    w->server = ctl_server_new(w->loop, &w->vm, w->path, &e);
    assert_non_null(w->server);
    assert_int_equal(pthread_create(&w->thread, NULL, run, w->loop), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    loop_quit(w->loop);
    pthread_join(w->thread, NULL);
    ctl_server_free(w->server);
    loop_free(w->loop);
    if (w->vm.viewer >= 0)
        close(w->vm.viewer);
    assert_int_equal(access(w->path, F_OK), -1);
    fixture_remove(w->folder);
    free(w->path);
    free(w);
    return 0;
}

/* --- a client; reads wait ten seconds at most --- */

static int open_client(struct world *w)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(at.sun_path, w->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The next line; "" when the server closed. */
static const char *hear(int fd, char line[1024])
{
    size_t len = 0;

    while (len < 1023 && recv(fd, line + len, 1, 0) == 1 && line[len] != '\n')
        len++;
    line[len] = '\0';
    return line;
}

static void assert_reply(int fd, const char *request, const char *reply)
{
    char line[1024];

    say(fd, request);
    if (!strstr(hear(fd, line), reply))
        fail_msg("%s: %s is not %s", request, line, reply);
}

static void assert_calls(struct world *w, const char *calls)
{
    char got[sizeof(w->vm.calls)];

    loop_lock(w->loop);
    memcpy(got, w->vm.calls, sizeof(got));
    loop_unlock(w->loop);
    assert_string_equal(got, calls);
}

static void assert_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
    close(fd);
}

static void test_commands__reach_the_machine(void **state)
{
    struct world *w = *state;
    int fd = open_client(w);

    assert_reply(fd, "{\"cmd\":\"status\"}\n", "\"state\":\"running\"");
    assert_reply(fd, "{\"cmd\":\"stats\"}\n", "\"uptime_us\":5");
    assert_reply(fd, "{\"cmd\":\"pause\"}\n", "{\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"resume\",\"more\":[1]}\n", "{\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"stop\"}\n", "{\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"stop\",\"deadline_ms\":0,\"force\":true}\n", "{\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"resize\",\"rows\":24,\"cols\":65535}\n", "{\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"forward\",\"add\":\"8080:80\"}\n", "{\"forwards\":[\"8080:80\"],\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"forward\",\"remove\":\"8080:80\"}\n", "\"ok\":true");
    assert_reply(fd, "{\"cmd\":\"forward\"}\n", "\"ok\":true");
    assert_reply(fd, "{\"cmd\":\"forward\",\"add\":\"1:80\"}\n", "port 1 is taken");
    assert_reply(fd, "{\"cmd\":\"save\",\"path\":\"/to\",\"then\":\"end\"}\n", "{\"pause_us\":7,\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"save\",\"path\":\"/to\",\"then\":\"resume\"}\n", "\"ok\":true");
    assert_reply(fd, "{\"cmd\":\"save\",\"path\":\"/taken\",\"then\":\"end\"}\n", "there already");
    assert_reply(fd, "{\"cmd\":\"idle\",\"timeout_ms\":5000}\n", "{\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"use\"}\n", "{\"ok\":true}");
    assert_calls(w, "pause;resume;stop 0 10000;stop 1 0;resize 24 65535;forward 8080 80 1;forward 8080 80 0;"
                    "save /to 1;save /to 0;idle 5000;use;");
    w->vm.going_down = true;
    assert_reply(fd, "{\"cmd\":\"use\"}\n", "it is stopping");
    assert_reply(fd, "{\"cmd\":\"idle\"}\n", "timeout_ms: give milliseconds");
    assert_reply(fd, "{\"cmd\":\"idle\",\"timeout_ms\":-1}\n", "\"ok\":false");
    close(fd);
}

static void test_commands__bad_requests_are_answered_and_change_nothing(void **state)
{
    struct world *w = *state;
    int fd = open_client(w);
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "\"status\"",
        "null",
        "{}",
        "{\"cmd\":5}",
        "{\"cmd\":\"Status\"}",
        "{\"cmd\":\"\"}",
        "{\"cmd\":\"pause\"} x",
        "{\"cmd\":\"pause\",\"cmd\":\"resume\"}",
        "{\"cmd\":\"pa\\u0000use\"}",
        "\xff\xfe",
        "{\"cmd\":\"stop\",\"deadline_ms\":-1}",
        "{\"cmd\":\"stop\",\"deadline_ms\":3600001}",
        "{\"cmd\":\"stop\",\"deadline_ms\":\"5\"}",
        "{\"cmd\":\"stop\",\"deadline_ms\":1e3}",
        "{\"cmd\":\"stop\",\"deadline_ms\":9223372036854775807}",
        "{\"cmd\":\"forward\",\"add\":80}",
        "{\"cmd\":\"save\",\"path\":\"relative\",\"then\":\"end\"}",
        "{\"cmd\":\"save\",\"then\":\"end\"}",
        "{\"cmd\":\"save\",\"path\":\"/a\"}",
        "{\"cmd\":\"save\",\"path\":\"/a\",\"then\":\"on\"}",
        "{\"cmd\":\"forward\",\"add\":\"80\"}",
        "{\"cmd\":\"forward\",\"remove\":null}",
        "{\"cmd\":\"forward\",\"add\":\"1:1\",\"remove\":\"1:1\"}",
        "{\"cmd\":\"resize\"}",
        "{\"cmd\":\"resize\",\"rows\":0,\"cols\":80}",
        "{\"cmd\":\"resize\",\"rows\":65536,\"cols\":80}",
        "{\"cmd\":\"resize\",\"rows\":24,\"cols\":-1}",
        "{\"cmd\":\"resize\",\"rows\":24,\"cols\":true}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        say(fd, bad[i]);
        assert_reply(fd, "\n", "{\"ok\":false,\"error\":\"");
    }
    assert_calls(w, "");
    w->vm.stats_fail = true;
    assert_reply(fd, "{\"cmd\":\"stats\"}\n", "no statistics: \\\"quoted\\\"");
    assert_reply(fd, "{\"cmd\":\"status\"}\n", "\"ok\":true");
    close(fd);
}

static void test_lines__may_come_in_any_pieces(void **state)
{
    struct world *w = *state;
    char line[1024];
    int fd = open_client(w);

    say(fd, "{\"cmd\":\"pau");
    assert_reply(fd, "se\"}\n{\"cmd\":\"resume\"}\n{\"cmd\":\"status\"}\n{\"cm", "{\"ok\":true}");
    assert_string_equal(hear(fd, line), "{\"ok\":true}");
    assert_non_null(strstr(hear(fd, line), "running"));
    assert_reply(fd, "d\":\"pause\"}\r\n", "{\"ok\":true}");
    assert_calls(w, "pause;resume;pause;");
    close(fd);
}

static void test_lines__have_a_limit(void **state)
{
    struct world *w = *state;
    static const char head[] = "{\"cmd\":\"pause\"";
    auto_free char *line = malloc(CTL_LINE_MAX);
    int fd = open_client(w);
    char reply[1024];

    memset(line, ' ', CTL_LINE_MAX);
    memcpy(line, head, sizeof(head) - 1);
    memcpy(line + CTL_LINE_MAX - 2, "}\n", 2);
    assert_int_equal(send(fd, line, CTL_LINE_MAX, 0), CTL_LINE_MAX);
    assert_string_equal(hear(fd, reply), "{\"ok\":true}");
    line[CTL_LINE_MAX - 2] = line[CTL_LINE_MAX - 1] = ' ';
    assert_int_equal(send(fd, line, CTL_LINE_MAX, MSG_NOSIGNAL), CTL_LINE_MAX);
    assert_closed(fd);
    assert_calls(w, "pause;");
}

static void test_events__go_to_those_who_asked(void **state)
{
    struct world *w = *state;
    int asks = open_client(w), other = open_client(w);
    char line[1024];

    assert_reply(asks, "{\"cmd\":\"events\"}\n", "{\"ok\":true}");
    assert_reply(other, "{\"cmd\":\"pause\"}\n", "{\"ok\":true}");
    loop_lock(w->loop);
    ctl_server_event(w->server, json_pack("{s:s}", "event", "state"));
    ctl_server_event(NULL, json_pack("{s:s}", "event", "nobody"));
    loop_unlock(w->loop);
    assert_string_equal(hear(asks, line), "{\"event\":\"state\"}");
    assert_reply(other, "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    close(asks);
    close(other);
}

static void test_console__hands_the_descriptor_and_what_is_typed_over(void **state)
{
    struct world *w = *state;
    int fd = open_client(w);
    char line[1024];

    assert_reply(fd, "{\"cmd\":\"console\"}\n{\"cmd\":\"pause\"}\n", "{\"ok\":true}");
    assert_calls(w, "viewer {\"cmd\":\"pause\"}\n;"); /* no request any more */
    say(w->vm.viewer, "login: \n");
    assert_string_equal(hear(fd, line), "login: ");
    close(fd);
    w->vm.viewer_fail = true;
    fd = open_client(w);
    assert_reply(fd, "{\"cmd\":\"console\"}\n", "{\"ok\":true}");
    assert_closed(fd);
}

/* Replies that still wait would be lost, and the console's bytes come amid a line. */
static void test_console__of_a_client_that_has_not_read_is_refused(void **state)
{
    struct world *w = *state;
    static char padding[400 * 1024];
    int fd = open_client(w);
    char byte = 0, last = 0;

    memset(padding, 'p', sizeof(padding) - 1);
    w->vm.padding = padding;
    say(fd, "{\"cmd\":\"status\"}\n{\"cmd\":\"console\"}\n");
    while (recv(fd, &byte, 1, 0) == 1)
        last = byte;
    assert_int_equal(last, 'p');
    assert_calls(w, "");
    close(fd);
}

static void test_clients__that_do_not_read_are_dropped(void **state)
{
    struct world *w = *state;
    static char padding[64 * 1024];
    int fd = open_client(w), good, sent = 0;

    memset(padding, 'p', sizeof(padding) - 1);
    w->vm.padding = padding;
    while (sent < 100000 && send(fd, "{\"cmd\":\"status\"}\n", 17, MSG_NOSIGNAL) == 17)
        sent++;
    assert_true(errno == EPIPE || errno == ECONNRESET);
    close(fd);
    good = open_client(w);
    assert_reply(good, "{\"cmd\":\"pause\"}\n", "{\"ok\":true}");
    close(good);
}

static void test_clients__are_bounded_and_leave_room_when_they_go(void **state)
{
    struct world *w = *state;
    int fd[CLIENTS_MAX], more;

    for (int i = 0; i < CLIENTS_MAX; i++) {
        fd[i] = open_client(w);
        assert_reply(fd[i], "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    }
    more = open_client(w);
    assert_closed(more);
    say(fd[3], "{\"cmd\":\"half a req");
    close(fd[3]);
    assert_reply(fd[4], "{\"cmd\":\"resume\"}\n",
                 "{\"ok\":true}"); /* by then the end of 3 is seen, or ... */
    assert_reply(fd[5], "{\"cmd\":\"resume\"}\n",
                 "{\"ok\":true}"); /* ... in the turn before this one */
    fd[3] = open_client(w);
    assert_reply(fd[3], "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    for (int i = 0; i < CLIENTS_MAX; i++)
        close(fd[i]);
}

static void test_new__replaces_a_stale_socket_and_keeps_others_out(void **state)
{
    struct world *w = *state;
    auto_free char *path = file_path("%s/other.sock", w->folder);
    auto_free char *folder = file_path("%s/none/ctl.sock", w->folder);
    struct ctl_server *s;
    char long_path[200];
    struct stat st;
    struct err e;

    assert_int_equal(shell(": > %s", path), 0);
    assert_non_null(s = ctl_server_new(w->loop, &w->vm, path, &e));
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    loop_lock(w->loop);
    ctl_server_free(s);
    loop_unlock(w->loop);
    memset(long_path, 'x', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_null(ctl_server_new(w->loop, &w->vm, long_path, &e));
    assert_int_equal(e.code, ENAMETOOLONG);
    assert_null(ctl_server_new(w->loop, &w->vm, folder, &e));
    assert_int_equal(e.code, ENOENT);
}

static void test_snapshot__is_answered_when_it_is_done_and_later_requests_wait(void **state)
{
    static const char ask[] = "{\"cmd\":\"snapshot\",\"disk\":\"%s\",\"from\":\"a\",\"to\":\"b\"}\n";
    struct world *w = *state;
    char line[128];
    int fd = open_client(w), other = open_client(w);

    snprintf(line, sizeof(line), ask, "none");
    assert_reply(fd, line, "{\"ok\":false,\"error\":\"no such disk\"}");
    assert_reply(fd, "{\"cmd\":\"snapshot\"}\n", "{\"ok\":false,\"error\":\"give three texts: disk, from and to\"}");
    snprintf(line, sizeof(line), ask, "now");
    assert_reply(fd, line, "{\"frozen\":true,\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    snprintf(line, sizeof(line), ask, "later");
    say(fd, line);
    say(fd, "{\"cmd\":\"resume\"}\n"); /* waits */
    snprintf(line, sizeof(line), ask, "now");
    assert_reply(other, line, "{\"ok\":false,\"error\":\"a snapshot is being taken already\"}");
    loop_lock(w->loop);
    w->vm.snapshot_done(w->vm.snapshot_ctx, &(struct vm_snapshot_result){0},
                        &(struct err){.code = EIO, .msg = "the disk is full"});
    loop_unlock(w->loop);
    assert_reply(fd, "", "{\"frozen\":false,\"ok\":false,\"error\":\"the disk is full\"}");
    assert_reply(fd, "", "{\"ok\":true}");
    close(fd);
    close(other);
}

static void test_snapshot__with_memory_tells_what_it_took(void **state)
{
    struct world *w = *state;
    int fd = open_client(w);

    assert_reply(fd, "{\"cmd\":\"snapshot\",\"disk\":\"now\",\"from\":\"a\",\"to\":\"b\",\"memory\":\"m\"}\n",
                 "{\"ok\":false,\"error\":\"memory: give the absolute path of a folder that is not there yet\"}");
    assert_reply(fd, "{\"cmd\":\"snapshot\",\"disk\":\"now\",\"from\":\"a\",\"to\":\"b\",\"memory\":\"/m\"}\n",
                 "{\"frozen\":false,\"pause_us\":7,\"memory_bytes\":4096,\"ok\":true}");
    assert_reply(fd, "{\"cmd\":\"snapshot\",\"disk\":\"now\",\"from\":\"a\",\"to\":\"b\",\"memory\":\"/full\"}\n",
                 "{\"frozen\":false,\"pause_us\":7,\"memory_bytes\":4096,\"memory_error\":\"no room\",\"ok\":true}");
    assert_string_equal(w->vm.calls, "snapshot now a b /m;snapshot now a b /full;");
    close(fd);
}

static void test_snapshot__of_a_client_that_has_gone(void **state)
{
    struct world *w = *state;
    int fd = open_client(w), other = open_client(w);

    say(fd, "{\"cmd\":\"snapshot\",\"disk\":\"later\",\"from\":\"a\",\"to\":\"b\"}\n");
    assert_reply(other, "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    close(fd);
    assert_reply(other, "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    assert_reply(other, "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    loop_lock(w->loop);
    w->vm.snapshot_done(w->vm.snapshot_ctx, &(struct vm_snapshot_result){.frozen = true}, &(struct err){.code = 0});
    loop_unlock(w->loop);
    assert_reply(other, "{\"cmd\":\"resume\"}\n", "{\"ok\":true}");
    close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_commands__reach_the_machine),
        TEST(test_commands__bad_requests_are_answered_and_change_nothing),
        TEST(test_lines__may_come_in_any_pieces),
        TEST(test_lines__have_a_limit),
        TEST(test_events__go_to_those_who_asked),
        TEST(test_console__hands_the_descriptor_and_what_is_typed_over),
        TEST(test_console__of_a_client_that_has_not_read_is_refused),
        TEST(test_clients__that_do_not_read_are_dropped),
        TEST(test_clients__are_bounded_and_leave_room_when_they_go),
        TEST(test_snapshot__is_answered_when_it_is_done_and_later_requests_wait),
        TEST(test_snapshot__with_memory_tells_what_it_took),
        TEST(test_snapshot__of_a_client_that_has_gone),
        TEST(test_new__replaces_a_stale_socket_and_keeps_others_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

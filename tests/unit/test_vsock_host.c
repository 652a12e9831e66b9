/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vsock_host.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

struct world {
    char *folder, path[100];
    int peer, fd; /* the program's end, ours */
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    int fds[2];

    w->folder = fixture_folder();
    snprintf(w->path, sizeof(w->path), "%s/v", w->folder);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    w->peer = fds[0];
    w->fd = fds[1];
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    close(w->peer);
    close(w->fd);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

static void say(const struct world *w, const char *text)
{
    assert_int_equal(write(w->peer, text, strlen(text)), strlen(text));
}

static int dial(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
        return fd;
    close(fd);
    return -errno;
}

static void test_hello__takes_the_line_and_nothing_behind_it(void **state)
{
    struct world *w = *state;
    char rest[16] = "";
    uint32_t port = 0;

    say(w, "CONN");
    assert_int_equal(vsock_host_hello(w->fd, &port), 0);
    say(w, "ECT 9001");
    assert_int_equal(vsock_host_hello(w->fd, &port), 0);
    say(w, "\nrest");
    assert_int_equal(vsock_host_hello(w->fd, &port), 1);
    assert_int_equal(port, 9001);
    assert_int_equal(read(w->fd, rest, sizeof(rest)), 4);
    assert_string_equal(rest, "rest");
}

static void test_hello__largest_port_is_taken(void **state)
{
    struct world *w = *state;
    uint32_t port = 0;

    say(w, "CONNECT 4294967294\n");
    assert_int_equal(vsock_host_hello(w->fd, &port), 1);
    assert_int_equal(port, 4294967294u);
}

static void test_hello__nonsense_is_refused(void **state)
{
    static const char *const lines[] = {
        "\n", "CONNECT\n", "CONNECT \n", "CONNECT -1\n", "CONNECT +1\n", "CONNECT  1\n", "CONNECT 1 \n",
        "CONNECT 4294967295\n" /* any port */, "CONNECT 99999999999999999999\n", "connect 1\n",
        "CONNECT 1x\n", "GET / HTTP/1.1\n", "CONNECT 0000000000000000000000000001\n"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        uint32_t port;
        char rest[64];

        say(w, lines[i]);
        if (vsock_host_hello(w->fd, &port) >= 0)
            fail_msg("taken: %s", lines[i]);
        while (read(w->fd, rest, sizeof(rest)) > 0)
            ;
    }
}

static void test_hello__line_without_end_is_waited_for_only_while_more_may_come(void **state)
{
    struct world *w = *state;
    uint32_t port;

    say(w, "CONNECT 1");
    assert_int_equal(vsock_host_hello(w->fd, &port), 0);
    shutdown(w->peer, SHUT_WR);
    assert_int_equal(vsock_host_hello(w->fd, &port), -EPROTO);
}

static void test_hello__client_that_says_nothing_and_leaves_is_refused(void **state)
{
    struct world *w = *state;
    uint32_t port;

    assert_int_equal(vsock_host_hello(w->fd, &port), 0);
    shutdown(w->peer, SHUT_WR);
    assert_int_equal(vsock_host_hello(w->fd, &port), -EPROTO);
}

static void test_answer__names_the_port_of_the_host(void **state)
{
    struct world *w = *state;
    char line[64] = "";

    assert_int_equal(vsock_host_answer(w->fd, 4294967295u), 0);
    assert_int_equal(read(w->peer, line, sizeof(line)), strlen("OK 4294967295\n"));
    assert_string_equal(line, "OK 4294967295\n");
    close(w->peer);
    w->peer = dup(w->fd);
    assert_int_equal(vsock_host_answer(w->fd, 1), -EPIPE);
}

static void test_listen__takes_a_stale_name_over_for_its_owner_alone(void **state)
{
    struct world *w = *state;
    struct stat st;
    int first, second, client;

    first = vsock_host_listen(w->path, NULL);
    assert_true(first >= 0);
    close(first);
    assert_int_equal(dial(w->path), -ECONNREFUSED);
    second = vsock_host_listen(w->path, NULL);
    assert_true(second >= 0);
    assert_int_equal(stat(w->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    client = dial(w->path);
    assert_true(client >= 0);
    close(client);
    close(second);
}

static void test_listen__path_too_long_says_what_to_do(void **state)
{
    char path[200];
    struct err e;

    (void)state;
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(vsock_host_listen(path, &e), -ENAMETOOLONG);
    assert_says(e, "XDG_RUNTIME_DIR");
    assert_int_equal(vsock_host_connect(path, 1), -ENAMETOOLONG);
}

static void test_connect__reaches_who_listens_at_the_port_s_name(void **state)
{
    struct world *w = *state;
    char name[120];
    int listener, fd;

    assert_int_equal(vsock_host_connect(w->path, 52), -ENOENT);
    snprintf(name, sizeof(name), "%s_52", w->path);
    listener = vsock_host_listen(name, NULL);
    fd = vsock_host_connect(w->path, 52);
    assert_true(fd >= 0);
    assert_int_equal(vsock_host_connect(w->path, 53), -ENOENT);
    close(fd);
    close(listener);
    assert_int_equal(vsock_host_connect(w->path, 52), -ECONNREFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hello__takes_the_line_and_nothing_behind_it),
        TEST(test_hello__largest_port_is_taken),
        TEST(test_hello__nonsense_is_refused),
        TEST(test_hello__line_without_end_is_waited_for_only_while_more_may_come),
        TEST(test_hello__client_that_says_nothing_and_leaves_is_refused),
        TEST(test_answer__names_the_port_of_the_host),
        TEST(test_listen__takes_a_stale_name_over_for_its_owner_alone),
        TEST(test_listen__path_too_long_says_what_to_do),
        TEST(test_connect__reaches_who_listens_at_the_port_s_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

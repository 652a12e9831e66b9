/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This program is also the lxtop-net that it starts. */
#include "vmm/net_link.h"

#include "tests/unit/fixture.h"
#include "core/base/auto.h"

#include <arpa/inet.h>
#include <errno.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "vmm/net/launch.h"
#include "vmm/net/user.h"
#include "vmm/net_plan.h"
#include "vmm/spec.h"

struct world {
    struct loop *loop;
    struct net_link link;
    struct spec_net spec;
    unsigned failures;
    char failure[512];
    unsigned ups, downs;
};

static void on_note(void *ctx, const char *text)
{
    struct world *w = ctx;

    w->failures++;
    snprintf(w->failure, sizeof(w->failure), "%s", text);
}

static void on_frames(void *ctx, int fd)
{
    struct world *w = ctx;

    assert_int_equal(fd, fd < 0 ? -1 : w->link.frames_fd);
    w->ups += fd >= 0;
    w->downs += fd < 0;
}

static const struct net_link_events events = {.note = on_note, .frames = on_frames};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    setenv("LXTOP_NET", "/proc/self/exe", 1);
    w->loop = loop_new(NULL);
    w->spec.on = true;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    net_link_stop(&w->link);
    loop_free(w->loop);
    free(w);
    return 0;
}

static void start(struct world *w)
{
    struct err e = {0};

    assert_ok(net_link_start(&w->link, w->loop, &w->spec, &events, w, &e), e);
}

/* A port of the loopback that nobody listens at; or the socket that does, in *fd. */
static uint16_t a_port(int *fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s, 1), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&at, &len), 0);
    if (fd)
        *fd = s;
    else
        close(s);
    return ntohs(at.sin_port);
}

static bool listens(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    auto_close int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(s, (struct sockaddr *)&at, sizeof(at)) == 0;
}

static struct forward to(uint16_t port)
{
    return (struct forward){.host = {127, 0, 0, 1}, .host_port = port, .guest_port = 80};
}

/* What the loop would do once something has come. */
static void wait_for_news(struct world *w)
{
    struct pollfd p = {.fd = w->link.requests_fd, .events = POLLIN};

    assert_int_equal(poll(&p, 1, 20000), 1);
    w->link.watch.fn(w->link.watch.ctx, 1);
}

static int count_fds(void)
{
    auto_closedir DIR *d = opendir("/proc/self/fd");
    int n = 0;

    while (readdir(d))
        n++;
    return n;
}

static void test_forwards__come_and_go(void **state)
{
    struct world *w = *state;
    struct forward f = to(a_port(NULL));
    struct err e = {0};

    start(w);
    assert_ok(net_link_add(&w->link, &f, &e), e);
    assert_true(listens(f.host_port));
    assert_int_equal(w->link.forwards, 1);
    assert_ok(net_link_add(&w->link, &f, &e), e); /* as it is */
    f.guest_port++;
    assert_int_equal(net_link_add(&w->link, &f, &e), -EEXIST);
    assert_says(e, "forwarded already");
    assert_int_equal(net_link_remove(&w->link, &f, &e), -ENOENT);
    assert_int_equal(w->link.forwards, 1);
    f.guest_port--;
    assert_ok(net_link_remove(&w->link, &f, &e), e);
    assert_false(listens(f.host_port));
    assert_int_equal(w->link.forwards, 0);
    assert_int_not_equal(net_link_remove(&w->link, &f, &e), 0);
    assert_says(e, "there is no such forward");
}

/* The process of the network that there is, a child of lxtop-net's. */
static pid_t network_of(const struct world *w)
{
    auto_free char *command = file_path("pgrep -P %d", (int)w->link.process.pid);
    FILE *f = popen(command, "r");
    int pid = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &pid), 1);
    pclose(f);
    return pid;
}

/* They wait in the kernel while lxtop-net does something else; libslirp would let two of them. */
static void test_add__listens_to_many_at_once(void **state)
{
    struct world *w = *state;
    struct forward f = to(a_port(NULL));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(f.host_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pollfd p[50];
    struct err e = {0};

    start(w);
    assert_ok(net_link_add(&w->link, &f, &e), e);
    kill(network_of(w), SIGSTOP);
    for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
        p[i] = (struct pollfd){socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), POLLOUT, 0};
        connect(p[i].fd, (struct sockaddr *)&at, sizeof(at));
    }
    assert_int_equal(poll(p, ARRAY_SIZE(p), 0), ARRAY_SIZE(p));
    for (size_t i = 0; i < ARRAY_SIZE(p); i++)
        close(p[i].fd);
    kill(network_of(w), SIGCONT);
}

/* Whatever this process may have: each costs memory, and it is the guest that opens them. */
static void test_start__connections_are_bounded(void **state)
{
    struct rlimit before, many, its = {0};
    struct world *w = *state;

    getrlimit(RLIMIT_NOFILE, &before);
    many = (struct rlimit){before.rlim_max, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &many);
    w->spec.forward[w->spec.forwards++] = to(a_port(NULL));
    start(w);
    while (w->link.unanswered)
        wait_for_news(w);
    assert_int_equal(prlimit(network_of(w), RLIMIT_NOFILE, NULL, &its), 0);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_in_range(its.rlim_max, 1, NET_SOCKETS_MAX);
}

static void test_start__a_port_that_is_taken_is_told_and_no_more(void **state)
{
    struct world *w = *state;
    int taken;

    w->spec.forward[0] = to(a_port(&taken));
    w->spec.forward[1] = to(a_port(NULL));
    w->spec.forwards = 2;
    start(w);
    while (w->link.unanswered)
        wait_for_news(w);
    assert_int_equal(w->failures, 1);
    assert_non_null(strstr(w->failure, "in use"));
    assert_int_equal(w->link.forwards, 1);
    assert_true(forward_same(&w->link.forward[0], &w->spec.forward[1]));
    assert_true(listens(w->spec.forward[1].host_port));
    close(taken);
}

/* The answers of the start come first, whoever waits. */
static void test_add__right_behind_the_start(void **state)
{
    struct world *w = *state;
    struct forward f = to(a_port(NULL));
    struct err e = {0};
    int taken;

    w->spec.forward[w->spec.forwards++] = to(a_port(&taken));
    start(w);
    assert_ok(net_link_add(&w->link, &f, &e), e);
    assert_int_equal(w->failures, 1);
    assert_int_equal(w->link.forwards, 1);
    assert_true(forward_same(&w->link.forward[0], &f));
    close(taken);
}

/* The timer that starts it again, as if its time had come. */
static void wait_for_restart(struct world *w)
{
    struct loop_timer *t = &w->link.restart;

    t->fn(t->ctx, 0);
}

/* Once it has answered; the answer of a killed one is its end. */
static void kill_network(struct world *w)
{
    struct forward f = to(a_port(NULL));
    struct err e = {0};

    assert_ok(net_link_add(&w->link, &f, &e), e);
    assert_ok(net_link_remove(&w->link, &f, &e), e);
    kill(network_of(w), SIGKILL);
    wait_for_news(w);
}

static void test_end__of_the_process_is_told_and_it_is_started_again(void **state)
{
    struct world *w = *state;
    struct forward kept = to(a_port(NULL)), added = to(a_port(NULL)), other = to(a_port(NULL));
    struct forward gone = to(a_port(NULL));
    struct err e = {0};

    w->spec.forward[w->spec.forwards++] = kept;
    w->spec.forward[w->spec.forwards++] = gone;
    start(w);
    assert_ok(net_link_add(&w->link, &added, &e), e);
    kill_network(w);
    assert_int_equal(w->failures, 1);
    assert_non_null(strstr(w->failure, "ended"));
    assert_int_equal(w->downs, 1);
    assert_int_not_equal(net_link_add(&w->link, &other, &e), 0);
    assert_says(e, "soon");
    while (listens(kept.host_port)) /* its descriptors close one after the other */
        usleep(1000);
    assert_ok(net_link_remove(&w->link, &gone, &e), e);
    wait_for_restart(w);
    assert_int_equal(w->ups, 1);
    assert_ok(net_link_add(&w->link, &other, &e), e);
    assert_true(listens(kept.host_port));
    assert_true(listens(added.host_port));
    assert_true(listens(other.host_port));
    assert_false(listens(gone.host_port));
    assert_int_equal(w->failures, 1);
}

static int restart_due_ms(const struct world *w)
{
    struct itimerspec at;

    assert_int_equal(timerfd_gettime(w->link.restart.watch.fd, &at), 0);
    return (int)(at.it_value.tv_sec * 1000 + at.it_value.tv_nsec / 1000000);
}

static void test_end__right_after_a_start_waits_before_the_next(void **state)
{
    struct world *w = *state;

    start(w);
    kill_network(w);
    assert_in_range(restart_due_ms(w), 1, NET_RESTART_MS);
    wait_for_restart(w);
    w->link.began_ms -= NET_RESTART_MS;
    kill_network(w);
    assert_int_equal(restart_due_ms(w), 0);
}

static void test_restart__that_fails_is_tried_again(void **state)
{
    struct world *w = *state;
    struct rlimit before, none;

    start(w);
    kill_network(w);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    wait_for_restart(w);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(w->ups, 0);
    assert_non_null(strstr(w->failure, "Too many open files"));
    assert_in_range(restart_due_ms(w), 1, NET_RESTART_MS);
    wait_for_restart(w);
    assert_int_equal(w->ups, 1);
}

static void test_restart__without_the_process_is_told_and_no_more(void **state)
{
    struct world *w = *state;

    start(w);
    w->link.began_ms -= NET_RESTART_MS;
    kill(w->link.process.pid, SIGKILL); /* its network goes with it */
    wait_for_news(w);
    while (waitid(P_PID, (id_t)w->link.process.pid, &(siginfo_t){0}, WEXITED | WNOWAIT) < 0)
        assert_int_equal(errno, EINTR);
    wait_for_restart(w);
    assert_int_equal(w->ups, 0);
    assert_non_null(strstr(w->failure, "lxtop-net is gone"));
    assert_int_equal(restart_due_ms(w), 0);
}

static void test_stop__leaves_no_process_and_no_descriptor(void **state)
{
    struct world *w = *state;
    int before = count_fds();
    pid_t pid;

    for (int i = 0; i < 3; i++) {
        start(w);
        pid = w->link.process.pid;
        net_link_stop(&w->link);
        assert_int_equal(kill(pid, 0), -1);
        assert_int_equal(count_fds(), before);
    }
}

static void test_start__without_the_program_says_its_name(void **state)
{
    struct world *w = *state;
    struct forward f = to(1);
    struct err e = {0};

    setenv("LXTOP_NET", "/nowhere/lxtop-net", 1);
    assert_int_not_equal(net_link_start(&w->link, w->loop, &w->spec, &events, w, &e), 0);
    assert_says(e, "the network needs lxtop-net, which is not");
    w->link = (struct net_link){0}; /* a machine without a network */
    assert_int_not_equal(net_link_add(&w->link, &f, &e), 0);
    assert_says(e, "no network");
}

static void be_network(int frames_fd, int requests_fd, void *ctx)
{
    struct user *u = user_new(frames_fd, requests_fd, false, NULL);

    (void)ctx;
    user_run(u);
    user_free(u);
}

static int be_lxtop_net(void)
{
    launch_run(NET_LAUNCH_FD, be_network, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_forwards__come_and_go),
        T(test_add__listens_to_many_at_once),
        T(test_start__connections_are_bounded),
        T(test_start__a_port_that_is_taken_is_told_and_no_more),
        T(test_add__right_behind_the_start),
        T(test_end__of_the_process_is_told_and_it_is_started_again),
        T(test_end__right_after_a_start_waits_before_the_next),
        T(test_restart__that_fails_is_tried_again),
        T(test_restart__without_the_process_is_told_and_no_more),
        T(test_stop__leaves_no_process_and_no_descriptor),
        T(test_start__without_the_program_says_its_name),
    };

    (void)argc;
    if (strcmp(argv[0], "lxtop-net") == 0)
        return be_lxtop_net();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

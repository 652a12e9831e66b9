/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/loop.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define WATCHES 4

struct world {
    struct loop *loop;
    struct loop_watch watch[WATCHES];
    int fd[WATCHES];
    unsigned calls[WATCHES];
    struct loop_timer timer, second;
    unsigned ticks;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w->loop = loop_new(NULL));
    for (int i = 0; i < WATCHES; i++) {
        w->watch[i].fd = -1;
        w->fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    w->timer.watch.fd = w->second.watch.fd = -1;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < WATCHES; i++) {
        loop_remove(w->loop, &w->watch[i]);
        close(w->fd[i]);
    }
    loop_timer_release(w->loop, &w->timer);
    loop_timer_release(w->loop, &w->second);
    loop_free(w->loop);
    free(w);
    return 0;
}

static void raise_event(int fd)
{
    uint64_t one = 1;

    assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void quit(void *ctx, uint32_t events)
{
    struct world *w = ctx;

    (void)events;
    w->ticks++;
    loop_quit(w->loop);
}

/* Takes its own event, removes all others: of a batch only one is ever called. */
static void remove_others(void *ctx, uint32_t events)
{
    struct world *w = ctx;

    (void)events;
    for (int i = 0; i < WATCHES; i++)
        loop_remove(w->loop, &w->watch[i]);
    w->calls[0]++;
    loop_timer_set(&w->timer, 1);
}

static void test_remove__in_a_batch_keeps_the_others_from_running(void **state)
{
    struct world *w = *state;

    assert_int_equal(loop_timer_init(w->loop, &w->timer, quit, w, NULL), 0);
    for (int i = 0; i < WATCHES; i++) {
        raise_event(w->fd[i]);
        assert_int_equal(loop_add(w->loop, &w->watch[i], w->fd[i], EPOLLIN, remove_others, w, NULL),
                         0);
    }
    loop_run(w->loop);
    assert_int_equal(w->calls[0], 1);
    for (int i = 0; i < WATCHES; i++)
        assert_int_equal(w->watch[i].fd, -1);
}

static void quit_at_once(void *ctx, uint32_t events)
{
    struct world *w = ctx;

    (void)events;
    w->calls[0]++;
    loop_quit(w->loop);
    loop_quit_at_once(w->loop);
}

/* What else has happened by then is for nobody. */
static void test_quit_at_once__none_of_the_batch_is_called_any_more(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < WATCHES; i++) {
        raise_event(w->fd[i]);
        assert_int_equal(loop_add(w->loop, &w->watch[i], w->fd[i], EPOLLIN, quit_at_once, w, NULL), 0);
    }
    loop_run(w->loop);
    assert_int_equal(w->calls[0], 1);
}

static void count_and_quit_at_3(void *ctx, uint32_t events)
{
    struct world *w = ctx;

    assert_int_equal(events, EPOLLIN);
    if (++w->calls[0] == 3)
        loop_quit(w->loop);
}

static void test_run__is_level_triggered(void **state)
{
    struct world *w = *state;

    raise_event(w->fd[0]);
    assert_int_equal(
        loop_add(w->loop, &w->watch[0], w->fd[0], EPOLLIN, count_and_quit_at_3, w, NULL), 0);
    loop_run(w->loop);
    assert_in_range(w->calls[0], 3, 4); /* the quit is an event of its own */
}

static void test_modify__stops_and_starts_events(void **state)
{
    struct world *w = *state;

    raise_event(w->fd[0]);
    assert_int_equal(
        loop_add(w->loop, &w->watch[0], w->fd[0], EPOLLIN, count_and_quit_at_3, w, NULL), 0);
    loop_modify(w->loop, &w->watch[0], 0);
    loop_quit(w->loop);
    loop_run(w->loop);
    assert_int_equal(w->calls[0], 0);
    loop_remove(w->loop, &w->watch[0]);
    loop_modify(w->loop, &w->watch[0], EPOLLIN); /* of what is not watched: nothing */
    loop_remove(w->loop, &w->watch[0]);
}

static void test_add__refuses_what_cannot_be_watched(void **state)
{
    struct world *w = *state;
    struct err e;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    assert_int_equal(loop_add(w->loop, &w->watch[0], file, EPOLLIN, quit, w, &e), -EPERM);
    assert_int_equal(w->watch[0].fd, -1);
    assert_int_equal(loop_add(w->loop, &w->watch[0], -1, EPOLLIN, quit, w, &e), -EBADF);
    assert_int_equal(loop_add(w->loop, &w->watch[0], w->fd[0], EPOLLIN, quit, w, &e), 0);
    assert_int_equal(loop_add(w->loop, &w->watch[1], w->fd[0], EPOLLIN, quit, w, &e), -EEXIST);
    close(file);
}

static void tick(void *ctx, uint32_t events)
{
    (void)events;
    ((struct world *)ctx)->ticks += 100;
}

static void test_timer__fires_once_and_a_stopped_one_never(void **state)
{
    struct world *w = *state;

    assert_int_equal(loop_timer_init(w->loop, &w->timer, quit, w, NULL), 0);
    assert_int_equal(loop_timer_init(w->loop, &w->second, tick, w, NULL), 0);
    loop_timer_set(&w->second, 1);
    loop_timer_set(&w->second, -1);
    loop_timer_set(&w->timer, 30);
    loop_run(w->loop);
    assert_int_equal(w->ticks, 1);
}

static void test_timer__at_once_and_moved(void **state)
{
    struct world *w = *state;

    assert_int_equal(loop_timer_init(w->loop, &w->timer, quit, w, NULL), 0);
    assert_int_equal(loop_timer_init(w->loop, &w->second, tick, w, NULL), 0);
    loop_timer_set(&w->second, 3600 * 1000);
    loop_timer_set(&w->second, 0);
    loop_timer_set(&w->timer, 30);
    loop_run(w->loop);
    assert_int_equal(w->ticks, 101);
}

static void *run(void *ctx)
{
    loop_run(ctx);
    return NULL;
}

/* The lock excludes callbacks: what a vCPU thread does under it is never seen half done. */
static void check_pair(void *ctx, uint32_t events)
{
    struct world *w = ctx;

    (void)events;
    w->ticks += w->calls[1] != w->calls[2];
    w->calls[0]++;
}

static void test_lock__keeps_callbacks_out(void **state)
{
    struct world *w = *state;
    pthread_t thread;
    unsigned seen = 0;

    raise_event(w->fd[0]);
    assert_int_equal(loop_add(w->loop, &w->watch[0], w->fd[0], EPOLLIN, check_pair, w, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, run, w->loop), 0);
    for (unsigned i = 0; i < 2000 || seen < 100; i++) {
        loop_lock(w->loop);
        __atomic_store_n(&w->calls[1], i, __ATOMIC_RELAXED);
        sched_yield();
        __atomic_store_n(&w->calls[2], i, __ATOMIC_RELAXED);
        seen = w->calls[0];
        loop_unlock(w->loop);
    }
    loop_quit(w->loop); /* from another thread */
    pthread_join(thread, NULL);
    assert_int_equal(w->ticks, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_remove__in_a_batch_keeps_the_others_from_running),
        TEST(test_quit_at_once__none_of_the_batch_is_called_any_more),
        TEST(test_run__is_level_triggered),
        TEST(test_modify__stops_and_starts_events),
        TEST(test_add__refuses_what_cannot_be_watched),
        TEST(test_timer__fires_once_and_a_stopped_one_never),
        TEST(test_timer__at_once_and_moved),
        TEST(test_lock__keeps_callbacks_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

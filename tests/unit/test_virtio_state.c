/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices saved and loaded: what comes back, and what of a hostile file is refused. */
#include "vmm/virtio.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include <sys/socket.h>

#include "core/base/state.h"
#include "tests/unit/driver.h"
#include "vmm/virtio_balloon.h"
#include "vmm/virtio_console.h"
#include "vmm/virtio_mmio.h"
#include "vmm/virtio_net.h"
#include "vmm/virtio_vsock.h"

#define SIZE 8

struct world {
    struct mem mem;
    struct loop *loop;
    struct virtio_balloon balloon;
    struct driver d[3];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    w->loop = loop_new(NULL);
    virtio_balloon_init(&w->balloon, &w->mem);
    driver_start(w->d, 3, SIZE, &w->balloon.v, &w->mem, VIRTIO_FEATURE_EVENT_IDX);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    loop_free(w->loop);
    mem_release(&w->mem);
    free(w);
    return 0;
}

/* What is loaded into `to` of what `from` is now; the reason in `e` where it is refused. */
static int carry(struct virtio *from, struct virtio *to, struct err *e)
{
    struct state out, in;
    int r;

    state_save(&out);
    virtio_quiesce(from);
    virtio_state(from, &out);
    r = state_finish(&out, e);
    if (r == 0) {
        state_load(&in, out.out, out.len);
        virtio_state(to, &in);
        r = state_finish(&in, e);
    }
    state_release(&out);
    return r;
}

static void test_device__goes_on_where_it_was(void **state)
{
    struct world *w = *state;
    struct virtio_balloon other;
    struct err e = {0};

    for (unsigned i = 0; i < 5; i++) {
        driver_chain(&w->d[1], 0, &(struct desc_entry){DRIVER_DATA_AT, 4, 0, 0}, 1);
        w->balloon.v.class->notify(&w->balloon.v, 1);
    }
    w->balloon.actual = 77;
    virtio_balloon_init(&other, &w->mem);
    assert_ok(carry(&w->balloon.v, &other.v, &e), e);
    assert_int_equal(other.actual, 77);
    assert_true(other.v.queue[1].event_idx);
    driver_chain(&w->d[1], 0, &(struct desc_entry){DRIVER_DATA_AT, 4, 0, 0}, 1);
    other.v.class->notify(&other.v, 1);
    assert_int_equal(driver_used_index(&w->d[1]), 6);
}

static void refused(struct world *w, const char *says)
{
    struct virtio_balloon other;
    struct err e = {0};

    virtio_balloon_init(&other, &w->mem);
    assert_int_equal(carry(&w->balloon.v, &other.v, &e), -EINVAL);
    assert_says(e, says);
    virtio_set_status(&other.v, 0); /* what was refused half-way can still be taken down */
}

static void test_load__queue_outside_of_memory_is_refused(void **state)
{
    struct world *w = *state;

    w->balloon.v.queue[1].used = GPA(DRIVER_MEM - 8);
    refused(w, "size or addresses");
    w->balloon.v.queue[1].used = GPA(UINT64_MAX - 3);
    refused(w, "size or addresses");
}

static void test_load__queue_of_a_wrong_size_is_refused(void **state)
{
    struct world *w = *state;

    w->balloon.v.queue[0].size = 128;
    refused(w, "a queue of 128");
    w->balloon.v.queue[0].size = 6;
    refused(w, "size or addresses");
    w->balloon.v.queue[0].size = 0;
    refused(w, "size or addresses");
}

static void test_load__features_never_offered_are_refused(void **state)
{
    struct world *w = *state;

    w->balloon.v.features |= 1ULL << 40;
    refused(w, "never offered");
    w->balloon.v.features = 0;
    refused(w, "never offered");
}

static void test_load__impossible_status_is_refused(void **state)
{
    struct world *w = *state;

    w->balloon.v.status = VIRTIO_DRIVER_OK;
    refused(w, "a status of 0x4");
    w->balloon.v.status = 0x10;
    refused(w, "a status of 0x10");
    w->balloon.v.status = VIRTIO_ACKNOWLEDGE; /* with queues that are ready */
    refused(w, "size or addresses");
}

static void test_save__with_a_request_under_way_is_refused(void **state)
{
    struct world *w = *state;

    w->balloon.v.queue[2].next_avail++;
    refused(w, "still under way");
}

static void test_load__into_another_device_is_refused(void **state)
{
    struct world *w = *state;
    struct virtio_vsock *s = calloc(1, sizeof(*s));
    struct virtio_balloon less;
    struct err e = {0};

    assert_int_equal(virtio_vsock_init(s, &w->mem, w->loop, NULL, NULL), 0);
    assert_int_equal(carry(&w->balloon.v, &s->v, &e), -EINVAL);
    assert_says(e, "'balloon' when it was saved, 'vsock' now");
    virtio_vsock_release(s);
    free(s);
    virtio_balloon_init(&less, &w->mem);
    less.v.features_offered &= ~VIRTIO_FEATURE_INDIRECT;
    assert_int_equal(carry(&w->balloon.v, &less.v, &e), -EINVAL);
    assert_says(e, "features of a device");
}

/* --- single devices --- */

static void ignore(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
}

static void test_console__keeps_what_was_typed_and_no_more(void **state)
{
    static const struct virtio_console_port ports[] = {{.output = ignore}, {.name = "p", .output = ignore}};
    struct world *w = *state;
    struct virtio_console one, two;
    struct err e = {0};

    virtio_console_init(&one, &w->mem, ports, 2);
    virtio_console_init(&two, &w->mem, ports, 2);
    virtio_console_input(&one, 1, "typed", 5);
    virtio_console_resize(&one, 24, 80);
    assert_ok(carry(&one.v, &two.v, &e), e);
    assert_int_equal(two.port[1].len, 5);
    assert_memory_equal(two.port[1].input, "typed", 5);
    assert_int_equal(two.cols, 80);
    one.control_len = 3;
    one.control[0] = 200; /* longer than what is there */
    assert_int_equal(carry(&one.v, &two.v, &e), -EINVAL);
    assert_says(e, "do not end where they should");
}

/* Receive buffers that were gathered, and a frame that found no room, wait in the queues again. */
static void test_net__gives_back_what_it_holds(void **state)
{
    struct world *w = *state;
    struct virtio_net one, two;
    struct driver d[2];
    struct err e = {0};
    int pair[2], other[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, other), 0);
    assert_int_equal(virtio_net_init(&one, &w->mem, w->loop, pair[0], NULL), 0);
    assert_int_equal(virtio_net_init(&two, &w->mem, w->loop, other[0], NULL), 0);
    driver_start(d, 2, SIZE, &one.v, &w->mem, 1 << 15);
    for (uint16_t i = 0; i < 3; i++)
        driver_chain(&d[0], i, &(struct desc_entry){DRIVER_DATA_AT + i * 2048ULL, 2048, WRITE, 0}, 1);
    one.v.class->notify(&one.v, 0);
    assert_true(one.chains > 0);
    assert_ok(carry(&one.v, &two.v, &e), e);
    assert_int_equal(one.chains, 0);
    assert_int_equal(one.v.queue[0].next_avail, 0);
    assert_true(send(other[1], "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 28, 0) == 28);
    two.v.class->notify(&two.v, 0);
    assert_int_equal(driver_used_index(&d[0]), 1);
    virtio_net_release(&one);
    virtio_net_release(&two);
    for (int i = 0; i < 2; i++)
        close(pair[i]), close(other[i]);
}

static void test_vsock__tells_the_guest_that_its_connections_are_gone(void **state)
{
    struct world *w = *state;
    struct virtio_vsock *one = calloc(1, sizeof(*one)), *two = calloc(1, sizeof(*two));
    struct driver d[3];
    struct err e = {0};
    uint32_t event = 99;

    assert_int_equal(virtio_vsock_init(one, &w->mem, w->loop, NULL, NULL), 0);
    assert_int_equal(virtio_vsock_init(two, &w->mem, w->loop, NULL, NULL), 0);
    driver_start(d, 3, SIZE, &one->v, &w->mem, 0);
    driver_chain(&d[2], 0, &(struct desc_entry){DRIVER_DATA_AT, 4, WRITE, 0}, 1);
    memcpy(driver_at(&d[2], DRIVER_DATA_AT, 4), &event, 4);
    one->next_port += 7;
    assert_ok(carry(&one->v, &two->v, &e), e);
    assert_int_equal(two->next_port, one->next_port);
    virtio_go_on(&one->v, false);
    assert_int_equal(driver_used_index(&d[2]), 0);
    virtio_go_on(&two->v, true);
    assert_int_equal(driver_used_index(&d[2]), 1);
    memcpy(&event, driver_at(&d[2], DRIVER_DATA_AT, 4), 4);
    assert_int_equal(event, 0);
    one->next_port = 80;
    assert_int_equal(carry(&one->v, &two->v, &e), -EINVAL);
    assert_says(e, "a host port of 80");
    virtio_vsock_release(one);
    virtio_vsock_release(two);
    free(one);
    free(two);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_device__goes_on_where_it_was),
        TEST(test_load__queue_outside_of_memory_is_refused),
        TEST(test_load__queue_of_a_wrong_size_is_refused),
        TEST(test_load__features_never_offered_are_refused),
        TEST(test_load__impossible_status_is_refused),
        TEST(test_save__with_a_request_under_way_is_refused),
        TEST(test_load__into_another_device_is_refused),
        TEST(test_console__keeps_what_was_typed_and_no_more),
        TEST(test_net__gives_back_what_it_holds),
        TEST(test_vsock__tells_the_guest_that_its_connections_are_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_net.h"

#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "tests/unit/driver.h"

enum { RX, TX, QUEUES };
#define MRG_RXBUF (1ULL << 15)
#define GUEST_CSUM (1ULL << 1)
#define RING 128
#define HEADER sizeof(struct net_header)
#define BUFFER_AT(queue, n) (DRIVER_DATA_AT + 0x100000ULL * (queue) + 0x1000ULL * (n))

struct world {
    struct mem mem;
    struct loop *loop;
    struct virtio_net n;
    struct driver d[QUEUES];
    int ours, theirs; /* theirs: lxtop-net's end */
};

static void start(struct world *w, uint64_t features)
{
    virtio_set_status(&w->n.v, 0);
    driver_start(w->d, QUEUES, RING, &w->n.v, &w->mem, features);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    w->ours = pair[0];
    w->theirs = pair[1];
    w->loop = loop_new(NULL);
    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    assert_int_equal(virtio_net_init(&w->n, &w->mem, w->loop, w->ours, NULL), 0);
    start(w, MRG_RXBUF | GUEST_CSUM);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    virtio_net_release(&w->n);
    loop_free(w->loop);
    mem_release(&w->mem);
    close(w->ours);
    if (w->theirs >= 0)
        close(w->theirs);
    free(w);
    return 0;
}

static void notify(struct world *w, unsigned queue)
{
    w->n.v.class->notify(&w->n.v, queue);
}

/* The loop has seen the socket. */
static void event(struct world *w, uint32_t events)
{
    w->n.watch.fn(w->n.watch.ctx, events);
}

static void give(struct world *w, unsigned n, uint32_t len)
{
    struct driver *d = &w->d[RX];

    for (unsigned i = 0; i < n; i++) {
        uint16_t slot = d->avail % RING;

        driver_desc(d, slot, (struct desc_entry){BUFFER_AT(RX, slot), len, WRITE, 0});
        driver_offer(d, slot);
    }
    notify(w, RX);
}

/* A frame of `len` bytes, each its place in it, behind a receipt. */
static void come(struct world *w, size_t len, uint32_t dropped)
{
    uint8_t *m = calloc(1, HEADER + len);

    memcpy(m, &dropped, sizeof(dropped));
    for (size_t i = 0; i < len; i++)
        m[HEADER + i] = (uint8_t)(i * 7);
    assert_int_equal(send(w->theirs, m, HEADER + len, 0), HEADER + len);
    free(m);
    if (w->n.fd >= 0)
        event(w, 1);
}

static struct net_header header_at(struct world *w, uint16_t used)
{
    struct net_header h;

    memcpy(&h, driver_at(&w->d[RX], BUFFER_AT(RX, driver_used(&w->d[RX], used).id), sizeof(h)), sizeof(h));
    return h;
}

static void send_out(struct world *w, const struct desc_entry *pieces, unsigned n)
{
    struct driver *d = &w->d[TX];

    driver_chain(d, (uint16_t)(d->avail * 4 % RING), pieces, n);
    notify(w, TX);
}

static void test_receive__a_small_frame_takes_one_buffer(void **state)
{
    struct world *w = *state;

    give(w, 40, 2048);
    come(w, 100, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 1);
    assert_int_equal(driver_used(&w->d[RX], 0).len, HEADER + 100);
    assert_int_equal(header_at(w, 0).num_buffers, 1);
    assert_int_equal(header_at(w, 0).flags, NET_HEADER_DATA_VALID);
    assert_int_equal(*(uint8_t *)driver_at(&w->d[RX], BUFFER_AT(RX, 0) + HEADER + 99, 1), (uint8_t)(99 * 7));
    assert_int_equal(w->n.v.stats.read_bytes, 100);
}

static void test_receive__without_guest_csum_nothing_is_said_of_checksums(void **state)
{
    struct world *w = *state;

    start(w, MRG_RXBUF);
    give(w, 40, 2048);
    come(w, 100, 0);
    assert_int_equal(header_at(w, 0).flags, 0);
}

static void test_receive__a_large_frame_lies_in_several_buffers(void **state)
{
    struct world *w = *state;
    size_t at = 0;

    give(w, 40, 2048);
    come(w, 9000, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 5); /* 9012 bytes */
    assert_int_equal(header_at(w, 0).num_buffers, 5);
    assert_int_equal(driver_used(&w->d[RX], 4).len, 9012 - 4 * 2048);
    for (uint16_t i = 0; i < 5; i++) {
        struct used_entry u = driver_used(&w->d[RX], i);
        const uint8_t *p = driver_at(&w->d[RX], BUFFER_AT(RX, u.id), u.len);

        for (size_t b = i == 0 ? HEADER : 0; b < u.len; b++, at++)
            assert_int_equal(p[b], (uint8_t)(at * 7));
    }
    assert_int_equal(at, 9000);
    come(w, 60, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 6);
}

static void test_receive__a_frame_waits_for_buffers_enough(void **state)
{
    struct world *w = *state;

    give(w, 2, 2048);
    come(w, 9000, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 0);
    give(w, 2, 2048);
    assert_int_equal(driver_used_index(&w->d[RX]), 0);
    give(w, 1, 2048);
    assert_int_equal(driver_used_index(&w->d[RX]), 5);
    assert_int_equal(w->n.v.stats.errors, 0);
}

static void test_receive__without_buffers_the_socket_fills(void **state)
{
    struct world *w = *state;
    uint8_t frame[HEADER + 1500] = {0};
    unsigned sent = 0;

    while (send(w->theirs, frame, sizeof(frame), 0) > 0)
        sent++;
    event(w, 1);
    assert_true(sent > 4 && sent < 10000);
    for (unsigned got = 0; got < sent; got = driver_used_index(&w->d[RX]))
        give(w, 1, 2048);
    assert_true(send(w->theirs, frame, sizeof(frame), 0) > 0);
}

static void test_receive__a_buffer_without_room_for_a_header_fails_the_device(void **state)
{
    struct world *w = *state;

    give(w, 1, HEADER - 1);
    assert_true(w->n.v.status & VIRTIO_NEEDS_RESET);
    come(w, 100, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 0);
    start(w, MRG_RXBUF);
    give(w, 40, 2048);
    assert_int_equal(driver_used_index(&w->d[RX]), 1); /* the frame has waited */
}

static void test_receive__buffers_of_a_header_alone_stall_only_themselves(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 100; i++)
        give(w, 1, HEADER);
    come(w, 9000, 0);
    come(w, 60, 0);
    assert_false(w->n.v.status & VIRTIO_NEEDS_RESET);
    assert_true(w->n.v.stats.errors >= 1); /* cut: no more than 64 buffers for one frame */
}

static void test_receive__without_merging_a_frame_too_long_is_dropped_and_counted(void **state)
{
    struct world *w = *state;

    start(w, 0);
    give(w, 2, 1526);
    come(w, 9000, 0);
    come(w, 1500, 0);
    assert_int_equal(w->n.v.stats.errors, 1);
    assert_int_equal(driver_used_index(&w->d[RX]), 1);
    assert_int_equal(driver_used(&w->d[RX], 0).len, HEADER + 1500);
}

static void test_receive__drops_of_the_other_side_are_counted(void **state)
{
    struct world *w = *state;

    give(w, 40, 2048);
    come(w, 60, 3);
    come(w, 60, 3);
    come(w, 60, 5);
    assert_int_equal(w->n.v.stats.errors, 5);
}

static void test_receive__a_message_too_short_for_a_frame_is_dropped(void **state)
{
    struct world *w = *state;

    give(w, 40, 2048);
    come(w, 13, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 0);
    assert_int_equal(w->n.v.stats.errors, 1);
}

static void test_transmit__header_and_frame_come_out_as_one_message(void **state)
{
    struct world *w = *state;
    uint8_t got[256];

    memset(driver_at(&w->d[TX], BUFFER_AT(TX, 0), 100), 'x', 100);
    send_out(w, (struct desc_entry[]){{BUFFER_AT(TX, 0), 12, 0, 0}, {BUFFER_AT(TX, 0), 60, 0, 0}}, 2);
    assert_int_equal(recv(w->theirs, got, sizeof(got), 0), 72);
    assert_int_equal(got[71], 'x');
    assert_int_equal(driver_used_index(&w->d[TX]), 1);
    assert_int_equal(w->n.v.stats.write_bytes, 60);
}

static void test_transmit__frames_of_wrong_size_are_dropped(void **state)
{
    struct world *w = *state;
    uint8_t got[16];

    send_out(w, (struct desc_entry[]){{BUFFER_AT(TX, 0), 12 + 13, 0, 0}}, 1);
    send_out(w, (struct desc_entry[]){{BUFFER_AT(TX, 0), NET_MESSAGE_MAX + 1, 0, 0}}, 1);
    send_out(w, (struct desc_entry[]){{BUFFER_AT(TX, 0), 100, WRITE, 0}}, 1);
    assert_int_equal(recv(w->theirs, got, sizeof(got), 0), -1);
    assert_int_equal(driver_used_index(&w->d[TX]), 3);
    assert_int_equal(w->n.v.stats.errors, 3);
}

static void test_transmit__a_full_socket_holds_the_queue_up(void **state)
{
    struct world *w = *state;
    struct desc_entry e = {BUFFER_AT(TX, 0), 60000, 0, 0};
    static uint8_t got[70000];
    unsigned offered = 0, taken = 0;

    while (driver_used_index(&w->d[TX]) == offered && offered < 100) {
        send_out(w, &e, 1);
        offered++;
    }
    assert_true(offered < 100);
    while (recv(w->theirs, got, sizeof(got), 0) == 60000) {
        event(w, 4);
        taken++;
    }
    assert_int_equal(taken, offered); /* none lost */
    assert_int_equal(driver_used_index(&w->d[TX]), offered);
}

static void test_reset__forgets_buffers_and_frames_of_before(void **state)
{
    struct world *w = *state;
    struct desc_entry e = {BUFFER_AT(TX, 0), 60000, 0, 0};
    static uint8_t got[70000];

    give(w, 10, 2048);
    for (int i = 0; !w->n.has_unsent && i < 100; i++)
        send_out(w, &e, 1);
    assert_true(w->n.has_unsent);
    virtio_set_status(&w->n.v, 0);
    memset(driver_at(&w->d[RX], BUFFER_AT(RX, 0), 2048), 0x55, 2048);
    while (recv(w->theirs, got, sizeof(got), 0) > 0)
        ;
    come(w, 100, 0); /* no driver: it waits */
    assert_int_equal(*(uint8_t *)driver_at(&w->d[RX], BUFFER_AT(RX, 0), 1), 0x55);
    assert_int_equal(recv(w->theirs, got, sizeof(got), 0), -1);
    start(w, MRG_RXBUF);
    give(w, 40, 2048);
    assert_int_equal(driver_used_index(&w->d[RX]), 1);
}

static void test_end_of_the_other_side__takes_the_link_down(void **state)
{
    struct world *w = *state;
    uint16_t status;

    w->n.v.class->config_read(&w->n.v, 6, &status, 2);
    assert_int_equal(status, 1);
    close(w->theirs);
    w->theirs = -1;
    event(w, 0x10);
    w->n.v.class->config_read(&w->n.v, 6, &status, 2);
    assert_int_equal(status, 0);
    assert_true(w->n.v.interrupt_status & VIRTIO_INTERRUPT_CONFIG);
    send_out(w, (struct desc_entry[]){{BUFFER_AT(TX, 0), 100, 0, 0}}, 1);
    give(w, 1, 2048);
    assert_int_equal(driver_used_index(&w->d[TX]), 1); /* taken, as by a cable that is out */
}

static void test_connect__to_another_socket_takes_the_link_up_again(void **state)
{
    struct world *w = *state;
    uint8_t got[200];
    int pair[2];
    uint16_t status;

    assert_int_equal(virtio_net_connect(&w->n, -1, NULL), 0);
    w->n.v.class->config_read(&w->n.v, 6, &status, 2);
    assert_int_equal(status, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    close(w->ours);
    close(w->theirs);
    w->ours = pair[0];
    w->theirs = pair[1];
    w->n.v.interrupt_status = 0;
    assert_int_equal(virtio_net_connect(&w->n, w->ours, NULL), 0);
    w->n.v.class->config_read(&w->n.v, 6, &status, 2);
    assert_int_equal(status, 1);
    assert_true(w->n.v.interrupt_status & VIRTIO_INTERRUPT_CONFIG);
    send_out(w, (struct desc_entry[]){{BUFFER_AT(TX, 0), 100, 0, 0}}, 1);
    assert_int_equal(recv(w->theirs, got, sizeof(got), 0), 100);
    give(w, 1, 2048);
    come(w, 100, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 1);
}

static void test_rings__hostile_ones_fail_the_device_and_no_more(void **state)
{
    const struct desc_entry bad[] = {
        {DRIVER_MEM - 10, 100, 0, 0},   /* behind the end of memory */
        {BUFFER_AT(TX, 0), 100, NEXT, 0}, /* a loop */
        {UINT64_MAX - 5, 100, 0, 0},
    };
    struct world *w = *state;

    for (unsigned queue = RX; queue < QUEUES; queue++)
        for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            start(w, MRG_RXBUF);
            driver_desc(&w->d[queue], 0, bad[i]);
            driver_offer(&w->d[queue], 0);
            notify(w, queue);
            assert_true(w->n.v.status & VIRTIO_NEEDS_RESET);
        }
    start(w, MRG_RXBUF);
    give(w, 40, 2048);
    come(w, 100, 0);
    assert_int_equal(driver_used_index(&w->d[RX]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_receive__a_small_frame_takes_one_buffer),
        T(test_receive__without_guest_csum_nothing_is_said_of_checksums),
        T(test_receive__a_large_frame_lies_in_several_buffers),
        T(test_receive__a_frame_waits_for_buffers_enough),
        T(test_receive__without_buffers_the_socket_fills),
        T(test_receive__a_buffer_without_room_for_a_header_fails_the_device),
        T(test_receive__buffers_of_a_header_alone_stall_only_themselves),
        T(test_receive__without_merging_a_frame_too_long_is_dropped_and_counted),
        T(test_receive__drops_of_the_other_side_are_counted),
        T(test_receive__a_message_too_short_for_a_frame_is_dropped),
        T(test_transmit__header_and_frame_come_out_as_one_message),
        T(test_transmit__frames_of_wrong_size_are_dropped),
        T(test_transmit__a_full_socket_holds_the_queue_up),
        T(test_reset__forgets_buffers_and_frames_of_before),
        T(test_end_of_the_other_side__takes_the_link_down),
        T(test_connect__to_another_socket_takes_the_link_up_again),
        T(test_rings__hostile_ones_fail_the_device_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

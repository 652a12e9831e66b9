/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_vsock.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/resource.h>

#include "tests/unit/interrupt.h"
#include "tests/unit/vsock_world.h"
#include "vmm/vsock_host.h"

#define PORT 9001

struct test {
    struct vsock_world w;
    char *folder;
};

static int set_up(void **state)
{
    struct test *t = calloc(1, sizeof(*t));
    char path[64];

    t->folder = fixture_folder();
    snprintf(path, sizeof(path), "%s/v", t->folder);
    assert_int_equal(vsock_world_make(&t->w, path), 0);
    vsock_world_start(&t->w);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct test *t = *state;

    vsock_world_end(&t->w);
    assert_int_equal(access(t->w.path, F_OK), -1);
    fixture_remove(t->folder);
    free(t);
    return 0;
}

static struct vsock_world *world(void **state)
{
    return &((struct test *)*state)->w;
}

/* The next packet, which must be this one. */
static struct vsock_header expect(struct vsock_world *w, enum vsock_op op)
{
    struct vsock_header h = {0};

    if (!vsock_world_packet(w, &h, NULL))
        fail_msg("no packet, operation %d wanted", op);
    assert_int_equal(h.op, op);
    assert_int_equal(h.src_cid, VSOCK_CID_HOST);
    assert_int_equal(h.dst_cid, VSOCK_GUEST_CID);
    assert_int_equal(h.type, VSOCK_TYPE_STREAM);
    return h;
}

static void expect_nothing(struct vsock_world *w)
{
    struct vsock_header h;

    assert_false(vsock_world_packet(w, &h, NULL));
}

/* What the host program reads: the text, "" at the end, "-" when there is nothing yet. */
static const char *reads(int fd, char text[64])
{
    ssize_t n = read(fd, text, 63);

    if (n < 0)
        return errno == EAGAIN ? "-" : "";
    text[n] = '\0';
    return text;
}

/* A connection of the host, open: its descriptor, and the port it has on this side. */
static int open_from_host(struct vsock_world *w, uint32_t *host_port)
{
    int fd = vsock_world_dial(w, "CONNECT 9001\n");
    struct vsock_header h = expect(w, VSOCK_OP_REQUEST);
    char text[64];

    assert_int_equal(h.dst_port, PORT);
    *host_port = h.src_port;
    vsock_world_send(w, VSOCK_OP_RESPONSE, PORT, *host_port, NULL);
    assert_memory_equal(reads(fd, text), "OK ", 3);
    return fd;
}

static void test_config__is_the_guest_s_cid(void **state)
{
    struct vsock_world *w = world(state);
    uint8_t cid[8];

    w->s->v.class->config_read(&w->s->v, 0, cid, 8);
    assert_memory_equal(cid, "\3\0\0\0\0\0\0\0", 8);
    w->s->v.class->config_read(&w->s->v, 1, cid, 4);
    assert_memory_equal(cid, "\0\0\0\0", 4);
}

static void test_host__talks_with_the_guest(void **state)
{
    struct vsock_world *w = world(state);
    char text[64], *payload;
    struct vsock_header h;
    uint32_t port;
    int fd;

    vsock_world_room(w, 8);
    fd = open_from_host(w, &port);
    assert_int_equal(write(fd, "question", 8), 8);
    vsock_world_run(w);
    assert_true(vsock_world_packet(w, &h, &payload));
    assert_int_equal(h.op, VSOCK_OP_RW);
    assert_memory_equal(payload, "question", 8);
    vsock_world_send(w, VSOCK_OP_RW, PORT, port, "answer");
    assert_string_equal(reads(fd, text), "answer");
    assert_int_equal(virtio_vsock_callers(w->s), 1);
    close(fd);
    vsock_world_run(w);
    assert_int_equal(virtio_vsock_callers(w->s), 0); /* whatever the guest still owes */
    assert_int_equal(w->s->calls, 1);
    assert_int_equal(expect(w, VSOCK_OP_SHUTDOWN).flags, VSOCK_NOTHING);
    vsock_world_send(w, VSOCK_OP_RST, PORT, port, NULL);
    expect_nothing(w);
    vsock_world_send(w, VSOCK_OP_RW, PORT, port, "x"); /* nobody's any more */
    expect(w, VSOCK_OP_RST);
}

static void test_host__bytes_behind_the_line_reach_the_guest(void **state)
{
    struct vsock_world *w = world(state);
    struct vsock_header h;
    char *payload;
    int fd;

    vsock_world_room(w, 8);
    fd = vsock_world_dial(w, "CONNECT 9001\nearly");
    vsock_world_send(w, VSOCK_OP_RESPONSE, PORT, expect(w, VSOCK_OP_REQUEST).src_port, NULL);
    vsock_world_notify(w, VW_RX);
    assert_true(vsock_world_packet(w, &h, &payload));
    assert_int_equal(h.len, 5);
    assert_memory_equal(payload, "early", 5);
    close(fd);
}

static void test_host__refused_or_wrong_is_the_end(void **state)
{
    struct vsock_world *w = world(state);
    char text[64];
    int refused, wrong, early;

    vsock_world_room(w, 8);
    refused = vsock_world_dial(w, "CONNECT 1\n");
    vsock_world_send(w, VSOCK_OP_RST, 1, expect(w, VSOCK_OP_REQUEST).src_port, NULL);
    assert_string_equal(reads(refused, text), "");
    wrong = vsock_world_dial(w, "HELLO\n");
    assert_string_equal(reads(wrong, text), "");
    virtio_set_status(&w->s->v, 0);
    early = vsock_world_dial(w, "CONNECT 1\n"); /* there is no driver */
    assert_string_equal(reads(early, text), "");
    close(refused);
    close(wrong);
    close(early);
}

static void test_guest__reaches_the_socket_of_the_port(void **state)
{
    struct vsock_world *w = world(state);
    char name[120], text[64];
    int listener, fd;

    snprintf(name, sizeof(name), "%s_55", w->path);
    listener = vsock_host_listen(name, NULL);
    vsock_world_room(w, 8);
    vsock_world_send(w, VSOCK_OP_REQUEST, 700, 55, NULL);
    assert_int_equal(expect(w, VSOCK_OP_RESPONSE).dst_port, 700);
    vsock_world_send(w, VSOCK_OP_RW, 700, 55, "hello");
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_string_equal(reads(fd, text), "hello");
    assert_int_equal(virtio_vsock_callers(w->s) + w->s->calls, 0); /* what the guest does is no use of it */
    vsock_world_send(w, VSOCK_OP_REQUEST, 700, 56, NULL); /* nobody listens there */
    assert_int_equal(expect(w, VSOCK_OP_RST).src_port, 56);
    vsock_world_send(w, VSOCK_OP_SHUTDOWN, 700, 55, NULL); /* no flag: nothing ends */
    expect_nothing(w);
    close(fd);
    close(listener);
    unlink(name);
}

static void test_guest__packets_of_no_connection_are_reset_once(void **state)
{
    static const enum vsock_op ops[] = {VSOCK_OP_RESPONSE, VSOCK_OP_SHUTDOWN, VSOCK_OP_RW,
                                        VSOCK_OP_CREDIT_UPDATE, VSOCK_OP_CREDIT_REQUEST, 99};
    struct vsock_world *w = world(state);
    struct vsock_header h = vsock_world_header(VSOCK_OP_REQUEST, 1, 2);

    vsock_world_room(w, 16);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        vsock_world_send(w, ops[i], 1, 2, NULL);
        assert_int_equal(expect(w, VSOCK_OP_RST).dst_port, 1);
    }
    h.type = 2; /* SOCK_SEQPACKET */
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE);
    expect(w, VSOCK_OP_RST);
    vsock_world_send(w, VSOCK_OP_RST, 1, 2, NULL);
    h = vsock_world_header(VSOCK_OP_RW, 1, 2);
    h.src_cid = 4;
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE);
    h.src_cid = VSOCK_GUEST_CID;
    h.dst_cid = 3;
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE);
    expect_nothing(w);
}

static void test_guest__malformed_packets_are_dropped_and_given_back(void **state)
{
    struct vsock_world *w = world(state);
    struct vsock_header h = vsock_world_header(VSOCK_OP_RW, 1, 2);

    vsock_world_room(w, 8);
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE - 1);
    h.len = 11; /* of which ten are there */
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE + 10);
    h.len = VSOCK_PAYLOAD_MAX + 1;
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE + VSOCK_PAYLOAD_MAX + 1);
    h.len = UINT32_MAX;
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE);
    expect_nothing(w);
    assert_int_equal(w->s->v.stats.errors, 4);
    assert_int_equal(driver_used_index(&w->d[VW_TX]), 4);
}

static void test_guest__buffer_without_room_fails_the_device(void **state)
{
    struct vsock_world *w = world(state);

    driver_desc(&w->d[VW_RX], 0, (struct desc_entry){VW_RX_AT(0), VSOCK_HEADER_SIZE, WRITE, 0});
    driver_offer(&w->d[VW_RX], 0);
    vsock_world_send(w, VSOCK_OP_RW, 1, 2, NULL);
    assert_true(w->s->v.status & VIRTIO_NEEDS_RESET);
}

static void test_interrupt__one_for_a_batch(void **state)
{
    struct vsock_world *w = world(state);
    struct vsock_header h = vsock_world_header(VSOCK_OP_RW, 1, 2);
    int irq;

    for (uint16_t i = 0; i < 20; i++) {
        vsock_header_encode(&h, driver_at(&w->d[VW_TX], VW_TX_AT, VSOCK_HEADER_SIZE));
        driver_desc(&w->d[VW_TX], i, (struct desc_entry){VW_TX_AT, VSOCK_HEADER_SIZE, 0, 0});
        driver_offer(&w->d[VW_TX], i);
    }
    vsock_world_room(w, 32);
    interrupt_open(&w->s->v, &irq);
    vsock_world_notify(w, VW_TX);
    assert_int_equal(driver_used_index(&w->d[VW_RX]), 20);
    assert_int_equal(interrupts(irq), 2); /* one a queue */
    w->s->v.pulse = NULL;
    close(irq);
}

/* Who has much does not hold up the others: 16 packets, then it is the next one's turn. */
static void test_line__takes_turns(void **state)
{
    static const char much[100000];
    struct vsock_world *w = world(state);
    struct vsock_header h = {0};
    uint32_t port[2];
    unsigned of_first = 0;
    int fd[2];

    vsock_world_room(w, 4); /* one for each request, two for the beginning */
    fd[0] = open_from_host(w, &port[0]);
    fd[1] = open_from_host(w, &port[1]);
    assert_int_equal(write(fd[0], much, sizeof(much)), sizeof(much));
    vsock_world_run(w);
    assert_int_equal(write(fd[1], "x", 1), 1);
    vsock_world_run(w);
    vsock_world_room(w, 40);
    while (vsock_world_packet(w, &h, NULL) && h.src_port == port[0])
        of_first++;
    assert_int_equal(of_first, 16);
    assert_int_equal(h.src_port, port[1]);
    close(fd[0]);
    close(fd[1]);
}

static void test_reset__ends_every_connection_and_a_new_driver_finds_none(void **state)
{
    struct vsock_world *w = world(state);
    uint32_t port;
    char text[64];
    int open, hello, waiting;

    vsock_world_room(w, 3);
    open = open_from_host(w, &port);
    hello = vsock_world_dial(w, "CONN");
    waiting = vsock_world_dial(w, "CONNECT 1\n");
    for (int i = 0; i < 40; i++) /* answers that wait for room */
        vsock_world_send(w, VSOCK_OP_RW, 5, 6, NULL);
    vsock_world_start(w);
    assert_string_equal(reads(open, text), "");
    assert_string_equal(reads(hello, text), "");
    assert_string_equal(reads(waiting, text), "");
    vsock_world_room(w, 8);
    expect_nothing(w);
    vsock_world_send(w, VSOCK_OP_RW, PORT, port, "x");
    expect(w, VSOCK_OP_RST);
    close(open_from_host(w, &port));
    close(open);
    close(hello);
    close(waiting);
}

static void test_flood__of_answers_stays_in_its_bounds(void **state)
{
    struct vsock_world *w = world(state);
    unsigned answers = 0;
    struct vsock_header h;

    for (unsigned i = 0; i < VSOCK_RESETS + 100; i++)
        vsock_world_send(w, VSOCK_OP_RW, i, 6, NULL);
    for (unsigned i = 0; i < VSOCK_RESETS + 100; i++) {
        vsock_world_room(w, 1);
        answers += vsock_world_packet(w, &h, NULL);
    }
    assert_int_equal(answers, VSOCK_RESETS);
}

/* The guest answers no SHUTDOWN, takes no byte: such connections give way, living ones do not. */
static void test_slots__of_the_gone_go_to_who_comes(void **state)
{
    const struct rlimit many = {4096, 4096};
    struct vsock_world *w = world(state);
    struct vsock_header h;
    int fd[VSOCK_CONNECTIONS];
    uint32_t port, first;
    char text[64];

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
    for (unsigned i = 0; i < VSOCK_CONNECTIONS; i++) {
        vsock_world_room(w, 1);
        fd[i] = open_from_host(w, i ? &port : &first);
    }
    port = (uint32_t)vsock_world_dial(w, "CONNECT 9001\n");
    assert_string_equal(reads((int)port, text), "");
    close((int)port);
    close(fd[7]);
    vsock_world_room(w, 1);
    vsock_world_run(w);
    expect(w, VSOCK_OP_SHUTDOWN);
    vsock_world_room(w, 2);
    fd[7] = vsock_world_dial(w, "CONNECT 9001\n");
    expect(w, VSOCK_OP_RST);
    expect(w, VSOCK_OP_REQUEST);
    h = vsock_world_header(VSOCK_OP_CREDIT_UPDATE, PORT, first);
    h.buf_alloc = 0;
    vsock_world_send_raw(w, &h, NULL, 0, VSOCK_HEADER_SIZE);
    assert_int_equal(write(fd[0], "x", 1), 1);
    close(fd[0]);
    vsock_world_run(w);
    vsock_world_room(w, 2);
    expect_nothing(w);
    fd[0] = vsock_world_dial(w, "CONNECT 9001\n");
    assert_int_equal(expect(w, VSOCK_OP_RST).src_port, first);
    expect(w, VSOCK_OP_REQUEST);
    for (unsigned i = 0; i < VSOCK_CONNECTIONS; i++)
        close(fd[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config__is_the_guest_s_cid),
        TEST(test_host__talks_with_the_guest),
        TEST(test_host__bytes_behind_the_line_reach_the_guest),
        TEST(test_host__refused_or_wrong_is_the_end),
        TEST(test_guest__reaches_the_socket_of_the_port),
        TEST(test_guest__packets_of_no_connection_are_reset_once),
        TEST(test_guest__malformed_packets_are_dropped_and_given_back),
        TEST(test_guest__buffer_without_room_fails_the_device),
        TEST(test_interrupt__one_for_a_batch),
        TEST(test_line__takes_turns),
        TEST(test_reset__ends_every_connection_and_a_new_driver_finds_none),
        TEST(test_flood__of_answers_stays_in_its_bounds),
        TEST(test_slots__of_the_gone_go_to_who_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

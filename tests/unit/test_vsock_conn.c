/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vsock_conn.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define HOST_PORT 1000
#define GUEST_PORT 7
#define GUEST_CREDIT 10000

struct world {
    struct vsock_conn c;
    int peer;                      /* the host program's end */
    struct vsock_header got;       /* the last packet to the guest, and its payload */
    uint8_t payload[VSOCK_PAYLOAD_MAX + 100];
    uint32_t fwd_cnt, buf_alloc;   /* what the guest says in its headers */
};

/* --- the guest's side --- */

static void take(struct world *w, enum vsock_op op, uint32_t flags, const void *bytes, uint32_t len)
{
    const struct vsock_header h = {.op = (uint16_t)op, .flags = flags, .len = len,
                                   .buf_alloc = w->buf_alloc, .fwd_cnt = w->fwd_cnt};
    const struct iovec iov[] = {{(void *)bytes, len / 2}, {(char *)bytes + len / 2, len - len / 2}};

    vsock_conn_take(&w->c, &h, iov, 2);
}

static enum vsock_op give(struct world *w)
{
    const struct iovec iov[] = {{w->payload, 10}, {w->payload + 10, sizeof(w->payload) - 10}};

    if (!vsock_conn_has(&w->c) || !vsock_conn_give(&w->c, &w->got, iov, 2))
        return VSOCK_OP_INVALID;
    return w->got.op;
}

static struct world *make(const struct vsock_header *asked)
{
    struct world *w = calloc(1, sizeof(*w));
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    w->peer = fds[0];
    w->buf_alloc = GUEST_CREDIT;
    vsock_conn_init(&w->c, fds[1], HOST_PORT, GUEST_PORT, asked);
    return w;
}

static int set_up_asked(void **state)
{
    *state = make(NULL);
    return 0;
}

/* Opened by the guest, so nothing but payload is on the socket. */
static int set_up_open(void **state)
{
    const struct vsock_header asked = {.buf_alloc = GUEST_CREDIT};
    struct world *w = make(&asked);

    assert_int_equal(give(w), VSOCK_OP_RESPONSE);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    vsock_conn_release(&w->c);
    if (w->peer >= 0)
        close(w->peer);
    free(w);
    return 0;
}

/* --- the host program's side --- */

static void host_says(struct world *w, size_t len)
{
    static const char bytes[65536];

    while (len > 0) {
        ssize_t n = write(w->peer, bytes, len < sizeof(bytes) ? len : sizeof(bytes));

        assert_true(n > 0);
        len -= (size_t)n;
    }
    vsock_conn_event(&w->c, EPOLLIN);
}

/* Reads until there is nothing: the bytes, or -1 at the end of the stream if it is the first thing. */
static ssize_t host_reads(struct world *w)
{
    char bytes[65536];
    ssize_t n, sum = 0;

    while ((n = read(w->peer, bytes, sizeof(bytes))) > 0)
        sum += n;
    return n == 0 && sum == 0 ? -1 : sum;
}

static void host_leaves(struct world *w)
{
    close(w->peer);
    w->peer = -1;
    vsock_conn_event(&w->c, EPOLLIN | EPOLLHUP | EPOLLRDHUP);
}

/* The guest sends until the host's socket is full and `waiting` bytes wait here. */
static void fill_up(struct world *w, uint32_t waiting)
{
    static char bytes[4096];

    while (w->c.out.len < waiting)
        take(w, VSOCK_OP_RW, 0, bytes, sizeof(bytes));
}

/* --- the handshake --- */

static void test_request__is_answered_with_ok(void **state)
{
    struct world *w = *state;
    char line[32] = "";

    assert_int_equal(give(w), VSOCK_OP_REQUEST);
    assert_int_equal(w->got.src_port, HOST_PORT);
    assert_int_equal(w->got.dst_port, GUEST_PORT);
    assert_int_equal(w->got.buf_alloc, VSOCK_BUFFER);
    host_says(w, 5);
    assert_int_equal(give(w), VSOCK_OP_INVALID); /* no data before the answer */
    take(w, VSOCK_OP_RESPONSE, 0, NULL, 0);
    assert_int_equal(w->c.state, VSOCK_OPEN);
    assert_true(read(w->peer, line, sizeof(line)) > 0);
    assert_string_equal(line, "OK 1000\n");
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(w->got.len, 5);
}

static void test_request__refused_ends_without_a_word(void **state)
{
    struct world *w = *state;

    give(w);
    take(w, VSOCK_OP_RST, 0, NULL, 0);
    assert_int_equal(w->c.state, VSOCK_ENDED);
    assert_false(w->c.reset); /* never an RST for an RST */
    assert_int_equal(host_reads(w), -1);
}

static void test_request__client_that_leaves_meanwhile_is_taken_back(void **state)
{
    struct world *w = *state;

    give(w);
    vsock_conn_event(&w->c, EPOLLHUP); /* of a descriptor of before: this one is alive */
    assert_int_equal(w->c.state, VSOCK_ASKED);
    host_leaves(w);
    assert_int_equal(w->c.state, VSOCK_ENDED);
    assert_true(w->c.reset);
}

static void test_take__what_no_driver_sends_resets(void **state)
{
    static const struct {
        bool open;
        uint16_t op;
    } rows[] = {{false, VSOCK_OP_RW}, {false, VSOCK_OP_SHUTDOWN}, {false, VSOCK_OP_REQUEST},
                {true, VSOCK_OP_RESPONSE}, {true, VSOCK_OP_REQUEST}, {true, VSOCK_OP_INVALID},
                {true, 8}, {true, 0xffff}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct vsock_header asked = {.buf_alloc = 1};
        struct world *w = make(rows[i].open ? &asked : NULL);

        give(w);
        take(w, rows[i].op, 0, "x", 1);
        if (w->c.state != VSOCK_ENDED || !w->c.reset)
            fail_msg("row %zu is taken", i);
        assert_int_equal(host_reads(w), -1);
        tear_down((void **)&w);
    }
}

static void test_take__answer_to_a_request_not_sent_yet_resets(void **state)
{
    struct world *w = *state;

    take(w, VSOCK_OP_RESPONSE, 0, NULL, 0);
    assert_true(w->c.reset);
}

/* --- credit --- */

static void test_give__never_more_than_the_guest_s_credit(void **state)
{
    struct world *w = *state;

    host_says(w, GUEST_CREDIT + 500);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(w->got.len, GUEST_CREDIT);
    assert_int_equal(give(w), VSOCK_OP_INVALID);
    assert_false(vsock_conn_has(&w->c)); /* it must not stand in line for nothing */
    w->fwd_cnt = 100;
    take(w, VSOCK_OP_CREDIT_UPDATE, 0, NULL, 0);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(w->got.len, 100);
    w->buf_alloc = 0; /* shrunk below what is in flight: no wrap to 4 GiB */
    take(w, VSOCK_OP_CREDIT_UPDATE, 0, NULL, 0);
    assert_int_equal(give(w), VSOCK_OP_INVALID);
    w->buf_alloc = UINT32_MAX;
    take(w, VSOCK_OP_CREDIT_UPDATE, 0, NULL, 0);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(w->got.len, 400);
}

static void test_give__never_more_than_a_packet_holds(void **state)
{
    struct world *w = *state;

    w->buf_alloc = UINT32_MAX;
    take(w, VSOCK_OP_CREDIT_UPDATE, 0, NULL, 0);
    host_says(w, VSOCK_PAYLOAD_MAX + 10);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(w->got.len, VSOCK_PAYLOAD_MAX);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(w->got.len, 10);
    assert_int_equal(give(w), VSOCK_OP_INVALID);
    assert_false(vsock_conn_has(&w->c));
}

static void test_take__guest_beyond_its_credit_is_reset(void **state)
{
    static char bytes[65536];
    struct world *w = *state;

    fill_up(w, VSOCK_BUFFER - 4096);
    take(w, VSOCK_OP_RW, 0, bytes, VSOCK_BUFFER - (uint32_t)w->c.out.len);
    assert_int_equal(w->c.state, VSOCK_OPEN); /* the last byte of it is its own */
    assert_int_equal(w->c.out.len, VSOCK_BUFFER);
    take(w, VSOCK_OP_RW, 0, bytes, 1);
    assert_true(w->c.reset);
    assert_int_equal(w->c.state, VSOCK_ENDED);
}

static void test_credit__is_told_when_the_host_has_read_and_counts_every_byte(void **state)
{
    struct world *w = *state;
    size_t read_bytes = 0;

    fill_up(w, VSOCK_BUFFER - 4096);
    while (give(w) == VSOCK_OP_CREDIT_UPDATE) /* for what the socket took at first */
        ;
    while (w->c.out.len > 0) {
        ssize_t n = host_reads(w);

        assert_true(n > 0);
        read_bytes += (size_t)n;
        vsock_conn_event(&w->c, EPOLLOUT);
    }
    read_bytes += (size_t)host_reads(w);
    assert_int_equal(read_bytes, w->c.received);
    assert_int_equal(give(w), VSOCK_OP_CREDIT_UPDATE);
    assert_int_equal(w->got.fwd_cnt, w->c.received);
    assert_int_equal(give(w), VSOCK_OP_INVALID); /* said once */
}

static void test_credit__asked_for_is_told_at_once(void **state)
{
    struct world *w = *state;

    take(w, VSOCK_OP_CREDIT_REQUEST, 0, NULL, 0);
    assert_int_equal(give(w), VSOCK_OP_CREDIT_UPDATE);
    assert_int_equal(w->got.buf_alloc, VSOCK_BUFFER);
}

static void test_counters__wrap(void **state)
{
    struct world *w = *state;

    w->c.sent = UINT32_MAX - 5;
    w->fwd_cnt = UINT32_MAX - 5;
    w->c.received = w->c.forwarded = w->c.forwarded_told = UINT32_MAX - 1;
    take(w, VSOCK_OP_RW, 0, "abcdef", 6);
    assert_int_equal(host_reads(w), 6);
    assert_int_equal(w->c.forwarded, 4);
    host_says(w, GUEST_CREDIT + 1);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(w->got.len, GUEST_CREDIT);
    assert_int_equal(w->got.fwd_cnt, 4);
    assert_false(vsock_conn_has(&w->c));
}

/* --- the end --- */

static void test_host_half_close__is_told_behind_all_its_bytes(void **state)
{
    struct world *w = *state;

    host_says(w, 10);
    shutdown(w->peer, SHUT_WR);
    vsock_conn_event(&w->c, EPOLLIN | EPOLLRDHUP);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(give(w), VSOCK_OP_SHUTDOWN);
    assert_int_equal(w->got.flags, VSOCK_NO_SEND);
    assert_int_equal(give(w), VSOCK_OP_INVALID);
    take(w, VSOCK_OP_RW, 0, "answer", 6);
    assert_int_equal(host_reads(w), 6);
    host_leaves(w);
    take(w, VSOCK_OP_RW, 0, "lost", 4);
    assert_int_equal(give(w), VSOCK_OP_SHUTDOWN);
    assert_true(w->got.flags & VSOCK_NO_RECEIVE);
}

static void test_host_close__all_its_bytes_then_both_flags_then_the_guest_s_reset(void **state)
{
    struct world *w = *state;

    host_says(w, 10);
    host_leaves(w);
    assert_int_equal(give(w), VSOCK_OP_RW);
    assert_int_equal(give(w), VSOCK_OP_SHUTDOWN);
    assert_int_equal(w->got.flags, VSOCK_NOTHING);
    assert_int_equal(w->c.state, VSOCK_CLOSED);
    assert_int_equal(w->c.fd, -1);
    take(w, VSOCK_OP_RW, 0, "on its way", 10);
    assert_int_equal(w->c.state, VSOCK_CLOSED);
    take(w, VSOCK_OP_RST, 0, NULL, 0);
    assert_int_equal(w->c.state, VSOCK_ENDED);
}

static void test_guest_half_close__ends_the_host_s_stream_behind_all_bytes(void **state)
{
    struct world *w = *state;

    fill_up(w, 4096);
    take(w, VSOCK_OP_SHUTDOWN, VSOCK_NO_SEND, NULL, 0);
    while (w->c.out.len > 0) {
        assert_true(host_reads(w) > 0);
        vsock_conn_event(&w->c, EPOLLOUT);
    }
    assert_true(host_reads(w) >= 0);
    assert_int_equal(host_reads(w), -1);
    host_says(w, 3); /* the other direction lives */
    while (give(w) == VSOCK_OP_CREDIT_UPDATE)
        ;
    assert_int_equal(w->got.op, VSOCK_OP_RW);
    take(w, VSOCK_OP_RW, 0, "x", 1); /* and this one does not */
    assert_true(w->c.reset);
}

static void test_guest_that_receives_no_more__gets_nothing(void **state)
{
    struct world *w = *state;

    host_says(w, 10);
    take(w, VSOCK_OP_SHUTDOWN, VSOCK_NO_RECEIVE, NULL, 0);
    assert_int_equal(give(w), VSOCK_OP_INVALID);
    assert_int_equal(send(w->peer, "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
}

static void test_guest_close__is_answered_at_once_and_the_host_gets_every_byte(void **state)
{
    struct world *w = *state;
    size_t want, sum = 0;

    fill_up(w, 10000);
    want = w->c.received;
    take(w, VSOCK_OP_SHUTDOWN, VSOCK_NOTHING, NULL, 0);
    assert_true(w->c.reset);
    assert_int_equal(w->c.state, VSOCK_DRAINING);
    while (w->c.state == VSOCK_DRAINING) {
        sum += (size_t)host_reads(w);
        vsock_conn_event(&w->c, EPOLLOUT);
    }
    assert_int_equal(w->c.state, VSOCK_ENDED);
    sum += (size_t)host_reads(w);
    assert_int_equal(sum, want);
    assert_int_equal(host_reads(w), -1);
}

static void test_guest_close__nobody_reads_and_the_host_leaves(void **state)
{
    struct world *w = *state;

    fill_up(w, 10000);
    take(w, VSOCK_OP_SHUTDOWN, VSOCK_NOTHING, NULL, 0);
    host_leaves(w);
    assert_int_equal(w->c.state, VSOCK_ENDED);
    assert_int_equal(w->c.out.len, 0);
}

#define ASKED(name) cmocka_unit_test_setup_teardown(name, set_up_asked, tear_down)
#define OPEN(name) cmocka_unit_test_setup_teardown(name, set_up_open, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKED(test_request__is_answered_with_ok),
        ASKED(test_request__refused_ends_without_a_word),
        ASKED(test_request__client_that_leaves_meanwhile_is_taken_back),
        cmocka_unit_test(test_take__what_no_driver_sends_resets),
        ASKED(test_take__answer_to_a_request_not_sent_yet_resets),
        OPEN(test_give__never_more_than_the_guest_s_credit),
        OPEN(test_give__never_more_than_a_packet_holds),
        OPEN(test_take__guest_beyond_its_credit_is_reset),
        OPEN(test_credit__is_told_when_the_host_has_read_and_counts_every_byte),
        OPEN(test_credit__asked_for_is_told_at_once),
        OPEN(test_counters__wrap),
        OPEN(test_host_half_close__is_told_behind_all_its_bytes),
        OPEN(test_host_close__all_its_bytes_then_both_flags_then_the_guest_s_reset),
        OPEN(test_guest_half_close__ends_the_host_s_stream_behind_all_bytes),
        OPEN(test_guest_that_receives_no_more__gets_nothing),
        OPEN(test_guest_close__is_answered_at_once_and_the_host_gets_every_byte),
        OPEN(test_guest_close__nobody_reads_and_the_host_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

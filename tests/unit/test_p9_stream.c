/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire: sizes that lie, floods, silence, and clients that go away.
 */
#include "p9/transport_stream.h"

#include "tests/unit/p9_fixture.h"

#include <pthread.h>

static void send_head(struct client *c, uint32_t size, uint8_t type, uint16_t tag)
{
    uint8_t head[7];

    memcpy(head, &size, 4);
    head[4] = type;
    memcpy(head + 5, &tag, 2);
    send_bytes(c, head, sizeof(head));
}

/* The server has hung up; it starts anew for tear down. */
static void assert_hung_up(struct client *c)
{
    char byte;

    assert_true(recv(c->fd, &byte, 1, 0) <= 0);
    client_disconnect(c);
    client_connect(c);
}

static void test_stream__impossible_sizes_end_it(void **state)
{
    static const uint32_t sizes[] = {0, 4, 6, MSIZE + 1, 0x7fffffff, 0xffffffff};
    struct client *c = *state;

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        send_head(c, sizes[i], P9_TCLUNK, 1);
        assert_hung_up(c);
    }
}

static void test_stream__malformed_messages_are_answered(void **state)
{
    struct client *c = *state;

    for (unsigned type = 0; type < 256; type++) {
        send_head(c, 7, (uint8_t)type, 5);
        assert_true(receive_reply(c));
        assert_int_equal(c->reply.tag, 5);
        if (type == P9_TFLUSH)
            continue; /* Its tag is not even there; nothing has it. */
        assert_int_equal(c->reply.type, P9_RLERROR);
        if (type % 2 == 0 && p9_msg_name((uint8_t)type))
            assert_int_equal(c->reply.rlerror.ecode, EBADMSG);
        else /* a reply, or nothing of this protocol */
            assert_true(c->reply.rlerror.ecode == EOPNOTSUPP || c->reply.rlerror.ecode == EBADMSG);
    }
    /* A Twrite whose count is not what follows. */
    send_head(c, 30, P9_TWRITE, 5);
    send_bytes(c, "\0\0\0\0" "\0\0\0\0\0\0\0\0" "\xff\xff\xff\xff" "abcdefg", 23);
    assert_true(receive_reply(c));
    assert_int_equal(c->reply.rlerror.ecode, EBADMSG);
}

static void test_stream__counts_and_offsets_beyond_all_bounds(void **state)
{
    static const uint64_t offsets[] = {1ull << 63, ~0ull, (1ull << 63) - 1};
    struct client *c = *state;

    assert_int_equal(in_share(c, "head -c 200000 /dev/zero > f && mkdir d && touch d/f"), 0);
    assert_int_equal(c_open_path(c, 1, "f", P9_O_RDWR), 0);
    assert_int_equal(c_open_path(c, 2, "d", 0), 0);
    assert_int_equal(c_read(c, 1, 0, ~0u), MSIZE - P9_READ_HEAD);
    assert_true(c_readdir(c, 2, 0, ~0u) > 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(c_read(c, 1, offsets[i], ~0u) <= 0);
        assert_true(c_write(c, 1, offsets[i], "x", 1) < 0);
        c_readdir(c, 2, offsets[i], ~0u);
        assert_true(c_read(c, 2, offsets[i], 10) < 0);
    }
    assert_int_equal(in_share(c, "test $(stat -c %%s f) = 200000"), 0);
}

static void test_stream__readdir_at_random_offsets(void **state)
{
    struct client *c = *state;
    uint64_t offset = 88172645463325252ull;

    assert_int_equal(in_share(c, "touch $(seq 300)"), 0);
    assert_int_equal(c_walk(c, ROOT, 1, ""), 0);
    assert_int_equal(c_open(c, 1, 0), 0);
    for (int i = 0; i < 500; i++) {
        int got = c_readdir(c, 1, i % 2 ? offset : offset >> 48, 500);
        const uint8_t *p = c->in + c->payload, *end = p + (got > 0 ? got : 0);

        while (p < end)
            p += 24 + p[22];
        assert_ptr_equal(p, end);
        offset ^= offset << 13;
        offset ^= offset >> 7;
        offset ^= offset << 17;
    }
    assert_true(c_readdir(c, 1, 0, 60000) > 300 * 25);
}

static void test_stream__bytes_may_come_one_by_one(void **state)
{
    struct client *c = *state;
    int len = p9_msg_encode(&(struct p9_msg){.type = P9_TGETATTR, .tag = 9, .tgetattr = {ROOT, 0}},
                            c->out, sizeof(c->out));

    for (int i = 0; i < len; i++)
        send_bytes(c, c->out + i, 1);
    assert_true(receive_reply(c));
    assert_int_equal(c->reply.type, P9_RGETATTR);
}

/* Every request is flushed: each flush is answered, nothing is answered twice. */
static void test_stream__flush_of_everything(void **state)
{
    struct client *c = *state;
    unsigned flushed = 0;
    uint8_t seen[300] = {0};

    assert_int_equal(in_share(c, "head -c 60000 /dev/zero > f"), 0);
    assert_int_equal(c_open_path(c, 1, "f", 0), 0);
    for (uint16_t tag = 0; tag < 150; tag++) {
        send_request(c, &(struct p9_msg){.type = P9_TREAD, .tag = tag, .io = {1, 0, 1000}}, NULL, 0);
        send_request(c, &(struct p9_msg){.type = P9_TFLUSH, .tag = (uint16_t)(150 + tag),
                                         .tflush = {tag}}, NULL, 0);
    }
    while (flushed < 150) {
        assert_true(receive_reply(c));
        assert_true(c->reply.tag < 300 && !seen[c->reply.tag]);
        seen[c->reply.tag] = 1;
        flushed += c->reply.type == P9_RFLUSH;
        /* After its Rflush a request is not answered any more. */
        if (c->reply.type == P9_RREAD)
            assert_int_equal(seen[150 + c->reply.tag], 0);
    }
    assert_int_equal(c_read(c, 1, 0, 10), 10);
}

static void test_stream__gone_in_the_middle_of_a_write(void **state)
{
    struct client *c = *state;
    struct p9_msg m = {.type = P9_TWRITE, .io = {1, 0, 50000}};
    int len;

    assert_int_equal(in_share(c, "printf old > f"), 0);
    assert_int_equal(c_open_path(c, 1, "f", P9_O_RDWR), 0);
    len = p9_msg_encode(&m, c->out, sizeof(c->out));
    send_bytes(c, c->out, (size_t)len + 1000);
    client_disconnect(c);
    assert_int_equal(in_share(c, "test \"$(cat f)\" = old"), 0);
    client_connect(c);
}

static void test_stream__gone_with_much_in_flight(void **state)
{
    struct client *c = *state;

    assert_int_equal(in_share(c, "head -c 60000 /dev/zero > f"), 0);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(c_version(c), 0);
        assert_int_equal(c_attach(c, ROOT, 0, ""), 0);
        assert_int_equal(c_open_path(c, 1, "f", 0), 0);
        for (uint16_t tag = 0; tag < 40; tag++)
            send_request(c, &(struct p9_msg){.type = P9_TREAD, .tag = tag, .io = {1, 0, 2000}},
                         NULL, 0);
        client_disconnect(c);
        client_connect(c);
    }
}

/* Requests without end and no reply read: what the server holds is bounded, and it can be stopped. */
static void test_stream__a_client_that_never_reads(void **state)
{
    struct client *c = *state;
    struct p9_msg m = {.type = P9_TREAD, .io = {1, 0, 60000}};
    int len = p9_msg_encode(&m, c->out, sizeof(c->out));
    size_t sent = 0;
    ssize_t n;

    assert_int_equal(in_share(c, "head -c 60000 /dev/zero > f"), 0);
    assert_int_equal(c_open_path(c, 1, "f", 0), 0);
    do {
        struct pollfd p = {.fd = c->fd, .events = POLLOUT};

        m.tag++;
        p9_msg_encode(&m, c->out, sizeof(c->out));
        n = poll(&p, 1, 300) > 0 ? send(c->fd, c->out, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) : -1;
        sent += n > 0 ? (size_t)n : 0;
    } while (n == len);
    /* Both sockets' buffers and bytes_max are full. */
    assert_true(sent < 64u << 20);
    p9_stream_stop(c->server);
    close(c->fd);
    client_connect(c);
}

static void test_stream__stop_ends_it_from_our_side(void **state)
{
    struct client *c = *state;

    assert_false(p9_stream_ended(c->server));
    p9_stream_stop(c->server);
    assert_false(receive_reply(c));
    close(c->fd);
    client_connect(c);
}

static void test_stream__several_clients_at_once(void **state)
{
    enum { CLIENTS = 4 };
    struct client *c = *state, *other[CLIENTS];

    assert_int_equal(in_share(c, "printf text > f"), 0);
    for (int i = 0; i < CLIENTS; i++) {
        other[i] = calloc(1, sizeof(*other[i]));
        other[i]->export = c->export;
        client_connect(other[i]);
        assert_int_equal(c_version(other[i]), 0);
        assert_int_equal(c_attach(other[i], ROOT, 0, ""), 0);
        assert_int_equal(c_open_path(other[i], 1, "f", P9_O_RDWR), 0);
    }
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(c_write(other[i], 1, (uint64_t)i, "0123" + i, 1), 1);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(c_read(other[i], 1, 0, 10), 4);
        assert_memory_equal(other[i]->in + other[i]->payload, "0123", 4);
        client_disconnect(other[i]);
        free(other[i]);
    }
}

/* One of several clients that pull at the same few names; only that the server lives is asked. */
static void *pull(void *arg)
{
    static const char *const names[] = {"a", "b", "d", "d/a", "d/b"};
    struct client *c = arg;
    uint32_t r = (uint32_t)c->fd * 2654435761u;

    for (int i = 0; i < 400; i++) {
        const char *name = names[(r >> 8) % 5];

        r = r * 1664525 + 1013904223;
        c_walk(c, ROOT, 1, r & 0x10000 ? "d" : "");
        c_walk(c, ROOT, 2, name);
        switch (r >> 24 & 7) {
        case 0: RPC(c, .type = P9_TLCREATE, .tlcreate = {1, NAME("a"), P9_O_RDWR, 0644, 0}); break;
        case 1: RPC(c, .type = P9_TRENAMEAT, .trenameat = {ROOT, NAME("a"), 1, NAME("b")}); break;
        case 2: RPC(c, .type = P9_TRENAME, .trename = {2, 1, NAME("a")}); break;
        case 3: RPC(c, .type = P9_TREMOVE, .fid = 2); break;
        case 4: c_mkdir(c, ROOT, "d", 0755); break;
        case 5: c_open(c, 1, 0), c_readdir(c, 1, 0, 5000); break;
        case 6: c_open(c, 2, P9_O_RDWR), c_lock(c, 2, P9_LOCK_WRITE, r % 10, 5, r % 3, 0); break;
        case 7: c_open(c, 2, P9_O_RDWR), c_write(c, 2, r % 100, "data", 4); break;
        }
        c_clunk(c, 1);
        c_clunk(c, 2);
    }
    return NULL;
}

static void test_stream__clients_pull_at_the_same_names(void **state)
{
    enum { CLIENTS = 3 };
    struct client *c = *state, *other[CLIENTS];
    pthread_t thread[CLIENTS];
    struct p9_session_stats st;

    for (int i = 0; i < CLIENTS; i++) {
        other[i] = calloc(1, sizeof(*other[i]));
        other[i]->export = c->export;
        client_connect(other[i]);
        assert_int_equal(c_version(other[i]), 0);
        assert_int_equal(c_attach(other[i], ROOT, 0, ""), 0);
        assert_int_equal(pthread_create(&thread[i], NULL, pull, other[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(thread[i], NULL);
        p9_stream_stats(other[i]->server, &st);
        assert_int_equal(st.fids, 1);
        assert_int_equal(st.files, 0);
        client_disconnect(other[i]);
        free(other[i]);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up_plain, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_stream__impossible_sizes_end_it),
        T(test_stream__malformed_messages_are_answered),
        T(test_stream__counts_and_offsets_beyond_all_bounds),
        T(test_stream__readdir_at_random_offsets),
        T(test_stream__bytes_may_come_one_by_one),
        T(test_stream__flush_of_everything),
        T(test_stream__gone_in_the_middle_of_a_write),
        T(test_stream__gone_with_much_in_flight),
        T(test_stream__a_client_that_never_reads),
        T(test_stream__stop_ends_it_from_our_side),
        T(test_stream__several_clients_at_once),
        T(test_stream__clients_pull_at_the_same_names),
    };

    alarm(120); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

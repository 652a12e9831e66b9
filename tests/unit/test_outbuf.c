/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/outbuf.h"

#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <sys/socket.h>

#define MAX 100000

static void test_add__is_bounded_and_keeps_what_was_there(void **state)
{
    struct outbuf o = {0};
    static char bytes[MAX];

    (void)state;
    assert_true(outbuf_add(&o, "ab", 2, MAX));
    assert_false(outbuf_add(&o, bytes, MAX - 1, MAX));
    assert_false(outbuf_add(&o, bytes, (size_t)-1, MAX));
    assert_int_equal(o.len, 2);
    assert_true(outbuf_add(&o, bytes, MAX - 2, MAX));
    assert_false(outbuf_add(&o, "x", 1, MAX));
    assert_memory_equal(o.bytes + o.start, "ab\0", 3);
    outbuf_release(&o);
}

static void test_add__nothing_is_nothing(void **state)
{
    struct outbuf o = {0};

    (void)state;
    assert_true(outbuf_add(&o, NULL, 0, MAX));
    assert_int_equal(o.len, 0);
    outbuf_release(&o);
}

/* Everything arrives, in order, through a descriptor that takes it in pieces. */
static void run_through(int in, int out)
{
    struct outbuf o = {0};
    unsigned char bytes[997], got[4096];
    size_t added = 0, read_len = 0;
    ssize_t n;

    while (added < 300 * sizeof(bytes) || o.len) {
        if (added < 300 * sizeof(bytes)) {
            for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (unsigned char)((added + i) * 31 >> 3);
            assert_true(outbuf_add(&o, bytes, sizeof(bytes), 400 * sizeof(bytes)));
            added += sizeof(bytes);
        }
        if (added % (7 * sizeof(bytes)) == 0 || added == 300 * sizeof(bytes)) {
            assert_true(outbuf_flush(&o, out));
            n = read(in, got, sizeof(got));
            for (ssize_t i = 0; i < n; i++, read_len++)
                assert_int_equal(got[i], (unsigned char)(read_len * 31 >> 3));
        }
    }
    assert_null(o.bytes); /* an idle one holds nothing */
    while ((n = read(in, got, sizeof(got))) > 0)
        for (ssize_t i = 0; i < n; i++, read_len++)
            assert_int_equal(got[i], (unsigned char)(read_len * 31 >> 3));
    assert_int_equal(read_len, added);
}

static void test_flush__socket_takes_all_in_order(void **state)
{
    int fd[2], small = 4096;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd),
                     0); /* blocking: a flush must not be */
    assert_int_equal(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
    run_through(fd[1], fd[0]);
    close(fd[0]);
    close(fd[1]);
}

static void test_flush__pipe_takes_all_in_order(void **state)
{
    int fd[2];

    (void)state;
    assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
    run_through(fd[0], fd[1]);
    close(fd[0]);
    close(fd[1]);
}

static void test_flush__closed_receiver_is_told_without_a_signal(void **state)
{
    struct outbuf o = {0};
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    close(fd[1]);
    assert_true(outbuf_add(&o, "x", 1, MAX));
    assert_false(outbuf_flush(&o, fd[0]));
    close(fd[0]);
    assert_false(outbuf_flush(&o, fd[0])); /* EBADF */
    outbuf_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add__is_bounded_and_keeps_what_was_there),
        cmocka_unit_test(test_add__nothing_is_nothing),
        cmocka_unit_test(test_flush__socket_takes_all_in_order),
        cmocka_unit_test(test_flush__pipe_takes_all_in_order),
        cmocka_unit_test(test_flush__closed_receiver_is_told_without_a_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

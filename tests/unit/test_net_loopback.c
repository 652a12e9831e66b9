/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest sends may be anything; how it works together with libslirp is in test_net_user.c. */
#include "vmm/net/loopback.h"

#include "tests/unit/fixture.h"
#include "core/base/auto.h"

#include <arpa/inet.h>

#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define SHORTEST (NET_ETHERNET_HEADER + 40)

struct frame {
    uint8_t bytes[SHORTEST + 200];
    size_t len;
};

static struct frame tcp(const char *from, unsigned from_port, const char *to, unsigned to_port, uint8_t flags)
{
    struct frame f = {.len = SHORTEST};
    uint8_t *ip = f.bytes + NET_ETHERNET_HEADER;

    f.bytes[12] = 0x08;
    ip[0] = 0x45;
    ip[9] = IPPROTO_TCP;
    assert_int_equal(inet_pton(AF_INET, from, ip + 12), 1);
    assert_int_equal(inet_pton(AF_INET, to, ip + 16), 1);
    ip[20] = (uint8_t)(from_port >> 8);
    ip[21] = (uint8_t)from_port;
    ip[22] = (uint8_t)(to_port >> 8);
    ip[23] = (uint8_t)to_port;
    ip[33] = flags;
    return f;
}

static struct frame refusal(unsigned port, unsigned client)
{
    return tcp(NET_GUEST, port, NET_GATEWAY, client, RST | ACK);
}

static bool is_for_loopback(const uint8_t *frame)
{
    return memcmp(frame + NET_ETHERNET_HEADER + 16, "\x7f\0\0\1", 4) == 0;
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct loopback));
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* More clients at once than one, whose ports differ; what nobody has begun is refused as it is. */
static void test_refused__each_by_its_own_syn_and_once(void **state)
{
    struct loopback *l = *state;

    for (unsigned client = 4000; client < 4100; client++) {
        struct frame syn = tcp(NET_GATEWAY, client, NET_GUEST, 7, SYN);

        assert_ptr_equal(loopback_to_guest(l, syn.bytes, syn.len), syn.bytes);
    }
    for (unsigned client = 3990; client < 4110; client++) {
        struct frame other = refusal(8, client), f = refusal(7, client);
        const struct loopback_syn *again;

        assert_null(loopback_from_guest(l, other.bytes, other.len));
        again = loopback_from_guest(l, f.bytes, f.len);
        assert_int_equal(again != NULL, client >= 4000 && client < 4100);
        if (again) {
            assert_true(is_for_loopback(again->frame));
            assert_int_equal(again->len, SHORTEST);
            assert_int_equal(again->frame[NET_ETHERNET_HEADER + 21], client & 0xff);
        }
        assert_null(loopback_from_guest(l, f.bytes, f.len));
    }
}

/* An answer of any kind is the first one: a connection that is reset later is not begun again. */
static void test_refused__is_only_what_was_not_answered_otherwise(void **state)
{
    struct loopback *l = *state;
    struct frame syn = tcp(NET_GATEWAY, 4000, NET_GUEST, 7, SYN), reset = refusal(7, 4000);
    struct frame taken = tcp(NET_GUEST, 7, NET_GATEWAY, 4000, SYN | ACK);

    loopback_to_guest(l, syn.bytes, syn.len);
    assert_null(loopback_from_guest(l, taken.bytes, taken.len));
    assert_null(loopback_from_guest(l, reset.bytes, reset.len));
    loopback_to_guest(l, syn.bytes, syn.len);
    assert_non_null(loopback_from_guest(l, reset.bytes, reset.len));
}

/* Only of the port that was taken there, and back again once the guest's address takes one. */
static void test_taken__frames_of_that_port_change_their_address(void **state)
{
    struct loopback *l = *state;
    struct frame taken = tcp("127.0.0.1", 7, NET_GATEWAY, 4000, SYN | ACK);
    struct frame to7 = tcp(NET_GATEWAY, 4000, NET_GUEST, 7, ACK), to8 = tcp(NET_GATEWAY, 4000, NET_GUEST, 8, ACK);

    assert_null(loopback_from_guest(l, taken.bytes, taken.len));
    assert_memory_equal(taken.bytes + NET_ETHERNET_HEADER + 12, "\x0a\xbb\x53\x0f", 4);
    assert_true(is_for_loopback(loopback_to_guest(l, to7.bytes, to7.len)));
    assert_ptr_equal(loopback_to_guest(l, to8.bytes, to8.len), to8.bytes);
    taken = tcp(NET_GUEST, 7, NET_GATEWAY, 4000, SYN | ACK);
    assert_null(loopback_from_guest(l, taken.bytes, taken.len));
    assert_ptr_equal(loopback_to_guest(l, to7.bytes, to7.len), to7.bytes);
}

/* Stumps, other protocols, fragments, options: as they are. */
static void test_else__is_left_alone(void **state)
{
    static const struct {
        size_t at;
        uint8_t is;
    } other[] = {{12, 0x86}, {NET_ETHERNET_HEADER, 0x46}, {NET_ETHERNET_HEADER + 9, IPPROTO_UDP}, {NET_ETHERNET_HEADER + 6, 0x20}};
    struct loopback *l = *state;

    for (size_t len = 0; len < SHORTEST; len++) {
        struct frame f = tcp("127.0.0.1", 7, NET_GATEWAY, 4000, SYN | ACK);
        uint8_t *exact = malloc(len ? len : 1); /* nothing behind it is read: asan sees to that */

        memcpy(exact, f.bytes, len);
        assert_null(loopback_from_guest(l, exact, len));
        assert_memory_equal(exact, f.bytes, len);
        assert_ptr_equal(loopback_to_guest(l, exact, len), exact);
        free(exact);
    }
    for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
        struct frame f = tcp("127.0.0.1", 7, NET_GATEWAY, 4000, SYN | ACK), before;

        f.bytes[other[i].at] = other[i].is;
        before = f;
        assert_null(loopback_from_guest(l, f.bytes, f.len));
        assert_memory_equal(f.bytes, before.bytes, f.len);
    }
    for (unsigned port = 0; port < 65536; port++)
        assert_int_equal(l->port[port / 64] >> port % 64 & 1, 0);
}

/* With data in it (TCP Fast Open) it is no SYN of libslirp's. */
static void test_syn__that_is_too_long_is_not_kept(void **state)
{
    struct loopback *l = *state;
    struct frame syn = tcp(NET_GATEWAY, 4000, NET_GUEST, 7, SYN), f = refusal(7, 4000);

    syn.len = LOOPBACK_SYN_MAX + 1;
    loopback_to_guest(l, syn.bytes, syn.len);
    assert_null(loopback_from_guest(l, f.bytes, f.len));
    syn.len = LOOPBACK_SYN_MAX;
    loopback_to_guest(l, syn.bytes, syn.len);
    assert_non_null(loopback_from_guest(l, f.bytes, f.len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_refused__each_by_its_own_syn_and_once),
        T(test_refused__is_only_what_was_not_answered_otherwise),
        T(test_taken__frames_of_that_port_change_their_address),
        T(test_else__is_left_alone),
        T(test_syn__that_is_too_long_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

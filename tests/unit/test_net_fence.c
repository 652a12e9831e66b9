/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/fence.h"

#include "tests/unit/fixture.h"

#include <arpa/inet.h>

#include "vmm/net_plan.h"

#define SYN 0x02
#define ACK 0x10

struct packet {
    uint8_t bytes[NET_ETHERNET_HEADER + 40 + 20];
    size_t len;
};

/* From port 7 of one address to a port of the other. */
static struct packet make(const char *from, const char *to, uint8_t protocol, unsigned port, uint8_t tcp_flags)
{
    bool v6 = strchr(to, ':') != NULL;
    struct packet p = {.len = NET_ETHERNET_HEADER + (v6 ? 40 : 20) + 20};
    uint8_t *ip = p.bytes + NET_ETHERNET_HEADER, *payload = ip + (v6 ? 40 : 20);

    memcpy(p.bytes + 12, v6 ? "\x86\xdd" : "\x08\x00", 2);
    ip[0] = v6 ? 0x60 : 0x45;
    ip[v6 ? 6 : 9] = protocol == IPPROTO_ICMP && v6 ? IPPROTO_ICMPV6 : protocol;
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, from, ip + (v6 ? 8 : 12)), 1);
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, to, ip + (v6 ? 24 : 16)), 1);
    payload[1] = 7;
    payload[2] = (uint8_t)(port >> 8);
    payload[3] = (uint8_t)port;
    payload[13] = tcp_flags;
    return p;
}

static bool lets(const struct fence *f, const char *to, uint8_t protocol, unsigned port, uint8_t tcp_flags)
{
    struct packet p = make(strchr(to, ':') ? NET_GUEST6 : NET_GUEST, to, protocol, port, tcp_flags);

    return fence_lets_out(f, p.bytes, p.len);
}

static const char *const world[] = {"1.1.1.1", "192.168.1.1", "126.255.255.255", "128.0.0.1", "1.0.0.127",
                                    "10.187.82.255", "10.187.84.0", "2001:db8::1", "fd6c:7874:6f70:1::1",
                                    "0:0:0:1::1"};
static const char *const nowhere[] = {"127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "::", "::1",
                                      "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:10.0.0.1"};
static const char *const network[] = {NET_GATEWAY, NET_GUEST, NET_NETWORK, "10.187.83.255", "10.187.83.77",
                                      "255.255.255.255", "224.0.0.251", NET_GATEWAY6, NET_GUEST6,
                                      "fd6c:7874:6f70::1234:5678", "ff02::1", "ff02::fb", "fe80::2", "febf::1"};
static const char *const resolvers[] = {NET_DNS, NET_DNS6};
#define EACH(list, i) for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)

static void test_world__is_open(void **state)
{
    struct fence f = {.host = false};

    (void)state;
    EACH(world, i) {
        assert_true(lets(&f, world[i], IPPROTO_TCP, 22, SYN));
        assert_true(lets(&f, world[i], IPPROTO_UDP, 22, 0));
        assert_true(lets(&f, world[i], IPPROTO_ICMP, 22, 0));
    }
}

static void test_loopback__is_never_named(void **state)
{
    (void)state;
    for (int host = 0; host < 2; host++)
        EACH(nowhere, i) {
            struct fence f = {.host = host};

            assert_false(lets(&f, nowhere[i], IPPROTO_TCP, 22, SYN));
            assert_false(lets(&f, nowhere[i], IPPROTO_TCP, 22, ACK));
            assert_false(lets(&f, nowhere[i], IPPROTO_UDP, 53, 0));
            assert_false(lets(&f, nowhere[i], IPPROTO_ICMP, 0, 0));
        }
}

static void test_network__begins_nothing_unless_the_host_is_open(void **state)
{
    (void)state;
    for (int host = 0; host < 2; host++)
        EACH(network, i) {
            struct fence f = {.host = host};

            assert_int_equal(lets(&f, network[i], IPPROTO_TCP, 22, SYN), host);
            assert_int_equal(lets(&f, network[i], IPPROTO_UDP, 22, 0), host);
            assert_int_equal(lets(&f, network[i], IPPROTO_UDP, 69, 0), host);
            assert_int_equal(lets(&f, network[i], 132, 22, 0), host);
            assert_true(lets(&f, network[i], IPPROTO_ICMP, 0, 0));
            assert_true(lets(&f, network[i], IPPROTO_TCP, 22, SYN | ACK));
            assert_true(lets(&f, network[i], IPPROTO_TCP, 22, ACK));
            assert_true(lets(&f, network[i], IPPROTO_UDP, strchr(network[i], ':') ? 547 : 67, 0));
        }
}

static void test_resolver__has_one_port(void **state)
{
    (void)state;
    for (int host = 0; host < 2; host++)
        EACH(resolvers, i) {
            struct fence f = {.host = host};

            assert_true(lets(&f, resolvers[i], IPPROTO_UDP, 53, 0));
            assert_true(lets(&f, resolvers[i], IPPROTO_TCP, 53, SYN));
            assert_true(lets(&f, resolvers[i], IPPROTO_ICMP, 0, 0));
            assert_false(lets(&f, resolvers[i], IPPROTO_TCP, 22, SYN));
            assert_false(lets(&f, resolvers[i], IPPROTO_UDP, 67, 0));
        }
}

static void test_udp__answers_go_to_whom_they_are_for(void **state)
{
    static const char *const pairs[][2] = {{NET_GATEWAY, NET_GUEST}, {NET_GATEWAY6, NET_GUEST6}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fence f = {.host = false};
        struct packet p = make(pairs[i][0], pairs[i][1], IPPROTO_UDP, 7, 0);
        uint8_t *from = p.bytes + p.len - 20;

        assert_false(lets(&f, pairs[i][0], IPPROTO_UDP, 0x1234, 0));
        from[0] = 0x12;
        from[1] = 0x34;
        fence_note(&f, p.bytes, p.len);
        assert_true(lets(&f, pairs[i][0], IPPROTO_UDP, 0x1234, 0));
        assert_false(lets(&f, pairs[i][0], IPPROTO_UDP, 0x1235, 0));
        assert_false(lets(&f, pairs[i][0], IPPROTO_TCP, 0x1234, SYN));
    }
}

/* A header cut in two would show its flags to nobody. */
static void test_fragments_and_stumps__do_not_pass(void **state)
{
    struct fence f = {.host = false};
    struct packet p = make(NET_GUEST, NET_GATEWAY, IPPROTO_TCP, 22, ACK);

    (void)state;
    for (size_t len = NET_ETHERNET_HEADER + 20; len < NET_ETHERNET_HEADER + 34; len++)
        assert_false(fence_lets_out(&f, p.bytes, len));
    assert_true(fence_lets_out(&f, p.bytes, NET_ETHERNET_HEADER + 34));
    p.bytes[NET_ETHERNET_HEADER + 6] = 0x20; /* more fragments */
    assert_false(fence_lets_out(&f, p.bytes, p.len));
    p.bytes[NET_ETHERNET_HEADER + 6] = 0;
    p.bytes[NET_ETHERNET_HEADER + 7] = 1; /* not the first */
    assert_false(fence_lets_out(&f, p.bytes, p.len));
    p.bytes[NET_ETHERNET_HEADER + 7] = 0;
    p.bytes[NET_ETHERNET_HEADER] = 0x4f; /* the payload lies behind the end */
    assert_false(fence_lets_out(&f, p.bytes, p.len));
}

static void test_plan__bytes_and_texts_agree(void **state)
{
    static const uint8_t network4[] = NET_NETWORK_BYTES, dns[] = NET_DNS_BYTES, guest[] = NET_GUEST_BYTES;
    static const uint8_t network6[] = NET_NETWORK6_BYTES, dns6[] = NET_DNS6_BYTES;
    uint8_t a[16];

    (void)state;
    assert_int_equal(inet_pton(AF_INET, NET_NETWORK, a), 1);
    assert_memory_equal(a, network4, 4);
    assert_int_equal(inet_pton(AF_INET, NET_DNS, a), 1);
    assert_memory_equal(a, dns, 4);
    assert_int_equal(inet_pton(AF_INET, NET_GUEST, a), 1);
    assert_memory_equal(a, guest, 4);
    assert_int_equal(inet_pton(AF_INET6, NET_NETWORK6, a), 1);
    assert_memory_equal(a, network6, 16);
    assert_int_equal(inet_pton(AF_INET6, NET_DNS6, a), 1);
    assert_memory_equal(a, dns6, 16);
}

/* Which frames to the guest come through forwards: those that it has not asked for. */
static void test_visits__are_what_the_guest_has_not_begun(void **state)
{
    static const struct {
        uint8_t protocol, flags;
        unsigned visits;
    } tcp[] = {{IPPROTO_TCP, SYN, 1}, {IPPROTO_TCP, SYN | ACK, 1}, {IPPROTO_TCP, ACK, 1}, {IPPROTO_ICMP, 0, 1}};
    struct packet to = make("1.1.1.1", NET_GUEST, IPPROTO_UDP, 9, 0);
    struct packet from = make(NET_GUEST, "1.1.1.1", IPPROTO_UDP, 7, 0);
    struct fence f = {.host = false};

    (void)state;
    EACH(tcp, i) {
        struct packet p = make(NET_GATEWAY, NET_GUEST, tcp[i].protocol, 80, tcp[i].flags);

        fence_note(&f, p.bytes, p.len);
        assert_int_equal(f.visits, tcp[i].visits);
    }
    from.bytes[NET_ETHERNET_HEADER + 21] = 9; /* from its port 9 to port 7 */
    from.bytes[NET_ETHERNET_HEADER + 25] = to.bytes[NET_ETHERNET_HEADER + 25] = 20; /* UDP's length */
    fence_sent(&f, from.bytes, from.len);
    fence_note(&f, to.bytes, to.len);
    assert_int_equal(f.visits, 1); /* an answer */
    to = make("1.1.1.1", NET_GUEST, IPPROTO_UDP, 10, 0);
    fence_note(&f, to.bytes, to.len);
    from.bytes[NET_ETHERNET_HEADER + 21] = 10;
    fence_sent(&f, from.bytes, from.len); /* which is an answer itself */
    fence_note(&f, to.bytes, to.len);
    assert_int_equal(f.visits, 3);
    fence_note(&f, to.bytes, 30); /* half a packet */
    assert_int_equal(f.visits, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_world__is_open),
        cmocka_unit_test(test_loopback__is_never_named),
        cmocka_unit_test(test_network__begins_nothing_unless_the_host_is_open),
        cmocka_unit_test(test_resolver__has_one_port),
        cmocka_unit_test(test_udp__answers_go_to_whom_they_are_for),
        cmocka_unit_test(test_fragments_and_stumps__do_not_pass),
        cmocka_unit_test(test_plan__bytes_and_texts_agree),
        cmocka_unit_test(test_visits__are_what_the_guest_has_not_begun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

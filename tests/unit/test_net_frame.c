/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/net/frame.h"

#include "tests/unit/fixture.h"

#include <arpa/inet.h>

#include "vmm/net_plan.h"

#define HEADER sizeof(struct net_header)

struct message {
    struct net_header h;
    uint8_t frame[NET_ETHERNET_HEADER + 64];
};

static struct message packet(int family, const char *to)
{
    struct message m = {.h = {0}};

    m.frame[12] = family == AF_INET ? 0x08 : 0x86;
    m.frame[13] = family == AF_INET ? 0x00 : 0xdd;
    assert_int_equal(inet_pton(family, to, m.frame + NET_ETHERNET_HEADER + (family == AF_INET ? 16 : 24)), 1);
    return m;
}

static bool accepts(struct message m)
{
    return frame_accept((uint8_t *)&m, sizeof(m));
}

static void test_accept__no_segmentation_and_no_stumps(void **state)
{
    struct message m = packet(AF_INET, "1.1.1.1");

    (void)state;
    for (size_t len = 0; len < HEADER + NET_ETHERNET_HEADER; len++)
        assert_false(frame_accept((uint8_t *)&m, len));
    assert_true(frame_accept((uint8_t *)&m, HEADER + NET_ETHERNET_HEADER));
    m.h.gso_type = 1;
    assert_false(accepts(m));
}

/* The sum over all 16-bit words, with the checksum in place, is all ones (RFC 1071). */
static uint16_t sum_of(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void test_checksum__is_completed_from_where_the_header_says(void **state)
{
    (void)state;
    for (uint16_t start = 14; start < 70; start += 7)
        for (unsigned odd = 0; odd < 2; odd++) {
            struct message m = packet(AF_INET, "1.1.1.1"), before;
            size_t len = sizeof(m) - HEADER - odd;

            for (size_t i = 34; i < sizeof(m.frame); i++)
                m.frame[i] = (uint8_t)(i * 37 + start);
            m.h = (struct net_header){.flags = NET_HEADER_NEEDS_CSUM, .csum_start = start, .csum_offset = 6};
            before = m;
            assert_true(frame_accept((uint8_t *)&m, HEADER + len));
            /* what stood in the field is part of the sum: put it behind the rest */
            memset(before.frame + start + 6, 0, 2);
            assert_int_not_equal(memcmp(m.frame, before.frame, sizeof(m.frame)), 0);
            assert_memory_equal(m.frame, before.frame, start + 6U);
            assert_memory_equal(m.frame + start + 8, before.frame + start + 8, sizeof(m.frame) - start - 8);
        }
}

/* Of whatever length, and where every addition carries: with the sum in its place all adds up to nothing. */
static void test_checksum__carries_come_round(void **state)
{
    (void)state;
    for (uint16_t start = 14; start < 40; start++)
        for (size_t len = start + 8U; len <= sizeof(struct message) - HEADER; len++)
            for (unsigned step = 0; step < 3; step++) {
                struct message m = packet(AF_INET, "1.1.1.1");

                for (size_t i = 14; i < sizeof(m.frame); i++)
                    m.frame[i] = (uint8_t)(0xff - step * i);
                memset(m.frame + start + 6, 0, 2);
                m.h = (struct net_header){.flags = NET_HEADER_NEEDS_CSUM, .csum_start = start, .csum_offset = 6};
                assert_true(frame_accept((uint8_t *)&m, HEADER + len));
                assert_int_equal(sum_of(m.frame + start, len - start), 0xffff);
            }
}

static void test_checksum__of_udp_with_its_pseudo_header_is_right(void **state)
{
    struct message m = packet(AF_INET, "10.9.8.7");
    uint8_t *udp = m.frame + 34, pseudo[12] = {192, 0, 2, 1, 10, 9, 8, 7, 0, 17, 0, 44}, all[12 + 44];
    uint16_t partial = htons(sum_of(pseudo, sizeof(pseudo)));

    (void)state;
    for (int i = 0; i < 44; i++)
        udp[i] = (uint8_t)(i * 11);
    memcpy(udp + 6, &partial, 2);
    m.h = (struct net_header){.flags = NET_HEADER_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
    assert_true(frame_accept((uint8_t *)&m, sizeof(m)));
    memcpy(all, pseudo, 12);
    memcpy(all + 12, udp, 44);
    assert_int_equal(sum_of(all, sizeof(all)), 0xffff);
}

static void test_checksum__outside_of_the_frame_is_refused(void **state)
{
    const struct net_header bad[] = {
        {.flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff},
        {.flags = 1, .csum_start = 14, .csum_offset = 63},
        {.flags = 1, .csum_start = 78, .csum_offset = 0},
        {.flags = 1, .csum_start = 77, .csum_offset = 0},
        {.flags = 1, .csum_start = 200, .csum_offset = 65500},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct message m = packet(AF_INET, "1.1.1.1");

        m.h = bad[i];
        assert_false(accepts(m));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept__no_segmentation_and_no_stumps),
        cmocka_unit_test(test_checksum__is_completed_from_where_the_header_says),
        cmocka_unit_test(test_checksum__carries_come_round),
        cmocka_unit_test(test_checksum__of_udp_with_its_pseudo_header_is_right),
        cmocka_unit_test(test_checksum__outside_of_the_frame_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

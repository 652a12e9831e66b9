/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vsock_packet.h"

#include "tests/unit/fixture.h"

/* A header as virtio 1.2, 5.10.6 lays it out: every field a different pattern. */
static const uint8_t wire[VSOCK_HEADER_SIZE] = {
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* src_cid */
    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, /* dst_cid */
    0x24, 0x23, 0x22, 0x21, 0x34, 0x33, 0x32, 0x31, /* src_port, dst_port */
    0x44, 0x43, 0x42, 0x41, 0x52, 0x51, 0x62, 0x61, /* len, type, op */
    0x74, 0x73, 0x72, 0x71,                         /* flags */
    0x84, 0x83, 0x82, 0x81, 0x94, 0x93, 0x92, 0x91, /* buf_alloc, fwd_cnt */
};

static void test_decode__every_field_at_its_place(void **state)
{
    struct vsock_header h;

    (void)state;
    assert_true(vsock_header_decode(&h, wire, sizeof(wire)));
    assert_int_equal(h.src_cid, 0x0102030405060708);
    assert_int_equal(h.dst_cid, 0x1112131415161718);
    assert_int_equal(h.src_port, 0x21222324);
    assert_int_equal(h.dst_port, 0x31323334);
    assert_int_equal(h.len, 0x41424344);
    assert_int_equal(h.type, 0x5152);
    assert_int_equal(h.op, 0x6162);
    assert_int_equal(h.flags, 0x71727374);
    assert_int_equal(h.buf_alloc, 0x81828384);
    assert_int_equal(h.fwd_cnt, 0x91929394);
}

static void test_decode__every_shorter_header_is_refused(void **state)
{
    struct vsock_header h;

    (void)state;
    for (size_t len = 0; len < sizeof(wire); len++)
        assert_false(vsock_header_decode(&h, wire, len));
}

static void test_encode__gives_back_what_was_decoded(void **state)
{
    uint8_t bytes[VSOCK_HEADER_SIZE + 1] = {0};
    struct vsock_header h;

    (void)state;
    assert_true(vsock_header_decode(&h, wire, sizeof(wire)));
    bytes[VSOCK_HEADER_SIZE] = 0xee;
    vsock_header_encode(&h, bytes);
    assert_memory_equal(bytes, wire, sizeof(wire));
    assert_int_equal(bytes[VSOCK_HEADER_SIZE], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__every_field_at_its_place),
        cmocka_unit_test(test_decode__every_shorter_header_is_refused),
        cmocka_unit_test(test_encode__gives_back_what_was_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

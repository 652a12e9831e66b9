/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/msg.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "tests/unit/p9_samples.h"

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* The whole message as the wire has it, in memory of exactly `len` bytes; the caller frees. */
static uint8_t *wire(unsigned i, size_t *len)
{
    const char *body = samples[i].body;
    uint8_t *bytes;

    *len = 7 + strlen(body) / 2;
    bytes = malloc(*len);
    bytes[0] = (uint8_t)*len;
    bytes[1] = (uint8_t)(*len >> 8);
    bytes[2] = bytes[3] = 0;
    bytes[4] = samples[i].msg.type;
    bytes[5] = 0x34;
    bytes[6] = 0x12;
    for (size_t k = 7; k < *len; k++)
        assert_int_equal(sscanf(body + 2 * (k - 7), "%2hhx", &bytes[k]), 1);
    return bytes;
}

static void set_size(uint8_t *bytes, size_t size)
{
    bytes[0] = (uint8_t)size;
    bytes[1] = (uint8_t)(size >> 8);
}

static int payload(unsigned i)
{
    const struct p9_msg *m = &samples[i].msg;

    if (!p9_msg_has_payload(m->type))
        return 0;
    return (int)(m->type == P9_TWRITE ? m->io.count : m->rio.count);
}

static void test_msg_encode__gives_the_protocols_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint8_t bytes[512];
        size_t len;
        uint8_t *want = wire(i, &len);
        int head = p9_msg_encode(&samples[i].msg, bytes, sizeof(bytes));

        if (head != (int)len - payload(i) || memcmp(bytes, want, (size_t)head) != 0)
            fail_msg("%s is encoded wrongly", p9_msg_name(samples[i].msg.type));
        free(want);
    }
}

static void test_msg_decode__undoes_encode(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint8_t again[512];
        struct p9_msg m;
        size_t len;
        uint8_t *bytes = wire(i, &len);
        int head = p9_msg_decode(&m, bytes, len, len);

        assert_int_equal(head, (int)len - payload(i));
        assert_int_equal(p9_msg_encode(&m, again, sizeof(again)), head);
        if (memcmp(again, bytes, (size_t)head) != 0)
            fail_msg("%s is decoded wrongly", p9_msg_name(m.type));
        free(bytes);
    }
}

static void test_msg_encode__refuses_every_short_buffer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint8_t bytes[512];
        int head = p9_msg_encode(&samples[i].msg, bytes, sizeof(bytes));

        for (int cap = 0; cap < head; cap++) {
            uint8_t *exact = malloc((size_t)cap + 1);

            assert_int_equal(p9_msg_encode(&samples[i].msg, exact + 1, (size_t)cap), -EMSGSIZE);
            free(exact);
        }
    }
}

/* Cut anywhere: with the size it had, and with the size of what is left. */
static void test_msg_decode__refuses_every_truncation(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        size_t len;
        uint8_t *whole = wire(i, &len);

        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *bytes = malloc(cut + 1); /* asan sees a read behind it */
            bool may = samples[i].msg.type == P9_TFSYNC && cut == len - 4;
            struct p9_msg m;

            memcpy(bytes + 1, whole, cut);
            assert_int_equal(p9_msg_decode(&m, bytes + 1, cut, cut), -EBADMSG);
            if (cut >= 4)
                set_size(bytes + 1, cut);
            if (p9_msg_decode(&m, bytes + 1, cut, cut) != (may ? (int)cut : -EBADMSG))
                fail_msg("%s cut to %zu bytes", p9_msg_name(samples[i].msg.type), cut);
            free(bytes);
        }
        free(whole);
    }
}

static void test_msg_decode__refuses_bytes_left_over(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        size_t len;
        uint8_t *bytes = wire(i, &len);
        struct p9_msg m;

        bytes = realloc(bytes, len + 1);
        bytes[len] = 0;
        set_size(bytes, len + 1);
        assert_int_equal(p9_msg_decode(&m, bytes, len + 1, len + 1), -EBADMSG);
        free(bytes);
    }
}

/* Only the head is at hand: the payload is somewhere else. */
static void test_msg_decode__needs_no_payload(void **state)
{
    uint8_t bytes[P9_WRITE_HEAD];
    struct p9_msg m = {.type = P9_TWRITE, .io = {1, 2, 400000}};

    (void)state;
    assert_int_equal(p9_msg_encode(&m, bytes, sizeof(bytes)), P9_WRITE_HEAD);
    assert_int_equal(p9_msg_decode(&m, bytes, sizeof(bytes), sizeof(bytes) + 400000),
                     P9_WRITE_HEAD);
    assert_int_equal(m.io.count, 400000);
    assert_int_equal(p9_msg_decode(&m, bytes, sizeof(bytes), sizeof(bytes) + 399999), -EBADMSG);
}

static void test_msg__every_type_with_a_name_is_tested(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        unsigned seen = 0;

        for (unsigned i = 0; i < SAMPLES; i++)
            seen += samples[i].msg.type == type;
        assert_int_equal(seen, p9_msg_name((uint8_t)type) ? 1 : 0);
    }
}

static void test_msg_decode__refuses_unknown_types(void **state)
{
    uint8_t bytes[7] = {7, 0, 0, 0, 0, 1, 0};
    struct p9_msg m;

    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        bytes[4] = (uint8_t)type;
        if (p9_msg_name((uint8_t)type))
            continue;
        assert_int_equal(p9_msg_decode(&m, bytes, 7, 7), -EOPNOTSUPP);
        assert_int_equal(m.tag, 1);
        m.type = (uint8_t)type;
        assert_int_equal(p9_msg_encode(&m, bytes, sizeof(bytes)), -EINVAL);
    }
}

static void test_msg__a_walk_has_sixteen_names_at_most(void **state)
{
    struct p9_msg m = {.type = P9_TWALK, .twalk = {.n = P9_WALK_MAX}};
    uint8_t bytes[128];
    int len;

    (void)state;
    len = p9_msg_encode(&m, bytes, sizeof(bytes) - 2);
    assert_true(len > 0);
    assert_int_equal(p9_msg_decode(&m, bytes, (size_t)len, (size_t)len), len);
    m.twalk.n++;
    assert_int_equal(p9_msg_encode(&m, bytes, sizeof(bytes)), -EINVAL);
    bytes[15]++;
    bytes[len] = bytes[len + 1] = 0;
    set_size(bytes, (size_t)len + 2);
    assert_int_equal(p9_msg_decode(&m, bytes, (size_t)len + 2, (size_t)len + 2), -EBADMSG);
}

static void test_str_text__refuses_nul_and_length(void **state)
{
    struct p9_str nul = {"a\0b", 3}, fits = {"abc", 3};
    char text[4];

    (void)state;
    assert_int_equal(p9_str_text(&nul, text, sizeof(text)), -EINVAL);
    assert_int_equal(p9_str_text(&fits, text, 3), -ENAMETOOLONG);
    assert_int_equal(p9_str_text(&fits, text, 4), 0);
    assert_string_equal(text, "abc");
}

static void test_dirent_encode__is_whole_or_nothing(void **state)
{
    static const uint8_t want[] = {0x80, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
                                   9, 0, 0, 0, 0, 0, 0, 0, 4, 2, 0, 'a', 'b'};
    struct p9_dirent d = {.qid = {0x80, 1, 2}, .next = 9, .type = 4, .name = p9_str_of("ab")};
    uint8_t bytes[sizeof(want)];

    (void)state;
    assert_int_equal(p9_dirent_encode(&d, false, bytes, sizeof(bytes) - 1), 0);
    assert_int_equal(p9_dirent_encode(&d, false, bytes, sizeof(bytes)), sizeof(want));
    assert_memory_equal(bytes, want, sizeof(want));
}

/* What Rlist says of a file are the bytes of Rgetattr, behind those of Rreaddir. */
static void test_dirent__with_attributes_there_and_back(void **state)
{
    struct p9_msg m = {.type = P9_RGETATTR, .rgetattr = {.valid = P9_GETATTR_BASIC, .qid = {0x80, 1, 2}, .mode = 0755,
                       .size = 77, .mtime = {1, 999}, .data_version = 5}};
    struct p9_dirent d = {.qid = {0x80, 1, 2}, .next = 9, .type = 4, .name = p9_str_of("ab"), .attr = m.rgetattr}, back;
    uint8_t bytes[26 + P9_ATTR_SIZE], said[P9_HEADER + P9_ATTR_SIZE];

    (void)state;
    assert_int_equal(p9_dirent_encode(&d, true, bytes, sizeof(bytes) - 1), 0);
    assert_int_equal(p9_dirent_encode(&d, true, bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(p9_msg_encode(&m, said, sizeof(said)), sizeof(said));
    assert_memory_equal(bytes + 26, said + P9_HEADER, P9_ATTR_SIZE);
    for (size_t len = 0; len < sizeof(bytes); len++)
        assert_int_equal(p9_dirent_decode(&back, true, bytes, len), 0);
    assert_int_equal(p9_dirent_decode(&back, true, bytes, sizeof(bytes)), sizeof(bytes));
    assert_true(p9_qid_is(&back.qid, &d.qid) && back.next == 9 && back.type == 4 && back.name.len == 2);
    assert_true(back.attr.size == 77 && back.attr.mtime.nsec == 999 && back.attr.data_version == 5);
    assert_int_equal(p9_dirent_decode(&back, false, bytes, sizeof(bytes)), 26);
    assert_int_equal(back.attr.valid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_msg_encode__gives_the_protocols_bytes),
        cmocka_unit_test(test_msg_decode__undoes_encode),
        cmocka_unit_test(test_msg_encode__refuses_every_short_buffer),
        cmocka_unit_test(test_msg_decode__refuses_every_truncation),
        cmocka_unit_test(test_msg_decode__refuses_bytes_left_over),
        cmocka_unit_test(test_msg_decode__needs_no_payload),
        cmocka_unit_test(test_msg__every_type_with_a_name_is_tested),
        cmocka_unit_test(test_msg_decode__refuses_unknown_types),
        cmocka_unit_test(test_msg__a_walk_has_sixteen_names_at_most),
        cmocka_unit_test(test_str_text__refuses_nul_and_length),
        cmocka_unit_test(test_dirent_encode__is_whole_or_nothing),
        cmocka_unit_test(test_dirent__with_attributes_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

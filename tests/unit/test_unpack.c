/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/unpack.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"
#include "tests/unit/pack.h"

#define BIG (20U << 20) /* more than the first guess of the output's size, and three lz4 blocks */

static const struct format {
    const char *name;
    uint8_t *(*pack)(const uint8_t *in, size_t len, size_t *packed);
    size_t behind; /* bytes after the data proper */
} formats[] = {
    {"gzip", pack_gzip, 0}, {"xz", pack_xz, 4}, {"lz4", pack_lz4, 4}, {"zstd", pack_zstd, 4}};

/* 32 random bytes of every so many. */
static uint8_t *sample(size_t len, size_t every)
{
    uint8_t *bytes = malloc(len);
    uint32_t x = 1;

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = i % every < 32 ? (uint8_t)(x >> 24) : 'k';
    }
    return bytes;
}

static void assert_unpacks(const struct format *f, const uint8_t *packed, size_t packed_len,
                           const uint8_t *bytes, size_t len)
{
    auto_free uint8_t *out = NULL;
    size_t out_len = 0;
    struct err e = {0};

    if (unpack(packed, packed_len, &out, &out_len, &e) < 0)
        fail_msg("%s: %s", f->name, e.msg);
    assert_int_equal(out_len, len);
    assert_memory_equal(out, bytes, len);
}

/* The input lies in a buffer of its very length, so that asan sees each byte read behind it. */
static int unpack_copy(const uint8_t *packed, size_t len, struct err *e)
{
    auto_free uint8_t *copy = malloc(len), *out = NULL;
    size_t out_len;

    if (len)
        memcpy(copy, packed, len);
    *e = (struct err){0};
    return unpack(copy, len, &out, &out_len, e);
}

static void test_unpack__gives_back_what_was_packed(void **state)
{
    static const size_t sizes[] = {1, 4096, 100000, BIG};
    auto_free uint8_t *bytes = sample(BIG, 4096);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        for (size_t n = 0; n < ARRAY_SIZE(sizes); n++) {
            size_t len;
            auto_free uint8_t *packed = formats[i].pack(bytes, sizes[n], &len);

            assert_unpacks(&formats[i], packed, len, bytes, sizes[n]);
            if (sizes[n] < BIG) /* and without the size behind, as a tool packs */
                assert_unpacks(&formats[i], packed, len - formats[i].behind, bytes, sizes[n]);
        }
}

static void test_unpack__cut_short_is_damaged(void **state)
{
    auto_free uint8_t *bytes = sample(3000, 64);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        size_t len;
        auto_free uint8_t *packed = formats[i].pack(bytes, 3000, &len);

        for (size_t cut = 6; cut < len - formats[i].behind; cut += 1 + cut / 20) {
            struct err e;

            if (unpack_copy(packed, cut, &e) != -EBADMSG)
                fail_msg("%s cut to %zu of %zu", formats[i].name, cut, len);
            assert_says(e, formats[i].name);
        }
    }
}

static void test_unpack__lz4_cut_between_blocks_lacks_its_size(void **state)
{
    auto_free uint8_t *bytes = calloc(1, BIG);
    size_t len;
    auto_free uint8_t *packed = pack_lz4(bytes, BIG, &len);
    uint32_t first;
    struct err e;

    (void)state;
    memcpy(&first, packed + 4, 4);
    assert_int_equal(unpack_copy(packed, 8 + first + 3, &e), -EBADMSG);
    assert_int_equal(unpack_copy(packed, 8 + first + 4, &e),
                     -EBADMSG); /* a size that is another's */
    packed[len - 1] ^= 1;
    assert_int_equal(unpack_copy(packed, len, &e), -EBADMSG);
}

static void test_unpack__changed_bytes_are_damaged(void **state)
{
    auto_free uint8_t *bytes = sample(3000, 64);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        size_t len;
        auto_free uint8_t *packed = formats[i].pack(bytes, 3000, &len);
        struct err e;

        if (formats[i].pack == pack_lz4)
            continue; /* carries no checksum */
        packed[len / 2] ^= 0x55;
        assert_int_equal(unpack_copy(packed, len, &e), -EBADMSG);
    }
}

static void test_unpack__lz4_hostile_blocks_are_damaged(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"\x02\x21\x4c\x18", 4},                         /* nothing */
        {"\x02\x21\x4c\x18\0\0\0\0", 8},                 /* a size of nothing */
        {"\x02\x21\x4c\x18\xff\xff\xff\xff\x10x", 10},   /* a size behind the end */
        {"\x02\x21\x4c\x18\x01\0\0\0\xf0", 9},           /* literals behind the end */
        {"\x02\x21\x4c\x18\x06\0\0\0\x10x\xff\xff\0\0", 14}, /* a match before the beginning */
    };
    struct err e;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (unpack_copy((const uint8_t *)bad[i].bytes, bad[i].len, &e) != -EBADMSG)
            fail_msg("row %zu", i);
}

static void test_unpack__unknown_or_short_is_not_supported(void **state)
{
    static const char *const inputs[] = {"",        "\x1f", "\x1f\x8b",    "BZh91AY",
                                         "\3757zX", "ELF",  "\x28\xb5\x2f"};
    struct err e;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
        assert_int_equal(unpack_copy((const uint8_t *)inputs[i], strlen(inputs[i]), &e), -ENOTSUP);
}

static void test_unpack__bomb_is_refused(void **state)
{
    size_t room = 1 << 20, chunk = 1 << 20;
    auto_free uint8_t *packed = malloc(room), *zeroes = calloc(1, chunk);
    ZSTD_CStream *z = ZSTD_createCStream();
    ZSTD_outBuffer out = {packed, room, 0};
    struct err e;

    (void)state;
    for (size_t done = 0; done <= UNPACK_MAX; done += chunk) {
        ZSTD_inBuffer in = {zeroes, chunk, 0};

        while (in.pos < in.size)
            assert_false(ZSTD_isError(ZSTD_compressStream2(z, &out, &in, ZSTD_e_continue)));
    }
    assert_int_equal(ZSTD_compressStream2(z, &out, &(ZSTD_inBuffer){zeroes, 0, 0}, ZSTD_e_end), 0);
    ZSTD_freeCStream(z);
    assert_int_equal(unpack_copy(packed, out.pos, &e), -EBADMSG);
    assert_says(e, "512 MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack__gives_back_what_was_packed),
        cmocka_unit_test(test_unpack__cut_short_is_damaged),
        cmocka_unit_test(test_unpack__lz4_cut_between_blocks_lacks_its_size),
        cmocka_unit_test(test_unpack__changed_bytes_are_damaged),
        cmocka_unit_test(test_unpack__lz4_hostile_blocks_are_damaged),
        cmocka_unit_test(test_unpack__unknown_or_short_is_not_supported),
        cmocka_unit_test(test_unpack__bomb_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

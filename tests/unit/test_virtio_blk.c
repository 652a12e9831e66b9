/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_blk.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <sys/stat.h>

#include "tests/unit/driver.h"
#include "vmm/io.h"
#include "vmm/loop.h"

#define SECTORS 64
#define HEADER_AT DRIVER_DATA_AT
#define STATUS_AT (DRIVER_DATA_AT + 0x100)
#define DATA_AT (DRIVER_DATA_AT + 0x1000)
#define RANGES 16
#define NOT_SET 0xee

struct world {
    char *folder, *path;
    struct mem mem;
    struct loop *loop;
    struct io *io;
    struct virtio_blk b;
    struct driver d;
    uint16_t asked;
};

static void fill_image(const char *path)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (int i = 0; i < SECTORS * 512; i++)
        fputc('a' + i / 512 % 26, f);
    fclose(f);
}

static void start(struct world *w, bool read_only)
{
    assert_int_equal(virtio_blk_init(&w->b, &w->mem, w->io, "disk-with-a-very-long-name", w->path,
                                     "raw", read_only, 1, NULL), 0);
    driver_negotiate(&w->b.v, 0);
    driver_init(&w->d, &w->mem, &w->b.v.queue[0], 0, 8);
    virtio_enable_queue(&w->b.v, 0);
    driver_ok(&w->b.v);
    w->asked = 0;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_folder();
    assert_non_null(w->path = file_path("%s/disk.img", w->folder));
    fill_image(w->path);
    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    assert_non_null(w->loop = loop_new(NULL));
    assert_non_null(w->io = io_new(w->loop, NULL));
    start(w, false);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    io_drain(w->io);
    virtio_blk_release(&w->b);
    io_free(w->io);
    loop_free(w->loop);
    mem_release(&w->mem);
    free(w->path);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

/* --- requests --- */

static uint8_t *at(struct world *w, uint64_t gpa, uint64_t len)
{
    return driver_at(&w->d, gpa, len);
}

static void notify(struct world *w)
{
    w->b.v.class->notify(&w->b.v, 0);
    io_drain(w->io);
}

/* Header, then `n` pieces of data, then the status byte; returns the status, *used: bytes written.
 */
static uint8_t ask_pieces(struct world *w, uint32_t type, uint64_t sector,
                          const struct desc_entry *data, unsigned n, uint32_t *used)
{
    struct virtio_blk_outhdr h = {.type = type, .sector = sector};
    struct desc_entry chain[8] = {{HEADER_AT, sizeof(h), 0, 0}};

    memcpy(at(w, HEADER_AT, sizeof(h)), &h, sizeof(h));
    *at(w, STATUS_AT, 1) = NOT_SET;
    if (n)
        memcpy(chain + 1, data, n * sizeof(*data));
    chain[n + 1] = (struct desc_entry){STATUS_AT, 1, WRITE, 0};
    driver_chain(&w->d, 0, chain, n + 2);
    notify(w);
    assert_int_equal(driver_used_index(&w->d), ++w->asked);
    if (used)
        *used = driver_used(&w->d, (uint16_t)(w->asked - 1)).len;
    return *at(w, STATUS_AT, 1);
}

static uint8_t ask(struct world *w, uint32_t type, uint64_t sector, uint32_t len, uint32_t *used)
{
    uint16_t flags = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID ? WRITE : 0;

    return ask_pieces(w, type, sector, &(struct desc_entry){DATA_AT, len, flags, 0}, 1, used);
}

/* Every byte of a sector of the image, or -1 when they differ. */
static int image_sector(struct world *w, unsigned sector)
{
    FILE *f = fopen(w->path, "r");
    uint8_t bytes[512];
    int same;

    assert_non_null(f);
    assert_int_equal(fseek(f, 512L * sector, SEEK_SET), 0);
    assert_int_equal(fread(bytes, 1, 512, f), 512);
    fclose(f);
    same = memcmp(bytes, bytes + 1, 511) == 0 ? bytes[0] : -1;
    return same;
}

static void assert_image_untouched(struct world *w)
{
    for (unsigned i = 0; i < SECTORS; i++)
        assert_int_equal(image_sector(w, i), 'a' + i % 26);
}

static void test_read__fills_pieces_in_order(void **state)
{
    struct world *w = *state;
    struct desc_entry pieces[] = {{DATA_AT, 700, WRITE, 0}, {DATA_AT + 0x1000, 324, WRITE, 0}};
    uint32_t used;

    assert_int_equal(ask_pieces(w, VIRTIO_BLK_T_IN, 2, pieces, 2, &used), VIRTIO_BLK_S_OK);
    assert_int_equal(used, 1025);
    assert_int_equal(*at(w, DATA_AT, 1), 'c');
    assert_int_equal(*at(w, DATA_AT + 511, 1), 'c');
    assert_int_equal(*at(w, DATA_AT + 512, 1), 'd');
    assert_int_equal(*at(w, DATA_AT + 700, 1), 0);
    assert_int_equal(*at(w, DATA_AT + 0x1000 + 323, 1), 'd');
    assert_int_equal(*at(w, DATA_AT + 0x1000 + 324, 1), 0);
    assert_int_equal(w->b.v.stats.read_bytes, 1024);
    assert_int_equal(w->b.v.stats.requests, 1);
}

static void test_read__status_may_share_the_last_piece(void **state)
{
    struct world *w = *state;
    struct virtio_blk_outhdr h = {.type = VIRTIO_BLK_T_IN, .sector = 1};

    memcpy(at(w, HEADER_AT, sizeof(h)), &h, sizeof(h));
    *at(w, DATA_AT + 512, 1) = NOT_SET;
    driver_chain(&w->d, 0, (struct desc_entry[]){{HEADER_AT, 16, 0, 0}, {DATA_AT, 513, WRITE, 0}},
                 2);
    notify(w);
    assert_int_equal(*at(w, DATA_AT + 511, 1), 'b');
    assert_int_equal(*at(w, DATA_AT + 512, 1), VIRTIO_BLK_S_OK);
    assert_int_equal(driver_used(&w->d, 0).len, 513);
}

static void test_write__header_may_be_cut_anywhere(void **state)
{
    struct world *w = *state;
    struct virtio_blk_outhdr h = {.type = VIRTIO_BLK_T_OUT, .sector = 63};

    memcpy(at(w, DATA_AT, sizeof(h)), &h, sizeof(h));
    memset(at(w, DATA_AT + 16, 512), 'W', 512);
    driver_chain(&w->d, 0, (struct desc_entry[]){{DATA_AT, 5, 0, 0}, {DATA_AT + 5, 12, 0, 0},
                                                 {DATA_AT + 17, 511, 0, 0},
                                                 {STATUS_AT, 1, WRITE, 0}}, 4);
    notify(w);
    assert_int_equal(*at(w, STATUS_AT, 1), VIRTIO_BLK_S_OK);
    assert_int_equal(driver_used(&w->d, 0).len, 1);
    assert_int_equal(image_sector(w, 63), 'W');
    assert_int_equal(image_sector(w, 62), 'a' + 62 % 26);
}

static void test_transfer__of_nothing_is_done(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, VIRTIO_BLK_T_IN, 0, 0, NULL), VIRTIO_BLK_S_OK);
    assert_int_equal(ask(w, VIRTIO_BLK_T_OUT, 0, 0, NULL), VIRTIO_BLK_S_OK);
    assert_image_untouched(w);
}

static void test_transfer__outside_or_misaligned_is_an_error(void **state)
{
    struct world *w = *state;
    static const struct {
        uint64_t sector;
        uint32_t len;
    } bad[] = {
        {SECTORS, 512},
        {SECTORS - 1, 1024},
        {UINT64_MAX, 512},
        {UINT64_MAX / 512, 512},
        {UINT64_MAX / 512 + 1, 512},
        {1ULL << 55, 512},
        {0, 511},
        {0, 513},
        {0, 1},
        {0, 512 * (SECTORS + 1)},
    };

    memset(at(w, DATA_AT, 1), 'X', 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t used;

        assert_int_equal(ask(w, VIRTIO_BLK_T_IN, bad[i].sector, bad[i].len, &used),
                         VIRTIO_BLK_S_IOERR);
        assert_int_equal(used, 1);
        assert_int_equal(ask(w, VIRTIO_BLK_T_OUT, bad[i].sector, bad[i].len, NULL),
                         VIRTIO_BLK_S_IOERR);
    }
    assert_int_equal(*at(w, DATA_AT, 1), 'X');
    assert_image_untouched(w);
    assert_int_equal(w->b.v.stats.errors, 2 * sizeof(bad) / sizeof(bad[0]));
    assert_int_equal(ask(w, VIRTIO_BLK_T_IN, 0, 512 * SECTORS, NULL), VIRTIO_BLK_S_OK);
}

static void test_flush__succeeds(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_pieces(w, VIRTIO_BLK_T_FLUSH, 0, NULL, 0, NULL), VIRTIO_BLK_S_OK);
}

static void test_get_id__gives_the_name_cut_to_the_room(void **state)
{
    struct world *w = *state;
    uint32_t used;

    memset(at(w, DATA_AT, 64), '#', 64);
    assert_int_equal(ask(w, VIRTIO_BLK_T_GET_ID, 0, 20, &used), VIRTIO_BLK_S_OK);
    assert_int_equal(used, 21);
    assert_memory_equal(at(w, DATA_AT, 21), "disk-with-a-very-lon#", 21);
    memset(at(w, DATA_AT, 64), '#', 64);
    assert_int_equal(ask(w, VIRTIO_BLK_T_GET_ID, 0, 4, &used), VIRTIO_BLK_S_OK);
    assert_int_equal(used, 5);
    assert_memory_equal(at(w, DATA_AT, 5), "disk#", 5);
    assert_int_equal(ask(w, VIRTIO_BLK_T_GET_ID, 0, 64, &used), VIRTIO_BLK_S_OK);
    assert_int_equal(used, 21);
}

static void test_unknown_types__are_unsupported(void **state)
{
    struct world *w = *state;
    static const uint32_t types[] = {2, 3, 5, 7, 12, 14, 16, 0x80000000, 0xffffffff};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_int_equal(ask(w, types[i], 0, 512, NULL), VIRTIO_BLK_S_UNSUPP);
    assert_image_untouched(w);
}

/* --- discard and write zeroes --- */

static uint8_t ask_zero(struct world *w, uint32_t type,
                        const struct virtio_blk_discard_write_zeroes *r, unsigned n)
{
    memcpy(at(w, DATA_AT, n * sizeof(*r)), r, n * sizeof(*r));
    return ask(w, type, 0, (uint32_t)(n * sizeof(*r)), NULL);
}

static void test_zero__both_kinds_leave_zeroes_in_their_ranges_only(void **state)
{
    struct world *w = *state;
    static const struct virtio_blk_discard_write_zeroes ranges[] = {
        {8, 8, 0}, {40, 1, 0}, {50, 0, 0}};
    static const struct virtio_blk_discard_write_zeroes unmap[] = {{16, 8, 1}};

    assert_int_equal(ask_zero(w, VIRTIO_BLK_T_WRITE_ZEROES, ranges, 3), VIRTIO_BLK_S_OK);
    assert_int_equal(ask_zero(w, VIRTIO_BLK_T_WRITE_ZEROES, unmap, 1), VIRTIO_BLK_S_OK);
    for (unsigned i = 0; i < SECTORS; i++)
        assert_int_equal(image_sector(w, i),
                         (i >= 8 && i < 24) || i == 40 ? 0 : 'a' + i % 26);
    fill_image(w->path);
    assert_int_equal(ask_zero(w, VIRTIO_BLK_T_DISCARD, ranges, 3), VIRTIO_BLK_S_OK);
    for (unsigned i = 0; i < SECTORS; i++)
        assert_int_equal(image_sector(w, i), (i >= 8 && i < 16) || i == 40 ? 0 : 'a' + i % 26);
}

static void test_zero__discard_gives_space_back(void **state)
{
    struct world *w = *state;
    struct stat before, after;

    stat(w->path, &before);
    assert_int_equal(ask_zero(w, VIRTIO_BLK_T_DISCARD,
                              &(struct virtio_blk_discard_write_zeroes){0, SECTORS, 0}, 1),
                     VIRTIO_BLK_S_OK);
    stat(w->path, &after);
    assert_true(after.st_blocks < before.st_blocks);
    assert_int_equal(after.st_size, SECTORS * 512);
}

static void test_zero__one_bad_range_refuses_all(void **state)
{
    struct world *w = *state;
    static const struct {
        struct virtio_blk_discard_write_zeroes r;
        uint8_t discard, zeroes;
    } bad[] = {
        {{SECTORS, 1, 0}, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR},
        {{SECTORS - 1, 2, 0}, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR},
        {{UINT64_MAX, 2, 0}, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR},
        {{0, UINT32_MAX, 0}, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR},
        {{0, 1, 2}, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_UNSUPP},
    };
    struct virtio_blk_discard_write_zeroes many[RANGES + 1] = {{0, 1, 0}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct virtio_blk_discard_write_zeroes two[] = {{0, 1, 0}, bad[i].r};

        assert_int_equal(ask_zero(w, VIRTIO_BLK_T_DISCARD, two, 2), bad[i].discard);
        assert_int_equal(ask_zero(w, VIRTIO_BLK_T_WRITE_ZEROES, two, 2), bad[i].zeroes);
    }
    assert_int_equal(
        ask_zero(w, VIRTIO_BLK_T_DISCARD, &(struct virtio_blk_discard_write_zeroes){0, 1, 1}, 1),
        VIRTIO_BLK_S_UNSUPP);
    assert_int_equal(ask_zero(w, VIRTIO_BLK_T_DISCARD, many, RANGES + 1), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(w, VIRTIO_BLK_T_DISCARD, 0, 0, NULL), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(w, VIRTIO_BLK_T_DISCARD, 0, 15, NULL), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(w, VIRTIO_BLK_T_DISCARD, 0, 17, NULL), VIRTIO_BLK_S_IOERR);
    assert_image_untouched(w);
}

/* --- malformed chains --- */

static void test_malformed__without_header_or_status_fails_the_device(void **state)
{
    struct world *w = *state;
    static const struct {
        struct desc_entry chain[2];
        unsigned n;
    } bad[] = {
        {{{HEADER_AT, 16, 0, 0}}, 1},                             /* no status */
        {{{STATUS_AT, 513, WRITE, 0}}, 1},                        /* no header */
        {{{HEADER_AT, 15, 0, 0}, {STATUS_AT, 1, WRITE, 0}}, 2},   /* a short one */
        {{{HEADER_AT, 16, 0, 0}, {STATUS_AT, 0, WRITE, 0}}, 2},   /* status of no byte */
        {{{HEADER_AT, 0, 0, 0}, {STATUS_AT, 0, WRITE, 0}}, 2},    /* nothing at all */
        {{{HEADER_AT, 16, WRITE, 0}, {STATUS_AT, 1, WRITE, 0}}, 2},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        *at(w, STATUS_AT, 1) = NOT_SET;
        driver_chain(&w->d, 0, bad[i].chain, bad[i].n);
        notify(w);
        assert_int_equal(w->b.v.status & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
        assert_int_equal(driver_used_index(&w->d), 0);
        assert_int_equal(*at(w, STATUS_AT, 1), NOT_SET);
        virtio_set_status(&w->b.v, 0);
        virtio_blk_release(&w->b);
        start(w, false);
    }
    assert_image_untouched(w);
}

/* --- read-only, reset, configuration, opening --- */

static void test_read_only__refuses_all_that_writes(void **state)
{
    struct world *w = *state;
    static const struct virtio_blk_discard_write_zeroes range = {0, 1, 0};

    virtio_blk_release(&w->b);
    start(w, true);
    assert_true(w->b.v.features_offered & 1ULL << VIRTIO_BLK_F_RO);
    assert_false(w->b.v.features_offered & 1ULL << VIRTIO_BLK_F_DISCARD);
    assert_int_equal(ask(w, VIRTIO_BLK_T_OUT, 0, 512, NULL), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask_zero(w, VIRTIO_BLK_T_DISCARD, &range, 1), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask_zero(w, VIRTIO_BLK_T_WRITE_ZEROES, &range, 1), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(w, VIRTIO_BLK_T_IN, 0, 512, NULL), VIRTIO_BLK_S_OK);
    assert_image_untouched(w);
}

static void test_reset__waits_for_what_is_in_flight(void **state)
{
    struct world *w = *state;
    struct virtio_blk_outhdr h = {.type = VIRTIO_BLK_T_IN};

    memcpy(at(w, HEADER_AT, sizeof(h)), &h, sizeof(h));
    *at(w, STATUS_AT, 1) = NOT_SET;
    driver_chain(&w->d, 0, (struct desc_entry[]){{HEADER_AT, 16, 0, 0}, {DATA_AT, 512, WRITE, 0},
                                                 {STATUS_AT, 1, WRITE, 0}}, 3);
    w->b.v.class->notify(&w->b.v, 0);
    virtio_set_status(&w->b.v, 0);
    assert_int_equal(*at(w, STATUS_AT, 1), VIRTIO_BLK_S_OK); /* done before the reset returned */
    assert_int_equal(driver_used_index(&w->d), 1);
    assert_false(w->b.v.queue[0].ready);
}

static void test_config__tells_size_and_limits(void **state)
{
    struct world *w = *state;
    struct virtio_blk_config c;

    assert_int_equal(w->b.v.config_size, sizeof(c));
    w->b.v.class->config_read(&w->b.v, 0, &c, sizeof(c));
    assert_int_equal(c.capacity, SECTORS);
    assert_int_equal(c.blk_size, 512);
    assert_int_equal(c.max_discard_seg, RANGES);
    assert_int_equal(c.num_queues, 1);
    assert_true(c.seg_max + 2 <= w->b.v.class->queue_size); /* header and status beside the data */
}

static void test_open__refuses_what_is_no_disk(void **state)
{
    struct world *w = *state;
    struct virtio_blk b;
    struct err e;

    assert_int_equal(virtio_blk_init(&b, &w->mem, w->io, "x", w->path, "raw", false, 1, &e),
                     -EBUSY);
    assert_int_equal(virtio_blk_init(&b, &w->mem, w->io, "x", w->path, "qcow9", true, 1, &e),
                     -EINVAL);
    assert_says(e, "qcow9");
    assert_int_equal(virtio_blk_init(&b, &w->mem, w->io, "x", w->folder, "raw", true, 1, &e),
                     -EINVAL);
    assert_int_equal(virtio_blk_init(&b, &w->mem, w->io, "x", "/nowhere/x", "raw", true, 1, &e),
                     -ENOENT);
    virtio_blk_release(&w->b);
    assert_int_equal(truncate(w->path, 513), 0);
    assert_int_equal(virtio_blk_init(&b, &w->mem, w->io, "x", w->path, "raw", true, 1, &e),
                     -EINVAL);
    assert_int_equal(truncate(w->path, 0), 0);
    assert_int_equal(virtio_blk_init(&b, &w->mem, w->io, "x", w->path, "raw", true, 1, &e),
                     -EINVAL);
    assert_int_equal(b.disk.fd, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_read__fills_pieces_in_order),
        TEST(test_read__status_may_share_the_last_piece),
        TEST(test_write__header_may_be_cut_anywhere),
        TEST(test_transfer__of_nothing_is_done),
        TEST(test_transfer__outside_or_misaligned_is_an_error),
        TEST(test_flush__succeeds),
        TEST(test_get_id__gives_the_name_cut_to_the_room),
        TEST(test_unknown_types__are_unsupported),
        TEST(test_zero__both_kinds_leave_zeroes_in_their_ranges_only),
        TEST(test_zero__discard_gives_space_back),
        TEST(test_zero__one_bad_range_refuses_all),
        TEST(test_malformed__without_header_or_status_fails_the_device),
        TEST(test_read_only__refuses_all_that_writes),
        TEST(test_reset__waits_for_what_is_in_flight),
        TEST(test_config__tells_size_and_limits),
        TEST(test_open__refuses_what_is_no_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

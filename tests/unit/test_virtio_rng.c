/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_rng.h"

#include "tests/unit/fixture.h"

#include "tests/unit/driver.h"

struct world {
    struct mem mem;
    struct virtio_rng r;
    struct driver d;
    int again[2];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    virtio_rng_init(&w->r, &w->mem);
    assert_int_equal(pipe(w->again), 0);
    w->r.v.notify_fd = w->again[1];
    driver_negotiate(&w->r.v, 0);
    driver_init(&w->d, &w->mem, &w->r.v.queue[0], 0, 8);
    virtio_enable_queue(&w->r.v, 0);
    driver_ok(&w->r.v);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    close(w->again[0]);
    close(w->again[1]);
    mem_release(&w->mem);
    free(w);
    return 0;
}

static uint32_t ask(struct world *w, const struct desc_entry *pieces, unsigned n)
{
    driver_chain(&w->d, 0, pieces, n);
    w->r.v.class->notify(&w->r.v, 0);
    return driver_used(&w->d, (uint16_t)(driver_used_index(&w->d) - 1)).len;
}

static bool all_zero(const uint8_t *p, size_t len)
{
    while (len && *p == 0)
        p++, len--;
    return len == 0;
}

static void test_notify__fills_the_writable_pieces_only(void **state)
{
    struct world *w = *state;
    uint8_t *at = driver_at(&w->d, DRIVER_DATA_AT, 0x1000);

    memset(at, 'r', 16);
    assert_int_equal(ask(w, (struct desc_entry[]){{DRIVER_DATA_AT, 16, 0, 0},
                                                  {DRIVER_DATA_AT + 0x100, 64, WRITE, 0},
                                                  {DRIVER_DATA_AT + 0x200, 64, WRITE, 0}}, 3), 128);
    assert_memory_equal(at, "rrrrrrrrrrrrrrrr", 16);
    assert_false(all_zero(at + 0x100, 64)); /* wrong once in 2^512 runs */
    assert_false(all_zero(at + 0x200, 64));
    assert_memory_not_equal(at + 0x100, at + 0x200, 64);
    assert_true(all_zero(at + 0x140, 0xc0));
    assert_true(all_zero(at + 0x240, 0xc0));
    assert_int_equal(w->r.v.stats.read_bytes, 128);
}

static void test_notify__gives_at_most_the_limit(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, (struct desc_entry[]){{DRIVER_DATA_AT, 1 << 20, WRITE, 0}}, 1),
                     RNG_REQUEST_MAX);
    assert_true(all_zero(driver_at(&w->d, DRIVER_DATA_AT + RNG_REQUEST_MAX, 1 << 19), 1 << 19));
}

static void test_notify__request_without_room_is_given_back(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, (struct desc_entry[]){{DRIVER_DATA_AT, 16, 0, 0}}, 1), 0);
    assert_int_equal(ask(w, (struct desc_entry[]){{DRIVER_DATA_AT, 0, WRITE, 0}}, 1), 0);
    assert_int_equal(driver_used_index(&w->d), 2);
}

/* What one turn takes is bounded; the rest comes again by the device's own notification. */
static void test_notify__leaves_the_rest_for_another_turn(void **state)
{
    struct world *w = *state;
    uint64_t count;

    virtio_set_status(&w->r.v, 0);
    w->r.v.queue[0].size_max = 64;
    driver_negotiate(&w->r.v, 0);
    driver_init(&w->d, &w->mem, &w->r.v.queue[0], 0, 64);
    virtio_enable_queue(&w->r.v, 0);
    driver_ok(&w->r.v);
    driver_desc(&w->d, 0, (struct desc_entry){DRIVER_DATA_AT, 1, WRITE, 0});
    for (int i = 0; i < 40; i++)
        driver_offer(&w->d, 0);
    w->r.v.class->notify(&w->r.v, 0);
    assert_in_range(driver_used_index(&w->d), RNG_BATCH, RNG_BATCH + 1);
    assert_int_equal(read(w->again[0], &count, sizeof(count)), sizeof(count));
    w->r.v.class->notify(&w->r.v, 0);
    w->r.v.class->notify(&w->r.v, 0);
    assert_int_equal(driver_used_index(&w->d), 40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_notify__fills_the_writable_pieces_only),
        TEST(test_notify__gives_at_most_the_limit),
        TEST(test_notify__request_without_room_is_given_back),
        TEST(test_notify__leaves_the_rest_for_another_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

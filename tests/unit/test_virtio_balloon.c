/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_balloon.h"

#include "tests/unit/fixture.h"

#include "tests/unit/driver.h"

#define INFLATE 0
#define REPORTING 2

struct world {
    struct mem mem;
    struct virtio_balloon b;
    struct driver d[3];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    virtio_balloon_init(&w->b, &w->mem);
    driver_negotiate(&w->b.v, 1 << 5);
    for (unsigned i = 0; i < 3; i++) {
        driver_init(&w->d[i], &w->mem, &w->b.v.queue[i], i, 8);
        virtio_enable_queue(&w->b.v, i);
    }
    driver_ok(&w->b.v);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    mem_release(&w->mem);
    free(w);
    return 0;
}

static void offer(struct world *w, unsigned queue, struct desc_entry piece)
{
    driver_chain(&w->d[queue], 0, &piece, 1);
    w->b.v.class->notify(&w->b.v, queue);
    assert_int_equal(driver_used_index(&w->d[queue]), 1);
    assert_int_equal(driver_used(&w->d[queue], 0).len, 0);
}

static void test_report__whole_pages_become_zeroes(void **state)
{
    struct world *w = *state;
    uint8_t *page = driver_at(&w->d[0], DRIVER_DATA_AT, 0x3000);

    memset(page, 7, 0x3000);
    offer(w, REPORTING, (struct desc_entry){.addr = DRIVER_DATA_AT + 1, .len = 0x2000, .flags = 2});
    assert_int_equal(page[0xfff], 7); /* its page is reported in part only */
    assert_int_equal(page[0x1000], 0);
    assert_int_equal(page[0x1fff], 0);
    assert_int_equal(page[0x2000], 7);
}

static void test_report__what_the_driver_only_lends_to_read_stays(void **state)
{
    struct world *w = *state;
    uint8_t *page = driver_at(&w->d[0], DRIVER_DATA_AT, 0x1000);

    memset(page, 7, 0x1000);
    offer(w, REPORTING, (struct desc_entry){.addr = DRIVER_DATA_AT, .len = 0x1000});
    assert_int_equal(page[0], 7);
}

static void test_inflate__drops_the_pages_named_and_no_others(void **state)
{
    struct world *w = *state;
    uint8_t *page = driver_at(&w->d[0], DRIVER_DATA_AT + 0x1000, 0x2000);
    const uint32_t pages[] = {DRIVER_DATA_AT / 4096 + 1, 0xffffffff};

    memset(page, 7, 0x2000);
    memcpy(driver_at(&w->d[0], DRIVER_DATA_AT, sizeof(pages)), pages, sizeof(pages));
    offer(w, INFLATE, (struct desc_entry){.addr = DRIVER_DATA_AT, .len = sizeof(pages)});
    assert_int_equal(page[0], 0);
    assert_int_equal(page[0x1000], 7);
}

static void test_config__wants_no_pages_and_keeps_what_the_driver_says(void **state)
{
    struct world *w = *state;
    uint32_t wanted = 1, actual = 5;

    w->b.v.class->config_write(&w->b.v, 4, &actual, 4);
    w->b.v.class->config_read(&w->b.v, 0, &wanted, 4);
    actual = 0;
    w->b.v.class->config_read(&w->b.v, 4, &actual, 4);
    assert_int_equal(wanted, 0);
    assert_int_equal(actual, 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_report__whole_pages_become_zeroes),
        TEST(test_report__what_the_driver_only_lends_to_read_stays),
        TEST(test_inflate__drops_the_pages_named_and_no_others),
        TEST(test_config__wants_no_pages_and_keeps_what_the_driver_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

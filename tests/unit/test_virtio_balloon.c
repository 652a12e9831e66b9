/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_balloon.h"

#include "tests/unit/fixture.h"

#include "core/base/state.h"
#include "tests/unit/driver.h"

#define INFLATE 0
#define REPORTING 2 /* without statistics; else it is one more */
#define STATS 2

struct world {
    struct mem mem;
    struct virtio_balloon b;
    struct driver d[4];
};

static int set_up_with(void **state, uint64_t features, unsigned queues)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    virtio_balloon_init(&w->b, &w->mem);
    driver_start(w->d, queues, 8, &w->b.v, &w->mem, features);
    *state = w;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, 1 << 5, 3);
}

static int set_up_stats(void **state)
{
    return set_up_with(state, 1 << 5 | 1 << 1, 4);
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

/* --- statistics --- */

struct stat {
    uint16_t tag;
    uint64_t value;
} __attribute__((packed));

/* The driver's one buffer, filled anew. */
static void tell(struct world *w, const struct stat *stats, unsigned n)
{
    struct desc_entry piece = {.addr = DRIVER_DATA_AT, .len = n * (uint32_t)sizeof(*stats)};

    memcpy(driver_at(&w->d[STATS], DRIVER_DATA_AT, n * sizeof(*stats)), stats, n * sizeof(*stats));
    driver_chain(&w->d[STATS], 0, &piece, 1);
    w->b.v.class->notify(&w->b.v, STATS);
}

static void test_stats__are_told_when_asked_and_not_when_old(void **state)
{
    struct world *w = *state;
    const struct stat before[] = {{4, 10 << 20}, {5, 100 << 20}, {6, 70 << 20}, {99, 1}}, after[] = {{5, 100 << 20}, {6, 20 << 20}};

    assert_int_equal(virtio_balloon_used(&w->b, 1000), -1); /* it has told nothing */
    tell(w, before, 4);
    assert_int_equal(driver_used_index(&w->d[STATS]), 0); /* waits: a guest nobody asks is left alone */
    assert_int_equal(virtio_balloon_used(&w->b, 2000), -1); /* who knows when that was */
    assert_int_equal(driver_used_index(&w->d[STATS]), 1);
    tell(w, before, 4);
    assert_int_equal(virtio_balloon_used(&w->b, 3000), 30 << 20);
    assert_int_equal(virtio_balloon_used(&w->b, 3100), 30 << 20); /* not asked again so soon */
    assert_int_equal(driver_used_index(&w->d[STATS]), 2);
    tell(w, after, 2);
    assert_int_equal(virtio_balloon_used(&w->b, 4000), 80 << 20);
    assert_int_equal(virtio_balloon_used(&w->b, 5000), 80 << 20); /* it is slow to answer */
    assert_int_equal(virtio_balloon_used(&w->b, 20000), -1);
    tell(w, after, 2);
    assert_int_equal(virtio_balloon_used(&w->b, 20500), -1); /* asked too long ago */
    tell(w, after, 2);
    assert_int_equal(virtio_balloon_used(&w->b, 21500), 80 << 20);
    virtio_set_status(&w->b.v, 0);
    assert_int_equal(virtio_balloon_used(&w->b, 22500), -1);
}

static void test_stats__that_make_no_sense(void **state)
{
    struct world *w = *state;
    static const struct {
        struct stat s[4];
        int64_t used;
    } all[] = {{{{5, 100}, {4, 30}, {7, 20}}, 50},                 /* a kernel without "available" */
               {{{5, 100}, {6, 101}}, -1},                         /* more than there is */
               {{{5, UINT64_MAX}, {6, 1}}, -1},
               {{{5, 100}, {4, UINT64_MAX}, {7, UINT64_MAX}}, -1},
               {{{6, 1}}, -1},
               {{{65535, 1}, {0, 0}}, -1}};
    int64_t now = 1000;

    tell(w, all[0].s, 4);
    virtio_balloon_used(&w->b, now);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        tell(w, all[i].s, 4);
        assert_int_equal(virtio_balloon_used(&w->b, now += 1000), all[i].used);
    }
}

/* With statistics, reporting is the queue behind them. */
static void test_stats__reporting_comes_after_them(void **state)
{
    struct world *w = *state;
    uint8_t *page = driver_at(&w->d[0], DRIVER_DATA_AT, 0x1000);

    memset(page, 7, 0x1000);
    offer(w, REPORTING + 1, (struct desc_entry){.addr = DRIVER_DATA_AT, .len = 0x1000, .flags = 2});
    assert_int_equal(page[0], 0);
}

/* A machine is saved with the driver's buffer waiting; whoever goes on from there asks anew. */
static void test_stats__wait_while_saved_and_loaded(void **state)
{
    struct world *w = *state;
    const struct stat stats[] = {{5, 100 << 20}, {6, 60 << 20}};
    struct virtio_balloon other;
    struct state out, in;
    struct err e = {0};

    tell(w, stats, 2);
    assert_int_equal(virtio_balloon_used(&w->b, 1000), -1);
    tell(w, stats, 2); /* waits now */
    state_save(&out);
    virtio_quiesce(&w->b.v);
    virtio_state(&w->b.v, &out);
    assert_ok(state_finish(&out, &e), e);
    virtio_balloon_init(&other, &w->mem);
    state_load(&in, out.out, out.len);
    virtio_state(&other.v, &in);
    assert_ok(state_finish(&in, &e), e);
    state_release(&out);
    virtio_go_on(&other.v, true);
    other.v.class->notify(&other.v, STATS); /* every queue is looked at */
    assert_int_equal(driver_used_index(&w->d[STATS]), 1);
    assert_int_equal(virtio_balloon_used(&other, 500), -1); /* of the machine before; its clock says nothing here */
    assert_int_equal(driver_used_index(&w->d[STATS]), 2);
    tell(w, stats, 2);
    assert_int_equal(virtio_balloon_used(&other, 1500), 40 << 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_report__whole_pages_become_zeroes),
        TEST(test_report__what_the_driver_only_lends_to_read_stays),
        TEST(test_inflate__drops_the_pages_named_and_no_others),
        cmocka_unit_test_setup_teardown(test_stats__are_told_when_asked_and_not_when_old, set_up_stats, tear_down),
        cmocka_unit_test_setup_teardown(test_stats__that_make_no_sense, set_up_stats, tear_down),
        cmocka_unit_test_setup_teardown(test_stats__wait_while_saved_and_loaded, set_up_stats, tear_down),
        cmocka_unit_test_setup_teardown(test_stats__reporting_comes_after_them, set_up_stats, tear_down),
        TEST(test_config__wants_no_pages_and_keeps_what_the_driver_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

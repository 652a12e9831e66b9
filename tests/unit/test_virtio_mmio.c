/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_mmio.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/epoll.h>

#define LOG "test"
#include "core/base/log.h"
#include "core/base/state.h"
#include "tests/unit/driver.h"
#include "tests/unit/interrupt.h"

/* Registers, virtio 1.2, 4.2.2. */
enum {
    MAGIC = 0x00,
    VERSION = 0x04,
    DEVICE_ID = 0x08,
    VENDOR_ID = 0x0c,
    FEATURES = 0x10,
    FEATURES_SEL = 0x14,
    DRIVER_FEATURES = 0x20,
    DRIVER_FEATURES_SEL = 0x24,
    QUEUE_SEL = 0x30,
    NUM_MAX = 0x34,
    NUM = 0x38,
    READY = 0x44,
    NOTIFY = 0x50,
    INT_STATUS = 0x60,
    INT_ACK = 0x64,
    STATUS = 0x70,
    DESC = 0x80,
    AVAIL = 0x90,
    USED = 0xa0,
    GENERATION = 0xfc,
    CONFIG = 0x100,
};
enum { ACK = 1, DRIVER = 2, OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64, FAILED = 128 };

#define QUEUES 2
#define OWN_FEATURE 0x400000001ULL

struct world {
    struct mem mem;
    struct virtio v;
    struct loop *loop;
    struct virtio_mmio m;
    int irq;
    uint8_t config[10];
    unsigned notified[QUEUES], resets, popped;
    bool ready_at_reset, quit_when_notified, on_loop;
    bool opens, writable; /* the page may be the guest's to write, and is */
};

static struct world *world_of(struct virtio *v)
{
    return (struct world *)((char *)v - offsetof(struct world, v));
}

static void on_notify(struct virtio *v, unsigned index)
{
    struct world *w = world_of(v);
    struct vreq r;

    w->notified[index]++;
    w->on_loop = v->on_loop;
    while (virtio_pop(v, index, &r)) {
        w->popped++;
        virtio_used(v, index, r.head, 0);
    }
    virtio_kick(v, index);
    if (w->quit_when_notified)
        loop_quit(w->loop);
}

static void on_config_read(struct virtio *v, size_t offset, void *to, size_t len)
{
    assert_true(offset + len <= sizeof(world_of(v)->config));
    memcpy(to, world_of(v)->config + offset, len);
}

static void on_config_write(struct virtio *v, size_t offset, const void *from, size_t len)
{
    assert_true(offset + len <= sizeof(world_of(v)->config));
    memcpy(world_of(v)->config + offset, from, len);
}

static void on_reset(struct virtio *v)
{
    world_of(v)->resets++;
    world_of(v)->ready_at_reset = v->queue[0].ready;
}

static const struct virtio_class class = {
    .name = "test", .id = 42, .queue_size = 64, .notify = on_notify,
    .config_read = on_config_read, .config_write = on_config_write, .reset = on_reset,
};

static int map_page(void *ctx, void *page, bool writable)
{
    struct world *w = ctx;

    assert_ptr_equal(page, w->m.page);
    if (writable && !w->opens)
        return -ENOMEM;
    w->writable = writable;
    return 0;
}

static uint32_t *in_page(struct world *w, uint64_t offset)
{
    return (uint32_t *)(void *)(w->m.page + offset - VIRTIO_MMIO_UPPER);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    virtio_init(&w->v, &class, "t", &w->mem, OWN_FEATURE, sizeof(w->config), QUEUES);
    assert_non_null(w->loop = loop_new(NULL));
    assert_int_equal(virtio_mmio_init(&w->m, &w->v, w->loop, NULL), 0);
    interrupt_open(&w->v, &w->irq);
    memcpy(w->config, "0123456789", sizeof(w->config));
    assert_int_equal(virtio_mmio_show(&w->m, map_page, w), 0);
    assert_memory_equal(in_page(w, CONFIG), w->config, sizeof(w->config));
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    virtio_mmio_release(&w->m);
    close(w->irq);
    loop_free(w->loop);
    mem_release(&w->mem);
    free(w);
    return 0;
}

/* Who reads the page that shows the registers is told the same. */
static uint32_t get(struct world *w, uint64_t offset)
{
    uint32_t value = 0xdeadbeef;

    virtio_mmio_read(&w->m, offset, &value, sizeof(value));
    if (offset % 4 == 0 && offset >= VIRTIO_MMIO_UPPER && offset < CONFIG)
        assert_int_equal(*in_page(w, offset), value);
    return value;
}

static void set(struct world *w, uint64_t offset, uint32_t value)
{
    virtio_mmio_write(&w->m, offset, &value, sizeof(value));
}

static void set_features(struct world *w, uint64_t features)
{
    set(w, DRIVER_FEATURES_SEL, 0);
    set(w, DRIVER_FEATURES, (uint32_t)features);
    set(w, DRIVER_FEATURES_SEL, 1);
    set(w, DRIVER_FEATURES, (uint32_t)(features >> 32));
}

static void negotiate(struct world *w)
{
    set(w, STATUS, ACK | DRIVER);
    set_features(w, VIRTIO_FEATURE_VERSION_1);
    set(w, STATUS, ACK | DRIVER | FEATURES_OK);
}

static void set_queue(struct world *w, uint32_t n, uint32_t size, uint64_t desc, uint64_t avail,
                      uint64_t used)
{
    set(w, QUEUE_SEL, n);
    set(w, NUM, size);
    set(w, DESC, (uint32_t)desc), set(w, DESC + 4, (uint32_t)(desc >> 32));
    set(w, AVAIL, (uint32_t)avail), set(w, AVAIL + 4, (uint32_t)(avail >> 32));
    set(w, USED, (uint32_t)used), set(w, USED + 4, (uint32_t)(used >> 32));
    set(w, READY, 1);
}

/* The whole way up to DRIVER_OK, with queue 0. */
static void start(struct world *w, struct driver *d)
{
    negotiate(w);
    driver_init(d, &w->mem, &w->v.queue[0], 0, 8);
    set_queue(w, 0, 8, w->v.queue[0].desc.at, w->v.queue[0].avail.at, w->v.queue[0].used.at);
    set(w, STATUS, ACK | DRIVER | FEATURES_OK | OK);
}

static void test_registers__identity(void **state)
{
    struct world *w = *state;

    assert_int_equal(get(w, MAGIC), 0x74726976);
    assert_int_equal(get(w, VERSION), 2);
    assert_int_equal(get(w, DEVICE_ID), 42);
    assert_int_not_equal(get(w, VENDOR_ID), 0);
    assert_int_equal(get(w, STATUS), 0);
    assert_int_equal(get(w, NUM_MAX), 64);
}

static void test_registers__other_widths_and_places_are_dead(void **state)
{
    struct world *w = *state;
    uint64_t wide = UINT64_MAX;
    uint8_t narrow = 0xff, one = 1;

    virtio_mmio_read(&w->m, MAGIC, &wide, 8);
    virtio_mmio_read(&w->m, MAGIC, &narrow, 1);
    assert_int_equal(wide, 0);
    assert_int_equal(narrow, 0);
    virtio_mmio_write(&w->m, STATUS, &one, 1);
    assert_int_equal(get(w, STATUS), 0);
    for (uint64_t at = 0; at < CONFIG; at += 4) /* no hole reads as what lies beside it */
        if (at > GENERATION || (at > STATUS && at < GENERATION) || at == 0x18 || at == 0x54)
            assert_int_equal(get(w, at), 0);
    assert_int_equal(get(w, 1), 0);
    set(w, 0x48, 0xffffffff);
    set(w, 0xc0,
        0xffffffff); /* no reset of single queues (VIRTIO_F_RING_RESET), no shared memory */
    assert_int_equal(get(w, STATUS), 0);
}

static void test_features__come_in_two_halves(void **state)
{
    struct world *w = *state;

    set(w, FEATURES_SEL, 0);
    assert_int_equal(get(w, FEATURES), (1U << 28) | (1U << 29) | 1);
    set(w, FEATURES_SEL, 1);
    assert_int_equal(get(w, FEATURES), 1 | 4);
    set(w, FEATURES_SEL, 2);
    assert_int_equal(get(w, FEATURES), 0);
}

static void test_features__not_offered_or_legacy_is_refused(void **state)
{
    struct world *w = *state;
    static const uint64_t bad[] = {0, 1, VIRTIO_FEATURE_VERSION_1 | 2,
                                   VIRTIO_FEATURE_VERSION_1 | 1ULL << 63};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(w, STATUS, 0);
        set(w, STATUS, ACK | DRIVER);
        set_features(w, bad[i]);
        set(w, STATUS, ACK | DRIVER | FEATURES_OK);
        assert_int_equal(get(w, STATUS), ACK | DRIVER);
        set(w, STATUS,
            ACK | DRIVER | FEATURES_OK | OK); /* who does not look is not served either */
        assert_int_equal(get(w, STATUS), ACK | DRIVER);
    }
}

static void test_features__are_frozen_once_accepted(void **state)
{
    struct world *w = *state;

    negotiate(w);
    assert_int_equal(get(w, STATUS), ACK | DRIVER | FEATURES_OK);
    set_features(w, UINT64_MAX);
    assert_true(w->v.features == VIRTIO_FEATURE_VERSION_1);
    set(w, STATUS, ACK | DRIVER); /* bits do not go but by a reset (2.1.1) */
    assert_int_equal(get(w, STATUS) & FEATURES_OK, FEATURES_OK);
    set(w, STATUS, 0);
    set(w, DRIVER_FEATURES_SEL, 2);
    set(w, DRIVER_FEATURES, UINT32_MAX);
    assert_true(w->v.features == 0);
}

static void test_queue__that_is_not_there_has_no_registers(void **state)
{
    struct world *w = *state;

    negotiate(w);
    set_queue(w, QUEUES, 8, 0x1000, 0x2000, 0x3000);
    assert_int_equal(get(w, NUM_MAX), 0);
    assert_int_equal(get(w, READY), 0);
    set_queue(w, UINT32_MAX, 8, 0x1000, 0x2000, 0x3000);
    assert_int_equal(get(w, NUM_MAX), 0);
    assert_int_equal(get(w, STATUS), ACK | DRIVER | FEATURES_OK);
    for (int i = 0; i < QUEUES; i++)
        assert_int_equal(w->v.queue[i].size, 0);
}

static void test_queue__bad_ones_fail_the_device(void **state)
{
    struct world *w = *state;
    static const struct {
        uint32_t size;
        uint64_t desc, avail, used;
    } bad[] = {
        {0, 0x1000, 0x2000, 0x3000},          {7, 0x1000, 0x2000, 0x3000},
        {128, 0x1000, 0x2000, 0x3000},        {0x10008, 0x1000, 0x2000, 0x3000},
        {8, 0x100001000, 0x2000, 0x3000},     {8, 0x1000, 0x100002000, 0x3000},
        {8, 0x1000, 0x2000, 0xffffffff00003000}, {8, 0x1004, 0x2000, 0x3000},
        {8, 0x1000, 0x2001, 0x3000},          {8, 0x1000, 0x2000, 0x3001},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(w, STATUS, 0);
        negotiate(w);
        set_queue(w, 0, bad[i].size, bad[i].desc, bad[i].avail, bad[i].used);
        assert_int_equal(get(w, READY), 0);
        assert_int_equal(get(w, STATUS), ACK | DRIVER | FEATURES_OK | NEEDS_RESET);
        assert_int_equal(interrupts(w->irq), 0); /* 2.1.2: told only once DRIVER_OK is set */
    }
}

static void test_queue__waits_for_features(void **state)
{
    struct world *w = *state;

    set(w, STATUS, ACK | DRIVER);
    set_queue(w, 0, 8, 0x1000, 0x2000, 0x3000);
    assert_int_equal(get(w, READY), 0);
    assert_int_equal(get(w, STATUS), ACK | DRIVER);
}

static void test_queue__is_frozen_while_ready(void **state)
{
    struct world *w = *state;
    struct virtq before;

    negotiate(w);
    set_queue(w, 1, 64, 0x4000, 0x5000, 0x6000);
    assert_int_equal(get(w, READY), 1);
    before = w->v.queue[1];
    set_queue(w, 1, 8, 0x7000, 0x8000, 0x9000);
    assert_memory_equal(&before, &w->v.queue[1], sizeof(before));
    assert_int_equal(w->v.queue[0].ready, 0);
}

static void test_notify__reaches_ready_queues_of_a_started_device(void **state)
{
    struct world *w = *state;
    struct driver d;

    set(w, NOTIFY, 0);
    negotiate(w);
    set(w, NOTIFY, 0);
    assert_int_equal(w->notified[0], 0);
    set(w, STATUS, 0);
    start(w, &d);
    set(w, NOTIFY, 0);
    set(w, NOTIFY, 1);       /* not ready */
    set(w, NOTIFY, QUEUES);  /* not there */
    set(w, NOTIFY, UINT32_MAX);
    assert_int_equal(w->notified[0], 1);
    assert_int_equal(w->notified[1], 0);
    assert_false(w->on_loop);
}

static void test_notify__comes_by_eventfd_on_the_loop(void **state)
{
    struct world *w = *state;
    struct driver d;

    start(w, &d);
    driver_chain(&d, 0, (struct desc_entry[]){{DRIVER_DATA_AT, 1, 0, 0}}, 1);
    w->quit_when_notified = true;
    virtio_again(&w->v);
    loop_run(w->loop);
    assert_int_equal(w->popped, 1);
    assert_true(w->on_loop);
    assert_false(w->v.on_loop);
    assert_int_equal(driver_used_index(&d), 1);
    assert_int_equal(interrupts(w->irq), 1);
    assert_int_equal(get(w, INT_STATUS), 1);
    set(w, INT_ACK, 2);
    assert_int_equal(get(w, INT_STATUS), 1);
    set(w, INT_ACK, 1);
    assert_int_equal(get(w, INT_STATUS), 0);
}

static void test_config__is_bounded(void **state)
{
    struct world *w = *state;
    uint64_t wide = 0x1122334455667788;
    uint16_t two = 0xabcd;

    virtio_mmio_write(&w->m, CONFIG, &wide, 8);
    virtio_mmio_write(&w->m, CONFIG + 8, &two, 2);
    assert_memory_equal(w->config, "\x88\x77\x66\x55\x44\x33\x22\x11\xcd\xab", 10);
    virtio_mmio_write(&w->m, CONFIG + 9, &(uint16_t){0}, 2);
    virtio_mmio_write(&w->m, CONFIG + 3, &(uint64_t){0}, 8);
    virtio_mmio_write(&w->m, CONFIG + 10, &(uint8_t){0}, 1);
    assert_memory_equal(w->config, "\x88\x77\x66\x55\x44\x33\x22\x11\xcd\xab", 10);
    virtio_mmio_read(&w->m, CONFIG + 3, &wide, 8);
    assert_int_equal(wide, 0);
    virtio_mmio_read(&w->m, CONFIG + 8, &two, 2);
    assert_int_equal(two, 0xabcd);
    assert_int_equal(get(w, CONFIG + 7), 0);
    assert_int_equal(get(w, VIRTIO_MMIO_SIZE - 4), 0);
}

static void test_config__change_is_told_to_a_started_driver(void **state)
{
    struct world *w = *state;
    uint32_t before = get(w, GENERATION);
    struct driver d;

    virtio_config_changed(&w->v);
    assert_int_not_equal(get(w, GENERATION), before);
    assert_int_equal(interrupts(w->irq), 0);
    start(w, &d);
    virtio_config_changed(&w->v);
    assert_int_equal(get(w, INT_STATUS), 2);
    assert_int_equal(interrupts(w->irq), 1);
}

static void test_interrupt__one_for_a_used_buffer(void **state)
{
    struct world *w = *state;
    struct driver d;

    start(w, &d);
    driver_chain(&d, 0, (struct desc_entry[]){{DRIVER_DATA_AT, 1, 0, 0}}, 1);
    set(w, NOTIFY, 0);
    assert_int_equal(interrupts(w->irq), 1);
    assert_int_equal(get(w, INT_STATUS), 1);
}

static void test_status__broken_ring_needs_a_reset_and_recovers(void **state)
{
    struct world *w = *state;
    struct driver d;

    start(w, &d);
    driver_offer(&d, 8); /* no such descriptor */
    set(w, NOTIFY, 0);
    assert_int_equal(get(w, STATUS) & NEEDS_RESET, NEEDS_RESET);
    assert_int_equal(get(w, INT_STATUS), 2);
    assert_int_equal(interrupts(w->irq), 1);
    driver_set_index(&d, 0); /* a good chain in the place of the broken one is not looked at either */
    driver_chain(&d, 0, (struct desc_entry[]){{DRIVER_DATA_AT, 1, 0, 0}}, 1);
    set(w, NOTIFY, 0);
    set(w, STATUS, ACK | DRIVER | FEATURES_OK | OK);
    set(w, NOTIFY, 0);
    assert_int_equal(w->popped, 0);
    assert_int_equal(get(w, STATUS) & NEEDS_RESET, NEEDS_RESET);
    assert_int_equal(interrupts(w->irq), 0);
    set(w, STATUS, 0);
    assert_int_equal(get(w, STATUS), 0);
    assert_int_equal(get(w, INT_STATUS), 0);
    start(w, &d);
    driver_chain(&d, 0, (struct desc_entry[]){{DRIVER_DATA_AT, 1, 0, 0}}, 1);
    set(w, NOTIFY, 0);
    assert_int_equal(w->popped, 1);
    assert_int_equal(driver_used_index(&d), 1);
}

/* A guest that fails and resets for ever must not fill the host's log. */
static void test_fail__log_lines_are_limited(void **state)
{
    struct world *w = *state;
    FILE *log = tmpfile();
    long length;

    log_open("test", fileno(log), LOG_WARN);
    for (int i = 0; i < 2000; i++) {
        virtio_fail(&w->v, "test");
        set(w, STATUS, 0);
    }
    log_open("test", STDERR_FILENO, LOG_WARN);
    length = lseek(fileno(log), 0, SEEK_END);
    fclose(log);
    assert_in_range(length, 1, 20000);
}

/* The class ends what is in flight while the rings are still there to take it. */
static void test_status__reset_asks_the_class_before_the_rings_go(void **state)
{
    struct world *w = *state;
    struct driver d;

    start(w, &d);
    set(w, STATUS, 0);
    assert_int_equal(w->resets, 1);
    assert_true(w->ready_at_reset);
    set(w, QUEUE_SEL, 0);
    assert_int_equal(get(w, READY), 0);
    assert_int_equal(w->v.queue[0].size, 0);
    assert_true(w->v.queue[0].desc.at == 0);
}

/* --- the page in the hands of a driver that has started --- */

static void start_in_page(struct world *w, struct driver *d)
{
    w->opens = true;
    start(w, d);
    assert_true(w->writable);
}

static void test_page__is_the_drivers_from_driver_ok_on(void **state)
{
    struct world *w = *state;
    struct driver d;

    w->opens = true;
    negotiate(w);
    assert_false(w->writable);
    set(w, STATUS, 0);
    start_in_page(w, &d);
    for (int i = 1; i < 3; i++) { /* the end of an interrupt is nobody's business */
        driver_chain(&d, 0, (struct desc_entry[]){{DRIVER_DATA_AT, 1, 0, 0}}, 1);
        set(w, NOTIFY, 0);
        assert_int_equal(interrupts(w->irq), 1);
        assert_int_equal(*in_page(w, INT_STATUS), 1);
        *in_page(w, INT_ACK) = 1;
    }
}

/* As Linux does it: first the status, then the queues go. */
static void test_page__a_reset_is_seen_when_the_queues_go(void **state)
{
    struct world *w = *state;
    struct driver d;

    start_in_page(w, &d);
    assert_false(virtio_is_reset(&w->v));
    *in_page(w, STATUS) = 0;
    assert_true(virtio_is_reset(&w->v));
    assert_int_equal(w->resets, 0);
    set(w, QUEUE_SEL, 0);
    assert_int_equal(w->resets, 1);
    assert_true(w->ready_at_reset);
    assert_false(w->writable);
    assert_false(virtio_is_reset(&w->v));
    assert_int_equal(get(w, STATUS), 0);
    start_in_page(w, &d);
    driver_chain(&d, 0, (struct desc_entry[]){{DRIVER_DATA_AT, 1, 0, 0}}, 1);
    set(w, NOTIFY, 0);
    assert_int_equal(w->popped, 1);
    assert_int_equal(w->resets, 1);
}

/* A second kernel after a first: nobody has deleted the queues. */
static void test_page__a_reset_is_seen_when_the_next_driver_begins(void **state)
{
    struct world *w = *state;
    struct driver d;

    start_in_page(w, &d);
    *in_page(w, STATUS) = 0;
    *in_page(w, STATUS) = ACK;
    *in_page(w, STATUS) = ACK | DRIVER;
    assert_int_equal(get(w, FEATURES), (1U << 28) | (1U << 29) | 1);
    assert_int_equal(w->resets, 1);
    assert_int_equal(get(w, STATUS), ACK | DRIVER);
    *in_page(w, STATUS) = 0x5a; /* of one whose page is not its own nobody takes this */
    assert_false(virtio_is_reset(&w->v));
}

/* And before the device is notified in the name of a driver that is gone. */
static void test_page__who_has_reset_is_not_served(void **state)
{
    struct world *w = *state;
    struct driver d;

    start_in_page(w, &d);
    driver_chain(&d, 0, (struct desc_entry[]){{DRIVER_DATA_AT, 1, 0, 0}}, 1);
    *in_page(w, STATUS) = 0;
    set(w, NOTIFY, 0);
    assert_int_equal(w->popped, 0);
    assert_int_equal(w->resets, 1);
}

static void test_page__a_failure_and_what_the_driver_writes_stand_beside_each_other(void **state)
{
    const uint32_t started = ACK | DRIVER | FEATURES_OK | OK;
    struct world *w = *state;
    struct driver d;

    start_in_page(w, &d);
    *in_page(w, STATUS) = started | FAILED;
    virtio_fail(&w->v, "test");
    assert_int_equal(*in_page(w, STATUS), started | FAILED);
    set(w, QUEUE_SEL, 0);
    assert_int_equal(*in_page(w, STATUS), started | FAILED | NEEDS_RESET);
    *in_page(w, STATUS) = started | FAILED; /* without a look at what the device says: it says it again */
    set(w, QUEUE_SEL, 0);
    assert_int_equal(*in_page(w, STATUS), started | FAILED | NEEDS_RESET);
    assert_int_equal(w->resets, 0);
    *in_page(w, STATUS) = 0;
    virtio_config_changed(&w->v);
    assert_int_equal(*in_page(w, STATUS), 0);
}

/* What is saved of one world is loaded into another, which begins as new. */
static struct world *restored(struct world *w)
{
    struct state saved, s;
    void *other;

    assert_int_equal(set_up(&other), 0);
    ((struct world *)other)->opens = true;
    state_save(&saved);
    virtio_mmio_state(&w->m, &saved);
    assert_false(saved.bad);
    state_load(&s, saved.out, saved.len);
    virtio_mmio_state(&((struct world *)other)->m, &s);
    assert_int_equal(state_finish(&s, NULL), 0);
    state_release(&saved);
    return other;
}

static void test_page__is_a_restored_drivers_again(void **state)
{
    const uint32_t started = ACK | DRIVER | FEATURES_OK | OK;
    struct world *w = *state, *other;
    struct driver d;
    void *done;

    start_in_page(w, &d);
    done = other = restored(w);
    assert_true(other->writable);
    assert_int_equal(*in_page(other, STATUS), started);
    assert_false(virtio_is_reset(&other->v));
    tear_down(&done);
    *in_page(w, STATUS) = 0; /* and nobody has seen it */
    done = other = restored(w);
    assert_false(other->writable);
    assert_int_equal(get(other, STATUS), 0);
    tear_down(&done);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registers__identity),
        TEST(test_registers__other_widths_and_places_are_dead),
        TEST(test_features__come_in_two_halves),
        TEST(test_features__not_offered_or_legacy_is_refused),
        TEST(test_features__are_frozen_once_accepted),
        TEST(test_queue__that_is_not_there_has_no_registers),
        TEST(test_queue__bad_ones_fail_the_device),
        TEST(test_queue__waits_for_features),
        TEST(test_queue__is_frozen_while_ready),
        TEST(test_notify__reaches_ready_queues_of_a_started_device),
        TEST(test_notify__comes_by_eventfd_on_the_loop),
        TEST(test_config__is_bounded),
        TEST(test_config__change_is_told_to_a_started_driver),
        TEST(test_interrupt__one_for_a_used_buffer),
        TEST(test_status__broken_ring_needs_a_reset_and_recovers),
        TEST(test_fail__log_lines_are_limited),
        TEST(test_status__reset_asks_the_class_before_the_rings_go),
        TEST(test_page__is_the_drivers_from_driver_ok_on),
        TEST(test_page__a_reset_is_seen_when_the_queues_go),
        TEST(test_page__a_reset_is_seen_when_the_next_driver_begins),
        TEST(test_page__who_has_reset_is_not_served),
        TEST(test_page__is_a_restored_drivers_again),
        TEST(test_page__a_failure_and_what_the_driver_writes_stand_beside_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_console.h"

#include "tests/unit/fixture.h"

#include "tests/unit/driver.h"

enum { RX0, TX0, CONTROL_RX, CONTROL_TX, RX1, TX1, QUEUES };
enum {
    DEVICE_READY,
    DEVICE_ADD,
    DEVICE_REMOVE,
    PORT_READY,
    CONSOLE_PORT,
    RESIZE,
    PORT_OPEN,
    PORT_NAME
};
#define MULTIPORT 2ULL
#define RING 16
#define BUFFER_AT(queue, n) (DRIVER_DATA_AT + 0x20000ULL * (queue) + 0x100ULL * (n))

struct control {
    uint32_t id;
    uint16_t event, value;
};

struct world {
    struct mem mem;
    struct virtio_console c;
    struct driver d[QUEUES];
    uint16_t seen; /* control messages looked at */
    char out[2][65536];
    size_t out_len[2];
    unsigned rooms;
};


static void output(struct world *w, int port, const void *bytes, size_t len)
{
    assert_true(w->out_len[port] + len <= sizeof(w->out[port]));
    memcpy(w->out[port] + w->out_len[port], bytes, len);
    w->out_len[port] += len;
}

static void output0(void *ctx, const void *bytes, size_t len)
{
    output(ctx, 0, bytes, len);
}

static void output1(void *ctx, const void *bytes, size_t len)
{
    output(ctx, 1, bytes, len);
}

static void room0(void *ctx)
{
    ((struct world *)ctx)->rooms++;
}

static void start(struct world *w, uint64_t features)
{
    driver_start(w->d, QUEUES, RING, &w->c.v, &w->mem, features);
    w->seen = 0;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const struct virtio_console_port ports[] = {
        {.output = output0, .room = room0, .ctx = w},
        {.name = "lxtop.agent", .output = output1, .ctx = w},
    };

    assert_int_equal(mem_init(&w->mem, DRIVER_MEM, NULL), 0);
    virtio_console_init(&w->c, &w->mem, ports, 2);
    assert_int_equal(w->c.v.queues, QUEUES);
    start(w, MULTIPORT);
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

static void notify(struct world *w, unsigned queue)
{
    w->c.v.class->notify(&w->c.v, queue);
}

/* Gives the device `n` buffers of `len` bytes to write into. */
static void give(struct world *w, unsigned queue, unsigned n, uint32_t len)
{
    struct driver *d = &w->d[queue];

    for (unsigned i = 0; i < n; i++) {
        uint16_t slot = d->avail % RING;

        driver_desc(d, slot, (struct desc_entry){BUFFER_AT(queue, slot), len, WRITE, 0});
        driver_offer(d, slot);
    }
    notify(w, queue);
}

static void write_out(struct world *w, unsigned queue, const void *bytes, uint32_t len)
{
    struct driver *d = &w->d[queue];
    uint16_t slot = d->avail % RING;

    assert_true(mem_write(&w->mem, GPA(BUFFER_AT(queue, 0)), bytes, len));
    driver_desc(d, slot, (struct desc_entry){BUFFER_AT(queue, 0), len, 0, 0});
    driver_offer(d, slot);
    notify(w, queue);
}

static void tell(struct world *w, uint32_t id, uint16_t event, uint16_t value)
{
    write_out(w, CONTROL_TX, &(struct control){id, event, value}, 8);
}

/* The next control message from the device is this one, with `more` behind it. */
static void assert_told(struct world *w, uint32_t id, uint16_t event, uint16_t value,
                        const void *more, uint32_t more_len)
{
    struct used_entry u = driver_used(&w->d[CONTROL_RX], w->seen);
    uint8_t *at = driver_at(&w->d[CONTROL_RX], BUFFER_AT(CONTROL_RX, u.id), 0x100);
    const struct control *m = (const void *)at;

    assert_true(w->seen < driver_used_index(&w->d[CONTROL_RX]));
    w->seen++;
    assert_int_equal(m->id, id);
    assert_int_equal(m->event, event);
    assert_int_equal(m->value, value);
    assert_int_equal(u.len, 8 + more_len);
    if (more_len)
        assert_memory_equal(at + 8, more, more_len);
}

static void assert_told_no_more(struct world *w)
{
    assert_int_equal(driver_used_index(&w->d[CONTROL_RX]), w->seen);
}

static void test_control__introduces_the_ports(void **state)
{
    struct world *w = *state;

    virtio_console_resize(&w->c, 50, 132);
    give(w, CONTROL_RX, 12, 0x100);
    assert_told(w, 0, RESIZE, 0, "\x32\0\x84\0", 4);
    tell(w, 0, DEVICE_READY, 1);
    assert_told(w, 0, DEVICE_ADD, 0, NULL, 0);
    assert_told(w, 1, DEVICE_ADD, 0, NULL, 0);
    tell(w, 0, PORT_READY, 1);
    assert_told(w, 0, CONSOLE_PORT, 1, NULL, 0);
    assert_told(w, 0, PORT_OPEN, 1, NULL, 0);
    assert_told(w, 0, RESIZE, 0, "\x32\0\x84\0", 4); /* rows, then cols */
    tell(w, 1, PORT_READY, 1);
    assert_told(w, 1, PORT_NAME, 1, "lxtop.agent", 11);
    assert_told(w, 1, PORT_OPEN, 1, NULL, 0);
    assert_told_no_more(w);
}

static void test_control__waits_for_buffers(void **state)
{
    struct world *w = *state;

    tell(w, 0, DEVICE_READY, 1);
    assert_told_no_more(w);
    give(w, CONTROL_RX, 1, 0x100);
    assert_told(w, 0, DEVICE_ADD, 0, NULL, 0);
    assert_told_no_more(w);
    give(w, CONTROL_RX, 1, 0x100);
    assert_told(w, 1, DEVICE_ADD, 0, NULL, 0);
}

static void test_control__is_silent_without_multiport(void **state)
{
    struct world *w = *state;

    virtio_set_status(&w->c.v, 0);
    start(w, 0);
    give(w, CONTROL_RX, 4, 0x100);
    tell(w, 0, DEVICE_READY, 1);
    virtio_console_resize(&w->c, 24, 80);
    assert_told_no_more(w);
}

static void test_control__hostile_messages_are_dropped(void **state)
{
    struct world *w = *state;
    static const struct control bad[] = {
        {2, PORT_READY, 1}, {UINT32_MAX, PORT_READY, 1}, {CONSOLE_PORTS_MAX, PORT_OPEN, 1},
        {0, PORT_READY, 0}, {0, DEVICE_READY, 0},        {0, 0xffff, 1},
        {0, RESIZE, 1},     {1, PORT_NAME, 1},           {0x10001, PORT_OPEN, 1},
    };

    give(w, CONTROL_RX, 4, 0x100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        write_out(w, CONTROL_TX, &bad[i], 8);
    for (uint32_t len = 0; len < 8; len++)
        write_out(w, CONTROL_TX, &(struct control){0, PORT_READY, 1}, len);
    assert_told_no_more(w);
    assert_int_equal(driver_used_index(&w->d[CONTROL_TX]), sizeof(bad) / sizeof(bad[0]) + 8);
    assert_int_equal(w->c.v.status & VIRTIO_NEEDS_RESET, 0);
}

static void test_control__answers_of_a_flood_are_bounded(void **state)
{
    struct world *w = *state;

    for (int ports = 0; ports < 10; ports++) { /* messages of two lengths: every way to fill it */
        virtio_set_status(&w->c.v, 0);
        start(w, MULTIPORT);
        for (int i = 0; i < 50; i++)
            tell(w, 1, i < ports ? PORT_READY : DEVICE_READY, 1);
        assert_in_range(w->c.control_len, sizeof(w->c.control) - 9, sizeof(w->c.control));
    }
    give(w, CONTROL_RX, RING, 0x100);
    give(w, CONTROL_RX, RING, 0x100);
    assert_int_equal(w->c.control_len, 0);
    tell(w, 1, PORT_READY, 1); /* and it works again */
    w->seen = (uint16_t)(driver_used_index(&w->d[CONTROL_RX]) - 2);
    assert_told(w, 1, PORT_NAME, 1, "lxtop.agent", 11);
    assert_told(w, 1, PORT_OPEN, 1, NULL, 0);
}

static void test_control__short_buffer_gets_what_fits(void **state)
{
    struct world *w = *state;

    give(w, CONTROL_RX, 2, 3);
    tell(w, 0, DEVICE_READY, 1);
    assert_int_equal(driver_used(&w->d[CONTROL_RX], 0).len, 3);
    assert_int_equal(driver_used(&w->d[CONTROL_RX], 1).len, 3);
}

static void test_output__goes_to_its_port(void **state)
{
    struct world *w = *state;

    write_out(w, TX0, "console", 7);
    write_out(w, TX1, "phase root\n", 11);
    write_out(w, TX0, "", 0);
    assert_int_equal(w->out_len[0], 7);
    assert_memory_equal(w->out[0], "console", 7);
    assert_int_equal(w->out_len[1], 11);
    assert_memory_equal(w->out[1], "phase root\n", 11);
    assert_int_equal(driver_used_index(&w->d[TX0]), 2);
    assert_int_equal(driver_used(&w->d[TX0], 0).len, 0);
    assert_int_equal(w->c.v.stats.read_bytes, 18);
}

static void test_output__longer_than_the_copy_buffer_is_whole(void **state)
{
    struct world *w = *state;
    char bytes[10000];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    write_out(w, TX0, bytes, sizeof(bytes));
    assert_int_equal(w->out_len[0], sizeof(bytes));
    assert_memory_equal(w->out[0], bytes, sizeof(bytes));
}

/* Pieces over the same bytes sum to gigabytes: the loop would serve nothing else. */
static void test_output__huge_request_fails_the_device(void **state)
{
    struct world *w = *state;
    struct driver *d = &w->d[TX0];

    for (uint16_t i = 0; i < RING; i++)
        driver_desc(d, i,
                    (struct desc_entry){0, 3 << 20, i + 1 < RING ? NEXT : 0, (uint16_t)(i + 1)});
    driver_offer(d, 0);
    notify(w, TX0);
    assert_int_equal(w->c.v.status & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
    assert_int_equal(w->out_len[0], 0);
}

static void test_input__fills_buffers_in_order(void **state)
{
    struct world *w = *state;

    give(w, RX0, 2, 4);
    assert_int_equal(virtio_console_input(&w->c, 0, "abcdefghij", 10), 10);
    assert_int_equal(driver_used_index(&w->d[RX0]), 2);
    assert_int_equal(driver_used(&w->d[RX0], 1).len, 4);
    assert_memory_equal(driver_at(&w->d[RX0], BUFFER_AT(RX0, 0), 4), "abcd", 4);
    assert_memory_equal(driver_at(&w->d[RX0], BUFFER_AT(RX0, 1), 4), "efgh", 4);
    give(w, RX0, 1, 4); /* the rest has waited */
    assert_int_equal(driver_used(&w->d[RX0], 2).len, 2);
    assert_memory_equal(driver_at(&w->d[RX0], BUFFER_AT(RX0, 2), 2), "ij", 2);
    assert_int_equal(virtio_console_input(&w->c, 1, "stop\n", 5), 5);
    give(w, RX1, 1, 0x100);
    assert_memory_equal(driver_at(&w->d[RX1], BUFFER_AT(RX1, 0), 5), "stop\n", 5);
}

static void test_input__is_bounded_and_tells_of_room(void **state)
{
    struct world *w = *state;
    char bytes[CONSOLE_INPUT_MAX + 100] = "";
    unsigned rooms;

    assert_int_equal(virtio_console_input(&w->c, 0, bytes, sizeof(bytes)), CONSOLE_INPUT_MAX);
    assert_int_equal(virtio_console_input(&w->c, 0, bytes, 1), 0);
    rooms = w->rooms;
    give(w, RX0, 1, 1);
    assert_int_equal(w->rooms, rooms + 1);
    assert_int_equal(virtio_console_input(&w->c, 0, bytes, 2), 1);
}

/* A driver that keeps such buffers coming would hold the machine's lock for ever. */
static void test_input__buffer_of_no_byte_fails_the_device(void **state)
{
    struct world *w = *state;

    assert_int_equal(virtio_console_input(&w->c, 0, "x", 1), 1);
    give(w, RX0, 1, 0);
    assert_int_equal(w->c.v.status & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
    assert_int_equal(driver_used_index(&w->d[RX0]), 0);
}

static void test_config__size_ports_and_emergency_write(void **state)
{
    struct world *w = *state;
    struct {
        uint16_t cols, rows;
        uint32_t ports, emergency;
    } config;

    virtio_console_resize(&w->c, 24, 80);
    assert_int_equal(w->c.v.config_size, sizeof(config));
    w->c.v.class->config_read(&w->c.v, 0, &config, sizeof(config));
    assert_int_equal(config.cols, 80);
    assert_int_equal(config.rows, 24);
    assert_int_equal(config.ports, 2);
    w->c.v.class->config_write(&w->c.v, 8, "!\0\0\0", 4);
    w->c.v.class->config_write(&w->c.v, 0, "#", 1);
    w->c.v.class->config_write(&w->c.v, 9, "#", 1);
    assert_int_equal(w->out_len[0], 1);
    assert_int_equal(w->out[0][0], '!');
}

static void test_reset__forgets_what_was_to_be_told(void **state)
{
    struct world *w = *state;

    tell(w, 0, DEVICE_READY, 1);
    tell(w, 1, PORT_OPEN, 1);
    assert_true(w->c.port[1].guest_open);
    virtio_set_status(&w->c.v, 0);
    assert_false(w->c.port[1].guest_open);
    start(w, MULTIPORT);
    give(w, CONTROL_RX, 4, 0x100);
    assert_told_no_more(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_control__introduces_the_ports),
        TEST(test_control__waits_for_buffers),
        TEST(test_control__is_silent_without_multiport),
        TEST(test_control__hostile_messages_are_dropped),
        TEST(test_control__answers_of_a_flood_are_bounded),
        TEST(test_control__short_buffer_gets_what_fits),
        TEST(test_output__goes_to_its_port),
        TEST(test_output__longer_than_the_copy_buffer_is_whole),
        TEST(test_output__huge_request_fails_the_device),
        TEST(test_input__fills_buffers_in_order),
        TEST(test_input__is_bounded_and_tells_of_room),
        TEST(test_input__buffer_of_no_byte_fails_the_device),
        TEST(test_config__size_ports_and_emergency_write),
        TEST(test_reset__forgets_what_was_to_be_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile console driver and a busy host.  Input: records {what, queue, length}: chains on any
 * queue, control messages, sizes, typed bytes, configuration accesses, resets.  Buffers stay in
 * their bounds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cursor.h"
#include "core/base/log.h"
#include "tests/unit/driver.h"
#include "vmm/virtio_console.h"

#define QUEUES 6
#define RING 16
#define STEPS 200

enum { GIVE, WRITE_OUT, CONTROL, RAW, TYPE, RESIZE, CONFIG, RESET, WHATS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
    if (!right)
        abort();
}

static void on_output(void *ctx, const void *bytes, size_t len)
{
    *(size_t *)ctx += len + ((const uint8_t *)bytes)[len - 1] % 2;
}

static void start(struct virtio_console *c, const struct mem *m, struct driver d[QUEUES],
                  bool multiport)
{
    virtio_set_status(&c->v, 0);
    driver_negotiate(&c->v, multiport ? 2 : 0);
    for (unsigned i = 0; i < QUEUES; i++) {
        driver_init(&d[i], m, &c->v.queue[i], i, RING);
        virtio_enable_queue(&c->v, i);
    }
    driver_ok(&c->v);
}

static void offer(struct virtio_console *c, struct driver *d, unsigned queue, struct desc_entry e)
{
    uint16_t slot = d->avail % RING;

    driver_desc(d, slot, e);
    driver_offer(d, slot);
    c->v.class->notify(&c->v, queue);
}

static void control(struct virtio_console *c, struct driver *d, struct cursor *in)
{
    struct {
        uint32_t id;
        uint16_t event, value;
    } m = {cursor_u8(in) % 4, cursor_u8(in) % 9, cursor_u8(in) % 2};

    memcpy(driver_at(d, DRIVER_DATA_AT, sizeof(m)), &m, sizeof(m));
    offer(c, d, 3, (struct desc_entry){DRIVER_DATA_AT, 8, 0, 0});
}

static void configure(struct virtio_console *c, uint8_t offset, uint8_t value)
{
    uint8_t bytes[8] = {value};
    size_t len = 1U << value % 4;

    if (offset % 12 + len > c->v.config_size)
        return; /* the transport checks */
    c->v.class->config_write(&c->v, offset % 12, bytes, len);
    c->v.class->config_read(&c->v, offset % 12, bytes, len);
}

static void step(struct virtio_console *c, const struct mem *m, struct driver d[QUEUES],
                 struct cursor *in)
{
    uint8_t what = cursor_u8(in) % WHATS, queue = cursor_u8(in) % QUEUES;
    uint16_t len = cursor_le16(in);

    if (what == GIVE || what == WRITE_OUT)
        offer(c, &d[queue], queue,
              (struct desc_entry){DRIVER_DATA_AT, len, what == GIVE ? WRITE : 0, 0});
    else if (what == CONTROL)
        control(c, &d[3], in);
    else if (what == RAW)
        offer(c, &d[queue], queue,
              (struct desc_entry){cursor_le32(in) * 16ULL, len, len & 7, len >> 8 & 31});
    else if (what == TYPE)
        check(virtio_console_input(c, queue % 2, driver_at(d, DRIVER_DATA_AT, 65536), len) <= len);
    else if (what == RESIZE)
        virtio_console_resize(c, len, (uint16_t)(len >> 8));
    else if (what == CONFIG)
        configure(c, (uint8_t)len, (uint8_t)(len >> 8));
    else if (what == RESET)
        start(c, m, d, len & 1);
    check(c->control_len <= sizeof(c->control));
    check(c->port[0].len <= CONSOLE_INPUT_MAX && c->port[1].len <= CONSOLE_INPUT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mem m;
    static struct virtio_console c;
    struct driver d[QUEUES];
    size_t written = 0;
    const struct virtio_console_port ports[] = {
        {.output = on_output, .ctx = &written},
        {.name = "lxtop.agent", .output = on_output, .ctx = &written}};
    struct cursor in = cursor_over(data, size);

    if (!m.regions && mem_init(&m, DRIVER_MEM, NULL) < 0)
        abort();
    log_open("fuzz", STDERR_FILENO, LOG_ERROR);
    virtio_console_init(&c, &m, ports, 2);
    start(&c, &m, d, true);
    for (int i = 0; i < STEPS && cursor_left(&in); i++)
        step(&c, &m, d, &in);
    return 0;
}

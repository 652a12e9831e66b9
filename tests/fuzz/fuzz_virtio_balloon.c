/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile balloon driver: page numbers, reports and statistics of its own making.  Input: records
 * {what, queue, length}: chains and raw descriptors on any queue, questions, resets.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cursor.h"
#include "core/base/log.h"
#include "tests/unit/driver.h"
#include "vmm/virtio_balloon.h"

#define QUEUES 4
#define RING 16
#define STEPS 200

enum { GIVE, RAW, ASK, RESET, WHATS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct mem mem;
    struct virtio_balloon b;
    struct driver d[QUEUES];
    int64_t now;
};

static void start(struct world *w, unsigned features)
{
    virtio_set_status(&w->b.v, 0);
    driver_start(w->d, QUEUES, RING, &w->b.v, &w->mem, (features & 1 ? 1 << 1 : 0) | (features & 2 ? 1 << 5 : 0));
}

static void give(struct world *w, unsigned queue, struct cursor *in, uint16_t len)
{
    uint8_t *at = driver_at(&w->d[queue], DRIVER_DATA_AT, 64);

    for (int i = 0; i < 64; i++)
        at[i] = cursor_u8(in);
    driver_submit(&w->d[queue], &w->b.v, queue, (struct desc_entry){DRIVER_DATA_AT, len, len & WRITE, 0});
}

static void step(struct world *w, struct cursor *in)
{
    uint8_t what = cursor_u8(in) % WHATS, queue = cursor_u8(in) % QUEUES;
    uint16_t len = cursor_le16(in);

    w->now += len;
    if (what == GIVE)
        give(w, queue, in, len);
    else if (what == RAW)
        driver_submit(&w->d[queue], &w->b.v, queue, (struct desc_entry){cursor_le32(in) * 16ULL, len, len & 7, len >> 8 & 31});
    else if (what == ASK && virtio_balloon_used(&w->b, w->now) < -1)
        abort();
    else if (what == RESET)
        start(w, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct cursor in = cursor_over(data, size);

    log_open("fuzz", STDERR_FILENO, LOG_ERROR);
    if (!w.mem.size && mem_init(&w.mem, DRIVER_MEM, NULL) < 0)
        abort();
    virtio_balloon_init(&w.b, &w.mem);
    w.now = 1;
    start(&w, 3);
    for (int i = 0; i < STEPS && cursor_left(&in); i++)
        step(&w, &in);
    return 0;
}

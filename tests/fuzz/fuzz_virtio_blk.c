/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block requests on a small disk in memory.  Input: records {type, sector, number of pieces, for
 * each its kind and length}, a chain each; every fourth byte value of a kind puts a piece where no
 * memory is.  The disk keeps its size and every request taken is answered once.
 */
#include <linux/virtio_blk.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cursor.h"
#include "core/base/log.h"
#include "tests/unit/driver.h"
#include "vmm/io.h"
#include "vmm/loop.h"
#include "vmm/virtio_blk.h"

#define DISK (64 * 512)
#define RING 16
#define PIECES 6
#define HEADER_AT DRIVER_DATA_AT
#define DATA_AT (DRIVER_DATA_AT + 0x1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct mem mem;
    struct loop *loop;
    struct io *io;
    int fd;
    struct virtio_blk b;
    struct driver d;
};

static void start(struct world *w, uint8_t options)
{
    virtio_set_status(&w->b.v, 0);
    w->b.disk.read_only = options & 1;
    driver_negotiate(&w->b.v, options & 2 ? VIRTIO_FEATURE_EVENT_IDX : 0);
    driver_init(&w->d, &w->mem, &w->b.v.queue[0], 0, RING);
    virtio_enable_queue(&w->b.v, 0);
    driver_ok(&w->b.v);
}

static void make(struct world *w)
{
    char path[64];

    log_open("fuzz", STDERR_FILENO, LOG_ERROR);
    w->fd = memfd_create("disk", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", w->fd);
    w->loop = loop_new(NULL);
    w->io = io_new(w->loop, NULL);
    if (ftruncate(w->fd, DISK) < 0 || mem_init(&w->mem, DRIVER_MEM, NULL) < 0 ||
        virtio_blk_init(&w->b, &w->mem, w->io, "fuzz", path, "raw", false, 1, NULL) < 0)
        abort();
}

static struct desc_entry piece(struct cursor *c)
{
    uint8_t kind = cursor_u8(c);
    uint16_t len = cursor_le16(c);
    uint64_t at = kind >> 2 & 1 ? HEADER_AT : DATA_AT + 0x100ULL * (kind >> 3);

    return (struct desc_entry){(kind & 3) == 3 && kind >> 7 ? MEM_HOLE_START : at,
                               kind & 4 && !(kind & 1) ? 16 : len, kind & 1 ? WRITE : 0, 0};
}

static void request(struct world *w, struct cursor *c)
{
    uint8_t type = cursor_u8(c), n;
    struct virtio_blk_outhdr h = {.type = type, .sector = cursor_le16(c)};
    struct desc_entry chain[PIECES + 1];

    if (type & 0x80) /* far out */
        h.sector <<= 48, h.type &= 0x7f;
    memcpy(driver_at(&w->d, HEADER_AT, sizeof(h)), &h, sizeof(h));
    n = cursor_u8(c) % (PIECES + 1);
    for (unsigned i = 0; i < n; i++)
        chain[i] = piece(c);
    chain[n] = (struct desc_entry){DATA_AT + 0x8000, 1, WRITE, 0};
    driver_chain(&w->d, 0, chain, n + 1U);
    w->b.v.class->notify(&w->b.v, 0);
    io_drain(w->io);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct cursor c = cursor_over(data, size);
    struct stat st;

    if (!w.loop)
        make(&w);
    start(&w, cursor_u8(&c));
    for (size_t n = cursor_left(&c) < 64 ? cursor_left(&c) : 64; n; n--) /* ranges to discard */
        *(uint8_t *)driver_at(&w.d, DATA_AT + n, 1) = c.p[n - 1];
    for (int i = 0; i < RING && cursor_left(&c); i++) {
        request(&w, &c);
        if (w.b.v.status & VIRTIO_NEEDS_RESET)
            break;
        if (driver_used_index(&w.d) != i + 1)
            abort();
    }
    if (fstat(w.fd, &st) < 0 || st.st_size != DISK)
        abort();
    return 0;
}

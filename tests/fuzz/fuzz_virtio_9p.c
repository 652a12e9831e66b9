/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile driver of the 9P device, over a tree in memory.  Input: records {length of a message, where
 * it is cut, how much room its reply has, the message}, a chain each; a cut of 255 puts a piece where
 * no memory is.  Every chain taken comes back once, and no reply is longer than its room.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cursor.h"
#include "core/base/log.h"
#include "p9/msg.h"
#include "tests/unit/driver.h"
#include "tests/unit/p9_memfs.h"
#include "vmm/virtio_9p.h"

#define RING 16
#define REQUEST_AT DRIVER_DATA_AT
#define REPLY_AT (DRIVER_DATA_AT + 0x10000)
#define REPLY_ROOM 0x4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct mem mem;
    struct loop *loop;
    struct memfs files;
    struct virtio_9p p;
    struct driver d;
};

static void make(struct world *w)
{
    struct p9_export x = {.fs = &w->files.fs,
                          .limits = {.msize = 8192, .fids = 32, .files = 8, .xattr_bytes = 4096}};

    log_open("fuzz", STDERR_FILENO, LOG_ERROR);
    memfs_init(&w->files);
    if (!w->loop && (!(w->loop = loop_new(NULL)) || mem_init(&w->mem, DRIVER_MEM, NULL) < 0))
        abort();
    if (virtio_9p_init(&w->p, &w->mem, w->loop, "fuzz", &x, NULL) < 0)
        abort();
    driver_negotiate(&w->p.v, 0);
    driver_init(&w->d, &w->mem, &w->p.v.queue[0], 0, RING);
    virtio_enable_queue(&w->p.v, 0);
    driver_ok(&w->p.v);
}

/* False: the device has failed, as it should for some chains. */
static bool submit(struct world *w, const uint8_t *bytes, size_t len, uint8_t cut, uint8_t room)
{
    uint32_t first = cut < len ? cut : (uint32_t)len, small = room & 0x80 ? room & 0x3f : REPLY_ROOM;
    struct desc_entry chain[] = {{REQUEST_AT, first, 0, 0},
                                 {REQUEST_AT + 0x8000, (uint32_t)len - first, 0, 0},
                                 {REPLY_AT, room & 0x1f, WRITE, 0},
                                 {REPLY_AT + 0x8000, small, WRITE, 0}};
    uint16_t before = driver_used_index(&w->d);

    memcpy(driver_at(&w->d, REQUEST_AT, first), bytes, first);
    memcpy(driver_at(&w->d, REQUEST_AT + 0x8000, len), bytes + first, len - first);
    if (cut == 255)
        chain[room % 4].addr = MEM_HOLE_START;
    driver_chain(&w->d, 0, chain, 4);
    w->p.v.class->notify(&w->p.v, 0);
    if (w->p.v.status & VIRTIO_NEEDS_RESET)
        return false;
    if (driver_used_index(&w->d) != (uint16_t)(before + 1) || w->p.in_flight ||
        driver_used(&w->d, before).len > (room & 0x1fU) + small)
        abort();
    return true;
}

/* Every input starts with a client that has attached: fid 0 is the root. */
static void say_hello(struct world *w)
{
    struct p9_msg hello[] = {
        {.type = P9_TVERSION, .tag = P9_NOTAG, .version = {8192, {P9_VERSION, 8}}},
        {.type = P9_TATTACH, .tattach = {0, P9_NOFID, {"", 0}, {"", 0}, 0}},
    };
    uint8_t bytes[64];

    for (unsigned i = 0; i < 2; i++)
        submit(w, bytes, (size_t)p9_msg_encode(&hello[i], bytes, sizeof(bytes)), 7, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct cursor c = cursor_over(data, size);

    make(&w);
    loop_lock(w.loop); /* as who calls a device does */
    say_hello(&w);
    while (cursor_left(&c) > 4) {
        uint16_t len = cursor_le16(&c);
        uint8_t cut = cursor_u8(&c), room = cursor_u8(&c);
        size_t take = len < cursor_left(&c) ? len : cursor_left(&c);
        const uint8_t *bytes = c.p;

        take = take < 0x4000 ? take : 0x4000;
        c.p += take;
        if (!submit(&w, bytes, take, cut, room))
            break;
    }
    virtio_set_status(&w.p.v, 0);
    if (w.p.in_flight)
        abort();
    loop_unlock(w.loop);
    virtio_9p_release(&w.p);
    memfs_release(&w.files);
    return 0;
}

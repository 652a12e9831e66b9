/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile vsock driver and host programs that come and go.  Input: records {what, which, value}:
 * packets of any kind on few ports, so that they meet connections; buffers of any size; programs that
 * connect, write, read, stop and leave; resets.  Nothing grows beyond its bounds, and once both sides
 * are gone nothing is left.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/cursor.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "tests/unit/vsock_world.h"
#include "vmm/vsock_host.h"

#define PROGRAMS 8
#define STEPS 300

enum { PACKET, ROOM, RAW, DIAL, SAY, HEAR, STOP, LEAVE, RUN, RESET, WHATS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
    struct vsock_world w;
    int listener; /* where the guest can connect to: port 1 */
    int program[PROGRAMS];
};

static char folder[] = "/tmp/lxtop-fuzz-XXXXXX";

static void remove_folder(void)
{
    file_remove_tree(folder, NULL);
}

static void make(struct fuzz *f)
{
    char path[64], name[80];

    log_open("fuzz", STDERR_FILENO, LOG_ERROR);
    if (!mkdtemp(folder))
        abort();
    atexit(remove_folder);
    snprintf(path, sizeof(path), "%s/v", folder);
    snprintf(name, sizeof(name), "%s_1", path);
    f->listener = vsock_host_listen(name, NULL);
    if (f->listener < 0 || vsock_world_make(&f->w, path) < 0)
        abort();
    for (int i = 0; i < PROGRAMS; i++)
        f->program[i] = -1;
}

/* The ports that packets speak of: those of the programs so far, and some others. */
static void packet(struct fuzz *f, uint8_t which, uint16_t value, struct cursor *c)
{
    static const char bytes[0x12000];
    struct vsock_header h = vsock_world_header(which % 9, 7 + (value >> 14), 1);

    h.dst_port = value & 1 ? f->w.s->next_port - (value >> 1 & 3) : value >> 1 & 3;
    h.flags = value >> 4 & 3;
    h.buf_alloc = (uint32_t)cursor_le16(c) << (which & 0x80 ? 16 : 0);
    h.fwd_cnt = cursor_le16(c);
    h.len = which % 9 == VSOCK_OP_RW ? cursor_le16(c) * 2U : 0;
    h.type = which & 0x40 ? value : VSOCK_TYPE_STREAM;
    vsock_world_send_raw(&f->w, &h, bytes, h.len < sizeof(bytes) ? h.len : sizeof(bytes),
                         VSOCK_HEADER_SIZE + (which & 0x20 ? value : h.len));
}

static void raw(struct fuzz *f, uint8_t which, uint16_t len)
{
    unsigned queue = which % VW_QUEUES;
    uint16_t slot = f->w.d[queue].avail % VW_RING;

    driver_desc(&f->w.d[queue], slot,
                (struct desc_entry){VW_TX_AT + which, len, which & 8 ? WRITE : 0, 0});
    driver_offer(&f->w.d[queue], slot);
    vsock_world_notify(&f->w, queue);
}

static void leave(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void dial(struct fuzz *f, int *fd, uint16_t value)
{
    char hello[40];

    leave(fd);
    if (value & 0x8000) {
        *fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        return;
    }
    snprintf(hello, sizeof(hello), "CONNECT %u%s", 7 + (value & 3), value & 4 ? "" : "\nmore");
    *fd = vsock_world_dial(&f->w, hello);
}

static void program(struct fuzz *f, uint8_t what, int *fd, uint16_t value)
{
    static char bytes[65536];

    if (what == DIAL)
        dial(f, fd, value);
    else if (*fd < 0)
        return;
    else if (what == SAY)
        (void)!send(*fd, bytes, value, MSG_NOSIGNAL);
    else if (what == HEAR)
        (void)!recv(*fd, bytes, value, 0);
    else if (what == STOP)
        shutdown(*fd, value % 3);
    else if (what == LEAVE)
        leave(fd);
}

static void check(const struct virtio_vsock *s)
{
    unsigned used = 0, known = 0, in_line = 0;

    for (unsigned i = 0; i < s->slots; i++) {
        const struct vsock_slot *slot = &s->slot[i];

        used += slot->used;
        known += slot->known;
        in_line += slot->in_line;
        if (slot->conn.out.len > VSOCK_BUFFER || (slot->known && !slot->used))
            abort();
    }
    for (const struct vsock_slot *slot = s->first; slot; slot = slot->next_in_line)
        in_line--;
    for (const struct vsock_slot *slot = s->free; slot; slot = slot->next)
        used++;
    for (unsigned i = 0; i < VSOCK_BUCKETS; i++)
        for (const struct vsock_slot *slot = s->bucket[i]; slot; slot = slot->next)
            known--;
    /* every slot is used, free, or leaves the line yet */
    if (in_line || known || used > s->slots || s->resets > VSOCK_RESETS)
        abort();
}

static void step(struct fuzz *f, struct cursor *c)
{
    uint8_t what = cursor_u8(c) % WHATS, which = cursor_u8(c);
    uint16_t value = cursor_le16(c);

    if (what == PACKET)
        packet(f, which, value, c);
    else if (what == ROOM)
        vsock_world_room(&f->w, value % 8);
    else if (what == RAW)
        raw(f, which, value);
    else if (what == RUN)
        vsock_world_run(&f->w);
    else if (what == RESET && which < 32)
        vsock_world_start(&f->w);
    else
        program(f, what, &f->program[which % PROGRAMS], value);
    check(f->w.s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz f;
    struct cursor c = cursor_over(data, size);

    if (!f.w.s)
        make(&f);
    vsock_world_start(&f.w);
    for (int i = 0; i < STEPS && cursor_left(&c); i++)
        step(&f, &c);
    for (int i = 0; i < PROGRAMS; i++)
        leave(&f.program[i]);
    for (int fd; (fd = accept(f.listener, NULL, NULL)) >= 0;)
        close(fd);
    virtio_set_status(&f.w.s->v, 0);
    check(f.w.s);
    for (unsigned i = 0; i < f.w.s->slots; i++)
        if (f.w.s->slot[i].used || f.w.s->slot[i].conn.fd >= 0)
            abort();
    return 0;
}

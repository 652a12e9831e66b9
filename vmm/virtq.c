/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtq.h"

#include <errno.h>
#include <string.h>

#include "core/base/iov.h"

#define DESC_NEXT 1
#define DESC_WRITE 2
#define DESC_INDIRECT 4
#define AVAIL_NO_INTERRUPT 1

/* virtio 1.2, 2.7.5 */
struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

struct used_elem {
    uint32_t id, len;
};

/* A table of descriptors: the queue's own, or an indirect one. */
struct table {
    const uint8_t *at;
    uint32_t entries;
};

/* --- the rings: 16-bit cells shared with the driver --- */

static uint16_t load16(const uint8_t *at)
{
    return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static void store16(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)at, value, __ATOMIC_RELEASE);
}

static uint16_t avail_index(const struct virtq *q)
{
    return load16(q->avail_at + 2);
}

/* Behind each ring stands the other side's wish for events (2.7.10). */
static uint16_t used_event(const struct virtq *q)
{
    return load16(q->avail_at + 4 + 2 * (size_t)q->size);
}

/* The device's own ring; of the chains' pieces the walk tells. */
static void note_used(const struct virtq *q)
{
    mem_note(q->mem, q->used_at, 6 + 8 * (uint64_t)q->size);
}

static void set_avail_event(struct virtq *q, uint16_t value)
{
    note_used(q);
    store16(q->used_at + 4 + 8 * (size_t)q->size, value);
}

int virtq_enable(struct virtq *q)
{
    uint64_t n = q->size;

    if (n == 0 || n > q->size_max || (n & (n - 1)))
        return -EINVAL;
    if (q->desc.at % 16 || q->avail.at % 2 || q->used.at % 4)
        return -EINVAL;
    q->desc_at = mem_at(q->mem, q->desc, 16 * n);
    q->avail_at = mem_at(q->mem, q->avail, 6 + 2 * n);
    q->used_at = mem_at(q->mem, q->used, 6 + 8 * n);
    if (!q->desc_at || !q->avail_at || !q->used_at)
        return -EINVAL;
    q->ready = true;
    return 0;
}

void virtq_reset(struct virtq *q)
{
    *q = (struct virtq){.mem = q->mem, .size_max = q->size_max};
}

/* --- the walk --- */

static struct desc copy_desc(const struct table *t, uint32_t index)
{
    struct desc d;

    memcpy(&d, t->at + (size_t)index * sizeof(d), sizeof(d));
    /* The copy is what is checked and used: the driver may change the original at any time. */
    __asm__ volatile("" : : : "memory");
    return d;
}

/* Pages that follow each other make one piece: whoever moves the data has less to go through (2.7.4.2). */
static const char *add_piece(const struct virtq *q, const struct desc *d, struct vreq *r)
{
    bool writable = d->flags & DESC_WRITE;
    uint16_t *pieces = writable ? &r->nwrite : &r->nread;
    uint32_t *sum = writable ? &r->write_len : &r->read_len;
    struct iovec *end = r->iov + r->nread + r->nwrite;
    char *at;

    if (d->len == 0)
        return NULL; /* allowed, carries nothing */
    if (!writable && r->nwrite)
        return "a readable descriptor follows a writable one";
    if (__builtin_add_overflow(*sum, d->len, sum) || r->read_len + (uint64_t)r->write_len > UINT32_MAX)
        return "a chain of 4 GiB or more";
    at = mem_at(q->mem, GPA(d->addr), d->len);
    if (!at)
        return "a descriptor points outside of memory";
    if (writable)
        mem_note(q->mem, at, d->len);
    if (*pieces > 0 && (char *)end[-1].iov_base + end[-1].iov_len == at) {
        end[-1].iov_len += d->len;
        return NULL;
    }
    if (end == r->iov + VREQ_PIECES)
        return "a chain of too many pieces";
    *end = (struct iovec){.iov_base = at, .iov_len = d->len};
    ++*pieces;
    return NULL;
}

/* 2.7.5.3: the descriptor that holds the table has no other use, and tables do not nest. */
static const char *enter_indirect(const struct virtq *q, const struct desc *d, struct table *t)
{
    if (!q->indirect || (d->flags & DESC_NEXT))
        return "an indirect descriptor where none may be";
    if (d->len == 0 || d->len % sizeof(struct desc) || d->len / sizeof(struct desc) > VREQ_PIECES)
        return "an indirect table of a wrong length";
    t->at = mem_at(q->mem, GPA(d->addr), d->len);
    t->entries = d->len / sizeof(struct desc);
    return t->at ? NULL : "an indirect table outside of memory";
}

static const char *walk(const struct virtq *q, uint32_t index, struct vreq *r)
{
    struct table t = {.at = q->desc_at, .entries = q->size};
    bool inside = false;

    /* Each table is entered once, and a chain longer than its table has met a loop. */
    for (uint32_t left = t.entries; left > 0; left--) {
        struct desc d;
        const char *why;

        if (index >= t.entries)
            return "a descriptor's index is out of range";
        d = copy_desc(&t, index);
        if (d.flags & DESC_INDIRECT) {
            why = inside ? "an indirect table inside another" : enter_indirect(q, &d, &t);
            if (why)
                return why;
            inside = true;
            index = 0;
            left = t.entries + 1;
            continue;
        }
        why = add_piece(q, &d, r);
        if (why || !(d.flags & DESC_NEXT))
            return why;
        index = d.next;
    }
    return "a chain that runs in a loop";
}

/* Asks for a notification and then looks again: what came in between is not lost (2.7.7.1). */
static bool is_empty(struct virtq *q)
{
    if (avail_index(q) != q->next_avail)
        return false;
    if (!q->event_idx)
        return true;
    set_avail_event(q, q->next_avail);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return avail_index(q) == q->next_avail;
}

int virtq_pop(struct virtq *q, struct vreq *r, const char **why)
{
    if (!q->ready || is_empty(q))
        return 0;
    *why = "the driver's index runs ahead of the queue";
    if ((uint16_t)(avail_index(q) - q->next_avail) > q->size)
        return -EBADMSG;
    r->head = load16(q->avail_at + 4 + 2 * (size_t)(q->next_avail % q->size));
    r->nread = r->nwrite = 0;
    r->read_len = r->write_len = 0;
    *why = walk(q, r->head, r);
    if (*why)
        return -EBADMSG;
    q->next_avail++;
    return 1;
}

void virtq_unpop(struct virtq *q, uint16_t n)
{
    q->next_avail = (uint16_t)(q->next_avail - n);
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t written)
{
    struct used_elem u = {.id = head, .len = written};

    note_used(q);
    memcpy(q->used_at + 4 + sizeof(u) * (size_t)(q->next_used % q->size), &u, sizeof(u));
    store16(q->used_at + 2, ++q->next_used);
}

bool virtq_wants_interrupt(struct virtq *q)
{
    uint16_t pushed = (uint16_t)(q->next_used - q->signalled);

    if (!pushed)
        return false;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the used index is out before the wish is read */
    q->signalled = q->next_used;
    if (!q->event_idx)
        return !(load16(q->avail_at) & AVAIL_NO_INTERRUPT);
    /* 2.7.10: has the used index passed used_event since the last look? */
    return (uint16_t)(q->next_used - used_event(q) - 1) < pushed;
}

/* --- copies --- */

size_t vreq_read(const struct vreq *r, size_t offset, void *to, size_t len)
{
    return iov_read(r->iov, r->nread, offset, to, len);
}

size_t vreq_write(const struct vreq *r, size_t offset, const void *from, size_t len)
{
    return iov_write(r->iov + r->nread, r->nwrite, offset, from, len);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_balloon.h"

#include <string.h>

#include "core/base/state.h"

#define BALLOON_F_PAGE_REPORTING (1ULL << 5)
#define BALLOON_PAGE 4096ULL
#define BATCH 64
#define INFLATE_MAX 4096 /* bytes of page numbers taken of one request; Linux sends up to 1,024 */

/* Queues exist only with their features (5.5.2); of the optional ones there is only reporting. */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_REPORTING, QUEUES };

/* 5.5.4: le32 num_pages (wanted by the device), le32 actual (told by the driver). */
struct balloon_config {
    uint32_t num_pages, actual;
};

static struct virtio_balloon *balloon_of(struct virtio *v)
{
    return (struct virtio_balloon *)v;
}

static void inflate(struct virtio *v, const struct vreq *r)
{
    uint32_t page;

    for (size_t at = 0; at < INFLATE_MAX && vreq_read(r, at, &page, sizeof(page)) == sizeof(page);
         at += sizeof(page)) {
        void *host = mem_at(v->mem, GPA(page * BALLOON_PAGE), BALLOON_PAGE);

        if (host)
            mem_give_back(v->mem, host, BALLOON_PAGE);
    }
}

static void report(const struct virtio *v, const struct vreq *r)
{
    for (unsigned i = r->nread; i < r->nread + r->nwrite; i++)
        mem_give_back(v->mem, r->iov[i].iov_base, r->iov[i].iov_len);
}

/* Deflating needs no act: a page that is touched again is there again. */
static void balloon_notify(struct virtio *v, unsigned index)
{
    struct vreq r;

    for (int i = 0; virtio_pop(v, index, &r); i++) {
        if (index == QUEUE_INFLATE)
            inflate(v, &r);
        else if (index == QUEUE_REPORTING)
            report(v, &r);
        virtio_used(v, index, r.head, 0);
        if (i == BATCH) {
            virtio_again(v);
            break;
        }
    }
    virtio_kick(v, index);
}

static void balloon_config_read(struct virtio *v, size_t offset, void *to, size_t len)
{
    struct balloon_config c = {.actual = balloon_of(v)->actual};

    memcpy(to, (char *)&c + offset, len);
}

static void balloon_config_write(struct virtio *v, size_t offset, const void *from, size_t len)
{
    struct balloon_config c = {.actual = balloon_of(v)->actual};

    memcpy((char *)&c + offset, from, len);
    balloon_of(v)->actual = c.actual;
}

static void balloon_state(struct virtio *v, struct state *s)
{
    state_u32(s, &balloon_of(v)->actual);
}

static const struct virtio_class balloon_class = {
    .name = "balloon",
    .id = 5,
    .queue_size = 64,
    .notify = balloon_notify,
    .config_read = balloon_config_read,
    .config_write = balloon_config_write,
    .state = balloon_state,
};

void virtio_balloon_init(struct virtio_balloon *b, const struct mem *mem)
{
    b->actual = 0;
    virtio_init(&b->v, &balloon_class, "balloon", mem, BALLOON_F_PAGE_REPORTING,
                sizeof(struct balloon_config), QUEUES);
}

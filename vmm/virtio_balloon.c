/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtio_balloon.h"

#include <string.h>

#include "core/base/state.h"

#define BALLOON_F_STATS_VQ (1ULL << 1)
#define BALLOON_F_PAGE_REPORTING (1ULL << 5)
#define BALLOON_PAGE 4096ULL
#define BATCH 64
#define INFLATE_MAX 4096 /* bytes of page numbers taken of one request; Linux sends up to 1,024 */

#define STATS_MAX 64   /* of one buffer; Linux 6.12 sends 16 */
#define ASK_MS 500     /* not asked more often */
#define STALE_MS 10000 /* an answer to what was asked before is no more of use */

/* Queues exist only with their features (5.5.2): without statistics, reporting has their number. */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_STATS, QUEUE_REPORTING, QUEUES };

/* 5.5.6.3 */
enum { STAT_FREE = 4, STAT_TOTAL = 5, STAT_AVAILABLE = 6, STAT_CACHES = 7, STAT_TAGS };
struct balloon_stat {
    uint16_t tag;
    uint64_t value;
} __attribute__((packed));

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

static unsigned kind_of(const struct virtio *v, unsigned index)
{
    return index >= QUEUE_STATS && !virtio_has(v, BALLOON_F_STATS_VQ) ? index + 1 : index;
}

/* Deflating needs no act: a page that is touched again is there again. */
static void balloon_notify(struct virtio *v, unsigned index)
{
    unsigned kind = kind_of(v, index);
    struct vreq r;

    if (kind == QUEUE_STATS)
        return; /* waits until somebody asks */
    for (int i = 0; virtio_pop(v, index, &r); i++) {
        if (kind == QUEUE_INFLATE)
            inflate(v, &r);
        else if (kind == QUEUE_REPORTING)
            report(v, &r);
        virtio_used(v, index, r.head, 0);
        if (i == BATCH) {
            virtio_again(v);
            break;
        }
    }
    virtio_kick(v, index);
}

/* --- statistics --- */

static int64_t used_of(const uint64_t stat[STAT_TAGS])
{
    uint64_t total = stat[STAT_TOTAL], spare = stat[STAT_AVAILABLE];

    if (!spare && __builtin_add_overflow(stat[STAT_FREE], stat[STAT_CACHES], &spare))
        return -1;
    return total && spare <= total && total <= INT64_MAX ? (int64_t)(total - spare) : -1;
}

static int64_t read_stats(const struct vreq *r)
{
    uint64_t stat[STAT_TAGS] = {0};
    struct balloon_stat s;

    for (size_t i = 0; i < STATS_MAX && vreq_read(r, i * sizeof(s), &s, sizeof(s)) == sizeof(s); i++)
        if (s.tag < STAT_TAGS)
            stat[s.tag] = s.value;
    return used_of(stat);
}

int64_t virtio_balloon_used(struct virtio_balloon *b, int64_t now_ms)
{
    struct virtio *v = &b->v;
    bool fresh = b->asked_ms && now_ms - b->asked_ms < STALE_MS;
    struct vreq r;

    if (b->asked_ms && now_ms - b->asked_ms < ASK_MS)
        return b->used;
    if (!virtio_has(v, BALLOON_F_STATS_VQ) || !virtio_pop(v, QUEUE_STATS, &r))
        return fresh ? b->used : -1;
    b->used = fresh ? read_stats(&r) : -1;
    b->asked_ms = now_ms;
    virtio_used(v, QUEUE_STATS, r.head, 0);
    virtio_kick(v, QUEUE_STATS);
    return b->used;
}

/* What the driver of before has said is not what the next one will. */
static void balloon_reset(struct virtio *v)
{
    balloon_of(v)->asked_ms = 0;
    balloon_of(v)->used = -1;
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
    .reset = balloon_reset,
    .state = balloon_state,
};

void virtio_balloon_init(struct virtio_balloon *b, const struct mem *mem)
{
    b->actual = 0;
    b->asked_ms = 0;
    b->used = -1;
    virtio_init(&b->v, &balloon_class, "balloon", mem, BALLOON_F_STATS_VQ | BALLOON_F_PAGE_REPORTING,
                sizeof(struct balloon_config), QUEUES);
}

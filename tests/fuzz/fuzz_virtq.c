/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings as a hostile driver may write them.  Input: size, features, number of memory changes
 * between two looks, then the bytes of descriptor table, available and used ring.  Whatever they
 * say, a request's pieces lie in memory and their sums are right.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/virtq.h"

#define MEMORY 65536
#define TURNS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
    if (!right)
        abort();
}

static void check_request(const struct mem *m, const struct vreq *r)
{
    uint64_t read = 0, write = 0;

    check(r->nread + r->nwrite <= VREQ_PIECES);
    for (unsigned i = 0; i < r->nread + r->nwrite; i++) {
        const uint8_t *at = r->iov[i].iov_base;

        check(at >= m->region[0].host && r->iov[i].iov_len > 0);
        check(r->iov[i].iov_len <= (size_t)(m->region[0].host + MEMORY - at));
        *(i < r->nread ? &read : &write) += r->iov[i].iov_len;
    }
    check(read == r->read_len && write == r->write_len);
}

static void use_request(struct virtq *q, const struct vreq *r, const uint8_t *data, size_t size)
{
    uint8_t bytes[512];

    check(vreq_read(r, 3, bytes, sizeof(bytes)) <= sizeof(bytes));
    check(vreq_write(r, 1, data, size) <= size);
    virtq_push(q, r->head, r->write_len);
    virtq_wants_interrupt(q);
}

static void run(const struct mem *m, const uint8_t *data, size_t size)
{
    struct virtq q = {.mem = m, .size_max = VIRTQ_SIZE_MAX};
    uint8_t *memory = m->region[0].host;
    unsigned changes = data[2] % 8;
    const char *why = NULL;
    struct vreq r;

    q.size = (uint16_t)(1 << data[0] % 9);
    q.event_idx = data[1] & 1;
    q.indirect = data[1] & 2;
    q.avail = GPA(16ULL * q.size);
    q.used = GPA((q.avail.at + 6 + 2ULL * q.size + 3) & ~3ULL);
    data += 3, size -= 3;
    memset(memory, 0, MEMORY);
    memcpy(memory, data, size < MEMORY ? size : MEMORY);
    check(virtq_enable(&q) == 0);
    for (int i = 0; i < TURNS && virtq_pop(&q, &r, &why) == 1; i++) {
        check_request(m, &r);
        use_request(&q, &r, data, size < 64 ? size : 64);
        for (unsigned n = 0; n < changes && n + 1 < size; n++)
            memory[(i * 31U + n * 257U) % (32U * q.size)] ^= data[n];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mem m; /* made once: mapping memory costs more than a run */

    if (!m.regions && mem_init(&m, MEMORY, NULL) < 0)
        abort();
    if (size >= 4)
        run(&m, data, size);
    return 0;
}

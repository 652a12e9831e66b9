/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/bus.h"

#include <errno.h>
#include <string.h>

#include "core/base/err.h"

int bus_add(struct bus *b, const struct bus_range *r, struct err *e)
{
    for (unsigned i = 0; i < b->ranges; i++)
        if (r->start < b->range[i].start + b->range[i].size &&
            b->range[i].start < r->start + r->size)
            return err_set(e, EEXIST, "two devices at address 0x%llx", (unsigned long long)r->start);
    if (b->ranges == BUS_RANGES_MAX)
        return err_set(e, ENOSPC, "too many devices: at most %d", BUS_RANGES_MAX);
    b->range[b->ranges++] = *r;
    return 0;
}

/* The whole access must fall into one range. */
static struct bus_range *find(struct bus *b, uint64_t address, size_t len)
{
    for (unsigned i = 0; i < b->ranges; i++) {
        struct bus_range *r = &b->range[i];
        uint64_t offset = address - r->start;

        if (address >= r->start && offset < r->size && len <= r->size - offset)
            return r;
    }
    b->unclaimed++;
    return NULL;
}

void bus_read(struct bus *b, uint64_t address, void *data, size_t len)
{
    struct bus_range *r = find(b, address, len);

    memset(data, 0xff, len);
    if (r && r->read)
        r->read(r->ctx, address - r->start, data, len);
}

void bus_write(struct bus *b, uint64_t address, void *data, size_t len)
{
    struct bus_range *r = find(b, address, len);

    if (r && r->write)
        r->write(r->ctx, address - r->start, data, len);
}

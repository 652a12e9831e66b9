/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which device answers an access to an address: one bus for memory-mapped I/O, one for ports.
 *
 * Ranges are added while the machine is built and never change afterwards.  The caller holds the
 * machine's lock.  An access that no device takes reads as all ones and is counted.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define BUS_RANGES_MAX 32

/* `data` holds `len` bytes (1 to 8) to read into or to write; `offset` is from the range's start. */
typedef void bus_fn(void *ctx, uint64_t offset, void *data, size_t len);

struct bus_range {
    uint64_t start, size;
    bus_fn *read, *write; /* NULL: reads as all ones, writes are dropped */
    void *ctx;
};

struct bus {
    struct bus_range range[BUS_RANGES_MAX];
    unsigned ranges;
    uint64_t unclaimed;
};

/* -EEXIST when it overlaps another range. */
int bus_add(struct bus *b, const struct bus_range *r, struct err *e);
void bus_read(struct bus *b, uint64_t address, void *data, size_t len);
void bus_write(struct bus *b, uint64_t address, void *data, size_t len);

#endif

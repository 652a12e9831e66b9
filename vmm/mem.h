/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory, and the only way from a guest address to a pointer.
 *
 * A gpa is a struct so that it can be neither dereferenced nor mixed with a number by mistake.
 * Every access states its length; an access that is not wholly inside one RAM region fails.  RAM is
 * anonymous and private, aligned to 2 MiB: [0, 3 GiB) and, if there is more, from 4 GiB up; the
 * hole between holds the devices.  Regions never change after mem_init: any thread may use a mem; who writes
 * holds the machine's lock, for the sake of its base (mem_base.h).
 */
#ifndef VMM_MEM_H
#define VMM_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/mem_base.h"

struct err;

#define MEM_HOLE_START 0xC0000000ULL /* devices from here ... */
#define MEM_HOLE_END 0x100000000ULL  /* ... to here */
#define MEM_MIN (64ULL << 20)
#define MEM_MAX (1ULL << 40)

struct gpa {
    uint64_t at;
};
#define GPA(address) ((struct gpa){.at = (address)})

struct mem_region {
    struct gpa start;
    uint64_t size; /* bytes */
    uint8_t *host;
};

struct mem {
    struct mem_region region[2]; /* by address */
    unsigned regions;
    uint64_t size; /* bytes of RAM in all */
    bool mapped;   /* by mem_init_file: a page that is not there is not zero */
    struct mem_base base;
};

/* `size` is a multiple of 4 KiB from one page (tests) to MEM_MAX. */
int mem_init(struct mem *m, uint64_t size, struct err *e);
/* The same over a private mapping of a file of just that size (mem_file.h), its base; `fd` stays the caller's. */
int mem_init_file(struct mem *m, uint64_t size, int fd, struct err *e);
void mem_release(struct mem *m);

/*
 * Borrowed until mem_release; NULL unless [gpa, gpa+len) is RAM of one region.  Who writes there tells mem_note.
 * Both are inline for the sake of the queues: a large request has a descriptor for each page.
 */
static inline void *mem_at(const struct mem *m, struct gpa gpa, uint64_t len)
{
    for (unsigned i = 0; i < m->regions; i++) {
        const struct mem_region *r = &m->region[i];
        uint64_t offset = gpa.at - r->start.at;

        if (gpa.at >= r->start.at && offset < r->size && len <= r->size - offset)
            return r->host + offset;
    }
    return NULL;
}

/* Copies; false (and for a read zeroes) when the range is not RAM. */
bool mem_read(const struct mem *m, struct gpa gpa, void *to, uint64_t len);
bool mem_write(const struct mem *m, struct gpa gpa, const void *from, uint64_t len);

/*
 * Drops the host's pages that lie whole in this piece of RAM: it then reads as zeroes, or, where the memory is
 * mapped from a file and the piece is small, as the file.  Bytes dropped.
 */
uint64_t mem_give_back(const struct mem *m, void *host, uint64_t len);

/*
 * The VMM has written to this piece of RAM, or will before the devices are quiet the next time (virtio_quiesce):
 * a save cannot come in between.
 */
void mem_note_changed(const struct mem *m, const void *host, uint64_t len);
static inline void mem_note(const struct mem *m, const void *host, uint64_t len)
{
    if (m->base.changed && len)
        mem_note_changed(m, host, len);
}
/* From now on memory is `fd`'s and what changes; *before, the caller's then: what it was of until now. */
int mem_rebase(struct mem *m, int fd, struct mem_base *before, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"

#define HUGE_PAGE (2ULL << 20)

/*
 * Reserves more than asked and gives the unaligned ends back, so that guest and host agree on where
 * a 2 MiB page begins: otherwise KVM cannot map a transparent huge page as one.
 */
static uint8_t *map_aligned(uint64_t size)
{
    uint8_t *all = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uintptr_t start;
    uint64_t before;

    if (all == MAP_FAILED)
        return NULL;
    start = ((uintptr_t)all + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    before = start - (uintptr_t)all;
    if (before)
        munmap(all, before);
    if (HUGE_PAGE - before)
        munmap(all + before + size, HUGE_PAGE - before);
    return all + before;
}

static int map_file(uint8_t *host, uint64_t size, int fd, uint64_t offset, struct err *e)
{
    if (mmap(host, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd,
             (off_t)offset) != MAP_FAILED)
        return 0;
    err_sys(e, errno, "map the saved memory");
    munmap(host, size);
    return -EIO;
}

/* `fd`: its bytes from m->size on are the region's; -1: zeroes are. */
static int region_add(struct mem *m, uint64_t start, uint64_t size, int fd, struct err *e)
{
    uint8_t *host = map_aligned(size);

    if (!host)
        return err_sys(e, errno, "reserve %llu MiB for the guest", (unsigned long long)size >> 20);
    if (fd >= 0 && map_file(host, size, fd, m->size, e) < 0)
        return -EIO;
    madvise(host, size, MADV_HUGEPAGE); /* A host without THP runs the guest too, only slower. */
    madvise(host, size, MADV_DONTDUMP);
    m->region[m->regions++] =
        (struct mem_region){.start = GPA(start), .size = size, .host = host};
    m->size += size;
    return 0;
}

static int init(struct mem *m, uint64_t size, int fd, struct err *e)
{
    uint64_t low = size < MEM_HOLE_START ? size : MEM_HOLE_START;
    int r;

    *m = (struct mem){.mapped = fd >= 0};
    if (size == 0 || size > MEM_MAX || size % 4096)
        return err_set(e, EINVAL, "guest memory of %llu bytes: give a multiple of 4 KiB",
                       (unsigned long long)size);
    r = region_add(m, 0, low, fd, e);
    if (r == 0 && size > low)
        r = region_add(m, MEM_HOLE_END, size - low, fd, e);
    if (r < 0)
        mem_release(m);
    return r;
}

int mem_init(struct mem *m, uint64_t size, struct err *e)
{
    return init(m, size, -1, e);
}

/* A file that is shorter would be a SIGBUS at some later time. */
int mem_init_file(struct mem *m, uint64_t size, int fd, struct err *e)
{
    struct mem_base none;
    struct stat st;
    int r;

    *m = (struct mem){0};
    if (fstat(fd, &st) < 0)
        return err_sys(e, errno, "the saved memory");
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
        return err_set(e, EINVAL, "the saved memory has %lld bytes and the machine %llu: it is of a machine with other memory, or was cut",
                       (long long)st.st_size, (unsigned long long)size);
    r = init(m, size, fd, e);
    if (r == 0 && (r = mem_rebase(m, fd, &none, e)) < 0)
        mem_release(m);
    return r;
}

void mem_release(struct mem *m)
{
    for (unsigned i = 0; i < m->regions; i++)
        munmap(m->region[i].host, m->region[i].size);
    mem_base_release(&m->base);
    *m = (struct mem){0};
}

bool mem_read(const struct mem *m, struct gpa gpa, void *to, uint64_t len)
{
    const void *from = mem_at(m, gpa, len);

    if (from)
        memcpy(to, from, len);
    else
        memset(to, 0, len);
    return from != NULL;
}

bool mem_write(const struct mem *m, struct gpa gpa, const void *from, uint64_t len)
{
    void *to = mem_at(m, gpa, len);

    if (!to)
        return false;
    memcpy(to, from, len);
    mem_note(m, to, len);
    return true;
}

/* --- what changes over its base --- */

/* The number in the file of the page at `host`, which is in RAM. */
static uint64_t page_of(const struct mem *m, const uint8_t *host)
{
    uint64_t before = 0;

    for (unsigned i = 0; i < m->regions; i++) {
        const struct mem_region *r = &m->region[i];

        if (host >= r->host && (uint64_t)(host - r->host) < r->size)
            return (before + (uint64_t)(host - r->host)) / MEM_PAGE;
        before += r->size;
    }
    return before / MEM_PAGE; /* never */
}

void mem_note_changed(const struct mem *m, const void *host, uint64_t len)
{
    uint64_t inside = (uintptr_t)host % MEM_PAGE;

    mem_base_note(&m->base, page_of(m, host), (inside + len - 1) / MEM_PAGE + 1);
}

int mem_rebase(struct mem *m, int fd, struct mem_base *before, struct err *e)
{
    struct mem_base b;
    int r = mem_base_init(&b, fd, m->size, e);

    if (r < 0)
        return r;
    *before = m->base;
    m->base = b;
    return 0;
}

/* Its pages are zeroes from here on and no more the file's, which a save would write again; few mappings. */
static bool take_from_file(void *start, uint64_t len)
{
    return len >= HUGE_PAGE && mmap(start, len, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

uint64_t mem_give_back(const struct mem *m, void *host, uint64_t len)
{
    uintptr_t start = ((uintptr_t)host + MEM_PAGE - 1) & ~(MEM_PAGE - 1);
    uintptr_t end = ((uintptr_t)host + len) & ~(MEM_PAGE - 1);

    if (start >= end)
        return 0;
    mem_note(m, (void *)start, end - start);
    if (m->mapped && take_from_file((void *)start, end - start))
        return end - start;
    return madvise((void *)start, end - start, MADV_DONTNEED) < 0 ? 0 : end - start;
}

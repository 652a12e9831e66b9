/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/mem.h"

#define BLOCK_PAGES 512UL /* looked at together */
/* Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bit 62 swapped */
#define PAGEMAP_THERE (3ULL << 62)

/*
 * Which pages of a block are to be written?  Over a base those that changed.  Of anonymous memory those that are
 * there at all, as the host's page tables tell; where that cannot be told, any may be.
 */
static void look(int pagemap, const struct mem *m, const uint8_t *at, uint64_t first, bool wanted[BLOCK_PAGES],
                 size_t pages)
{
    off_t where = (off_t)((uintptr_t)at / MEM_PAGE * sizeof(uint64_t));
    ssize_t want = (ssize_t)(pages * sizeof(uint64_t));
    uint64_t entry[BLOCK_PAGES];
    bool known = !m->mapped && pagemap >= 0 && pread(pagemap, entry, (size_t)want, where) == want;

    for (size_t i = 0; i < pages; i++)
        wanted[i] = (!m->base.changed || mem_base_is_changed(&m->base, first + i)) &&
                    (!known || (entry[i] & PAGEMAP_THERE));
}

static bool is_zero(const uint8_t *page)
{
    uint64_t first;

    memcpy(&first, page, sizeof(first));
    return first == 0 && memcmp(page, page + sizeof(first), MEM_PAGE - sizeof(first)) == 0;
}

static int write_run(int fd, const uint8_t *at, size_t len, off_t offset, struct err *e)
{
    while (len) {
        ssize_t n = pwrite(fd, at, len, offset);

        if (n < 0 && errno != EINTR)
            return err_sys(e, errno, "write the machine's memory");
        if (n > 0) {
            at += n;
            offset += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* A block's runs of pages that hold something. */
static int save_block(int fd, int pagemap, const struct mem *m, const uint8_t *at, size_t pages, off_t offset,
                      uint64_t *bytes, struct err *e)
{
    bool wanted[BLOCK_PAGES];
    size_t run = 0;
    int r = 0;

    look(pagemap, m, at, (uint64_t)offset / MEM_PAGE, wanted, pages);
    for (size_t i = 0; i <= pages && r == 0; i++) {
        if (i < pages && wanted[i] && !is_zero(at + i * MEM_PAGE)) {
            run++;
            continue;
        }
        if (run)
            r = write_run(fd, at + (i - run) * MEM_PAGE, run * MEM_PAGE, offset + (off_t)((i - run) * MEM_PAGE), e);
        *bytes += run * MEM_PAGE;
        run = 0;
    }
    return r;
}

int mem_save(const struct mem *m, int fd, uint64_t *bytes, struct err *e)
{
    auto_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    off_t base = 0;
    int r = 0;

    *bytes = 0;
    if (ftruncate(fd, (off_t)m->size) < 0)
        return err_sys(e, errno, "make a file for the machine's memory");
    for (unsigned i = 0; i < m->regions; i++) {
        const struct mem_region *g = &m->region[i];

        for (uint64_t at = 0; at < g->size && r == 0; at += BLOCK_PAGES * MEM_PAGE) {
            uint64_t left = (g->size - at) / MEM_PAGE;

            r = save_block(fd, pagemap, m, g->host + at, left < BLOCK_PAGES ? left : BLOCK_PAGES,
                           base + (off_t)at, bytes, e);
        }
        base += (off_t)g->size;
    }
    return r;
}

/* --- the rest --- */

static int copy_by_hand(int from, int to, off_t at, size_t len, struct err *e)
{
    uint8_t part[16 * MEM_PAGE];
    ssize_t n = pread(from, part, len < sizeof(part) ? len : sizeof(part), at);

    if (n <= 0)
        return err_sys(e, n < 0 ? errno : EIO, "read the memory that was saved before");
    return write_run(to, part, (size_t)n, at, e) < 0 ? -EIO : (int)n;
}

/* Shares the blocks where the file system can (FICLONE), else the host copies, else we do. */
static int copy_run(int from, int to, off_t at, size_t len, struct err *e)
{
    while (len) {
        off_t in = at, out = at;
        ssize_t n = copy_file_range(from, &in, to, &out, len, 0);

        if (n <= 0)
            n = copy_by_hand(from, to, at, len, e);
        if (n < 0)
            return (int)n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The pages of [at, end), which hold data in the base, that have not changed. */
static int copy_unchanged(const struct mem_base *base, int fd, off_t at, off_t end, struct err *e)
{
    off_t run;
    int r = 0;

    for (at -= at % (off_t)MEM_PAGE; at < end && r == 0; at += run + (off_t)MEM_PAGE) {
        for (run = 0; at + run < end && !mem_base_is_changed(base, (uint64_t)(at + run) / MEM_PAGE); run += (off_t)MEM_PAGE)
            ;
        if (run)
            r = copy_run(base->file, fd, at, (size_t)run, e);
    }
    return r;
}

/* A hole of the base is one of the new file's, unless the page was written. */
int mem_save_rest(const struct mem_base *base, uint64_t size, int fd, struct err *e)
{
    off_t data = 0, hole;
    int r = 0;

    while (base->changed && r == 0 && data < (off_t)size) {
        data = lseek(base->file, data, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO ? 0 : err_sys(e, errno, "read the memory that was saved before");
        hole = lseek(base->file, data, SEEK_HOLE);
        if (hole < 0)
            return err_sys(e, errno, "read the memory that was saved before");
        r = copy_unchanged(base, fd, data, hole, e);
        data = hole;
    }
    return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/mem.h"

#define PAGE 4096UL
#define BLOCK_PAGES 512UL /* looked at together */
/* Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bit 62 swapped */
#define PAGEMAP_THERE (3ULL << 62)

/* Which pages of anonymous memory are there at all?  Where that cannot be told, any may be. */
static void look(int pagemap, const uint8_t *at, uint64_t there[BLOCK_PAGES], size_t pages)
{
    off_t where = (off_t)((uintptr_t)at / PAGE * sizeof(there[0]));
    ssize_t want = (ssize_t)(pages * sizeof(there[0]));

    if (pagemap < 0 || pread(pagemap, there, (size_t)want, where) != want)
        memset(there, 0xff, (size_t)want);
}

/* Of memory that came from a file those, too, that have data there: untouched they are not there themselves. */
static void look_at_file(int fd, off_t at, uint64_t there[BLOCK_PAGES], size_t pages)
{
    off_t end = at + (off_t)(pages * PAGE), data = at, hole;

    while ((data = lseek(fd, data, SEEK_DATA)) >= 0 && data < end) {
        hole = lseek(fd, data, SEEK_HOLE);
        hole = hole < 0 || hole > end ? end : hole;
        for (off_t p = data - data % (off_t)PAGE; p < hole; p += (off_t)PAGE)
            there[(size_t)(p - at) / PAGE] |= PAGEMAP_THERE;
        data = hole;
    }
    if (data < 0 && errno != ENXIO) /* this file system cannot tell */
        memset(there, 0xff, pages * sizeof(there[0]));
}

static bool is_zero(const uint8_t *page)
{
    uint64_t first;

    memcpy(&first, page, sizeof(first));
    return first == 0 && memcmp(page, page + sizeof(first), PAGE - sizeof(first)) == 0;
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
    uint64_t there[BLOCK_PAGES];
    size_t run = 0;
    int r = 0;

    look(pagemap, at, there, pages);
    if (m->from_file)
        look_at_file(m->file, offset, there, pages);
    for (size_t i = 0; i <= pages && r == 0; i++) {
        if (i < pages && (there[i] & PAGEMAP_THERE) && !is_zero(at + i * PAGE)) {
            run++;
            continue;
        }
        if (run)
            r = write_run(fd, at + (i - run) * PAGE, run * PAGE, offset + (off_t)((i - run) * PAGE), e);
        *bytes += run * PAGE;
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

        for (uint64_t at = 0; at < g->size && r == 0; at += BLOCK_PAGES * PAGE) {
            uint64_t left = (g->size - at) / PAGE;

            r = save_block(fd, pagemap, m, g->host + at, left < BLOCK_PAGES ? left : BLOCK_PAGES,
                           base + (off_t)at, bytes, e);
        }
        base += (off_t)g->size;
    }
    return r;
}

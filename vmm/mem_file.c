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
/* Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bit 62 swapped, bit 61 of a file */
#define PAGEMAP_THERE (3ULL << 62)
#define PAGEMAP_FILE (1ULL << 61)

/* What becomes of a page in the new file. */
enum kind {
    NOTHING, /* a hole: it is zero */
    WRITTEN,
    COPIED,  /* as it is in the file that the memory was mapped from: nobody has written to it since */
};

/* Which pages of anonymous memory are there at all?  Where that cannot be told, any may be. */
static void look(int pagemap, const uint8_t *at, enum kind kind[BLOCK_PAGES], size_t pages)
{
    off_t where = (off_t)((uintptr_t)at / PAGE * sizeof(uint64_t));
    ssize_t want = (ssize_t)(pages * sizeof(uint64_t));
    uint64_t entry[BLOCK_PAGES];
    bool known = pagemap >= 0 && pread(pagemap, entry, (size_t)want, where) == want;

    for (size_t i = 0; i < pages; i++)
        kind[i] = !known || ((entry[i] & PAGEMAP_THERE) && !(entry[i] & PAGEMAP_FILE)) ? WRITTEN : NOTHING;
}

/*
 * Of memory that came from a file, private: a page that was written to, by the guest or by a device, is not the
 * file's any more.  The others are as they are there, but for those that were taken from it.
 */
static void look_at_file(const struct mem *m, off_t at, enum kind kind[BLOCK_PAGES], size_t pages)
{
    off_t end = at + (off_t)(pages * PAGE), data = at, hole;

    while ((data = lseek(m->file, data, SEEK_DATA)) >= 0 && data < end) {
        hole = lseek(m->file, data, SEEK_HOLE);
        hole = hole < 0 || hole > end ? end : hole;
        for (off_t p = data - data % (off_t)PAGE; p < hole; p += (off_t)PAGE) {
            size_t i = (size_t)(p - at) / PAGE;

            if (kind[i] == NOTHING && !mem_is_taken(m, (uint64_t)p / PAGE))
                kind[i] = COPIED;
        }
        data = hole;
    }
    for (size_t i = 0; data < 0 && errno != ENXIO && i < pages; i++) /* this file system cannot tell */
        kind[i] = WRITTEN;
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

/* Shares the blocks where the file system can (FICLONE), else the host copies; false: it can do neither. */
static bool copy_run(int from, int to, size_t len, off_t offset)
{
    off_t in = offset, out = offset;

    while (len) {
        ssize_t n = copy_file_range(from, &in, to, &out, len, 0);

        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static int save_run(int fd, const struct mem *m, enum kind kind, const uint8_t *at, size_t len, off_t offset,
                    struct err *e)
{
    if (kind == NOTHING || (kind == COPIED && copy_run(m->file, fd, len, offset)))
        return 0;
    return write_run(fd, at, len, offset, e);
}

/* A block's runs of pages of one kind. */
static int save_block(int fd, int pagemap, const struct mem *m, const uint8_t *at, size_t pages, off_t offset,
                      uint64_t *bytes, struct err *e)
{
    enum kind kind[BLOCK_PAGES];
    size_t run = 0;
    int r = 0;

    look(pagemap, at, kind, pages);
    if (m->from_file)
        look_at_file(m, offset, kind, pages);
    for (size_t i = 0; i < pages; i++)
        if (kind[i] == WRITTEN && is_zero(at + i * PAGE))
            kind[i] = NOTHING;
    for (size_t i = 0; i < pages && r == 0; i += run) {
        for (run = 1; i + run < pages && kind[i + run] == kind[i]; run++)
            ;
        r = save_run(fd, m, kind[i], at + i * PAGE, run * PAGE, offset + (off_t)(i * PAGE), e);
        *bytes += kind[i] == NOTHING ? 0 : run * PAGE;
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

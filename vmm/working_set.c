/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/working_set.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/cursor.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "vmm/mem.h"

#define PAGE 4096ULL
#define GAP 8 /* pages between two ranges that are read along: one request less */
#define CHUNK 4096
#define PAGEMAP_PRESENT (1ULL << 63)

/* --- recording --- */

static int add_page(struct working_set *w, uint32_t page)
{
    struct page_range *last = w->n ? &w->range[w->n - 1] : NULL;

    if (last && page - (last->page + last->count) <= GAP) {
        last->count = page - last->page + 1;
        return 0;
    }
    if (w->n == WORKING_SET_RANGES)
        return 0; /* what comes later is brought in as it is touched */
    if ((w->n & (w->n - 1)) == 0) {
        struct page_range *more = realloc(w->range, (w->n ? 2UL * w->n : 1) * sizeof(*more));

        if (!more)
            return -ENOMEM;
        w->range = more;
    }
    w->range[w->n++] = (struct page_range){page, 1};
    return 0;
}

static int record_region(struct working_set *w, int pagemap, const struct mem_region *g, uint32_t first)
{
    uint64_t pages = g->size / PAGE, entry[CHUNK];
    int r = 0;

    for (uint64_t at = 0; at < pages && r == 0; at += CHUNK) {
        size_t n = pages - at < CHUNK ? pages - at : CHUNK;
        off_t where = (off_t)(((uintptr_t)g->host / PAGE + at) * sizeof(entry[0]));

        if (pread(pagemap, entry, n * sizeof(entry[0]), where) != (ssize_t)(n * sizeof(entry[0])))
            return -errno;
        for (size_t i = 0; i < n && r == 0; i++)
            if (entry[i] & PAGEMAP_PRESENT)
                r = add_page(w, first + (uint32_t)(at + i));
    }
    return r;
}

int working_set_record(struct working_set *w, const struct mem *m, struct err *e)
{
    auto_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint32_t first = 0;
    int r = pagemap < 0 ? -errno : 0;

    *w = (struct working_set){0};
    for (unsigned i = 0; i < m->regions && r == 0; i++) {
        r = record_region(w, pagemap, &m->region[i], first);
        first += (uint32_t)(m->region[i].size / PAGE);
    }
    if (r == 0)
        return 0;
    working_set_release(w);
    return err_sys(e, -r, "look which pages of the guest are in use");
}

void working_set_release(struct working_set *w)
{
    free(w->range);
    *w = (struct working_set){0};
}

/* --- the file --- */

static char *path_in(const char *folder)
{
    return file_path("%s/%s", folder, WORKING_SET_FILE);
}

int working_set_write(const struct working_set *w, const char *folder, struct err *e)
{
    size_t len = w->n * 2 * sizeof(uint32_t);
    auto_free uint32_t *words = malloc(len + 1);
    auto_free char *path = path_in(folder);

    if (!words || !path)
        return err_sys(e, ENOMEM, "write %s/%s", folder, WORKING_SET_FILE);
    for (unsigned i = 0; i < w->n; i++) {
        words[2 * i] = htole32(w->range[i].page);
        words[2 * i + 1] = htole32(w->range[i].count);
    }
    return file_write_atomic(path, words, len, 0600, e);
}

/* In order and inside of the memory, or it is not used at all. */
static bool take_ranges(struct working_set *w, struct cursor *c, uint64_t pages)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < w->n; i++) {
        struct page_range r;

        r.page = cursor_le32(c);
        r.count = cursor_le32(c);
        if (r.page < end || r.count == 0 || (uint64_t)r.page + r.count > pages)
            return false;
        end = (uint64_t)r.page + r.count;
        w->range[i] = r;
    }
    return !c->bad;
}

int working_set_read(struct working_set *w, const char *folder, uint64_t size, struct err *e)
{
    auto_free char *path = path_in(folder), *text = NULL;
    struct cursor c;
    size_t len = 0;
    int r = path ? file_read(path, 8UL * WORKING_SET_RANGES, &text, &len, e) : err_sys(e, ENOMEM, "working set");

    *w = (struct working_set){0};
    if (r < 0)
        return r;
    c = cursor_over(text, len);
    w->n = (unsigned)(len / 8);
    w->range = calloc(w->n + 1UL, sizeof(*w->range));
    if (w->range && len % 8 == 0 && take_ranges(w, &c, size / PAGE))
        return 0;
    working_set_release(w);
    return err_set(e, EINVAL, "%s is damaged", path);
}

/* --- the use --- */

/* The host's address of a page of the file; *left: bytes from there to the end of its region. */
static uint8_t *page_at(const struct mem *m, uint64_t offset, uint64_t *left)
{
    for (unsigned i = 0; i < m->regions; i++) {
        if (offset < m->region[i].size) {
            *left = m->region[i].size - offset;
            return m->region[i].host + offset;
        }
        offset -= m->region[i].size;
    }
    return NULL;
}

uint64_t working_set_fetch(const struct working_set *w, const struct mem *m, const atomic_bool *stop)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < w->n && !atomic_load(stop); i++) {
        uint64_t left = 0, len = w->range[i].count * PAGE;
        uint8_t *at = page_at(m, w->range[i].page * PAGE, &left);

        if (at && madvise(at, len < left ? len : left, MADV_POPULATE_READ) == 0)
            sum += len < left ? len : left;
    }
    return sum;
}

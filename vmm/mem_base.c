/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mem_base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/err.h"

static size_t bytes_of(uint64_t size)
{
    return size / MEM_PAGE / 8 + 1;
}

int mem_base_init(struct mem_base *b, int fd, uint64_t size, struct err *e)
{
    *b = (struct mem_base){.file = fcntl(fd, F_DUPFD_CLOEXEC, 3)};
    if (b->file < 0)
        return err_sys(e, errno, "the saved memory");
    b->changed = calloc(bytes_of(size), 1);
    if (b->changed)
        return 0;
    close(b->file);
    return err_sys(e, ENOMEM, "the saved memory");
}

void mem_base_release(struct mem_base *b)
{
    if (b->changed)
        close(b->file);
    free(b->changed);
    *b = (struct mem_base){0};
}

void mem_base_note(const struct mem_base *b, uint64_t page, uint64_t pages)
{
    for (uint64_t end = page + pages; b->changed && page < end; page++)
        b->changed[page / 8] |= (uint8_t)(1u << page % 8);
}

bool mem_base_is_changed(const struct mem_base *b, uint64_t page)
{
    return b->changed[page / 8] & 1u << page % 8;
}

/* Without the later one nobody has noted anything: then nothing is known of the earlier. */
struct mem_base mem_base_join(struct mem_base *b, struct mem_base *later, uint64_t size)
{
    struct mem_base joined = *b;

    for (size_t i = 0; joined.changed && later->changed && i < bytes_of(size); i++)
        joined.changed[i] |= later->changed[i];
    if (!later->changed)
        mem_base_release(&joined);
    mem_base_release(later);
    *b = (struct mem_base){0};
    return joined;
}

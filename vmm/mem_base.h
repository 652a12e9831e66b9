/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that guest memory is a copy of, but for what has changed since.
 *
 * Whoever was saved or restored has one: byte N of the file is byte N of memory (mem_file.h) wherever the bit of
 * its page is not set.  Three set bits: KVM's log of dirty pages, fetched before a save, for the guest's own writes
 * and KVM's; the VMM for its devices', which no log of KVM's sees (mem_note); and whatever gives memory back.  A
 * bit too many costs a page of the next save, a bit too few would lose one.
 *
 * Bits are set, read and cleared with the machine's lock held; a base that is no machine's any more is read only.
 */
#ifndef VMM_MEM_BASE_H
#define VMM_MEM_BASE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define MEM_PAGE 4096ULL

struct mem_base {
    int file;         /* its own descriptor: the file may be removed meanwhile, but never changed */
    uint8_t *changed; /* a bit a page, in the order of the file; NULL: there is no base, and `file` means nothing */
};

/* Nothing has changed yet; `fd` stays the caller's.  On an error there is none. */
int mem_base_init(struct mem_base *b, int fd, uint64_t size, struct err *e);
void mem_base_release(struct mem_base *b);

/* Does nothing where there is no base. */
void mem_base_note(const struct mem_base *b, uint64_t page, uint64_t pages);
bool mem_base_is_changed(const struct mem_base *b, uint64_t page);
/* The file of `later`, of which `b` was the base, did not come to be: `b` is again, with what changed since; takes both. */
struct mem_base mem_base_join(struct mem_base *b, struct mem_base *later, uint64_t size);

#endif

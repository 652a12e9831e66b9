/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of a saved memory that a machine needs first.
 *
 * A restored machine takes each page from the file as it touches it, one wait after the other.  Which those
 * are is recorded in the machine that was restored, some time after it is ready: the pages of its mapping that
 * are there.  FOLDER/working-set lists them for the next restore, which asks for all of them at once, in a
 * thread of its own, while the guest runs already.  It is a hint: a wrong one costs time, nothing else.
 *
 * The file: le32 pairs of page and count, by page, at most WORKING_SET_RANGES.
 */
#ifndef VMM_WORKING_SET_H
#define VMM_WORKING_SET_H

#include <stdatomic.h>
#include <stdint.h>

struct err;
struct mem;

#define WORKING_SET_FILE "working-set"
#define WORKING_SET_RANGES 65536

struct working_set {
    struct page_range {
        uint32_t page, count; /* of 4 KiB, from the begin of the memory's file on */
    } *range;
    unsigned n;
};

/* Of memory that was mapped from a file; neighbours with small gaps are one range. */
int working_set_record(struct working_set *w, const struct mem *m, struct err *e);
void working_set_release(struct working_set *w);
int working_set_write(const struct working_set *w, const char *folder, struct err *e);
/* -ENOENT where there is none.  What it lists is within memory of `size` bytes. */
int working_set_read(struct working_set *w, const char *folder, uint64_t size, struct err *e);
/* Has the kernel bring them in until *stop; may take as long as the disk does.  Bytes asked for. */
uint64_t working_set_fetch(const struct working_set *w, const struct mem *m, const atomic_bool *stop);

#endif

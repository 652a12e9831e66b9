/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way to a descriptor that must not block us: a bounded queue.
 */
#ifndef VMM_OUTBUF_H
#define VMM_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>

struct outbuf {
    char *bytes;
    size_t start, len, room;
};

/* False when more than `max` bytes would wait, or for lack of memory: drop the receiver. */
bool outbuf_add(struct outbuf *o, const void *bytes, size_t len, size_t max);
/* Writes what the descriptor takes now; false when it is broken. */
bool outbuf_flush(struct outbuf *o, int fd);
void outbuf_release(struct outbuf *o);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/iov.h"

#include <string.h>

size_t iov_total(const struct iovec *iov, unsigned n)
{
    size_t total = 0;

    for (unsigned i = 0; i < n; i++)
        total += iov[i].iov_len;
    return total;
}

/* The next piece of [offset, offset + len): length 0 when there is none. */
static struct iovec next_piece(const struct iovec **iov, unsigned *n, size_t *offset, size_t *len)
{
    struct iovec piece = {0};

    while (*n > 0 && *offset >= (*iov)->iov_len) {
        *offset -= (*iov)->iov_len;
        (*iov)++;
        (*n)--;
    }
    if (*n == 0 || *len == 0)
        return piece;
    piece.iov_base = (char *)(*iov)->iov_base + *offset;
    piece.iov_len = (*iov)->iov_len - *offset;
    if (piece.iov_len > *len)
        piece.iov_len = *len;
    *offset += piece.iov_len;
    *len -= piece.iov_len;
    return piece;
}

size_t iov_read(const struct iovec *iov, unsigned n, size_t offset, void *to, size_t len)
{
    size_t moved = 0;

    for (;;) {
        struct iovec piece = next_piece(&iov, &n, &offset, &len);

        if (piece.iov_len == 0)
            return moved;
        memcpy((char *)to + moved, piece.iov_base, piece.iov_len);
        moved += piece.iov_len;
    }
}

size_t iov_write(const struct iovec *iov, unsigned n, size_t offset, const void *from, size_t len)
{
    size_t moved = 0;

    for (;;) {
        struct iovec piece = next_piece(&iov, &n, &offset, &len);

        if (piece.iov_len == 0)
            return moved;
        memcpy(piece.iov_base, (const char *)from + moved, piece.iov_len);
        moved += piece.iov_len;
    }
}

unsigned iov_slice(const struct iovec *iov, unsigned n, size_t offset, size_t len,
                   struct iovec *out, unsigned room)
{
    unsigned count = 0;

    while (count < room) {
        struct iovec piece = next_piece(&iov, &n, &offset, &len);

        if (piece.iov_len == 0)
            break;
        out[count++] = piece;
    }
    return count;
}

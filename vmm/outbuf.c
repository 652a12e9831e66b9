/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/outbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool outbuf_add(struct outbuf *o, const void *bytes, size_t len, size_t max)
{
    if (len > max || o->len > max - len)
        return false;
    if (len == 0)
        return true; /* `bytes` may be NULL then, which memcpy must not see */
    if (o->start + o->len + len > o->room) {
        size_t room = o->len + len + 4096;
        char *fresh = malloc(room);

        if (!fresh)
            return false;
        if (o->len)
            memcpy(fresh, o->bytes + o->start, o->len);
        free(o->bytes);
        *o = (struct outbuf){.bytes = fresh, .len = o->len, .room = room};
    }
    memcpy(o->bytes + o->start + o->len, bytes, len);
    o->len += len;
    return true;
}

static ssize_t send_some(int fd, const void *bytes, size_t len)
{
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    return n < 0 && errno == ENOTSOCK ? write(fd, bytes, len) : n;
}

bool outbuf_flush(struct outbuf *o, int fd)
{
    while (o->len) {
        ssize_t n = send_some(fd, o->bytes + o->start, o->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        o->start += (size_t)n;
        o->len -= (size_t)n;
    }
    outbuf_release(o); /* an idle connection holds no memory */
    return true;
}

void outbuf_release(struct outbuf *o)
{
    free(o->bytes);
    *o = (struct outbuf){0};
}

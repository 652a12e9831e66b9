/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of a session.  Input: the side that reads (bit 0) and the size of the pieces they come in, then the
 * stream.  A START that is taken is written again, and must be the same frame.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/session_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_start(const struct session_frame *f)
{
    struct session_start s;
    uint8_t *frame;
    size_t len;

    if (session_get_start(f, &s, NULL) < 0)
        return;
    frame = session_put_start(&s, &len, NULL);
    if (!frame || len != SESSION_HEADER + f->len || memcmp(frame + SESSION_HEADER, f->bytes, f->len) != 0)
        abort();
    free(frame);
    session_start_release(&s);
}

static void check(const struct session_frame *f)
{
    uint32_t number;
    uint16_t a, b;
    bool killed;
    uint8_t sum = 0;

    for (size_t i = 0; i < f->len; i++) /* all of it is there to be read */
        sum ^= f->bytes[i];
    (void)sum;
    if (f->type == SESSION_START)
        check_start(f);
    else if (f->type == SESSION_EXIT)
        session_get_exit(f, &killed, &number);
    else if (f->type == SESSION_RESIZE)
        session_get_resize(f, &a, &b);
    else if (f->type == SESSION_SIGNAL || f->type == SESSION_ROOM)
        session_get_number(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_reader r = {.side = size && (data[0] & 1) ? SESSION_GUEST : SESSION_HOST};
    size_t piece = size ? data[0] / 2 + 1U : 1, room;
    struct session_frame f;
    int rc = 0;

    for (size_t at = 1; at < size && rc == 0; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        uint8_t *to = session_reader_space(&r, &room);

        if (!to || room == 0)
            abort();
        n = n < room ? n : room;
        memcpy(to, data + at, n);
        session_reader_filled(&r, n);
        while ((rc = session_reader_next(&r, &f)) == 1)
            check(&f);
    }
    session_reader_release(&r);
    return 0;
}

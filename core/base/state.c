/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/state.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the bytes --- */

static uint8_t *append(struct state *s, size_t len)
{
    if (len > s->room - s->len) {
        size_t room = s->room ? s->room : 4096;
        uint8_t *bigger;

        while (room - s->len < len)
            room *= 2;
        bigger = room <= STATE_MAX ? realloc(s->out, room) : NULL;
        if (!bigger) {
            state_refuse(s, "the machine's state is too large");
            return NULL;
        }
        s->out = bigger;
        s->room = room;
    }
    s->len += len;
    return s->out + s->len - len;
}

void state_bytes(struct state *s, void *bytes, size_t len)
{
    const uint8_t *from = s->loading ? cursor_bytes(&s->in, len) : bytes;
    uint8_t *to = s->loading ? bytes : s->bad ? NULL : append(s, len);

    if (s->loading && (!from || s->bad)) {
        state_refuse(s, "the state ends too early");
        if (bytes) /* none of nothing */
            memset(bytes, 0, len);
        return;
    }
    if (to && len)
        memcpy(to, from, len);
}

void state_refuse(struct state *s, const char *fmt, ...)
{
    va_list ap;

    if (s->bad)
        return;
    s->bad = true;
    s->why.code = EINVAL;
    va_start(ap, fmt);
    vsnprintf(s->why.msg, sizeof(s->why.msg), fmt, ap);
    va_end(ap);
}

/* --- values --- */

void state_u64(struct state *s, uint64_t *v)
{
    uint64_t le = htole64(*v);

    state_bytes(s, &le, sizeof(le));
    *v = le64toh(le);
}

void state_u32(struct state *s, uint32_t *v)
{
    uint32_t le = htole32(*v);

    state_bytes(s, &le, sizeof(le));
    *v = le32toh(le);
}

void state_u16(struct state *s, uint16_t *v)
{
    uint16_t le = htole16(*v);

    state_bytes(s, &le, sizeof(le));
    *v = le16toh(le);
}

void state_u8(struct state *s, uint8_t *v)
{
    state_bytes(s, v, 1);
}

void state_bool(struct state *s, bool *v)
{
    uint8_t byte = *v;

    state_u8(s, &byte);
    if (byte > 1)
        state_refuse(s, "a yes or no is %u", byte);
    *v = byte == 1;
}

void state_count(struct state *s, uint32_t *n, uint32_t max)
{
    state_u32(s, n);
    if (*n > max)
        state_refuse(s, "a count is %u where %u is the most", *n, max);
    if (s->bad)
        *n = 0;
}

void state_text(struct state *s, char *text, size_t room)
{
    uint32_t len = s->loading ? 0 : (uint32_t)strlen(text);

    state_count(s, &len, (uint32_t)room - 1);
    state_bytes(s, text, len);
    if (s->loading && strnlen(text, len) < len)
        state_refuse(s, "a text has a NUL inside");
    if (s->loading)
        text[len] = '\0';
}

void state_section(struct state *s, const char tag[4])
{
    char found[4];

    memcpy(found, tag, sizeof(found));
    state_bytes(s, found, sizeof(found));
    if (memcmp(found, tag, sizeof(found)) != 0)
        state_refuse(s, "the part '%.4s' is not where it should be", tag);
}

void state_same(struct state *s, uint64_t mine, const char *what)
{
    uint64_t saved = mine;

    state_u64(s, &saved);
    if (saved != mine)
        state_refuse(s, "%s: %llu when it was saved, %llu now", what, (unsigned long long)saved,
                     (unsigned long long)mine);
}

/* --- the whole --- */

void state_save(struct state *s)
{
    *s = (struct state){0};
}

void state_load(struct state *s, const void *bytes, size_t len)
{
    *s = (struct state){.loading = true, .in = cursor_over(bytes, len)};
}

void state_release(struct state *s)
{
    free(s->out);
    *s = (struct state){.bad = true};
}

int state_finish(struct state *s, struct err *e)
{
    if (!s->bad && s->loading && cursor_left(&s->in))
        state_refuse(s, "there is more in it than this machine has");
    if (!s->bad)
        return 0;
    *e = s->why;
    return -EINVAL;
}

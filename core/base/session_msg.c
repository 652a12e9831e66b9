/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/session_msg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/cursor.h"
#include "core/base/err.h"

#define START_FIXED 20
#define READ_ROOM (SESSION_HEADER + SESSION_DATA_MAX)

static const struct {
    enum session_side reader;
    size_t min, max; /* of the payload */
} rows[SESSION_TYPES] = {
    [SESSION_START] = {SESSION_GUEST, START_FIXED + 2, SESSION_START_MAX},
    [SESSION_STDIN] = {SESSION_GUEST, 0, SESSION_DATA_MAX},
    [SESSION_RESIZE] = {SESSION_GUEST, 4, 4},
    [SESSION_SIGNAL] = {SESSION_GUEST, 4, 4},
    [SESSION_STDOUT] = {SESSION_HOST, 1, SESSION_DATA_MAX},
    [SESSION_STDERR] = {SESSION_HOST, 1, SESSION_DATA_MAX},
    [SESSION_ROOM] = {SESSION_HOST, 4, 4},
    [SESSION_EXIT] = {SESSION_HOST, 8, 8},
    [SESSION_FAIL] = {SESSION_HOST, 0, ERR_MSG_SIZE},
};

/* --- writing --- */

static uint8_t *put_le16(uint8_t *to, uint32_t n)
{
    *to++ = (uint8_t)n;
    *to++ = (uint8_t)(n >> 8);
    return to;
}

static uint8_t *put_le32(uint8_t *to, uint32_t n)
{
    return put_le16(put_le16(to, n), n >> 16);
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
    size_t len = strlen(text) + 1;

    memcpy(to, text, len);
    return to + len;
}

void session_header(uint8_t to[SESSION_HEADER], enum session_type type, size_t len)
{
    put_le32(put_le32(to, type), (uint32_t)len);
}

size_t session_put_resize(uint8_t to[SESSION_SMALL], uint16_t height, uint16_t width)
{
    session_header(to, SESSION_RESIZE, 4);
    put_le16(put_le16(to + SESSION_HEADER, height), width);
    return SESSION_HEADER + 4;
}

size_t session_put_number(uint8_t to[SESSION_SMALL], enum session_type type, uint32_t number)
{
    session_header(to, type, 4);
    put_le32(to + SESSION_HEADER, number);
    return SESSION_HEADER + 4;
}

size_t session_put_exit(uint8_t to[SESSION_SMALL], bool killed, uint32_t value)
{
    session_header(to, SESSION_EXIT, 8);
    put_le32(put_le32(to + SESSION_HEADER, killed), value);
    return SESSION_HEADER + 8;
}

/* Counts a list and adds what its texts take; false: more than a START may have. */
static bool measure(char *const *list, uint32_t *n, size_t *len)
{
    for (*n = 0; list && list[*n]; ++*n) {
        *len += strlen(list[*n]) + 1;
        if (*n == SESSION_STRINGS_MAX || *len > SESSION_START_MAX)
            return false;
    }
    return true;
}

uint8_t *session_put_start(const struct session_start *s, size_t *len, struct err *e)
{
    size_t payload = START_FIXED + strlen(s->user) + strlen(s->cwd) + 2;
    uint32_t envs, args;
    uint8_t *frame, *to;

    if (!measure(s->env, &envs, &payload) || !measure(s->argv, &args, &payload) ||
        payload > SESSION_START_MAX) {
        err_set(e, E2BIG, "the command and its environment are too long: %u bytes and %u words at most",
                SESSION_START_MAX, SESSION_STRINGS_MAX);
        return NULL;
    }
    frame = malloc(SESSION_HEADER + payload);
    if (!frame) {
        err_sys(e, ENOMEM, "start a session");
        return NULL;
    }
    session_header(frame, SESSION_START, payload);
    to = put_le32(put_le32(frame + SESSION_HEADER, SESSION_VERSION), s->flags);
    to = put_le16(put_le16(to, s->rows), s->cols);
    to = put_le32(put_le32(to, envs), args);
    to = put_text(put_text(to, s->user), s->cwd);
    for (uint32_t i = 0; i < envs; i++)
        to = put_text(to, s->env[i]);
    for (uint32_t i = 0; i < args; i++)
        to = put_text(to, s->argv[i]);
    *len = SESSION_HEADER + payload;
    return frame;
}

/* --- reading --- */

void session_reader_release(struct session_reader *r)
{
    free(r->bytes);
    *r = (struct session_reader){.side = r->side};
}

static bool grow(struct session_reader *r, size_t room)
{
    uint8_t *bytes = realloc(r->bytes, room);

    if (!bytes)
        return false;
    r->bytes = bytes;
    r->room = room;
    return true;
}

uint8_t *session_reader_space(struct session_reader *r, size_t *room)
{
    size_t want = READ_ROOM;

    if (r->used > 0) {
        memmove(r->bytes, r->bytes + r->used, r->len - r->used);
        r->len -= r->used;
        r->used = 0;
    }
    if (r->len == r->room && r->room >= READ_ROOM) /* a START under way: session_reader_next has judged it */
        want = SESSION_HEADER + SESSION_START_MAX;
    if (r->room < want && !grow(r, want))
        return NULL;
    *room = r->room - r->len;
    return r->bytes + r->len;
}

void session_reader_filled(struct session_reader *r, size_t n)
{
    r->len += n;
}

int session_reader_next(struct session_reader *r, struct session_frame *f)
{
    struct cursor c;
    uint32_t type, len;

    if (r->len - r->used < SESSION_HEADER)
        return 0;
    c = cursor_over(r->bytes + r->used, r->len - r->used);
    type = cursor_le32(&c);
    len = cursor_le32(&c);
    if (type == 0 || type >= SESSION_TYPES || rows[type].reader != r->side || len < rows[type].min ||
        len > rows[type].max)
        return -EPROTO;
    *f = (struct session_frame){(enum session_type)type, cursor_bytes(&c, len), len};
    if (c.bad)
        return 0;
    r->used += SESSION_HEADER + len;
    return 1;
}

/* A text up to its NUL; NULL and `bad`: there is none. */
static char *get_text(struct cursor *c)
{
    const uint8_t *end = cursor_left(c) ? memchr(c->p, '\0', cursor_left(c)) : NULL;

    if (!end)
        c->bad = true;
    return end ? (char *)cursor_bytes(c, (size_t)(end - c->p) + 1) : NULL;
}

static char **get_list(struct cursor *c, uint32_t n)
{
    char **list = c->bad || n > SESSION_STRINGS_MAX ? NULL : calloc(n + 1, sizeof(*list));

    for (uint32_t i = 0; list && i < n; i++)
        list[i] = get_text(c);
    return list;
}

int session_get_start(const struct session_frame *f, struct session_start *s, struct err *e)
{
    struct cursor c = cursor_over(f->bytes, f->len);
    uint32_t version = cursor_le32(&c), envs, args;

    *s = (struct session_start){.flags = cursor_le32(&c)};
    s->rows = cursor_le16(&c);
    s->cols = cursor_le16(&c);
    envs = cursor_le32(&c);
    args = cursor_le32(&c);
    if (version != SESSION_VERSION)
        return err_set(e, EPROTO, "this distro was started by another version of lxtop; stop and start it");
    s->user = get_text(&c);
    s->cwd = get_text(&c);
    s->env = get_list(&c, envs);
    s->argv = get_list(&c, args);
    if (!c.bad && s->env && s->argv && cursor_left(&c) == 0)
        return 0;
    session_start_release(s);
    return err_set(e, EPROTO, "the start of a session is garbled");
}

void session_start_release(struct session_start *s)
{
    free(s->env);
    free(s->argv);
    *s = (struct session_start){0};
}

void session_get_resize(const struct session_frame *f, uint16_t *height, uint16_t *width)
{
    struct cursor c = cursor_over(f->bytes, f->len);

    *height = cursor_le16(&c);
    *width = cursor_le16(&c);
}

uint32_t session_get_number(const struct session_frame *f)
{
    struct cursor c = cursor_over(f->bytes, f->len);

    return cursor_le32(&c);
}

void session_get_exit(const struct session_frame *f, bool *killed, uint32_t *value)
{
    struct cursor c = cursor_over(f->bytes, f->len);

    *killed = cursor_le32(&c) != 0;
    *value = cursor_le32(&c);
}

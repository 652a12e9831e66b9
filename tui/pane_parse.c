/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/pane_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/base/auto.h"
#include "core/plain.h"
#include "tui/grid.h"

#define REPEAT_MAX 1000
#define CLIP "\033[0n" /* says nothing, but libvterm puts its cursor back on the screen after it */

void pane_parse_init(struct pane_parse *p, const struct pane_parse_events *ev, void *ctx)
{
    *p = (struct pane_parse){.ev = ev, .ctx = ctx};
}

/* --- text --- */

static void flush(struct pane_parse *p)
{
    if (p->text_len)
        p->ev->safe(p->ctx, p->text, p->text_len);
    p->text_len = 0;
}

static void emit(struct pane_parse *p, const char *sequence)
{
    flush(p);
    p->ev->safe(p->ctx, sequence, strlen(sequence));
}

/*
 * For libc these have a width; libvterm puts them upon the character before, without end, or gives them two
 * columns for one.  test_pane walks all characters.
 */
static bool is_odd(uint32_t ch)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x600, 0x603}, {0x6dd, 0x6de}, {0x70f, 0x70f}, {0x1734, 0x1734}, {0x302e, 0x302f},
                {0x1f93b, 0x1f93b}, {0x1f946, 0x1f946}};

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        if (ch >= ranges[i].first && ch <= ranges[i].last)
            return true;
    return false;
}

/* A character without a width is left out: a cell shows one. */
static void put_char(struct pane_parse *p, uint32_t ch)
{
    int width = ch < 0x7f ? 1 : wcwidth((wchar_t)ch);
    char bytes[UTF8_MAX];

    if (width == 0 || (ch >= 0x7f && ch < 0xa0))
        return;
    if (width < 0 || is_odd(ch)) {
        if (width > 1)
            put_char(p, '?');
        ch = '?';
        width = 1;
    }
    p->last = ch;
    if (width > 1) {
        flush(p);
        p->ev->wide(p->ctx, bytes, utf8_put(bytes, ch));
        return;
    }
    if (p->text_len + UTF8_MAX > sizeof(p->text))
        flush(p);
    p->text_len += utf8_put(p->text + p->text_len, ch);
}

static void begin_char(struct pane_parse *p, uint8_t byte)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

    p->more = byte >= 0xf8 ? 0 : byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
    p->least = least[p->more];
    p->ch = byte & (0x3fU >> p->more);
    if (p->more == 0)
        put_char(p, byte < 0x80 ? byte : '?');
}

static bool is_scalar(uint32_t ch)
{
    return ch <= 0x10ffff && (ch < 0xd800 || ch > 0xdfff);
}

static void text_byte(struct pane_parse *p, uint8_t byte)
{
    if (p->more && (byte & 0xc0) == 0x80) {
        p->ch = p->ch << 6 | (byte & 0x3f);
        if (--p->more == 0)
            put_char(p, p->ch >= p->least && is_scalar(p->ch) ? p->ch : '?');
        return;
    }
    if (p->more)
        put_char(p, '?'); /* what was begun ends here */
    begin_char(p, byte);
}

/* --- control sequences --- */

static void repeat(struct pane_parse *p, long count)
{
    uint32_t ch = p->last;

    for (long i = 0; i < count && i < REPEAT_MAX && ch; i++)
        put_char(p, ch);
}

/* Of the margins left and right, which libvterm gets wrong; of the mouse, which stays the console's. */
static bool mode_is_dropped(bool private, long mode)
{
    return private && (mode == 69 || mode == 9 || (mode >= 1000 && mode <= 1016));
}

/* libvterm knows one mode a sequence. */
static void set_modes(struct pane_parse *p, const char *args, bool private, char final)
{
    char text[32];

    for (const char *a = args; *a; a += *a == ';') {
        char *end;
        long mode = strtol(a, &end, 10);

        if (end == a)
            return;
        if (private && mode == 47)
            mode = 1047;
        snprintf(text, sizeof(text), "\033[%s%ld%c", private ? "?" : "", mode, final);
        if (!mode_is_dropped(private, mode))
            emit(p, text);
        a = end;
    }
}

/* Few numbers, and none so large that a product or a sum of it overflows. */
static bool args_are_small(const char *args)
{
    unsigned numbers = 1, digits = 0;

    for (; *args; args++) {
        bool digit = *args >= '0' && *args <= '9';

        digits = digit ? digits + 1 : 0;
        numbers += !digit;
        if (digits > PARSE_DIGITS || numbers > PARSE_ARGS)
            return false;
    }
    return true;
}

/* What is passed on as it is: without a mark, and with one before or behind the numbers. */
static bool is_known(char leader, const char *between, char final)
{
    if (leader == '>')
        return final == 'c' && !*between;
    if (leader == '?')
        return (strchr("JKn", final) && !*between) || (final == 'p' && strcmp(between, "$") == 0);
    return !leader && ((strchr("@ABCDEFGHIJKLMPSTXZ`acdefgjkmnr", final) && !*between) ||
                       (final == 'q' && strcmp(between, " ") == 0));
}

static void csi(struct pane_parse *p)
{
    char final = p->seq[p->len - 1], whole[sizeof(p->seq) + 4], args[sizeof(p->seq)];
    char leader = p->seq[0] >= '<' && p->seq[0] <= '?' ? p->seq[0] : 0;
    const char *from = p->seq + (leader != 0), *between;
    size_t len = strspn(from, "0123456789;:");

    memcpy(args, from, len);
    args[len] = '\0';
    between = from + len;
    p->seq[p->len - 1] = '\0';
    if (!args_are_small(args) || (final != 'm' && strchr(args, ':')))
        return;
    if ((final == 'h' || final == 'l') && !*between && (!leader || leader == '?'))
        set_modes(p, args, leader, final);
    else if (final == 'b' && !leader && !*between)
        repeat(p, *args ? atol(args) : 1);
    else if (final == 's' && !leader && !*between && !*args)
        emit(p, "\0337");
    else if (final == 'u' && !leader && !*between && !*args)
        emit(p, "\0338" CLIP);
    else if (is_known(leader, between, final)) {
        snprintf(whole, sizeof(whole), "\033[%s%c", p->seq, final);
        emit(p, whole);
    }
}

static void escape(struct pane_parse *p)
{
    static const struct {
        const char *got, *gives;
    } rows[] = {
        {"7", "\0337"}, {"8", "\0338" CLIP}, {"=", "\033="}, {">", "\033>"}, {"D", "\033D"},
        {"E", "\033E"}, {"M", "\033M"},      {"H", "\033H"}, {"(0", "\033(0"}, {"(B", "\033(B"},
        {"(A", "\033(B"}, {")0", "\033)0"},  {")B", "\033)B"}, {")A", "\033)B"}, {"#8", "\033#8"},
        {"c", "\033[?1047l\033c"}, /* libvterm's reset would stay on the other screen */
    };

    p->seq[p->len] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (strcmp(rows[i].got, p->seq) == 0)
            emit(p, rows[i].gives);
}

/* --- states --- */

static void enter(struct pane_parse *p, enum pane_parse_state state)
{
    p->state = state;
    p->len = 0;
    p->spoilt = false;
}

static void keep(struct pane_parse *p, uint8_t byte)
{
    if (p->len + 1 < sizeof(p->seq))
        p->seq[p->len++] = (char)byte;
    else
        p->spoilt = true;
}

static void begin_string(struct pane_parse *p, bool osc)
{
    enter(p, PARSE_STRING);
    p->osc = osc;
    p->title_len = 0;
}

/* Of all strings only titles mean something here: OSC 0 and 2. */
static void end_string(struct pane_parse *p)
{
    char plain[PARSE_TITLE];

    enter(p, PARSE_GROUND);
    if (!p->osc || p->title_len < 2 || p->title[1] != ';' || (p->title[0] != '0' && p->title[0] != '2'))
        return;
    plain_copy(plain, sizeof(plain), p->title + 2, p->title_len - 2, false);
    p->ev->title(p->ctx, plain);
}

static void string_byte(struct pane_parse *p, uint8_t byte)
{
    if (byte == 0x07)
        end_string(p);
    else if (p->title_len < sizeof(p->title))
        p->title[p->title_len++] = (char)byte;
}

static void escape_byte(struct pane_parse *p, uint8_t byte)
{
    keep(p, byte);
    if (p->len == 1 && byte == '[') {
        enter(p, PARSE_CSI);
    } else if (p->len == 1 && strchr("]PX^_", byte)) {
        begin_string(p, byte == ']');
    } else if (byte >= 0x30) {
        if (!p->spoilt)
            escape(p);
        enter(p, PARSE_GROUND);
    }
}

static void csi_byte(struct pane_parse *p, uint8_t byte)
{
    keep(p, byte);
    if (byte < 0x40)
        return;
    if (!p->spoilt && byte < 0x7f) {
        p->seq[p->len] = '\0';
        csi(p);
    }
    enter(p, PARSE_GROUND);
}

/* C0 means the same within a sequence; within a string it is a byte of it. */
static bool control_byte(struct pane_parse *p, uint8_t byte)
{
    if (byte == 0x1b) {
        enter(p, p->state == PARSE_STRING ? PARSE_STRING_ESCAPE : PARSE_ESCAPE);
    } else if (byte == 0x18 || byte == 0x1a) {
        enter(p, PARSE_GROUND);
    } else if (p->state == PARSE_STRING) {
        return false;
    } else if (byte >= 0x07 && byte <= 0x0f) {
        flush(p);
        p->ev->safe(p->ctx, (const char *)&byte, 1);
    }
    return true;
}

static void one_byte(struct pane_parse *p, uint8_t byte)
{
    if (byte < 0x20 || byte == 0x7f) {
        if (p->more) {
            p->more = 0;
            put_char(p, '?');
        }
        if (control_byte(p, byte))
            return;
    }
    if (p->state == PARSE_STRING_ESCAPE) {
        end_string(p);
        if (byte == '\\')
            return;
        enter(p, PARSE_ESCAPE);
    }
    if (p->state == PARSE_ESCAPE)
        escape_byte(p, byte);
    else if (p->state == PARSE_CSI)
        csi_byte(p, byte);
    else if (p->state == PARSE_STRING)
        string_byte(p, byte);
    else
        text_byte(p, byte);
}

void pane_parse_bytes(struct pane_parse *p, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        one_byte(p, bytes[i]);
    flush(p);
}

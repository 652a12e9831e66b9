/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of term.h: what curses says, as ui_key. */
#define NCURSES_WIDECHAR 1
#include "tui/term.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "tui/term_code.h"

static const struct {
    int curses;
    ui_key key;
} keys[] = {
    {KEY_UP, K_UP},       {KEY_DOWN, K_DOWN},   {KEY_LEFT, K_LEFT},      {KEY_RIGHT, K_RIGHT},
    {KEY_HOME, K_HOME},   {KEY_END, K_END},     {KEY_PPAGE, K_PGUP},     {KEY_NPAGE, K_PGDN},
    {KEY_DC, K_DELETE},   {KEY_IC, K_INSERT},   {KEY_ENTER, '\r'},    {KEY_BACKSPACE, K_BACKSPACE},
    {KEY_BTAB, K_BACKTAB}, {KEY_MOUSE, K_MOUSE}, {KEY_FIND, K_HOME},      {KEY_SELECT, K_END},
    {KEY_SR, K_UP | K_SHIFT},      {KEY_SF, K_DOWN | K_SHIFT},   {KEY_SLEFT, K_LEFT | K_SHIFT},
    {KEY_SRIGHT, K_RIGHT | K_SHIFT}, {KEY_SHOME, K_HOME | K_SHIFT}, {KEY_SEND, K_END | K_SHIFT},
    {KEY_SPREVIOUS, K_PGUP | K_SHIFT}, {KEY_SNEXT, K_PGDN | K_SHIFT}, {KEY_SDC, K_DELETE | K_SHIFT},
    {KEY_SIC, K_INSERT | K_SHIFT}, {CODE_PASTE, K_PASTE}, {CODE_PASTE_END, K_PASTE_END},
};

/* xterm's extended capabilities: "kUP5" is Up with 5 - 1 held down, 1 shift, 2 alt, 4 control. */
static const struct {
    const char *name;
    ui_key key;
} extended[] = {{"kUP", K_UP},     {"kDN", K_DOWN},  {"kLFT", K_LEFT}, {"kRIT", K_RIGHT}, {"kHOM", K_HOME},
                {"kEND", K_END},   {"kPRV", K_PGUP}, {"kNXT", K_PGDN}, {"kDC", K_DELETE}, {"kIC", K_INSERT}};

static ui_key held(int bits)
{
    return (bits & 1 ? (ui_key)K_SHIFT : 0) | (bits & 2 ? (ui_key)K_ALT : 0) | (bits & 4 ? (ui_key)K_CONTROL : 0);
}

static ui_key extended_key(int code)
{
    const char *name = keyname(code);

    for (size_t i = 0; name && i < ARRAY_SIZE(extended); i++) {
        size_t len = strlen(extended[i].name);

        if (strncmp(name, extended[i].name, len) != 0)
            continue;
        if (!name[len])
            return extended[i].key | K_SHIFT;
        if (name[len] >= '3' && name[len] <= '8' && !name[len + 1])
            return extended[i].key | held(name[len] - '1');
    }
    return K_NONE;
}

/* Function keys beyond the twelfth are the twelve with shift, control, both and alt, as xterm has them. */
static ui_key function_key(int number)
{
    static const int bits[] = {0, 1, 4, 5, 2};
    unsigned row = (unsigned)(number - 1) / 12;

    return number > 0 && row < ARRAY_SIZE(bits) ? (K_F1 + ((ui_key)number - 1) % 12) | held(bits[row]) : K_NONE;
}

static ui_key code_key(int code)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].curses == code)
            return keys[i].key;
    if (code > KEY_F0 && code < KEY_F0 + 64)
        return function_key(code - KEY_F0);
    return extended_key(code);
}

/* In a locale of single bytes curses drops what is not ASCII, and a path would name another file. */
static ui_key utf8_key(int first)
{
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    ui_key ch = (ui_key)first & (0x3fU >> more);

    for (int i = 0; i < more; i++) {
        int next = getch();

        if (next == ERR || (next & ~0x3f) != 0x80)
            return '?';
        ch = ch << 6 | ((ui_key)next & 0x3f);
    }
    return more ? ch : '?';
}

static int read_key(wint_t *ch)
{
    int byte;

    if (MB_CUR_MAX > 1)
        return get_wch(ch);
    byte = getch();
    *ch = byte < 0x80 || byte > 0xff ? (wint_t)byte : (wint_t)utf8_key(byte);
    return byte == ERR ? ERR : byte > 0xff ? KEY_CODE_YES : OK;
}

/* A code that names no key of ours, a resize say, is skipped: K_NONE means that none waits. */
ui_key term_key(void)
{
    ui_key k = K_NONE;
    wint_t ch;
    int kind;

    while (k == K_NONE && (kind = read_key(&ch)) != ERR)
        if (kind == KEY_CODE_YES)
            k = code_key((int)ch);
        else
            k = ch ? (ui_key)ch : (ui_key)K_NUL;
    return k;
}

/* --- what is pasted --- */

#define END_LEN (sizeof(PASTE_END) - 1)

/* How many of the last bytes are the beginning of the end. */
static size_t end_begun(const char *text, size_t len)
{
    size_t n = len < END_LEN ? len : END_LEN;

    while (n && memcmp(text + len - n, PASTE_END, n) != 0)
        n--;
    return n;
}

/* How many of the last bytes are a character that goes on (RFC 3629). */
static size_t char_begun(const char *text, size_t len)
{
    size_t n = 1, whole;

    while (n < 4 && n < len && ((unsigned char)text[len - n] & 0xc0) == 0x80)
        n++;
    if (len < n || (unsigned char)text[len - n] < 0xc0)
        return 0;
    whole = (unsigned char)text[len - n] >= 0xf0 ? 4 : (unsigned char)text[len - n] >= 0xe0 ? 3 : 2;
    return n < whole ? n : 0;
}

static void hold(struct term_paste *p, const char *text, size_t len)
{
    memcpy(p->held, text, len);
    p->len = (unsigned)len;
}

/*
 * Curses reads a byte at a time, with a question before each, and a megabyte takes seconds so.  Here as many are read as
 * can still belong to the end: what stands behind it is left to curses.
 */
size_t term_pasted(struct term_paste *p, char *to, size_t size, bool *over)
{
    size_t len = p->len, begun = end_begun(p->held, p->len);
    int waits = 0;
    ssize_t n = 1;

    memcpy(to, p->held, p->len);
    if (ioctl(STDIN_FILENO, FIONREAD, &waits) < 0)
        waits = 0;
    while (begun < END_LEN && waits > 0 && n > 0 && len + END_LEN <= size) {
        size_t room = END_LEN - begun;

        n = read(STDIN_FILENO, to + len, room < (size_t)waits ? room : (size_t)waits);
        len += n > 0 ? (size_t)n : 0;
        waits -= (int)n;
        begun = end_begun(to, len);
    }
    *over = begun == END_LEN;
    len -= begun;
    if (!*over && !begun)
        begun = char_begun(to, len), len -= begun;
    hold(p, to + len, *over ? 0 : begun);
    return len;
}

/* --- the mouse --- */

void term_set_mouse(bool on)
{
    mouseinterval(0);
    mousemask(on ? ALL_MOUSE_EVENTS : 0, NULL);
}

bool term_mouse(struct term_mouse *m)
{
    MEVENT e;

    if (getmouse(&e) != OK)
        return false;
    *m = (struct term_mouse){.row = e.y, .col = e.x};
    if (e.bstate & BUTTON4_PRESSED)
        m->what = MOUSE_WHEEL_UP;
    else if (e.bstate & BUTTON5_PRESSED)
        m->what = MOUSE_WHEEL_DOWN;
    else
        return e.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#define NCURSES_WIDECHAR 1
#include "tui/term.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include "core/base/auto.h"

#define ESCAPE_DELAY_MS 25

/* Colours are one of the signs, never the only one: each style has an attribute too, or a word. */
static const struct {
    short colour;
    attr_t attributes;
} styles[STYLES] = {
    [STYLE_PLAIN] = {-1, A_NORMAL},          [STYLE_HEADER] = {COLOR_CYAN, A_REVERSE},
    [STYLE_COLUMNS] = {-1, A_BOLD | A_UNDERLINE}, [STYLE_SELECTED] = {-1, A_REVERSE},
    [STYLE_GOOD] = {COLOR_GREEN, A_BOLD},    [STYLE_BUSY] = {COLOR_YELLOW, A_NORMAL},
    [STYLE_BAD] = {COLOR_RED, A_BOLD},       [STYLE_DIM] = {-1, A_DIM},
    [STYLE_KEY] = {COLOR_CYAN, A_BOLD},      [STYLE_LABEL] = {-1, A_NORMAL},
    [STYLE_PROMPT] = {-1, A_BOLD},
};

static const struct {
    int curses;
    ui_key key;
} keys[] = {
    {KEY_UP, K_UP},       {KEY_DOWN, K_DOWN},   {KEY_LEFT, K_LEFT},      {KEY_RIGHT, K_RIGHT},
    {KEY_HOME, K_HOME},   {KEY_END, K_END},     {KEY_PPAGE, K_PGUP},     {KEY_NPAGE, K_PGDN},
    {KEY_DC, K_DELETE},   {KEY_ENTER, K_ENTER}, {KEY_BACKSPACE, K_BACKSPACE},
    {KEY_F(1), K_F1},     {KEY_F(2), K_F2},     {KEY_F(3), K_F3},        {KEY_F(4), K_F4},
    {KEY_F(5), K_F5},     {KEY_F(6), K_F6},     {KEY_F(7), K_F7},        {KEY_F(8), K_F8},
    {KEY_F(9), K_F9},     {KEY_F(10), K_F10},
};

bool term_can_place_cursor(void)
{
    const char *name = getenv("TERM");
    char *cup;
    int error;

    if (!name || !*name || setupterm(name, STDOUT_FILENO, &error) != OK)
        return false;
    cup = tigetstr("cup");
    return cup && cup != (char *)-1;
}

bool term_open(void)
{
    const char *no_colour = getenv("NO_COLOR");

    if (!newterm(NULL, stdout, stdin))
        return false;
    set_escdelay(ESCAPE_DELAY_MS);
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    if (has_colors() && !(no_colour && *no_colour)) {
        start_color();
        use_default_colors();
        for (int i = 0; i < STYLES; i++)
            init_pair((short)(i + 1), styles[i].colour, -1);
    }
    return true;
}

void term_close(void)
{
    endwin();
}

void term_size(int *rows, int *cols)
{
    struct winsize w;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col && is_term_resized(w.ws_row, w.ws_col))
        resizeterm(w.ws_row, w.ws_col);
    getmaxyx(stdscr, *rows, *cols);
}

void term_show(const struct grid *g)
{
    bool colours = has_colors() && COLOR_PAIRS > STYLES;

    for (int row = 0; row < g->rows; row++)
        for (int col = 0; col < g->cols; col++) {
            const struct cell *c = &g->cells[row * g->cols + col];
            wchar_t text[2] = {(wchar_t)c->ch, 0};
            cchar_t out;

            if (c->ch == 0)
                continue;
            setcchar(&out, text, styles[c->style].attributes,
                     colours ? (short)(c->style + 1) : 0, NULL);
            mvadd_wch(row, col, &out);
        }
    move(g->cursor_row, g->cursor_col);
    refresh();
}

void term_repaint(void)
{
    clearok(stdscr, TRUE);
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

ui_key term_key(void)
{
    wint_t ch;
    int kind = read_key(&ch);

    if (kind == OK)
        return ch == '\r' ? (ui_key)K_ENTER : ch == 8 ? (ui_key)K_BACKSPACE : (ui_key)ch;
    for (size_t i = 0; kind == KEY_CODE_YES && i < ARRAY_SIZE(keys); i++)
        if ((wint_t)keys[i].curses == ch)
            return keys[i].key;
    return K_NONE;
}

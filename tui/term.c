/* SPDX-License-Identifier: GPL-2.0-or-later */
#define NCURSES_WIDECHAR 1
#include "tui/term.h"

#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "tui/term_code.h"
#include "tui/term_colour.h"
#include "tui/term_crash.h"

#define ESCAPE_DELAY_MS 25
#define CLIP_MAX 65536
#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define MOUSE_OFF "\033[?1006;1000l"

/* Beside curses' own screen, of which there is one a process too. */
static struct {
    enum term_scheme scheme;
    bool known;   /* a scheme was set */
    struct term_paint paint[STYLES];
    bool away;    /* between term_close and the next term_show */
    bool short_rows; /* the last column is not written */
    bool xterm;   /* knows paste and mouse; others must not be sent what they would show */
} screen;

enum term_kind term_kind(void)
{
    const char *name = getenv("TERM");
    char *cup;
    bool can;
    int error;

    if (!name || !*name || setupterm(name, STDOUT_FILENO, &error) != OK)
        return TERM_UNKNOWN;
    cup = tigetstr("cup");
    can = cup && cup != (char *)-1;
    del_curterm(cur_term);
    return can ? TERM_PLACES_CURSOR : TERM_WITHOUT_CURSOR;
}

static const char *capability(const char *name)
{
    const char *value = tigetstr(name);

    return value && value != (char *)-1 ? value : "";
}

/* Without the padding ("$<2>") of terminals that needed time. */
static size_t append_unpadded(char *to, size_t len, size_t size, const char *text)
{
    while (*text && len < size) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
            text = strchr(text, '>') + 1;
        else
            to[len++] = *text++;
    }
    return len;
}

static void arm_crash(const struct termios *before)
{
    static const char *const names[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    char bytes[256];
    size_t len = 0;

    if (screen.xterm)
        len = append_unpadded(bytes, len, sizeof(bytes), PASTE_OFF MOUSE_OFF);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        len = append_unpadded(bytes, len, sizeof(bytes), capability(names[i]));
    len = append_unpadded(bytes, len, sizeof(bytes), "\r\n");
    term_crash_arm(bytes, len, before);
}

static void send(const char *text)
{
    putp(text);
    fflush(stdout);
}

static bool may_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");

    return !(no_colour && *no_colour) && has_colors();
}

/* COLORS is known only once start_color has been called. */
static int colours(void)
{
    return !may_colour() ? 0 : COLORS >= 256 ? 256 : COLORS >= 16 ? 16 : COLORS;
}

void term_set_scheme(enum term_scheme s)
{
    if (screen.known && screen.scheme == s)
        return;
    screen.known = true;
    screen.scheme = s;
    for (int i = 0; i < STYLES; i++) {
        screen.paint[i] = term_paint_of(s, (enum style)i, colours());
        if (colours())
            init_extended_pair(i + 1, screen.paint[i].fg, screen.paint[i].bg);
    }
    clearok(curscr, TRUE);
}

bool term_open(void)
{
    struct termios before;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;

    if (!newterm(NULL, stdout, stdin))
        return false;
    set_escdelay(ESCAPE_DELAY_MS);
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    if (may_colour()) {
        start_color();
        use_default_colors();
    }
    /* `ansi` says that the cursor goes on at once behind the last column; most that are called so wait there. */
    screen.short_rows = tigetflag("am") > 0 && tigetflag("xenl") <= 0;
    screen.xterm = *capability("kmous");
    screen.away = true;
    define_key(PASTE_BEGIN, CODE_PASTE);
    define_key(PASTE_END, CODE_PASTE_END);
    term_set_scheme(SCHEME_TERMINAL);
    if (terminal)
        arm_crash(&before);
    return true;
}

void term_close(void)
{
    if (screen.xterm)
        send(PASTE_OFF);
    endwin();
    term_crash_disarm();
    screen.away = true;
}

/* What term_close took back; the crash handler needs the terminal as it is before curses changes it again. */
static void come_back(void)
{
    struct termios before;

    screen.away = false;
    if (isendwin() && tcgetattr(STDIN_FILENO, &before) == 0)
        arm_crash(&before);
    if (screen.xterm)
        send(PASTE_ON);
}

/* Not curses' own handler: it knows nothing of what else has been switched on. */
void term_suspend(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL}, old;

    term_close();
    sigaction(SIGTSTP, &plain, &old);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &old, NULL);
    term_repaint();
}

void term_size(int *rows, int *cols)
{
    struct winsize w;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col && is_term_resized(w.ws_row, w.ws_col))
        resizeterm(w.ws_row, w.ws_col);
    getmaxyx(stdscr, *rows, *cols);
    *cols -= screen.short_rows && *cols > 1;
}

static attr_t attributes(uint8_t look)
{
    static const struct {
        uint8_t look;
        attr_t attribute;
    } map[] = {{CELL_BOLD, A_BOLD},   {CELL_UNDERLINE, A_UNDERLINE}, {CELL_ITALIC, A_ITALIC},
               {CELL_BLINK, A_BLINK}, {CELL_REVERSE, A_REVERSE},     {LOOK_DIM, A_DIM}};
    attr_t a = A_NORMAL;

    for (size_t i = 0; i < ARRAY_SIZE(map); i++)
        if (look & map[i].look)
            a |= map[i].attribute;
    return a;
}

static void show_cell(const struct cell *c, int row, int col, int count)
{
    bool pane = c->style == STYLE_PANE;
    struct term_paint p = pane ? term_paint_of_pane(screen.scheme, c, count) : screen.paint[c->style];
    int pair = !pane ? count ? c->style + 1 : 0 : p.fg < 0 && p.bg < 0 ? 0 : alloc_pair(p.fg, p.bg);
    wchar_t text[2] = {(wchar_t)c->ch, 0};
    cchar_t out;

    setcchar(&out, text, attributes(p.look), 0, pair < 0 ? &(int){0} : &pair);
    mvadd_wch(row, col, &out);
}

void term_show(const struct grid *g)
{
    int count = colours();

    if (screen.away)
        come_back();
    for (int row = 0; row < g->rows; row++)
        for (int col = 0; col < g->cols; col++)
            if (g->cells[row * g->cols + col].ch)
                show_cell(&g->cells[row * g->cols + col], row, col, count);
    move(g->cursor_row, g->cursor_col);
    refresh();
}

void term_repaint(void)
{
    clearok(stdscr, TRUE);
}

bool term_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void term_beep(void)
{
    beep();
}

static void put_base64(const unsigned char *p, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < len; i += 3) {
        unsigned v = (unsigned)p[i] << 16 | (i + 1 < len ? p[i + 1] : 0U) << 8 | (i + 2 < len ? p[i + 2] : 0U);

        putchar(digits[v >> 18]);
        putchar(digits[v >> 12 & 63]);
        putchar(i + 1 < len ? digits[v >> 6 & 63] : '=');
        putchar(i + 2 < len ? digits[v & 63] : '=');
    }
}

/* Base64 alone, so that no text, whosever it is, can say anything else to the terminal. */
void term_clip(const char *text, size_t len)
{
    if (!screen.xterm || len > CLIP_MAX)
        return;
    fputs("\033]52;c;", stdout);
    put_base64((const unsigned char *)text, len);
    fputs("\033\\", stdout);
    fflush(stdout);
}

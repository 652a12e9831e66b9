/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: the only files that know curses (term*.c).  A grid goes out, keys come in.
 *
 * Only changed cells are written (curses compares); the hardware cursor is put to rest as the last
 * act of every refresh, also when it is hidden, so that a screen reader finds the selection.  Whatever
 * ends this program but SIGKILL gives the terminal back as it was: a crash too, by write(2) and tcsetattr
 * alone.  There is one terminal a process, as curses has it.
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>

#include "tui/grid.h"
#include "config/key.h"

/* Can the terminal place its cursor (terminfo `cup`)?  initscr succeeds on TERM=dumb and paints rubbish. */
enum term_kind { TERM_PLACES_CURSOR, TERM_WITHOUT_CURSOR, TERM_UNKNOWN /* terminfo has none of that type, or TERM is not set */ };
enum term_kind term_kind(void);

/* How styles look.  Without colours, by NO_COLOR or the terminal, attributes remain. */
enum term_scheme {
    SCHEME_TERMINAL, /* the terminal's own 8 colours, which its owner has chosen */
    SCHEME_SOFT,     /* calm ones of 256; where there are fewer, the terminal's */
    SCHEME_CONTRAST, /* every text at 7:1 or better against its ground (WCAG 2.1, 1.4.6) */
    SCHEME_NONE,     /* no colours */
    SCHEMES
};
extern const char *const term_scheme_names[SCHEMES + 1]; /* "terminal" ...; NULL last */

bool term_open(void); /* SCHEME_TERMINAL */
void term_close(void); /* the terminal is as it was; the next term_show takes it again */
void term_set_scheme(enum term_scheme s);
/* Stops this process until the shell continues it; the screen is left meanwhile. */
void term_suspend(void);
/* Rows and columns now. */
void term_size(int *rows, int *cols);
void term_show(const struct grid *g);
void term_repaint(void); /* everything anew at the next term_show */
bool term_is_utf8(void); /* lines and blocks can be drawn; else only ASCII */
void term_beep(void);
/* For the person's clipboard, by OSC 52; a terminal that does not know it ignores it. At most 64 KiB. */
void term_clip(const char *text, size_t len);

/* K_NONE when none waits.  After K_PASTE what is pasted comes by term_pasted, until that is over. */
ui_key term_key(void);
/* What has been read and is not told yet: the beginning of a character, or of the end. */
struct term_paste {
    char held[8];
    unsigned len;
};
/* As much of it as is there, whole characters, `size` at most; *over: all of it. */
size_t term_pasted(struct term_paste *p, char *to, size_t size, bool *over);
void term_set_mouse(bool on); /* off at first: the terminal's own selection works */
enum term_mouse_what { MOUSE_PRESS, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct term_mouse {
    enum term_mouse_what what;
    int row, col;
};
/* What K_MOUSE was; false: nothing of interest. */
bool term_mouse(struct term_mouse *m);

#endif

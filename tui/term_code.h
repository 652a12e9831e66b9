/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key codes that term.c gives curses beside its own. Only for term*.c. */
#ifndef TUI_TERM_CODE_H
#define TUI_TERM_CODE_H

/* What brackets a paste: xterm, "Bracketed Paste Mode". */
#define PASTE_BEGIN "\033[200~"
#define PASTE_END "\033[201~"
enum term_code { CODE_PASTE = 0x2000, CODE_PASTE_END };

#endif

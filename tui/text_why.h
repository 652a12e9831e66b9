/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is it the screen or text mode, and why: by flag, then LXTOP_TEXT, then ACCESSIBLE, then the setting, and by
 * itself where a screen cannot be.  Nothing tries to find out whether a screen reader runs.
 */
#ifndef TUI_TEXT_WHY_H
#define TUI_TEXT_WHY_H

#include <stdbool.h>

#include "tui/term.h"

struct text_facts {
    bool flag;               /* --text */
    const char *lxtop_text;  /* of the environment; NULL or "": says nothing; 0, false, no, off: not by the setting */
    const char *accessible;  /* the same */
    bool setting;
    bool in_terminal, out_terminal;
    const char *term;        /* TERM */
    enum term_kind kind;     /* of that terminal, where standard output is one */
};
#define TEXT_WHY 128
/* Puts the reason into `why` and returns true for text mode; false: the screen. */
bool text_why(const struct text_facts *f, char *why);
/* Is it wished for, by the flag, the environment or the setting?  A verb then tells in words, too. */
bool text_wished(bool flag, bool setting);
void text_facts_gather(struct text_facts *f, bool flag, bool setting);

#endif

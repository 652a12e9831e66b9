/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys as the console knows them: a code point, or one of the names below with what was held down.
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include <stdint.h>

typedef uint32_t ui_key; /* Unicode code point, or enum key_name with modifiers */

enum key_name {
    K_NONE = 0,
    K_ENTER = '\n', /* and '\r', which is what the key itself sends; a program in a pane tells them apart */
    K_ESC = 27,
    K_BACKSPACE = 127,
    K_UP = 0x200000, /* above every code point */
    K_DOWN,
    K_LEFT,
    K_RIGHT,
    K_HOME,
    K_END,
    K_PGUP,
    K_PGDN,
    K_DELETE,
    K_F1,
    K_F2,
    K_F3,
    K_F4,
    K_F5,
    K_F6,
    K_F7,
    K_F8,
    K_F9,
    K_F10,
    K_F11,
    K_F12,
    K_INSERT,
    K_BACKTAB,   /* Shift-Tab */
    K_PASTE,     /* what follows until K_PASTE_END was pasted, not typed: text, never commands */
    K_PASTE_END,
    K_MOUSE,     /* term_mouse tells what */
    K_NUL,       /* Ctrl-Space, as a character no key at all */
    K_NAMES_END
};
#define K_CTRL(c) ((ui_key)((c) & 0x1f))
/* Held down with a key that is K_UP or above; of letters the terminal tells only K_CTRL. */
enum key_modifier { K_SHIFT = 0x400000, K_ALT = 0x800000, K_CONTROL = 0x1000000 };
#define K_MODIFIERS ((ui_key)(K_SHIFT | K_ALT | K_CONTROL))

/* "F1", "Enter", "x", "Ctrl-L", "Alt-Up"; into `text` of at least KEY_TEXT bytes, which it returns. */
#define KEY_TEXT 32
const char *key_text(ui_key k, char *text);
/* The key of that name, in any case of its letters, or K_NONE. A single letter is itself. */
ui_key key_parse(const char *text);

#endif

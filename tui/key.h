/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys as the console knows them: a code point, or one of the names below.
 */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdint.h>

typedef uint32_t ui_key; /* Unicode code point, or enum key_name */

enum key_name {
    K_NONE = 0,
    K_ENTER = '\n',
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
    K_F10
};
#define K_CTRL(c) ((ui_key)((c) & 0x1f))

/* "F1", "Enter", "x", "Ctrl-L"; into `text` of at least KEY_TEXT bytes, which it returns. */
#define KEY_TEXT 16
const char *key_text(ui_key k, char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/key.h"

#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"

static const struct {
    ui_key key;
    const char *name;
} names[] = {
    {K_ENTER, "Enter"}, {K_ESC, "Esc"},   {K_BACKSPACE, "Backspace"}, {K_UP, "Up"},
    {K_DOWN, "Down"},   {K_LEFT, "Left"}, {K_RIGHT, "Right"},         {K_HOME, "Home"},
    {K_END, "End"},     {K_PGUP, "PgUp"}, {K_PGDN, "PgDn"},           {K_DELETE, "Del"},
    {' ', "Space"},
};

const char *key_text(ui_key k, char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].key == k)
            return strcpy(text, names[i].name);
    if (k >= K_F1 && k <= K_F10)
        snprintf(text, KEY_TEXT, "F%u", k - K_F1 + 1);
    else if (k < ' ')
        snprintf(text, KEY_TEXT, "Ctrl-%c", (char)(k | 0x40));
    else
        snprintf(text, KEY_TEXT, "%c", k < 0x7f ? (char)k : '?');
    return text;
}

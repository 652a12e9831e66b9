/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/auto.h"

static const struct {
    ui_key key;
    const char *name;
} names[] = {
    {K_ENTER, "Enter"}, {K_ESC, "Esc"},   {K_BACKSPACE, "Backspace"}, {K_UP, "Up"},
    {K_DOWN, "Down"},   {K_LEFT, "Left"}, {K_RIGHT, "Right"},         {K_HOME, "Home"},
    {K_END, "End"},     {K_PGUP, "PgUp"}, {K_PGDN, "PgDn"},           {K_DELETE, "Del"},
    {' ', "Space"},     {'\t', "Tab"},    {K_INSERT, "Ins"},          {K_BACKTAB, "Shift-Tab"},
    {K_NUL, "Ctrl-Space"}, {K_NUL, "Ctrl-@"},
};

static const struct {
    ui_key bit;
    const char *name;
} modifiers[] = {{K_CONTROL, "Ctrl-"}, {K_ALT, "Alt-"}, {K_SHIFT, "Shift-"}};

const char *key_text(ui_key k, char *text)
{
    char *to = text;

    for (size_t i = 0; i < ARRAY_SIZE(modifiers) && k > K_UP; i++)
        if (k & modifiers[i].bit)
            to = stpcpy(to, modifiers[i].name);
    if (k > K_UP)
        k &= ~K_MODIFIERS;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].key == k) {
            strcpy(to, names[i].name);
            return text;
        }
    if (k >= K_F1 && k <= K_F12)
        sprintf(to, "F%u", k - K_F1 + 1);
    else if (k < ' ')
        sprintf(to, "Ctrl-%c", (char)(k | 0x40));
    else
        sprintf(to, "%c", k < 0x7f ? (char)k : '?');
    return text;
}

static ui_key parse_name(const char *text)
{
    char *end;
    long number = (*text | 0x20) == 'f' && text[1] ? strtol(text + 1, &end, 10) : 0;

    if (number >= 1 && number <= 12 && !*end)
        return K_F1 + (ui_key)number - 1;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcasecmp(names[i].name, text) == 0)
            return names[i].key;
    return text[0] > ' ' && text[0] < 0x7f && !text[1] ? (ui_key)text[0] : K_NONE;
}

ui_key key_parse(const char *text)
{
    ui_key k = parse_name(text), held = 0;

    for (size_t i = 0; i < ARRAY_SIZE(modifiers) && k == K_NONE; i++)
        if (strncasecmp(text, modifiers[i].name, strlen(modifiers[i].name)) == 0) {
            text += strlen(modifiers[i].name);
            held |= modifiers[i].bit;
            k = parse_name(text);
        }
    if (!held || k == K_NONE)
        return k;
    if (k >= K_UP)
        return k == K_BACKTAB ? K_NONE : k | held;
    return held == K_CONTROL && ((k >= '@' && k <= '_') || (k >= 'a' && k <= 'z')) ? K_CTRL(k) : K_NONE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question in the bottom line: what is typed, and the rows above that it moves over meanwhile. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/ui.h"

void ui_ask(struct ui *u, struct ui_request (*answer)(struct ui *u, const struct model *m), const char *text,
            const char *fmt, ...)
{
    va_list ap;

    u->prompt = (struct prompt){.answer = answer};
    snprintf(u->prompt.line, sizeof(u->prompt.line), "%s", text);
    va_start(ap, fmt);
    vsnprintf(u->prompt.question, sizeof(u->prompt.question), fmt, ap);
    va_end(ap);
}

static void erase_char(char *line)
{
    size_t len = strlen(line);

    while (len && (line[len - 1] & 0xc0) == 0x80)
        len--;
    line[len ? len - 1 : 0] = '\0';
}

static void erase_word(char *line)
{
    size_t len = strlen(line);

    while (len && line[len - 1] == ' ')
        line[--len] = '\0';
    while (len && line[len - 1] != ' ' && line[len - 1] != '/')
        line[--len] = '\0';
    if (len && line[len - 1] == '/')
        line[--len] = '\0';
}

/* False: the key is none of typing. */
static bool type_key(char *line, ui_key k)
{
    size_t len = strlen(line);

    if (k == K_BACKSPACE || k == K_CTRL('h'))
        erase_char(line);
    else if (k == K_CTRL('w'))
        erase_word(line);
    else if (k == K_CTRL('u'))
        line[0] = '\0';
    else if (k >= ' ' && k < K_UP && len + UTF8_MAX < PROMPT_LINE)
        line[len + utf8_put(line + len, k)] = '\0';
    else
        return false;
    return true;
}

/* As much as there is room for, whole characters. */
void ui_type(struct ui *u, const char *text, size_t len)
{
    size_t used = strlen(u->prompt.line);

    for (size_t i = 0, end; i < len; i = end) {
        unsigned char c = (unsigned char)text[i];

        for (end = i + 1; end < len && ((unsigned char)text[end] & 0xc0) == 0x80;)
            end++;
        if (used + UTF8_MAX >= PROMPT_LINE || end - i > UTF8_MAX)
            return;
        if ((c < ' ' && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
            continue;
        memcpy(u->prompt.line + used, c < ' ' ? " " : text + i, end - i);
        used += end - i;
        u->prompt.line[used] = '\0';
    }
}

static struct ui_request leave(struct ui *u, const struct model *m)
{
    const struct prompt was = u->prompt;

    u->prompt = (struct prompt){0};
    if (was.left)
        was.left(u, m, &was);
    else
        ui_hint(u, "Nothing was changed.");
    return (struct ui_request){0};
}

/* Keys of movement are no text: they move over the rows. */
static void move_beneath(struct ui *u, const struct model *m, ui_key k)
{
    int a = k >= K_UP ? keymap_action(&u->keys, u->view, k) : -1;

    u->prompt.moving = a >= ACTION_UP && a <= ACTION_LAST;
    if (u->prompt.moving)
        ui_move(u, m, (enum action_id)a);
}

struct ui_request ui_prompt_key(struct ui *u, const struct model *m, ui_key k)
{
    if (k == K_ESC || k == K_CTRL('c'))
        return leave(u, m);
    if (k == K_ENTER || k == '\r')
        return u->prompt.answer(u, m);
    if (!type_key(u->prompt.line, k)) {
        move_beneath(u, m, k);
        return (struct ui_request){0};
    }
    u->prompt.moving = false;
    if (u->prompt.typed)
        u->prompt.typed(u, m);
    return (struct ui_request){0};
}

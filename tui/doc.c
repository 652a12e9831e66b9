/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/doc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void doc_clear(struct doc *d)
{
    d->count = 0;
    d->len = 0;
}

void doc_release(struct doc *d)
{
    free(d->line);
    free(d->text);
    *d = (struct doc){0};
}

static bool grow(struct doc *d, size_t more)
{
    if (d->count == d->room) {
        struct doc_line *line = realloc(d->line, (d->room + 32) * 2 * sizeof(*line));

        if (!line)
            return false;
        d->line = line;
        d->room = (d->room + 32) * 2;
    }
    if (d->len + more > d->size) {
        size_t size = (d->len + more) * 2;
        char *text = realloc(d->text, size);

        if (!text)
            return false;
        d->text = text;
        d->size = size;
    }
    return true;
}

static void put(struct doc *d, enum style s, const char *text, size_t len)
{
    if (!grow(d, len + 1))
        return;
    memcpy(d->text + d->len, text, len);
    d->text[d->len + len] = '\0';
    d->line[d->count++] = (struct doc_line){d->len, s};
    d->len += len + 1;
}

void doc_put(struct doc *d, enum style s, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    put(d, s, text, strlen(text));
}

void doc_wrap(struct doc *d, enum style s, const char *label, int indent, int cols, const char *text)
{
    int room = cols - indent < 8 ? 8 : cols - indent;

    do {
        const char *next;
        size_t len = text_row(text, room, &next);

        doc_put(d, s, "%-*s%.*s", indent, label, (int)len, text);
        label = "";
        text = next;
    } while (*text);
}

const char *doc_text(const struct doc *d, unsigned line)
{
    return line < d->count ? d->text + d->line[line].at : "";
}

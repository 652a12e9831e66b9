/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a view that is read from top to bottom: made anew before each drawing (view.h, build). */
#ifndef TUI_DOC_H
#define TUI_DOC_H

#include "tui/grid.h"

struct doc_line {
    size_t at; /* its text, in `text` */
    enum style style;
};
struct doc {
    struct doc_line *line;
    char *text;
    unsigned count, room;
    size_t len, size;
};

void doc_clear(struct doc *d); /* keeps the memory */
void doc_release(struct doc *d);
/* One line; without memory it is left out. */
void doc_put(struct doc *d, enum style s, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A text in as many lines of `cols` columns as it needs, behind `label` in the first and blanks in the others. */
void doc_wrap(struct doc *d, enum style s, const char *label, int indent, int cols, const char *text);
const char *doc_text(const struct doc *d, unsigned line);

#endif

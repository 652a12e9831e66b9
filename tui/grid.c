/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/grid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

int grid_init(struct grid *g, int rows, int cols)
{
    *g = (struct grid){.rows = rows < 1 ? 1 : rows, .cols = cols < 1 ? 1 : cols};
    g->cells = calloc((size_t)g->rows * (size_t)g->cols, sizeof(*g->cells));
    if (!g->cells)
        return -ENOMEM;
    grid_clear(g);
    return 0;
}

void grid_release(struct grid *g)
{
    free(g->cells);
    *g = (struct grid){0};
}

int grid_resize(struct grid *g, int rows, int cols)
{
    grid_release(g);
    return grid_init(g, rows, cols);
}

void grid_clear(struct grid *g)
{
    for (int i = 0; i < g->rows * g->cols; i++)
        g->cells[i] = (struct cell){.ch = ' '};
}

static struct cell *cell_at(const struct grid *g, int row, int col)
{
    if (row < 0 || row >= g->rows || col < 0 || col >= g->cols)
        return NULL;
    return &g->cells[row * g->cols + col];
}

static int char_width(uint32_t ch)
{
    return ch < 0x7f ? 1 : wcwidth((wchar_t)ch);
}

/*
 * Next character of UTF-8 text (RFC 3629); '?' for what is none, would move a cursor, or cannot be
 * shown in this locale.
 */
static uint32_t next_char(const char **text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)*text;
    unsigned more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
    uint32_t ch = more ? *p & (0x3fU >> more) : *p;
    unsigned i;

    for (i = 1; i <= more && (p[i] & 0xc0) == 0x80; i++)
        ch = ch << 6 | (p[i] & 0x3f);
    *text += i;
    if (i <= more || (!more && *p >= 0x80) || ch < least[more] || ch < ' ' || *p >= 0xf8 || ch > 0x10ffff)
        return '?';
    return ch < 0x7f || char_width(ch) >= 0 ? ch : '?';
}

int text_width(const char *text)
{
    int width = 0;

    while (*text)
        width += char_width(next_char(&text));
    return width;
}

/* What is written over one half of a wide character takes the other half away. */
static void blank_half(struct cell *c, bool half)
{
    if (c && half)
        c->ch = ' ';
}

static int put_char(struct grid *g, int row, int col, enum style s, uint32_t ch)
{
    int w = char_width(ch);
    struct cell *c = cell_at(g, row, col), *right = cell_at(g, row, col + 1), *after;

    if (w == 0 || !c || (w == 2 && !right))
        return w == 0 ? 0 : 1;
    after = w == 2 ? cell_at(g, row, col + 2) : right;
    blank_half(cell_at(g, row, col - 1), c->ch == 0);
    blank_half(after, after && after->ch == 0);
    *c = (struct cell){.ch = ch, .style = (uint8_t)s};
    if (w == 2)
        *right = (struct cell){.style = (uint8_t)s};
    return w;
}

int grid_put(struct grid *g, int row, int col, int width, enum style s, const char *text)
{
    bool cut = text_width(text) > width;
    int used = 0;

    while (*text && used < width) {
        const char *next = text;
        uint32_t ch = next_char(&next);

        if (cut && used + char_width(ch) > width - 1) {
            used += put_char(g, row, col + used, s, '~');
            break;
        }
        used += put_char(g, row, col + used, s, ch);
        text = next;
    }
    return used;
}

size_t text_row(const char *text, int width, const char **next)
{
    const char *p = text, *blank = NULL;
    int used = 0;

    while (*p) {
        const char *after = p;
        int w = char_width(next_char(&after));

        if (used + w > width && p > text)
            break;
        if (*p == ' ')
            blank = p;
        used += w;
        p = after;
    }
    if (*p && *p != ' ' && blank)
        p = blank;
    for (*next = p; **next == ' ';)
        ++*next;
    return (size_t)(p - text);
}

int text_rows(const char *text, int width)
{
    int rows = 0;

    do {
        text_row(text, width, &text);
        rows++;
    } while (*text);
    return rows;
}

int grid_put_rows(struct grid *g, int row, int col, int width, int rows, enum style s, const char *text)
{
    char line[1024];
    int used = 0;

    do {
        const char *next;
        size_t len = text_row(text, width, &next);

        if (used == rows - 1 || len >= sizeof(line))
            next = text + (len = strlen(text)); /* all that is left: grid_put cuts it */
        snprintf(line, sizeof(line), "%.*s", (int)len, text);
        grid_put(g, row + used, col, width, s, line);
        text = next;
        used++;
    } while (*text && used < rows);
    return used;
}

void grid_put_right(struct grid *g, int row, int col, int width, enum style s, const char *text)
{
    int len = text_width(text);

    grid_put(g, row, col + (len < width ? width - len : 0), width, s, text);
}

void grid_fill(struct grid *g, int row, int col, int width, enum style s, char ch)
{
    for (int i = 0; i < width; i++)
        put_char(g, row, col + i, s, (unsigned char)ch);
}

void grid_style(struct grid *g, int row, int col, int width, enum style s)
{
    for (int i = 0; i < width; i++) {
        struct cell *c = cell_at(g, row, col + i);

        if (c)
            c->style = (uint8_t)s;
    }
}

void grid_put_cell(struct grid *g, int row, int col, const struct cell *c)
{
    struct cell *to = cell_at(g, row, col);

    if (to)
        *to = *c;
}

void grid_cursor(struct grid *g, int row, int col)
{
    g->cursor_row = row < 0 ? 0 : row >= g->rows ? g->rows - 1 : row;
    g->cursor_col = col < 0 ? 0 : col >= g->cols ? g->cols - 1 : col;
}

unsigned utf8_put(char *to, uint32_t ch)
{
    unsigned more = ch < 0x80 ? 0 : ch < 0x800 ? 1 : ch < 0x10000 ? 2 : 3;
    static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};

    to[0] = (char)(first[more] | ch >> 6 * more);
    for (unsigned i = 1; i <= more; i++)
        to[i] = (char)(0x80 | (ch >> 6 * (more - i) & 0x3f));
    return more + 1;
}

static void put_utf8(uint32_t ch, FILE *f)
{
    char bytes[UTF8_MAX];

    fwrite(bytes, 1, utf8_put(bytes, ch), f);
}

static void dump_row(const struct grid *g, int row, FILE *f)
{
    int end = g->cols;

    while (end > 0 && cell_at(g, row, end - 1)->ch == ' ')
        end--;
    for (int col = 0; col < end; col++)
        if (cell_at(g, row, col)->ch)
            put_utf8(cell_at(g, row, col)->ch, f);
    fputc('\n', f);
}

void grid_dump(const struct grid *g, FILE *f)
{
    for (int row = 0; row < g->rows; row++)
        dump_row(g, row, f);
    fprintf(f, "cursor %d,%d\n", g->cursor_row, g->cursor_col);
}

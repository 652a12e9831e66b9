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
        g->cells[i] = (struct cell){' ', STYLE_PLAIN};
}

static struct cell *cell_at(const struct grid *g, int row, int col)
{
    if (row < 0 || row >= g->rows || col < 0 || col >= g->cols)
        return NULL;
    return &g->cells[row * g->cols + col];
}

/* Next character of UTF-8 text (RFC 3629); '?' for what is none or would move a cursor. */
static uint32_t next_char(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    unsigned more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
    uint32_t ch = more ? *p & (0x3fU >> more) : *p;
    unsigned i;

    for (i = 1; i <= more && (p[i] & 0xc0) == 0x80; i++)
        ch = ch << 6 | (p[i] & 0x3f);
    *text += i;
    if (i <= more || (!more && *p >= 0x80) || ch < ' ' || (ch >= 0x7f && ch < 0xa0))
        return '?';
    return ch;
}

static int char_width(uint32_t ch)
{
    int w = ch < 0x7f ? 1 : wcwidth((wchar_t)ch);

    return w < 0 ? 1 : w;
}

int text_width(const char *text)
{
    int width = 0;

    while (*text)
        width += char_width(next_char(&text));
    return width;
}

static int put_char(struct grid *g, int row, int col, enum style s, uint32_t ch)
{
    int w = char_width(ch);
    struct cell *c = cell_at(g, row, col), *right = cell_at(g, row, col + 1);

    if (w == 0 || !c || (w == 2 && !right))
        return w == 0 ? 0 : 1;
    *c = (struct cell){ch, (uint8_t)s};
    if (w == 2)
        *right = (struct cell){0, (uint8_t)s};
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

void grid_cursor(struct grid *g, int row, int col)
{
    g->cursor_row = row < 0 ? 0 : row >= g->rows ? g->rows - 1 : row;
    g->cursor_col = col < 0 ? 0 : col >= g->cols ? g->cols - 1 : col;
}

static void put_utf8(uint32_t ch, FILE *f)
{
    if (ch < 0x80) {
        fputc((int)ch, f);
        return;
    }
    if (ch < 0x800)
        fputc((int)(0xc0 | ch >> 6), f);
    else if (ch < 0x10000)
        fputc((int)(0xe0 | ch >> 12), f), fputc((int)(0x80 | (ch >> 6 & 0x3f)), f);
    else
        fputc((int)(0xf0 | ch >> 18), f), fputc((int)(0x80 | (ch >> 12 & 0x3f)), f),
            fputc((int)(0x80 | (ch >> 6 & 0x3f)), f);
    fputc((int)(0x80 | (ch & 0x3f)), f);
}

static void dump_row(const struct grid *g, int row, FILE *f, bool styles)
{
    static const char letters[] = ".HCSGBXDKLP"; /* by enum style */
    int end = g->cols;

    while (end > 0 && cell_at(g, row, end - 1)->ch == ' ' && cell_at(g, row, end - 1)->style == 0)
        end--;
    for (int col = 0; col < end; col++)
        if (cell_at(g, row, col)->ch)
            put_utf8(cell_at(g, row, col)->ch, f);
    fputc('\n', f);
    if (!styles)
        return;
    for (int col = 0; col < end; col++)
        fputc(letters[cell_at(g, row, col)->style], f);
    fputc('\n', f);
}

void grid_dump(const struct grid *g, FILE *f, bool styles)
{
    for (int row = 0; row < g->rows; row++)
        dump_row(g, row, f, styles);
    fprintf(f, "cursor %d,%d\n", g->cursor_row, g->cursor_col);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/pane.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/base/auto.h"
#include "tui/pane_parts.h"
#include "tui/term_colour.h"

static int within(int value, int min, int max)
{
    return value < min ? min : value > max ? max : value;
}

/* --- cells --- */

static uint8_t nearest(struct pane *p, const VTermColor *c)
{
    uint32_t rgb = (uint32_t)c->rgb.red << 16 | (uint32_t)c->rgb.green << 8 | c->rgb.blue;

    if (rgb != p->rgb) {
        p->rgb = rgb;
        p->rgb_colour = term_from_rgb(c->rgb.red, c->rgb.green, c->rgb.blue);
    }
    return p->rgb_colour;
}

static uint8_t colour(struct pane *p, const VTermColor *c)
{
    return VTERM_COLOR_IS_INDEXED(c) ? c->indexed.idx : nearest(p, c);
}

/* Its columns, 1 or 2: where libvterm and the C library differ the character is not shown. */
static int from_vterm(struct pane *p, const VTermScreenCell *v, struct cell *c)
{
    uint32_t ch = v->chars[0] && v->chars[0] != (uint32_t)-1 ? v->chars[0] : ' ';
    int width = ch < 0x7f ? 1 : wcwidth((wchar_t)ch);

    *c = (struct cell){.ch = width == 1 || width == 2 ? ch : '?', .style = STYLE_PANE};
    c->look = (uint8_t)((v->attrs.bold ? CELL_BOLD : 0) | (v->attrs.underline ? CELL_UNDERLINE : 0) |
                        (v->attrs.italic ? CELL_ITALIC : 0) | (v->attrs.blink ? CELL_BLINK : 0) |
                        (v->attrs.reverse ? CELL_REVERSE : 0));
    if (!VTERM_COLOR_IS_DEFAULT_FG(&v->fg)) {
        c->look |= CELL_FG;
        c->fg = colour(p, &v->fg);
    }
    if (!VTERM_COLOR_IS_DEFAULT_BG(&v->bg)) {
        c->look |= CELL_BG;
        c->bg = colour(p, &v->bg);
    }
    return width == 2 ? 2 : 1;
}

/* A wide character whose second column is not there, or has something else in it, becomes '?'. */
static void settle_wide(struct cell *cells, int col, int cols)
{
    bool room = col + 1 < cols && cells[col + 1].ch == ' ';

    if (room) {
        cells[col + 1] = cells[col];
        cells[col + 1].ch = 0;
    } else {
        cells[col].ch = '?';
    }
}

static int row_cells(struct pane *p, int row, struct cell *to, int size)
{
    int cols = p->cols < size ? p->cols : size;
    uint8_t width[PANE_COLS_MAX];
    VTermScreenCell v;

    for (int col = 0; col < cols; col++) {
        vterm_screen_get_cell(p->screen, (VTermPos){row, col}, &v);
        width[col] = (uint8_t)from_vterm(p, &v, &to[col]);
    }
    for (int col = 0; col < cols; col++)
        if (width[col] == 2)
            settle_wide(to, col++, cols);
    return cols;
}

/* --- lines that have left the screen --- */

static struct pane_line *ring_line(struct pane *p, unsigned index)
{
    return &p->ring[(p->ring_first + index) % p->ring_size];
}

static void drop_first(struct pane *p)
{
    free(ring_line(p, 0)->cells);
    p->ring_first = (p->ring_first + 1) % p->ring_size;
    p->ring_count--;
    p->gone++;
}

static int used_cells(const struct cell *cells, int cols)
{
    while (cols && cells[cols - 1].ch == ' ' && !cells[cols - 1].look)
        cols--;
    return cols;
}

static int on_push(int cols, const VTermScreenCell *v, void *ctx)
{
    struct pane *p = ctx;
    struct cell cells[PANE_COLS_MAX];
    uint8_t width[PANE_COLS_MAX];
    struct pane_line line = {0};

    if (!p->ring_size || cols > PANE_COLS_MAX)
        return 0;
    for (int col = 0; col < cols; col++)
        width[col] = (uint8_t)from_vterm(p, &v[col], &cells[col]);
    for (int col = 0; col < cols; col++)
        if (width[col] == 2)
            settle_wide(cells, col++, cols);
    line.len = used_cells(cells, cols);
    line.cells = line.len ? malloc((size_t)line.len * sizeof(*cells)) : NULL;
    if (line.cells)
        memcpy(line.cells, cells, (size_t)line.len * sizeof(*cells));
    else
        line.len = 0;
    if (p->ring_count == p->ring_size)
        drop_first(p);
    *ring_line(p, p->ring_count++) = line;
    return 1;
}

long pane_first_line(const struct pane *p)
{
    return p->gone;
}

long pane_end_line(const struct pane *p)
{
    return p->gone + p->ring_count + p->rows;
}

int pane_line_cells(struct pane *p, long line, struct cell *to, int size)
{
    long index = line - p->gone;
    const struct pane_line *l;
    int len;

    if (index < 0)
        return 0;
    if (index >= p->ring_count)
        return index - p->ring_count < p->rows ? row_cells(p, (int)(index - p->ring_count), to, size) : 0;
    l = ring_line(p, (unsigned)index);
    len = l->len < size ? l->len : size;
    if (len)
        memcpy(to, l->cells, (size_t)len * sizeof(*to));
    return len;
}

/* --- the program's bytes --- */

static void on_safe(void *ctx, const char *bytes, size_t len)
{
    struct pane *p = ctx;

    vterm_input_write(p->vt, bytes, len);
}

/* Newer Unicode has wide characters that libvterm takes for narrow: a blank makes the second column. */
static void on_wide(void *ctx, const char *bytes, size_t len)
{
    struct pane *p = ctx;
    VTermState *s = vterm_obtain_state(p->vt);
    VTermPos before, after;

    vterm_state_get_cursorpos(s, &before);
    vterm_input_write(p->vt, bytes, len);
    vterm_state_get_cursorpos(s, &after);
    if (after.row == before.row && after.col == before.col + 1 && after.col < p->cols - 1)
        vterm_input_write(p->vt, " ", 1);
}

static void on_title(void *ctx, const char *text)
{
    struct pane *p = ctx;

    memccpy(p->title, text, '\0', sizeof(p->title));
}

static int on_bell(void *ctx)
{
    struct pane *p = ctx;

    if (p->ev->bell)
        p->ev->bell(p->ctx);
    return 1;
}

static void on_answer(const char *bytes, size_t len, void *ctx)
{
    struct pane *p = ctx;

    p->ev->typed(p->ctx, bytes, len);
}

void pane_feed(struct pane *p, const void *bytes, size_t len)
{
    pane_parse_bytes(&p->parse, bytes, len);
    vterm_screen_flush_damage(p->screen);
    pane_copy_clip(p);
}

/* --- its life --- */

struct pane *pane_new(int rows, int cols, unsigned lines, const struct pane_events *ev, void *ctx)
{
    static const struct pane_parse_events parse = {on_safe, on_wide, on_title};
    static const VTermScreenCallbacks screen = {.bell = on_bell, .sb_pushline = on_push};
    struct pane *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->ev = ev;
    p->ctx = ctx;
    p->rows = within(rows, 1, PANE_ROWS_MAX);
    p->cols = within(cols, 2, PANE_COLS_MAX);
    p->ring_size = lines < PANE_LINES_MAX ? lines : PANE_LINES_MAX;
    p->ring = p->ring_size ? calloc(p->ring_size, sizeof(*p->ring)) : NULL;
    p->vt = p->ring || !p->ring_size ? vterm_new(p->rows, p->cols) : NULL;
    if (!p->vt) {
        free(p->ring);
        free(p);
        return NULL;
    }
    pane_parse_init(&p->parse, &parse, p);
    vterm_set_utf8(p->vt, 1);
    vterm_output_set_callback(p->vt, on_answer, p);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_set_callbacks(p->screen, &screen, p);
    vterm_screen_set_damage_merge(p->screen, VTERM_DAMAGE_SCREEN);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
    return p;
}

void pane_free(struct pane *p)
{
    if (!p)
        return;
    while (p->ring_count)
        drop_first(p);
    free(p->ring);
    vterm_free(p->vt);
    free(p);
}

/*
 * libvterm keeps margins that the new screen may not have, and can leave the cursor above it: the margins go, as
 * xterm's do, and the cursor comes back before anything uses it.
 */
void pane_resize(struct pane *p, int rows, int cols)
{
    char place[48];
    VTermPos at;

    rows = within(rows, 1, PANE_ROWS_MAX);
    cols = within(cols, 2, PANE_COLS_MAX);
    if (rows == p->rows && cols == p->cols)
        return;
    vterm_state_get_cursorpos(vterm_obtain_state(p->vt), &at);
    snprintf(place, sizeof(place), "\033[?6l\033[r\033[%d;%dH", at.row + 1, at.col + 1);
    vterm_input_write(p->vt, place, strlen(place));
    p->rows = rows;
    p->cols = cols;
    vterm_set_size(p->vt, rows, cols);
    vterm_input_write(p->vt, "\033[0n", 4);
    vterm_screen_flush_damage(p->screen);
    pane_copy_clip(p);
}

const char *pane_title(const struct pane *p)
{
    return p->title;
}

/* --- keys --- */

static const struct {
    ui_key key;
    VTermKey code;
} keys[] = {
    {'\r', VTERM_KEY_ENTER}, {'\t', VTERM_KEY_TAB},    {K_BACKSPACE, VTERM_KEY_BACKSPACE},
    {K_ESC, VTERM_KEY_ESCAPE},  {K_UP, VTERM_KEY_UP},     {K_DOWN, VTERM_KEY_DOWN},
    {K_LEFT, VTERM_KEY_LEFT},   {K_RIGHT, VTERM_KEY_RIGHT}, {K_HOME, VTERM_KEY_HOME},
    {K_END, VTERM_KEY_END},     {K_PGUP, VTERM_KEY_PAGEUP}, {K_PGDN, VTERM_KEY_PAGEDOWN},
    {K_DELETE, VTERM_KEY_DEL},  {K_INSERT, VTERM_KEY_INS},
};

static VTermKey code_of(ui_key k)
{
    if (k >= K_F1 && k <= K_F12)
        return VTERM_KEY_FUNCTION(k - K_F1 + 1);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].key == k)
            return keys[i].code;
    return VTERM_KEY_NONE;
}

static void named_key(struct pane *p, ui_key k)
{
    VTermModifier held = (VTermModifier)((k & K_SHIFT ? VTERM_MOD_SHIFT : 0) | (k & K_ALT ? VTERM_MOD_ALT : 0) |
                                         (k & K_CONTROL ? VTERM_MOD_CTRL : 0));

    k &= ~K_MODIFIERS;
    if (k == K_BACKTAB)
        vterm_keyboard_key(p->vt, VTERM_KEY_TAB, VTERM_MOD_SHIFT);
    else if (k == K_NUL)
        p->ev->typed(p->ctx, "", 1);
    else if (k == K_PASTE)
        vterm_keyboard_start_paste(p->vt);
    else if (k == K_PASTE_END)
        vterm_keyboard_end_paste(p->vt);
    else
        vterm_keyboard_key(p->vt, code_of(k), held);
}

void pane_key(struct pane *p, ui_key k)
{
    char bytes[UTF8_MAX];

    if (k == K_NONE)
        return;
    if (k >= K_UP || code_of(k) != VTERM_KEY_NONE)
        named_key(p, k);
    else
        p->ev->typed(p->ctx, bytes, utf8_put(bytes, k));
}

void pane_text(struct pane *p, const char *text, size_t len)
{
    p->ev->typed(p->ctx, text, len);
}

void pane_paste(struct pane *p, const char *text, size_t len)
{
    size_t from = 0;

    vterm_keyboard_start_paste(p->vt);
    for (size_t i = 0; i <= len; i++) {
        bool plain = i < len && ((unsigned char)text[i] >= ' ' || text[i] == '\t') && text[i] != 0x7f;

        if (plain)
            continue;
        if (i > from)
            p->ev->typed(p->ctx, text + from, i - from);
        if (i < len && text[i] == '\n')
            p->ev->typed(p->ctx, "\r", 1);
        from = i + 1;
    }
    vterm_keyboard_end_paste(p->vt);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile program in a terminal pane.  Input: two bytes of size, one of scrollback, then pieces, each a byte of
 * what (0..127: so many bytes of output; 128..: a resize, a key or copy mode) and what it needs.  Nothing of
 * what it says may reach the real terminal but as a cell that grid.h allows.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tui/pane.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_typed(void *ctx, const char *p, size_t len)
{
    uint8_t *sum = ctx;

    for (size_t i = 0; i < len; i++)
        *sum ^= (uint8_t)p[i];
}

static void check_screen(struct pane *p, struct grid *g)
{
    grid_clear(g);
    pane_draw(p, g, 0, 0);
    for (int i = 0; i < g->rows * g->cols; i++) {
        uint32_t ch = g->cells[i].ch;

        if (ch > 0x10ffff || (ch && ch < ' ') || (ch >= 0x7f && wcwidth((wchar_t)ch) < 1))
            abort();
        if (ch == 0 && (i % g->cols == 0 || wcwidth((wchar_t)g->cells[i - 1].ch) != 2))
            abort();
    }
    for (const char *t = pane_title(p); *t; t++)
        if ((unsigned char)*t < ' ')
            abort();
}

static void take_key(struct pane *p, uint8_t what)
{
    if (pane_copying(p))
        free(pane_copy_key(p, "hjkl g G0$vy"[what % 12] & 0xffU));
    else if (what % 8 == 0)
        pane_copy_begin(p);
    else
        pane_key(p, what & 1 ? K_UP + what % 32U : what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pane_events ev = {.typed = on_typed};
    uint8_t sum = 0;
    struct pane *p;
    struct grid g;

    setlocale(LC_ALL, "C.UTF-8");
    if (size < 3 || !(p = pane_new(data[0] % 24, data[1] % 50, data[2], &ev, &sum)))
        return 0;
    if (grid_init(&g, 24, 50) < 0)
        abort();
    for (size_t at = 3; at < size;) {
        uint8_t what = data[at++];
        size_t len = what < size - at ? what : size - at;

        if (what >= 192 && at + 1 < size) {
            pane_resize(p, data[at] % 24, data[at + 1] % 50);
            at += 2;
        } else if (what >= 128) {
            take_key(p, what);
        } else {
            pane_feed(p, data + at, len);
            at += len;
        }
        if (pane_copying(p))
            check_screen(p, &g);
    }
    check_screen(p, &g);
    grid_release(&g);
    pane_free(p);
    return 0;
}

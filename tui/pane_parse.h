/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands between a hostile program and the terminal emulator: its bytes in, whole and harmless
 * sequences out (ECMA-48, xterm's ctlseqs; the states are Paul Williams' VT500 parser).
 *
 * libvterm 0.1 writes beyond its arrays for a CSI of more than 16 numbers and for a cursor restored after the
 * screen shrank, keeps combining characters without bound, and loops for ever on CSI b before any character.
 * So it never sees any of them: at most PARSE_ARGS numbers of PARSE_DIGITS, only finals that it knows,
 * modes one by one, whole characters that have a width, no strings at all.  Memory is this struct.
 */
#ifndef TUI_PANE_PARSE_H
#define TUI_PANE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARSE_ARGS 14
#define PARSE_DIGITS 5
#define PARSE_TITLE 128

struct pane_parse_events {
    void (*safe)(void *ctx, const char *p, size_t len);  /* for the emulator */
    void (*wide)(void *ctx, const char *p, size_t len);  /* the same, one character of two columns */
    void (*title)(void *ctx, const char *text);          /* plain, at most PARSE_TITLE - 1 bytes */
};

enum pane_parse_state { PARSE_GROUND, PARSE_ESCAPE, PARSE_CSI, PARSE_STRING, PARSE_STRING_ESCAPE };
struct pane_parse {
    const struct pane_parse_events *ev;
    void *ctx;
    enum pane_parse_state state;
    char seq[96]; /* of the sequence under way, from behind ESC or CSI */
    size_t len;
    bool spoilt;  /* it is too long: dropped at its end */
    uint32_t ch;  /* of the character under way */
    unsigned more, least;
    uint32_t last; /* for CSI b */
    char text[512];
    size_t text_len;
    char title[PARSE_TITLE];
    size_t title_len;
    bool osc;
};

void pane_parse_init(struct pane_parse *p, const struct pane_parse_events *ev, void *ctx);
/* Whole sequences are passed on before it returns; a begun one waits for the rest. */
void pane_parse_bytes(struct pane_parse *p, const uint8_t *bytes, size_t len);

#endif

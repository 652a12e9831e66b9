/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a machine as bytes: one description of each part serves both ways.
 *
 * A part's function names its fields once, state_u32(s, &x->field); while `s` is saving that appends them,
 * while it is loading that sets them.  So what is written and what is read cannot drift apart.
 *
 * What is loaded comes from a file that may have been made by an enemy.  A read past the end, a count
 * above its bound, or a section where another was expected marks the state bad and yields zeroes; a
 * part checks its own values and calls state_refuse; who loads looks at `bad` before any of it is used.
 */
#ifndef CORE_BASE_STATE_H
#define CORE_BASE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cursor.h"
#include "core/base/err.h"

#define STATE_MAX (256U << 20) /* bytes; a million fids of shares are far less */

struct state {
    bool loading, bad;
    struct err why;
    struct cursor in; /* loading */
    uint8_t *out;     /* saving */
    size_t len, room;
};

void state_save(struct state *s); /* an empty one, to save into; state_release frees `out` */
void state_load(struct state *s, const void *bytes, size_t len); /* borrowed */
void state_release(struct state *s);
/* -EINVAL (or what went wrong) when it is bad, or when something loaded is left over. */
int state_finish(struct state *s, struct err *e);

void state_u8(struct state *s, uint8_t *v);
void state_u16(struct state *s, uint16_t *v);
void state_u32(struct state *s, uint32_t *v);
void state_u64(struct state *s, uint64_t *v);
void state_bool(struct state *s, bool *v); /* a byte that is neither 0 nor 1 is refused */
void state_bytes(struct state *s, void *bytes, size_t len);
/* A count that may not exceed `max`; 0 when it does. */
void state_count(struct state *s, uint32_t *n, uint32_t max);
/* Text with its length before it; `room` with the NUL.  A NUL inside is refused. */
void state_text(struct state *s, char *text, size_t room);
/* Four letters at the begin of a part: a file whose parts are mixed up is told as that. */
void state_section(struct state *s, const char tag[4]);
/* What is loaded must be what this machine has: `what` names it in the refusal. */
void state_same(struct state *s, uint64_t mine, const char *what);

/* The first reason stands. */
void state_refuse(struct state *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

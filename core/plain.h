/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that is safe to show: bytes of guests, files and file names without what moves a cursor.
 *
 * Control characters (C0, DEL, C1) and what is not UTF-8 become '?', escape sequences vanish as a
 * whole, tabs and newlines become spaces unless kept.
 */
#ifndef CORE_PLAIN_H
#define CORE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Copies at most `size` - 1 bytes, never half a character, always ends in NUL. */
void plain_copy(char *to, size_t size, const char *from, size_t len, bool keep_newlines);
/* For a whole string; the caller frees. */
char *plain_dup(const char *from, bool keep_newlines);

#endif

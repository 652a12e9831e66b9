/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that holds the state of a machine (core/base/state.h):
 *
 *     "LXTOPSNP"   le32 version   le32 length of the body   machine type, 16 bytes   body   SHA-256
 *
 * The digest is over all before it.  It tells damage, not an enemy: who can write the file can write its
 * digest, too, so whatever comes out of the body is checked all the same.
 */
#ifndef VMM_STATE_FILE_H
#define VMM_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct state;

#define STATE_FILE_VERSION 2
#define STATE_FILE_MACHINE "lxtop-x86-1" /* addresses, interrupts and chips of a machine; changes with them */
#define STATE_FILE_OVERHEAD (8 + 4 + 4 + 16 + 32)

/* A file's bytes around the saved `s`; the caller frees.  NULL: `s` is bad, or no memory. */
uint8_t *state_file_wrap(struct state *s, size_t *len, struct err *e);
/* To load the body from a file's bytes, which are borrowed: 0, or -EINVAL and what is wrong with it. */
int state_file_open(struct state *s, const void *bytes, size_t len, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lxtop and lxtop-guest say to each other about one session: a shell or a command in a distro.
 *
 * A session is one connection to the guest's vsock port GUEST_SESSION_PORT, in frames: type and length of the
 * payload, 32 bits each, then the payload; every number is little-endian.
 *
 *   host to guest                                    guest to host
 *   START   first, once: struct session_start        STDOUT  bytes (with a terminal: all output)
 *   STDIN   bytes; none of them: the end             STDERR  bytes
 *   RESIZE  rows, columns, 16 bits each              ROOM    32 bits: so many more bytes of STDIN
 *   SIGNAL  32 bits: a number of signal(7)           EXIT    32 bits each: killed (0, 1), status or signal
 *                                                    FAIL    text: nothing was started
 *
 * Output waits for the reader by the stream itself.  Input does not: the host has SESSION_WINDOW bytes of
 * STDIN at first and what ROOM adds, so that a command that reads nothing holds up no signal.  EXIT and
 * FAIL are the last frame.  A connection that ends without one ends the session: SIGHUP to all of it.
 */
#ifndef CORE_BASE_SESSION_MSG_H
#define CORE_BASE_SESSION_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define SESSION_VERSION 1
#define SESSION_HEADER 8
#define SESSION_DATA_MAX 65536u       /* payload of STDIN, STDOUT, STDERR */
#define SESSION_START_MAX (1u << 20)  /* payload of START */
#define SESSION_WINDOW (256u << 10)
#define SESSION_STRINGS_MAX 4096u     /* arguments, and as many variables */
#define SESSION_SIGNAL_MAX 64

enum session_type {
    SESSION_START = 1, SESSION_STDIN, SESSION_RESIZE, SESSION_SIGNAL,
    SESSION_STDOUT, SESSION_STDERR, SESSION_ROOM, SESSION_EXIT, SESSION_FAIL,
    SESSION_TYPES
};
enum session_side { SESSION_HOST, SESSION_GUEST };

enum session_flag {
    SESSION_TTY = 1,     /* a terminal of rows and columns; else three pipes */
    SESSION_CWD_MUST = 2, /* a working folder that is not there is an error, and not the home instead */
    SESSION_KERNEL_LOG = 4, /* no command: the kernel's log, a record a line */
    SESSION_FOLLOW = 8 /* ... and what comes later */
};
/*
 * On the wire: version and flags (32 bits each), rows and cols (16 each), numbers of variables and of
 * arguments (32 each), then texts that end in a NUL: user, cwd, the variables, the arguments.
 */
struct session_start {
    uint32_t flags;
    uint16_t rows, cols;
    const char *user; /* name or number; "": the distro's default */
    const char *cwd;  /* "": home; "~" and "~/..." from there */
    char **env;       /* "NAME=VALUE", ends in NULL */
    char **argv;      /* ends in NULL; none at all: the user's login shell */
};

struct session_frame {
    enum session_type type;
    const uint8_t *bytes; /* borrowed until the reader is filled again */
    size_t len;
};

/* --- writing --- */

/* The header of a frame. */
void session_header(uint8_t to[SESSION_HEADER], enum session_type type, size_t len);
/* Whole frames of fixed size: their length. */
#define SESSION_SMALL (SESSION_HEADER + 8)
size_t session_put_resize(uint8_t to[SESSION_SMALL], uint16_t rows, uint16_t cols);
size_t session_put_number(uint8_t to[SESSION_SMALL], enum session_type type, uint32_t number);
size_t session_put_exit(uint8_t to[SESSION_SMALL], bool killed, uint32_t value);
/* The frame of a START, *len bytes; the caller frees.  NULL: too large, or no memory. */
uint8_t *session_put_start(const struct session_start *s, size_t *len, struct err *e);

/* --- reading --- */

/* Frames out of a stream, for the side that reads them.  All zeroes and `side` is a fresh one. */
struct session_reader {
    enum session_side side;
    uint8_t *bytes; /* owned */
    size_t len, room, used;
};
void session_reader_release(struct session_reader *r);
/* Where the next bytes of the stream go: at least one byte of room, or NULL for lack of memory. */
uint8_t *session_reader_space(struct session_reader *r, size_t *room);
void session_reader_filled(struct session_reader *r, size_t n);
/* 1 and a frame, its length judged; 0: not whole yet; -EPROTO: this is no frame that side may get. */
int session_reader_next(struct session_reader *r, struct session_frame *f);

/* The payload of a START; its texts borrow from the frame, its two lists are owned. */
int session_get_start(const struct session_frame *f, struct session_start *s, struct err *e);
void session_start_release(struct session_start *s);
/* Of a frame whose length session_reader_next has judged. */
void session_get_resize(const struct session_frame *f, uint16_t *rows, uint16_t *cols);
uint32_t session_get_number(const struct session_frame *f);
void session_get_exit(const struct session_frame *f, bool *killed, uint32_t *value);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 9P session over a connected stream socket (Unix, vsock).
 *
 * One thread reads; replies are written by whoever finished them, many in one call.  A client that
 * reads no replies stalls only itself, and holds at most `bytes_max` of buffers: then no more of its
 * requests are read.  A message with an impossible size ends the connection.
 */
#ifndef P9_TRANSPORT_STREAM_H
#define P9_TRANSPORT_STREAM_H

#include "p9/server.h"

struct p9_stream;

/* Takes `fd` (also when it fails).  bytes_max 0: sixteen messages' worth. */
struct p9_stream *p9_stream_start(int fd, const struct p9_export *x, size_t bytes_max, struct err *e);
/* True once the client is gone: only p9_stream_stop is left to do. */
bool p9_stream_ended(struct p9_stream *t);
/* Ends the connection, waits for what runs, frees all. NULL allowed. */
void p9_stream_stop(struct p9_stream *t);
/* Waits until the client is gone, then as stop. */
void p9_stream_join(struct p9_stream *t);
void p9_stream_stats(struct p9_stream *t, struct p9_session_stats *st);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client of a session holds, both ways (core/base/state.h): the agreed size of messages, and each
 * fid with the place of its file beneath the share, its identity and how it was opened.
 *
 * No request runs meanwhile.  When it is loaded, each file is looked for at its place and opened again.  A fid
 * whose file is not there any more, is another one or may not be opened answers ESTALE from then on, until
 * it is clunked; the others go on.  Attributes that were on their way (Txattrwalk, Txattrcreate) are lost so,
 * too, and the locks that the client had on the host's files are free.
 */
#ifndef P9_CONTEXT_STATE_H
#define P9_CONTEXT_STATE_H

struct p9_context;
struct state;

void p9_context_state(struct p9_context *c, struct state *s);

#endif

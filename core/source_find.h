/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a distro could be installed from on this machine: the embedded one, and archives that lie about
 * where people keep them (here, in the home, its Downloads, lxtop's cache).
 */
#ifndef CORE_SOURCE_FIND_H
#define CORE_SOURCE_FIND_H

#include <stdbool.h>

struct core;

/* Looks on a thread (aside.h), unless one does, and then fills model.sources anew.  False: for lack of memory it does not. */
bool source_find(struct core *c);
/* Nothing is filled any more; waits for nothing. */
void source_find_end(struct core *c);

#endif

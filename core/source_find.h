/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a distro could be installed from on this machine: the embedded one, and archives that lie about
 * where people keep them (here, in the home, its Downloads, lxtop's cache).
 */
#ifndef CORE_SOURCE_FIND_H
#define CORE_SOURCE_FIND_H

#include <stdbool.h>

struct core;

/* Looks on a thread of libuv's and then fills model.sources anew. Several at once are harmless.  False: it does not. */
bool source_find(struct core *c);

#endif

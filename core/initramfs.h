/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initramfs: lxtop-guest as /init and the modules a modular kernel needs to find its root.
 *
 * An uncompressed newc archive (unpacking would cost boot time), the same bytes for the same inputs,
 * kept in the cache under a hash of what made it.
 */
#ifndef CORE_INITRAMFS_H
#define CORE_INITRAMFS_H

#include "config/paths.h"

struct err;

/* `modules` NULL-terminated, in load order; *path: the archive, the caller frees. */
int initramfs_make(const struct paths *p, const char *guest, char *const *modules, char **path,
                   struct err *e);

#endif

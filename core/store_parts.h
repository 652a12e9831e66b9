/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the store share: store.h. */
#ifndef CORE_STORE_PARTS_H
#define CORE_STORE_PARTS_H

#include "core/store.h"

/* Before the name of a folder in distros/: an install under way, and one that is being removed. */
#define NEW_PREFIX ".new-"
#define OLD_PREFIX ".old-"

/* $data/distros/PREFIX NAME; the caller frees, NULL: no memory. */
char *store_folder(const struct paths *p, const char *prefix, const char *name);
/* FOLDER/distro.conf, at once or not at all. */
int store_write_conf(const char *folder, const char *source, const char *format, time_t installed,
                     const struct options *o, struct err *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the files of a new distro come from: one row a kind of source, each of which copies a root
 * file system into an image.
 */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include <stdint.h>

struct err;
struct ext4;

/* Progress in bytes of the source; nonzero means: stop with -ECANCELED. */
struct source_progress {
    int (*fn)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};
/* Tells the progress; -ECANCELED when the listener says stop. */
int source_tell(const struct source_progress *p, uint64_t done, uint64_t total, struct err *e);

/* Copies `source` ("busybox", a tar, a folder) into the image. */
int source_copy(const char *source, struct ext4 *x, const struct source_progress *p, struct err *e);

int source_copy_archive(const char *path, struct ext4 *x, const struct source_progress *p,
                        struct err *e);
int source_copy_folder(const char *path, struct ext4 *x, const struct source_progress *p,
                       struct err *e);
/* The distro that lxtop brings itself, made of Debian's busybox-static. */
int source_copy_busybox(const char *name, struct ext4 *x, const struct source_progress *p,
                        struct err *e);

#endif

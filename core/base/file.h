/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that survive kill -9: whole reads, atomic writes, locks, trees.
 *
 * Errors are -errno with a message that names the path.
 */
#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

/*
 * Whole file into a new buffer (caller frees) with a NUL after it; refuses files over `max` bytes, and what is no
 * regular file: it never waits for another program.
 */
int file_read(const char *path, size_t max, char **text, size_t *len, struct err *e);

/* Temporary name beside `path`, write, fsync, rename, fsync of the folder: old or new, never half. */
int file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e);

/* Writes or reads all of `len`, however many calls it takes; a short read is -EIO. */
int file_write_all(int fd, const void *bytes, size_t len, struct err *e);
int file_read_all(int fd, void *bytes, size_t len, struct err *e);

/*
 * Opens (creating, 0600) and takes an exclusive OFD lock: the kernel frees it when the last
 * descriptor goes, so a dead owner leaves none; and unlike flock it can be asked about without
 * being taken.  Returns the descriptor, or -EAGAIN when another process holds it.
 */
int file_lock(const char *path, struct err *e);
/* Is the lock of file_lock taken by somebody?  A file that is not there is not locked. */
bool file_is_locked(const char *path);

/* mkdir -p; folders made get `mode`.  -ENOTDIR when something else has the name. */
int file_mkdirs(const char *path, mode_t mode, struct err *e);
/* rm -r; what is not there is no error. Never follows a symbolic link. */
int file_remove_tree(const char *path, struct err *e);
int file_fsync_dir(const char *path, struct err *e);

/* asprintf that returns NULL for lack of memory; the caller frees. */
char *file_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

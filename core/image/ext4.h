/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a fresh ext4 file system into a sparse image, as an ordinary user, over libext2fs.
 *
 * Entries come in any order by their path in the image; missing parents are made (root's, 0755).  A
 * parent that is a symbolic link is followed inside the image, as distributions with /bin -> usr/bin
 * need; nothing can lead out of it, because no path of the host is ever opened.  Names are kept in
 * memory and the folders written at the end, so that a folder of many thousand files costs no more
 * than its size.  An entry that comes again replaces the earlier one.
 *
 * After an error the image is worth nothing: ext4_free and delete the file.
 */
#ifndef CORE_EXT4_H
#define CORE_EXT4_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct err;
struct ext4;

struct ext4_attr {
    mode_t mode; /* with the file type */
    uint32_t uid, gid;
    struct timespec atime, mtime;
    dev_t device; /* of device nodes */
};

/* Creates the file (which must not exist) and an empty file system of `size` bytes in it. */
struct ext4 *ext4_new(const char *path, uint64_t size, struct err *e);
/* Writes all out; afterwards only ext4_free. */
int ext4_finish(struct ext4 *x, struct err *e);
void ext4_free(struct ext4 *x);

/*
 * A folder, file, device node, fifo or socket; or with `target` a symbolic link.  -EINVAL for a path
 * that is absolute or has ".." in it.  A file is empty until ext4_write.
 */
int ext4_add(struct ext4 *x, const char *path, const struct ext4_attr *a, const char *target,
             struct err *e);
/* Another name for a file that was added before. */
int ext4_link(struct ext4 *x, const char *path, const char *existing, struct err *e);
/* Bytes of the file added last; what is skipped stays a hole. */
int ext4_write(struct ext4 *x, uint64_t offset, const void *bytes, size_t len, struct err *e);
/* Size of the file added last, when it ends in a hole. */
int ext4_set_size(struct ext4 *x, uint64_t size, struct err *e);
/*
 * Extended attributes of the entry added last, as getxattr(2) gives them; ACLs among them.  What is in no namespace of
 * Linux's (a Mac's com.apple.quarantine in a tar) is left out: no kernel would show it.
 */
struct ext4_xattr {
    const char *name;
    const void *value;
    size_t len;
};
int ext4_set_xattrs(struct ext4 *x, const struct ext4_xattr *list, size_t n, struct err *e);

/* Type bits of what a path leads to, symbolic links followed; 0 when there is nothing. */
mode_t ext4_type(struct ext4 *x, const char *path);

#endif

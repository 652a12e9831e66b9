/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the ext4 writer share; nobody else includes it.  Errors are libext2fs' own. */
#ifndef CORE_EXT4_PARTS_H
#define CORE_EXT4_PARTS_H

#include <ext2fs/ext2fs.h>

#include "core/image/ext4.h"
#include "core/image/image_tree.h"

#define BLOCK 4096U
#define INODE_SIZE 256

struct ext4 {
    ext2_filsys fs;
    struct image_tree tree;
    struct image_node *last;  /* the entry added last; NULL: none */
    ext2_file_t file;         /* open for writing: the entry added last */
    char *io;                 /* one block of zeroes and more, for folders */
};

/* ext4_format.c: a file system of `size` bytes with the folders / and /lost+found in an existing file. */
errcode_t ext4_format(const char *path, uint64_t size, ext2_filsys *fs);

/* ext4_folder.c: the entries of a folder, written once all are known. */
errcode_t ext4_write_folder(struct ext4 *x, const struct image_node *folder);

/* ext4_inode.c */
void ext4_fill_inode(struct ext2_inode_large *i, const struct ext4_attr *a);
errcode_t ext4_read_inode(struct ext4 *x, ext2_ino_t ino, struct ext2_inode_large *i);
errcode_t ext4_write_inode(struct ext4 *x, ext2_ino_t ino, struct ext2_inode_large *i);
errcode_t ext4_change_attr(struct ext4 *x, ext2_ino_t ino, const struct ext4_attr *a);
errcode_t ext4_make_inode(struct ext4 *x, ext2_ino_t parent, const struct ext4_attr *a, ext2_ino_t *ino);
errcode_t ext4_make_symlink(struct ext4 *x, ext2_ino_t parent, const struct ext4_attr *a, const char *target,
                            ext2_ino_t *ino);
/* All of the inode, not only its fields: the attributes behind them would pass to the next file. */
errcode_t ext4_clear_inode(struct ext4 *x, ext2_ino_t ino);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/image/ext4_parts.h"

static uint8_t file_type(mode_t type)
{
    static const struct {
        mode_t type;
        uint8_t code;
    } table[] = {{S_IFREG, EXT2_FT_REG_FILE}, {S_IFDIR, EXT2_FT_DIR},   {S_IFCHR, EXT2_FT_CHRDEV},
                 {S_IFBLK, EXT2_FT_BLKDEV},   {S_IFIFO, EXT2_FT_FIFO},  {S_IFSOCK, EXT2_FT_SOCK},
                 {S_IFLNK, EXT2_FT_SYMLINK}};

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].type == type)
            return table[i].code;
    return EXT2_FT_UNKNOWN;
}

/* A block of directory entries under construction; the checksum's tail is kept free. */
struct folder {
    struct ext4 *x;
    ext2_ino_t ino;
    blk64_t block;             /* logical number */
    unsigned used, last;       /* bytes used; where the last entry begins */
};

static unsigned room_for(size_t name_len)
{
    return (unsigned)((8 + name_len + 3) & ~3UL);
}

/* The last entry takes the rest of the block. */
static errcode_t flush_block(struct folder *f)
{
    ext2_filsys fs = f->x->fs;
    unsigned end = BLOCK - (unsigned)sizeof(struct ext2_dir_entry_tail);
    struct ext2_dir_entry *last = (void *)(f->x->io + f->last);
    blk64_t physical = 0;
    errcode_t r;

    last->rec_len = (uint16_t)(end - f->last);
    ext2fs_initialize_dirent_tail(fs, EXT2_DIRENT_TAIL(f->x->io, BLOCK));
    r = ext2fs_bmap2(fs, f->ino, NULL, NULL, BMAP_ALLOC, f->block, NULL, &physical);
    if (!r)
        r = ext2fs_write_dir_block4(fs, physical, f->x->io, 0, f->ino);
    memset(f->x->io, 0, BLOCK);
    f->block++;
    f->used = f->last = 0;
    return r;
}

static errcode_t put_name(struct folder *f, const char *name, ext2_ino_t ino, mode_t type)
{
    size_t len = strlen(name);
    struct ext2_dir_entry_2 *d;
    errcode_t r = 0;

    if (f->used + room_for(len) > BLOCK - sizeof(struct ext2_dir_entry_tail))
        r = flush_block(f);
    d = (void *)(f->x->io + f->used);
    d->inode = ino;
    d->rec_len = (uint16_t)room_for(len);
    d->name_len = (uint8_t)len;
    d->file_type = file_type(type);
    memcpy(d->name, name, len);
    f->last = f->used;
    f->used += room_for(len);
    return r;
}

errcode_t ext4_write_folder(struct ext4 *x, const struct image_node *n)
{
    struct folder f = {.x = x, .ino = n->ino};
    struct ext2_inode_large i;
    errcode_t r = put_name(&f, ".", n->ino, S_IFDIR);

    if (!r)
        r = put_name(&f, "..", n->parent ? n->parent->ino : n->ino, S_IFDIR);
    for (const struct image_node *c = n->first_child; !r && c; c = c->next)
        r = put_name(&f, c->name, c->ino, c->type);
    if (!r)
        r = flush_block(&f);
    if (!r)
        r = ext4_read_inode(x, n->ino, &i);
    if (r || EXT2_I_SIZE(&i) >= f.block * BLOCK)
        return r;
    r = ext2fs_inode_size_set(x->fs, (struct ext2_inode *)&i, (ext2_off64_t)(f.block * BLOCK));
    return r ? r : ext4_write_inode(x, n->ino, &i);
}

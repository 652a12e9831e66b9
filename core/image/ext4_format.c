/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/uuid.h"
#include "core/image/ext4_parts.h"

#define INODE_RATIO 16384
#define LOST_FOUND_BLOCKS 4

static void fill_super(struct ext2_super_block *s, uint64_t size)
{
    memset(s, 0, sizeof(*s));
    s->s_rev_level = 1;
    s->s_log_block_size = 2; /* 4 KiB */
    s->s_log_cluster_size = 2;
    s->s_inode_size = INODE_SIZE;
    s->s_log_groups_per_flex = 4;
    s->s_desc_size = EXT2_MIN_DESC_SIZE_64BIT;
    s->s_errors = EXT2_ERRORS_CONTINUE;
    ext2fs_blocks_count_set(s, size / BLOCK);
    ext2fs_r_blocks_count_set(s, size / BLOCK / 100); /* one per cent for root */
    s->s_inodes_count = size / INODE_RATIO < UINT32_MAX ? (uint32_t)(size / INODE_RATIO) : UINT32_MAX;
    ext2fs_set_feature_journal(s);
    ext2fs_set_feature_xattr(s);
    ext2fs_set_feature_resize_inode(s);
    ext2fs_set_feature_dir_index(s);
    ext2fs_set_feature_filetype(s);
    ext2fs_set_feature_extents(s);
    ext2fs_set_feature_64bit(s);
    ext2fs_set_feature_flex_bg(s);
    ext2fs_set_feature_sparse_super(s);
    ext2fs_set_feature_large_file(s);
    ext2fs_set_feature_huge_file(s);
    ext2fs_set_feature_dir_nlink(s);
    ext2fs_set_feature_extra_isize(s);
    ext2fs_set_feature_metadata_csum(s);
}

static void personalise(ext2_filsys fs)
{
    struct ext2_super_block *s = fs->super;

    s->s_max_mnt_count = -1;
    s->s_checksum_type = EXT2_CRC32C_CHKSUM; /* ext2fs_initialize does not take it over */
    s->s_def_hash_version = EXT2_HASH_HALF_MD4;
    s->s_flags |= EXT2_FLAGS_UNSIGNED_HASH;
    s->s_min_extra_isize = s->s_want_extra_isize = 32;
    s->s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
    s->s_mkfs_time = (uint32_t)time(NULL);
    if (!uuid_fresh(s->s_uuid) || getrandom(s->s_hash_seed, sizeof(s->s_hash_seed), 0) < 0)
        return; /* never for so few bytes */
    ext2fs_init_csum_seed(fs);
}

/* The image is sparse, so the inode tables are zero without being written. */
static void mark_tables_zeroed(ext2_filsys fs)
{
    for (dgrp_t g = 0; g < fs->group_desc_count; g++) {
        ext2fs_bg_flags_set(fs, g, EXT2_BG_INODE_ZEROED);
        ext2fs_group_desc_csum_set(fs, g);
    }
}

static errcode_t make_lost_found(ext2_filsys fs)
{
    ext2_ino_t ino;
    errcode_t r = ext2fs_mkdir(fs, EXT2_ROOT_INO, 0, "lost+found");

    if (!r)
        r = ext2fs_lookup(fs, EXT2_ROOT_INO, "lost+found", 10, NULL, &ino);
    for (int i = 1; !r && i < LOST_FOUND_BLOCKS; i++)
        r = ext2fs_expand_dir(fs, ino);
    return r;
}

static errcode_t reserve_inodes(ext2_filsys fs)
{
    for (ext2_ino_t i = EXT2_ROOT_INO + 1; i < EXT2_FIRST_INODE(fs->super); i++)
        ext2fs_inode_alloc_stats2(fs, i, +1, 0);
    ext2fs_inode_alloc_stats2(fs, EXT2_BAD_INO, +1, 0);
    ext2fs_mark_ib_dirty(fs);
    return ext2fs_update_bb_inode(fs, NULL);
}

static errcode_t make_journal(ext2_filsys fs)
{
    int blocks = ext2fs_default_journal_size(ext2fs_blocks_count(fs->super));

    if (blocks <= 0) {
        ext2fs_clear_feature_journal(fs->super);
        return 0;
    }
    return ext2fs_add_journal_inode2(fs, (blk_t)blocks, ~0ULL,
                                     EXT2_MKJOURNAL_LAZYINIT | EXT2_MKJOURNAL_NO_MNT_CHECK);
}

static errcode_t make_empty(ext2_filsys fs)
{
    errcode_t r;

    personalise(fs);
    r = ext2fs_allocate_tables(fs);
    if (!r)
        r = ext2fs_mkdir(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, NULL);
    if (!r)
        r = reserve_inodes(fs);
    if (!r)
        r = make_lost_found(fs);
    if (!r)
        r = ext2fs_create_resize_inode(fs);
    if (!r)
        r = make_journal(fs);
    mark_tables_zeroed(fs);
    return r;
}

errcode_t ext4_format(const char *path, uint64_t size, ext2_filsys *fs)
{
    struct ext2_super_block super;
    errcode_t r;

    fill_super(&super, size);
    r = ext2fs_initialize(path, EXT2_FLAG_64BITS, &super, unix_io_manager, fs);
    return r ? r : make_empty(*fs);
}

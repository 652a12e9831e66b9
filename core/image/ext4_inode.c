/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "core/image/ext4_parts.h"

#define TIME_MIN (-0x80000000LL)
#define TIME_MAX 0x37fffffffLL

/*
 * ext4: 34 bits of seconds, the upper two and the nanoseconds in the extra word (ext4.h of Linux, the
 * table at ext4_encode_extra_time).  An archive may say any time.
 */
static void set_time(uint32_t *seconds, uint32_t *extra, const struct timespec *t)
{
    int64_t s = t->tv_sec < TIME_MIN ? TIME_MIN : t->tv_sec > TIME_MAX ? TIME_MAX : t->tv_sec;
    uint32_t ns = t->tv_nsec >= 0 && t->tv_nsec < 1000000000 ? (uint32_t)t->tv_nsec : 0;

    *seconds = (uint32_t)s;
    *extra = ns << 2 | (uint32_t)((s - (int32_t)s) >> 32 & 3);
}

void ext4_fill_inode(struct ext2_inode_large *i, const struct ext4_attr *a)
{
    i->i_mode = (uint16_t)a->mode;
    i->i_uid = (uint16_t)a->uid;
    i->osd2.linux2.l_i_uid_high = (uint16_t)(a->uid >> 16);
    i->i_gid = (uint16_t)a->gid;
    i->osd2.linux2.l_i_gid_high = (uint16_t)(a->gid >> 16);
    i->i_extra_isize = 32;
    set_time(&i->i_atime, &i->i_atime_extra, &a->atime);
    set_time(&i->i_mtime, &i->i_mtime_extra, &a->mtime);
    set_time(&i->i_ctime, &i->i_ctime_extra, &a->mtime);
    set_time(&i->i_crtime, &i->i_crtime_extra, &a->mtime);
}

errcode_t ext4_read_inode(struct ext4 *x, ext2_ino_t ino, struct ext2_inode_large *i)
{
    memset(i, 0, sizeof(*i));
    return ext2fs_read_inode_full(x->fs, ino, (struct ext2_inode *)i, sizeof(*i));
}

errcode_t ext4_write_inode(struct ext4 *x, ext2_ino_t ino, struct ext2_inode_large *i)
{
    return ext2fs_write_inode_full(x->fs, ino, (struct ext2_inode *)i, sizeof(*i));
}

errcode_t ext4_change_attr(struct ext4 *x, ext2_ino_t ino, const struct ext4_attr *a)
{
    struct ext2_inode_large i;
    errcode_t r = ext4_read_inode(x, ino, &i);

    if (r)
        return r;
    ext4_fill_inode(&i, a);
    return ext4_write_inode(x, ino, &i);
}

/* Device numbers as the kernel keeps them: old form where it fits (ext4's inode.c). */
static void set_device(struct ext2_inode_large *i, dev_t device)
{
    unsigned major = major(device), minor = minor(device);

    if (major < 256 && minor < 256)
        i->i_block[0] = major << 8 | minor;
    else
        i->i_block[1] = (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

errcode_t ext4_make_inode(struct ext4 *x, ext2_ino_t parent, const struct ext4_attr *a,
                            ext2_ino_t *ino)
{
    struct ext2_inode_large i = {0};
    bool folder = S_ISDIR(a->mode);
    errcode_t r = ext2fs_new_inode(x->fs, parent, (int)a->mode, NULL, ino);
    ext2_extent_handle_t extents;

    if (r)
        return r;
    ext2fs_inode_alloc_stats2(x->fs, *ino, +1, folder);
    ext4_fill_inode(&i, a);
    i.i_links_count = folder ? 2 : 1;
    if (S_ISCHR(a->mode) || S_ISBLK(a->mode))
        set_device(&i, a->device);
    if (folder || S_ISREG(a->mode)) { /* an empty extent tree */
        r = ext2fs_extent_open2(x->fs, *ino, (struct ext2_inode *)&i, &extents);
        if (r)
            return r;
        ext2fs_extent_free(extents);
    }
    return ext4_write_inode(x, *ino, &i);
}

errcode_t ext4_make_symlink(struct ext4 *x, ext2_ino_t parent, const struct ext4_attr *a,
                              const char *target, ext2_ino_t *ino)
{
    errcode_t r = ext2fs_new_inode(x->fs, parent, LINUX_S_IFLNK | 0777, NULL, ino);

    if (!r)
        r = ext2fs_symlink(x->fs, parent, *ino, NULL, target);
    return r ? r : ext4_change_attr(x, *ino, a);
}

errcode_t ext4_clear_inode(struct ext4 *x, ext2_ino_t ino)
{
    union {
        struct ext2_inode_large fields;
        char bytes[INODE_SIZE];
    } i = {.bytes = {0}};

    i.fields.i_dtime = (uint32_t)time(NULL);
    return ext2fs_write_inode_full(x->fs, ino, (struct ext2_inode *)&i.fields, sizeof(i));
}

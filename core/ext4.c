/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/ext4.h"

#include <errno.h>
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/image_tree.h"

#define BLOCK 4096U
#define INODE_SIZE 256
#define INODE_RATIO 16384
#define LOST_FOUND_BLOCKS 4

struct ext4 {
    ext2_filsys fs;
    struct image_tree tree;
    struct image_node *last;  /* the entry added last; NULL: none */
    ext2_file_t file;         /* open for writing: the entry added last */
    char *io;                 /* one block of zeroes and more, for folders */
};

/* libext2fs' errors in lxtop's words where they are the person's business. */
static int fail(struct ext4 *x, errcode_t code, struct err *e, const char *what)
{
    unsigned long long size = x->fs ? ext2fs_blocks_count(x->fs->super) * (uint64_t)BLOCK : 0;

    if (code == EXT2_ET_BLOCK_ALLOC_FAIL || code == EXT2_ET_INODE_ALLOC_FAIL)
        return err_set(e, ENOSPC, "it does not fit on a disk of %llu MiB; give a larger disk_size",
                       size >> 20);
    if (code == ENOSPC || code == EDQUOT)
        return err_set(e, ENOSPC, "the host's disk is full");
    if (code == EXT2_ET_FILE_TOO_BIG)
        return err_set(e, EFBIG, "%s: too large for a disk of %llu MiB", what, size >> 20);
    if (code == EXT2_ET_NO_MEMORY)
        return err_sys(e, ENOMEM, "%s", what);
    return err_set(e, EIO, "%s: %s", what, error_message(code));
}

/* --- an empty file system --- */

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
    if (getrandom(s->s_uuid, sizeof(s->s_uuid), 0) < 0 ||
        getrandom(s->s_hash_seed, sizeof(s->s_hash_seed), 0) < 0)
        return; /* never for so few bytes */
    s->s_uuid[6] = (s->s_uuid[6] & 0x0f) | 0x40; /* RFC 4122, version 4 */
    s->s_uuid[8] = (s->s_uuid[8] & 0x3f) | 0x80;
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

static int create_file(const char *path, uint64_t size, struct err *e)
{
    auto_close int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_sys(e, errno, "create %s", path);
    if (ftruncate(fd, (off_t)size) < 0 && errno == EFBIG)
        return err_set(e, EFBIG, "no file of this host's file system can hold a disk of %llu MiB; give a "
                       "smaller disk_size", (unsigned long long)size >> 20);
    if (ftruncate(fd, (off_t)size) < 0)
        return err_sys(e, errno, "a disk of %llu MiB", (unsigned long long)size >> 20);
    return 0;
}

static int open_tree(struct ext4 *x, struct err *e)
{
    ext2_ino_t lost_found;
    int r = tree_init(&x->tree, EXT2_ROOT_INO, e);

    if (r < 0)
        return r;
    x->io = calloc(1, BLOCK);
    if (!x->io ||
        ext2fs_lookup(x->fs, EXT2_ROOT_INO, "lost+found", 10, NULL, &lost_found) != 0 ||
        !tree_add(&x->tree, x->tree.root, "lost+found", lost_found, S_IFDIR, NULL))
        return err_sys(e, ENOMEM, "image");
    return 0;
}

struct ext4 *ext4_new(const char *path, uint64_t size, struct err *e)
{
    struct ext2_super_block super;
    struct ext4 *x = calloc(1, sizeof(*x));
    errcode_t r;

    initialize_ext2_error_table();
    if (!x) {
        err_sys(e, ENOMEM, "image");
        return NULL;
    }
    size &= ~(uint64_t)(BLOCK - 1);
    if (create_file(path, size, e) < 0)
        goto fail;
    fill_super(&super, size);
    r = ext2fs_initialize(path, EXT2_FLAG_64BITS, &super, unix_io_manager, &x->fs);
    if (!r)
        r = make_empty(x->fs);
    if (r) {
        fail(x, r, e, "make a file system");
        goto fail;
    }
    if (open_tree(x, e) == 0)
        return x;
fail:
    ext4_free(x);
    return NULL;
}

void ext4_free(struct ext4 *x)
{
    if (!x)
        return;
    if (x->file)
        ext2fs_file_close(x->file);
    if (x->fs)
        ext2fs_free(x->fs); /* after ext4_finish all is written; before, it is worth nothing */
    if (x->tree.root)
        tree_release(&x->tree);
    free(x->io);
    free(x);
}

/* --- inodes --- */

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

static void fill_inode(struct ext2_inode_large *i, const struct ext4_attr *a)
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

static errcode_t read_inode(struct ext4 *x, ext2_ino_t ino, struct ext2_inode_large *i)
{
    memset(i, 0, sizeof(*i));
    return ext2fs_read_inode_full(x->fs, ino, (struct ext2_inode *)i, sizeof(*i));
}

static errcode_t write_inode(struct ext4 *x, ext2_ino_t ino, struct ext2_inode_large *i)
{
    return ext2fs_write_inode_full(x->fs, ino, (struct ext2_inode *)i, sizeof(*i));
}

static errcode_t change_attr(struct ext4 *x, ext2_ino_t ino, const struct ext4_attr *a)
{
    struct ext2_inode_large i;
    errcode_t r = read_inode(x, ino, &i);

    if (r)
        return r;
    fill_inode(&i, a);
    return write_inode(x, ino, &i);
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

static errcode_t make_inode(struct ext4 *x, ext2_ino_t parent, const struct ext4_attr *a,
                            ext2_ino_t *ino)
{
    struct ext2_inode_large i = {0};
    bool folder = S_ISDIR(a->mode);
    errcode_t r = ext2fs_new_inode(x->fs, parent, (int)a->mode, NULL, ino);
    ext2_extent_handle_t extents;

    if (r)
        return r;
    ext2fs_inode_alloc_stats2(x->fs, *ino, +1, folder);
    fill_inode(&i, a);
    i.i_links_count = folder ? 2 : 1;
    if (S_ISCHR(a->mode) || S_ISBLK(a->mode))
        set_device(&i, a->device);
    if (folder || S_ISREG(a->mode)) { /* an empty extent tree */
        r = ext2fs_extent_open2(x->fs, *ino, (struct ext2_inode *)&i, &extents);
        if (r)
            return r;
        ext2fs_extent_free(extents);
    }
    return write_inode(x, *ino, &i);
}

static errcode_t make_symlink(struct ext4 *x, ext2_ino_t parent, const struct ext4_attr *a,
                              const char *target, ext2_ino_t *ino)
{
    errcode_t r = ext2fs_new_inode(x->fs, parent, LINUX_S_IFLNK | 0777, NULL, ino);

    if (!r)
        r = ext2fs_symlink(x->fs, parent, *ino, NULL, target);
    return r ? r : change_attr(x, *ino, a);
}

/* --- entries --- */

static int close_file(struct ext4 *x, struct err *e)
{
    errcode_t r = x->file ? ext2fs_file_close(x->file) : 0;

    x->file = NULL;
    x->last = NULL;
    return r ? fail(x, r, e, "write") : 0;
}

static int count_link(struct ext4 *x, ext2_ino_t ino, int by, struct err *e)
{
    struct ext2_inode_large i;
    errcode_t r = read_inode(x, ino, &i);

    /* Folders past the limit have the count 1: "more than can be said" (dir_nlink). */
    if (!r && S_ISDIR(i.i_mode) && (i.i_links_count == 1 || i.i_links_count + by >= EXT2_LINK_MAX))
        i.i_links_count = 1;
    else if (!r && i.i_links_count + by > EXT2_LINK_MAX)
        return err_set(e, EMLINK, "more than %d hard links to one file", EXT2_LINK_MAX);
    else
        i.i_links_count = (uint16_t)(i.i_links_count + by);
    if (!r)
        r = write_inode(x, ino, &i);
    return r ? fail(x, r, e, "count links") : 0;
}

/* All of the inode, not only its fields: the attributes behind them would pass to the next file. */
static errcode_t clear_inode(struct ext4 *x, ext2_ino_t ino)
{
    union {
        struct ext2_inode_large fields;
        char bytes[INODE_SIZE];
    } i = {.bytes = {0}};

    i.fields.i_dtime = (uint32_t)time(NULL);
    return ext2fs_write_inode_full(x->fs, ino, (struct ext2_inode *)&i.fields, sizeof(i));
}

/* The last name of a file goes: its blocks and inode are free again. */
static int drop_inode(struct ext4 *x, ext2_ino_t ino, struct err *e)
{
    struct ext2_inode_large i;
    errcode_t r = read_inode(x, ino, &i);

    if (!r && i.i_links_count > 1)
        return count_link(x, ino, -1, e);
    if (!r && ext2fs_inode_has_valid_blocks2(x->fs, (struct ext2_inode *)&i))
        r = ext2fs_punch(x->fs, ino, NULL, NULL, 0, ~0ULL);
    if (!r && i.i_file_acl)
        r = ext2fs_free_ext_attr(x->fs, ino, &i);
    if (r)
        return fail(x, r, e, "replace a file");
    ext2fs_inode_alloc_stats2(x->fs, ino, -1, 0);
    r = clear_inode(x, ino);
    return r ? fail(x, r, e, "replace a file") : 0;
}

static int add_entry(struct ext4 *x, struct image_node *parent, const char *name,
                     const struct ext4_attr *a, const char *target, struct err *e)
{
    ext2_ino_t ino = 0;
    errcode_t r = target ? make_symlink(x, parent->ino, a, target, &ino)
                         : make_inode(x, parent->ino, a, &ino);

    if (r)
        return fail(x, r, e, name);
    x->last = tree_add(&x->tree, parent, name, ino, a->mode & S_IFMT, target);
    if (!x->last)
        return err_sys(e, ENOMEM, "image");
    return S_ISDIR(a->mode) ? count_link(x, parent->ino, +1, e) : 0;
}

static int make_parent(void *ctx, struct image_node *parent, const char *name, struct err *e)
{
    struct ext4_attr a = {.mode = S_IFDIR | 0755};

    clock_gettime(CLOCK_REALTIME, &a.mtime);
    a.atime = a.mtime;
    return add_entry(ctx, parent, name, &a, NULL, e);
}

static int check_path(const char *path, struct err *e)
{
    const char *p = path;

    if (*path == '/')
        return err_set(e, EINVAL, "an absolute path");
    for (; *p; p += strspn(p, "/")) {
        size_t len = strcspn(p, "/");

        if (len == 2 && p[0] == '.' && p[1] == '.')
            return err_set(e, EINVAL, "a path with '..' in it");
        p += len;
    }
    return 0;
}

/* Finds the place of a path; what is there and not a folder is removed. *there: a folder that is. */
static int make_room(struct ext4 *x, const char *path, struct image_node **parent, char *name,
                     struct image_node **there, struct err *e)
{
    int r = check_path(path, e);

    *there = NULL;
    if (r == 0)
        r = close_file(x, e);
    if (r == 0)
        r = tree_walk(&x->tree, path, parent, name, make_parent, x, e);
    if (!*parent)
        return r;
    *there = *name ? tree_find(&x->tree, *parent, name) : x->tree.root;
    if (!*there || (*there)->type == S_IFDIR)
        return 0;
    r = drop_inode(x, (*there)->ino, e);
    tree_remove(&x->tree, *there);
    *there = NULL;
    return r;
}

int ext4_add(struct ext4 *x, const char *path, const struct ext4_attr *a, const char *target,
             struct err *e)
{
    char name[NAME_MAX + 1] = "";
    struct image_node *parent = NULL, *there;
    int r = make_room(x, path, &parent, name, &there, e);

    if (r < 0 || !parent)
        return err_wrap(e, "%.200s", path);
    if (there && !S_ISDIR(a->mode))
        return err_set(e, EEXIST, "%.200s: a folder of this name is there already", path);
    if (there) {
        errcode_t code = change_attr(x, there->ino, a);

        x->last = there;
        return code ? fail(x, code, e, path) : 0;
    }
    r = add_entry(x, parent, name, a, target, e);
    return r < 0 ? err_wrap(e, "%.200s", path) : 0;
}

/* Is `path` a name of this very node?  Then linking it there changes nothing. */
static bool leads_to(struct ext4 *x, const char *path, const struct image_node *n)
{
    char name[NAME_MAX + 1];
    struct image_node *parent;

    return tree_walk(&x->tree, path, &parent, name, NULL, NULL, NULL) == 0 &&
           tree_find(&x->tree, parent, name) == n;
}

int ext4_link(struct ext4 *x, const char *path, const char *existing, struct err *e)
{
    char name[NAME_MAX + 1] = "";
    struct image_node *parent = NULL, *there, *to_parent = NULL, *to = NULL;
    int r = check_path(existing, e);

    if (r == 0 && tree_walk(&x->tree, existing, &to_parent, name, NULL, NULL, NULL) == 0 && *name)
        to = tree_find(&x->tree, to_parent, name);
    if (r < 0)
        return err_wrap(e, "%.120s: a hard link to %.120s", path, existing);
    if (!to || to->type == S_IFDIR)
        return err_set(e, EINVAL, "%.120s: a hard link to %.120s, which is no file in it", path,
                       existing);
    if (check_path(path, e) < 0)
        return err_wrap(e, "%.200s", path);
    if (leads_to(x, path, to))
        return 0;
    r = count_link(x, to->ino, +1, e); /* first: the name replaced may be another one of the same */
    if (r == 0)
        r = make_room(x, path, &parent, name, &there, e);
    if (r == 0 && there)
        r = err_set(e, EEXIST, "a folder of this name is there already");
    if (r < 0)
        return err_wrap(e, "%.200s", path);
    x->last = tree_add(&x->tree, parent, name, to->ino, to->type, to->target);
    return x->last ? 0 : err_sys(e, ENOMEM, "image");
}

/* --- data --- */

static int open_file(struct ext4 *x, struct err *e)
{
    errcode_t r;

    if (x->file)
        return 0;
    if (!x->last || x->last->type != S_IFREG)
        return err_set(e, EINVAL, "data for what is not a file");
    r = ext2fs_file_open(x->fs, x->last->ino, EXT2_FILE_WRITE, &x->file);
    return r ? fail(x, r, e, x->last->name) : 0;
}

int ext4_write(struct ext4 *x, uint64_t offset, const void *bytes, size_t len, struct err *e)
{
    const char *p = bytes;
    errcode_t code = 0;
    int r = open_file(x, e);

    if (r < 0)
        return r;
    code = ext2fs_file_llseek(x->file, offset, EXT2_SEEK_SET, NULL);
    while (!code && len) {
        unsigned written, chunk = len < (1U << 20) ? (unsigned)len : 1U << 20;

        code = ext2fs_file_write(x->file, p, chunk, &written);
        p += written;
        len -= written;
    }
    return code ? fail(x, code, e, x->last->name) : 0;
}

int ext4_set_size(struct ext4 *x, uint64_t size, struct err *e)
{
    int r = open_file(x, e);
    errcode_t code;

    if (r < 0)
        return r;
    code = ext2fs_file_set_size2(x->file, (ext2_off64_t)size);
    return code ? fail(x, code, e, x->last->name) : 0;
}

int ext4_set_xattrs(struct ext4 *x, const struct ext4_xattr *list, size_t n, struct err *e)
{
    struct ext2_xattr_handle *h;
    struct image_node *last = x->last;
    errcode_t code;
    int r;

    if (!n || !last)
        return 0;
    r = close_file(x, e); /* a file open for writing keeps a copy of its inode */
    x->last = last;
    if (r < 0)
        return r;
    code = ext2fs_xattrs_open(x->fs, last->ino, &h);
    if (code)
        return fail(x, code, e, last->name);
    code = ext2fs_xattrs_read(h);
    for (size_t i = 0; !code && i < n; i++)
        code = ext2fs_xattr_set(h, list[i].name, list[i].value, list[i].len);
    if (!code)
        code = ext2fs_xattrs_write(h);
    ext2fs_xattrs_close(&h);
    return code ? fail(x, code, e, last->name) : 0;
}

mode_t ext4_type(struct ext4 *x, const char *path)
{
    struct image_node *n = tree_resolve(&x->tree, path);

    return n ? n->type : 0;
}

/* --- folders, at the end --- */

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

static errcode_t write_folder(struct ext4 *x, const struct image_node *n)
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
        r = read_inode(x, n->ino, &i);
    if (r || EXT2_I_SIZE(&i) >= f.block * BLOCK)
        return r;
    r = ext2fs_inode_size_set(x->fs, (struct ext2_inode *)&i, (ext2_off64_t)(f.block * BLOCK));
    return r ? r : write_inode(x, n->ino, &i);
}

/* The next node of the whole tree, parents first, without recursion. */
static const struct image_node *next_node(const struct image_node *n)
{
    if (n->first_child)
        return n->first_child;
    while (n && !n->next)
        n = n->parent;
    return n ? n->next : NULL;
}

static bool is_empty_lost_found(const struct image_node *n)
{
    return n->parent && !n->parent->parent && strcmp(n->name, "lost+found") == 0 && !n->first_child;
}

int ext4_finish(struct ext4 *x, struct err *e)
{
    errcode_t code = 0;
    int r = close_file(x, e);

    for (const struct image_node *n = x->tree.root; r == 0 && n && !code; n = next_node(n))
        if (n->type == S_IFDIR && !is_empty_lost_found(n))
            code = write_folder(x, n);
    if (r < 0)
        return r;
    if (!code) {
        ext2fs_mark_super_dirty(x->fs);
        code = ext2fs_flush(x->fs);
    }
    return code ? fail(x, code, e, "write the file system") : 0;
}

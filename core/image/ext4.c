/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/image/ext4.h"

#include <errno.h>
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/image/ext4_parts.h"

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
    r = ext4_format(path, size, &x->fs);
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
    errcode_t r = ext4_read_inode(x, ino, &i);

    /* Folders past the limit have the count 1: "more than can be said" (dir_nlink). */
    if (!r && S_ISDIR(i.i_mode) && (i.i_links_count == 1 || i.i_links_count + by >= EXT2_LINK_MAX))
        i.i_links_count = 1;
    else if (!r && i.i_links_count + by > EXT2_LINK_MAX)
        return err_set(e, EMLINK, "more than %d hard links to one file", EXT2_LINK_MAX);
    else
        i.i_links_count = (uint16_t)(i.i_links_count + by);
    if (!r)
        r = ext4_write_inode(x, ino, &i);
    return r ? fail(x, r, e, "count links") : 0;
}

/* The last name of a file goes: its blocks and inode are free again. */
static int drop_inode(struct ext4 *x, ext2_ino_t ino, struct err *e)
{
    struct ext2_inode_large i;
    errcode_t r = ext4_read_inode(x, ino, &i);

    if (!r && i.i_links_count > 1)
        return count_link(x, ino, -1, e);
    if (!r && ext2fs_inode_has_valid_blocks2(x->fs, (struct ext2_inode *)&i))
        r = ext2fs_punch(x->fs, ino, NULL, NULL, 0, ~0ULL);
    if (!r && i.i_file_acl)
        r = ext2fs_free_ext_attr(x->fs, ino, &i);
    if (r)
        return fail(x, r, e, "replace a file");
    ext2fs_inode_alloc_stats2(x->fs, ino, -1, 0);
    r = ext4_clear_inode(x, ino);
    return r ? fail(x, r, e, "replace a file") : 0;
}

static int add_entry(struct ext4 *x, struct image_node *parent, const char *name,
                     const struct ext4_attr *a, const char *target, struct err *e)
{
    ext2_ino_t ino = 0;
    errcode_t r = target ? ext4_make_symlink(x, parent->ino, a, target, &ino)
                         : ext4_make_inode(x, parent->ino, a, &ino);

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
        errcode_t code = ext4_change_attr(x, there->ino, a);

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

/*
 * ext4 keeps a namespace as a number.  libext2fs stores a name without one as it is, under a number that no kernel
 * knows and that e2fsck calls corrupt.
 */
static bool has_namespace(const char *name)
{
    static const char *const known[] = {"user.", "trusted.", "security.", "system.posix_acl_access",
                                        "system.posix_acl_default"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        size_t len = strlen(known[i]);

        if (strncmp(name, known[i], len) == 0 && (known[i][len - 1] == '.' || !name[len]))
            return true;
    }
    return false;
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
        if (has_namespace(list[i].name))
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

/* --- the end --- */

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
            code = ext4_write_folder(x, n);
    if (r < 0)
        return r;
    if (!code) {
        ext2fs_mark_super_dirty(x->fs);
        code = ext2fs_flush(x->fs);
    }
    return code ? fail(x, code, e, "write the file system") : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/image/ext4.h"
#include "core/image/source.h"

#define READ_CHUNK (128 * 1024)
#define XATTRS_MAX 64
#define ACL_ENTRIES_MAX 256

struct reader {
    struct archive *a;
    struct ext4 *x;
    const struct source_progress *progress;
    uint64_t total;
    unsigned entries;
};

static int archive_failed(const struct reader *r, struct err *e)
{
    const char *why = archive_error_string(r->a);

    if (r->entries == 0)
        return err_set(e, EINVAL, "this is not a tar that can be read (%.200s)",
                       why ? why : "unknown format");
    return err_set(e, EBADMSG, "the tar is damaged or cut short (%.200s)", why ? why : "unknown");
}

/* --- ACLs: libarchive's entries to the form of getxattr(2), linux/posix_acl_xattr.h --- */

struct acl_xattr {
    uint32_t version;
    struct {
        uint16_t tag, perm;
        uint32_t id;
    } entry[ACL_ENTRIES_MAX];
};

static const struct {
    int tag;
    uint16_t code;
    bool has_id;
} acl_tags[] = {
    {ARCHIVE_ENTRY_ACL_USER_OBJ, 0x01, false}, {ARCHIVE_ENTRY_ACL_USER, 0x02, true},
    {ARCHIVE_ENTRY_ACL_GROUP_OBJ, 0x04, false}, {ARCHIVE_ENTRY_ACL_GROUP, 0x08, true},
    {ARCHIVE_ENTRY_ACL_MASK, 0x10, false}, {ARCHIVE_ENTRY_ACL_OTHER, 0x20, false},
};

/* Puts an entry at its place: the kernel wants them by tag, then by id. */
static void acl_insert(struct acl_xattr *acl, unsigned n, uint16_t tag, uint16_t perm, uint32_t id)
{
    unsigned at = n;

    while (at > 0 && (le16toh(acl->entry[at - 1].tag) > tag ||
                      (le16toh(acl->entry[at - 1].tag) == tag && le32toh(acl->entry[at - 1].id) > id))) {
        acl->entry[at] = acl->entry[at - 1];
        at--;
    }
    acl->entry[at].tag = htole16(tag);
    acl->entry[at].perm = htole16(perm);
    acl->entry[at].id = htole32(id);
}

/* Bytes in `acl`, 0 when the entry has no ACL of this type beyond its mode. */
static size_t take_acl(struct archive_entry *entry, int type, struct acl_xattr *acl)
{
    int got_type, perm, tag, id;
    const char *name;
    unsigned n = 0;

    if (archive_entry_acl_reset(entry, type) <= (type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS ? 3 : 0))
        return 0;
    acl->version = htole32(2);
    while (n < ACL_ENTRIES_MAX &&
           archive_entry_acl_next(entry, type, &got_type, &perm, &tag, &id, &name) == ARCHIVE_OK)
        for (size_t i = 0; i < ARRAY_SIZE(acl_tags); i++)
            if (acl_tags[i].tag == tag)
                acl_insert(acl, n++, acl_tags[i].code, (uint16_t)(perm & 7),
                           acl_tags[i].has_id ? (uint32_t)id : UINT32_MAX);
    return 4 + n * sizeof(acl->entry[0]);
}

static int set_xattrs(struct reader *r, struct archive_entry *entry, struct err *e)
{
    static const struct {
        int type;
        const char *name;
    } acls[] = {{ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access"},
                {ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default"}};
    struct ext4_xattr list[XATTRS_MAX + 2];
    struct acl_xattr acl[2];
    size_t n = 0;

    archive_entry_xattr_reset(entry);
    while (n < XATTRS_MAX && archive_entry_xattr_next(entry, &list[n].name, &list[n].value,
                                                      &list[n].len) == ARCHIVE_OK)
        n++;
    for (size_t i = 0; i < ARRAY_SIZE(acls); i++) {
        size_t len = take_acl(entry, acls[i].type, &acl[i]);

        if (len)
            list[n++] = (struct ext4_xattr){acls[i].name, &acl[i], len};
    }
    return ext4_set_xattrs(r->x, list, n, e);
}

/* --- entries --- */

static int copy_data(struct reader *r, struct err *e)
{
    const void *bytes;
    size_t len;
    la_int64_t offset;
    int got, result;

    while ((got = archive_read_data_block(r->a, &bytes, &len, &offset)) == ARCHIVE_OK) {
        result = len ? ext4_write(r->x, (uint64_t)offset, bytes, len, e) : 0;
        if (result == 0)
            result = source_tell(r->progress, (uint64_t)archive_filter_bytes(r->a, -1), r->total, e);
        if (result < 0)
            return result;
    }
    return got == ARCHIVE_EOF ? 0 : archive_failed(r, e);
}

static struct ext4_attr attributes(struct archive_entry *entry)
{
    return (struct ext4_attr){
        .mode = archive_entry_mode(entry),
        .uid = (uint32_t)archive_entry_uid(entry),
        .gid = (uint32_t)archive_entry_gid(entry),
        .atime = {archive_entry_atime_is_set(entry) ? archive_entry_atime(entry)
                                                    : archive_entry_mtime(entry),
                  archive_entry_atime_nsec(entry)},
        .mtime = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)},
        .device = archive_entry_rdev(entry),
    };
}

static int copy_file(struct reader *r, struct archive_entry *entry, const char *path, struct err *e)
{
    uint64_t size = (uint64_t)archive_entry_size(entry);
    int result = copy_data(r, e);

    if (result == 0 && archive_entry_size_is_set(entry) && archive_entry_sparse_count(entry) > 0)
        result = ext4_set_size(r->x, size, e);
    return result < 0 && e && e->code != ECANCELED ? err_wrap(e, "%.200s", path) : result;
}

static int copy_entry(struct reader *r, struct archive_entry *entry, struct err *e)
{
    const char *path = archive_entry_pathname(entry), *link = archive_entry_hardlink(entry);
    struct ext4_attr a = attributes(entry);
    int result;

    if (!path)
        return err_set(e, EINVAL, "an entry without a name that can be read");
    if (link) {
        result = ext4_link(r->x, path, link, e);
        return result == 0 && archive_entry_size(entry) > 0 ? copy_data(r, e) : result;
    }
    result = ext4_add(r->x, path, &a, S_ISLNK(a.mode) ? archive_entry_symlink(entry) : NULL, e);
    if (result == 0 && S_ISREG(a.mode))
        result = copy_file(r, entry, path, e);
    return result == 0 ? set_xattrs(r, entry, e) : result;
}

static int copy_all(struct reader *r, struct err *e)
{
    struct archive_entry *entry;
    int got, result;

    while ((got = archive_read_next_header(r->a, &entry)) == ARCHIVE_OK || got == ARCHIVE_WARN) {
        r->entries++;
        result = copy_entry(r, entry, e);
        if (result == 0)
            result = source_tell(r->progress, (uint64_t)archive_filter_bytes(r->a, -1), r->total, e);
        if (result < 0)
            return result;
    }
    if (got != ARCHIVE_EOF)
        return archive_failed(r, e);
    return r->entries ? 0 : err_set(e, EINVAL, "the tar is empty");
}

/* Not archive_read_support_filter_all: that runs programs of this host for what it cannot read itself. */
static void allow_filters(struct archive *a)
{
    static int (*const filters[])(struct archive *) = {
        archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
        archive_read_support_filter_xz,   archive_read_support_filter_lzma,
        archive_read_support_filter_zstd, archive_read_support_filter_lz4,
        archive_read_support_filter_lzip, archive_read_support_filter_compress,
    };

    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        filters[i](a);
}

int source_copy_archive(const char *path, struct ext4 *x, const struct source_progress *p,
                        struct err *e)
{
    struct reader r = {.a = archive_read_new(), .x = x, .progress = p};
    struct stat st;
    int result;

    if (!r.a)
        return err_sys(e, ENOMEM, "read %.200s", path);
    allow_filters(r.a);
    archive_read_support_format_tar(r.a);
    if (stat(path, &st) == 0)
        r.total = (uint64_t)st.st_size;
    if (archive_read_open_filename(r.a, path, READ_CHUNK) != ARCHIVE_OK)
        result = archive_failed(&r, e);
    else
        result = copy_all(&r, e);
    archive_read_free(r.a);
    return result < 0 && e && e->code != ECANCELED ? err_wrap(e, "%.200s", path) : result;
}

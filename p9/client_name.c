/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders: their listings, and the making, renaming and removing of names. */
#include "p9/client_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/cursor.h"

#define LIST_SIZE 65536u

/* --- Listings ------------------------------------------------------------------------------------ */

static bool next_raw(struct p9_listing *l, struct p9_entry *entry, int *rc)
{
    struct cursor c = cursor_over(l->bytes + l->at, l->len - l->at);
    struct p9_str name;

    if (l->at == l->len)
        return false;
    entry->qid.type = cursor_u8(&c);
    entry->qid.version = cursor_le32(&c);
    entry->qid.path = cursor_le64(&c);
    entry->next = cursor_le64(&c);
    entry->type = cursor_u8(&c);
    name.len = cursor_le16(&c);
    name.s = (const char *)cursor_bytes(&c, name.len);
    l->at = l->len - cursor_left(&c);
    if (!name.s || p9_str_text(&name, entry->name, sizeof(entry->name)) < 0)
        *rc = -EIO;
    return *rc == 0;
}

bool p9_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Every entry has a name that is one, and an offset that leads on. */
static int check_listing(struct p9_listing *l, uint64_t offset)
{
    struct p9_entry entry;
    int rc = 0;

    for (l->at = 0; next_raw(l, &entry, &rc);)
        if ((!p9_is_dots(entry.name) && client_check_name(entry.name) < 0) || entry.next == offset ||
            entry.next == 0)
            return -EIO;
    l->at = 0;
    return rc;
}

int p9_client_list(struct p9_client *c, uint32_t fid, uint64_t offset, struct p9_listing *l)
{
    struct p9_call call = {0};
    struct p9_msg m;
    int rc;

    l->room = LIST_SIZE < c->io_max ? LIST_SIZE : c->io_max;
    l->at = l->len = 0;
    if (!l->bytes && !(l->bytes = malloc(l->room)))
        return -ENOMEM;
    call.data = (struct iovec){l->bytes, l->room};
    m = (struct p9_msg){.type = P9_TREADDIR, .io = {fid, offset, (uint32_t)l->room}};
    if ((rc = client_call(c, &call, &m)) < 0)
        return rc;
    l->len = call.reply.rio.count;
    rc = check_listing(l, offset);
    return rc < 0 ? rc : l->len > 0;
}

bool p9_listing_next(struct p9_listing *l, struct p9_entry *entry)
{
    static const uint8_t known[] = {DT_FIFO, DT_CHR, DT_DIR, DT_BLK, DT_REG, DT_LNK, DT_SOCK};
    int rc = 0;

    if (!next_raw(l, entry, &rc))
        return false;
    if (!memchr(known, entry->type, sizeof(known)))
        entry->type = DT_UNKNOWN;
    return true;
}

void p9_listing_release(struct p9_listing *l)
{
    free(l->bytes);
    *l = (struct p9_listing){0};
}

/* --- Names --------------------------------------------------------------------------------------- */

int p9_client_mkdir(struct p9_client *c, uint32_t dir, const char *name, uint32_t mode, uint32_t gid)
{
    int rc = client_check_name(name);

    return rc < 0 ? rc
                  : client_simple(c, &(struct p9_msg){.type = P9_TMKDIR,
                                                      .tmkdir = {dir, p9_str_of(name), mode, gid}});
}

int p9_client_mknod(struct p9_client *c, uint32_t dir, const char *name, uint32_t mode, dev_t rdev,
                    uint32_t gid)
{
    struct p9_msg m = {.type = P9_TMKNOD,
                       .tmknod = {dir, p9_str_of(name), mode, major(rdev), minor(rdev), gid}};
    int rc = client_check_name(name);

    return rc < 0 ? rc : client_simple(c, &m);
}

int p9_client_symlink(struct p9_client *c, uint32_t dir, const char *name, const char *target,
                      uint32_t gid)
{
    struct p9_msg m = {.type = P9_TSYMLINK,
                       .tsymlink = {dir, p9_str_of(name), p9_str_of(target), gid}};
    int rc = client_check_name(name);

    if (rc == 0 && strlen(target) >= P9_CLIENT_TEXT)
        rc = -ENAMETOOLONG;
    return rc < 0 ? rc : client_simple(c, &m);
}

int p9_client_link(struct p9_client *c, uint32_t dir, const char *name, uint32_t fid)
{
    int rc = client_check_name(name);

    return rc < 0 ? rc
                  : client_simple(c, &(struct p9_msg){.type = P9_TLINK,
                                                      .tlink = {dir, fid, p9_str_of(name)}});
}

/* For servers older than Trenameat, which refuse it so. */
static int rename_by_fid(struct p9_client *c, uint32_t from, const char *old, uint32_t to, const char *name)
{
    struct p9_msg m = {.type = P9_TRENAME, .trename = {.dfid = to, .name = p9_str_of(name)}};
    struct p9_attr attr;
    int rc = p9_client_lookup(c, from, old, &m.trename.fid, &attr);

    if (rc < 0)
        return rc;
    rc = client_simple(c, &m);
    p9_client_clunk(c, m.trename.fid);
    return rc;
}

int p9_client_rename(struct p9_client *c, uint32_t from, const char *old, uint32_t to,
                     const char *name)
{
    struct p9_msg m = {.type = P9_TRENAMEAT,
                       .trenameat = {from, p9_str_of(old), to, p9_str_of(name)}};
    int rc = client_check_name(old);

    if (rc == 0)
        rc = client_check_name(name);
    if (rc == 0)
        rc = client_simple(c, &m);
    return rc == -EOPNOTSUPP ? rename_by_fid(c, from, old, to, name) : rc;
}

/* For servers older than Tunlinkat.  Tremove takes whatever it is, and the fid in any case. */
static int unlink_by_fid(struct p9_client *c, uint32_t dir, const char *name, bool is_dir)
{
    struct p9_msg m = {.type = P9_TREMOVE};
    struct p9_attr attr;
    int rc = p9_client_lookup(c, dir, name, &m.fid, &attr);

    if (rc < 0)
        return rc;
    if (S_ISDIR(attr.mode) != is_dir) {
        p9_client_clunk(c, m.fid);
        return is_dir ? -ENOTDIR : -EISDIR;
    }
    rc = client_simple(c, &m);
    client_fid_failed(c, m.fid, rc);
    return rc;
}

int p9_client_unlink(struct p9_client *c, uint32_t dir, const char *name, bool is_dir)
{
    struct p9_msg m = {.type = P9_TUNLINKAT,
                       .tunlinkat = {dir, p9_str_of(name), is_dir ? P9_UNLINK_DIR : 0}};
    int rc = client_check_name(name);

    if (rc == 0)
        rc = client_simple(c, &m);
    return rc == -EOPNOTSUPP ? unlink_by_fid(c, dir, name, is_dir) : rc;
}

int p9_client_readlink(struct p9_client *c, uint32_t fid, char target[P9_CLIENT_TEXT])
{
    struct p9_msg m = {.type = P9_TREADLINK, .fid = fid};
    char text[P9_CLIENT_TEXT];
    struct p9_call call = {.text = {text, sizeof(text) - 1}};
    int rc = client_call(c, &call, &m);

    if (rc == 0 && (call.reply.rreadlink.target.len == 0 ||
                    p9_str_text(&call.reply.rreadlink.target, target, P9_CLIENT_TEXT) < 0))
        rc = -EIO;
    return rc;
}

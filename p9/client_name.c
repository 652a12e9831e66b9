/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders: their listings, and the making, renaming and removing of names. */
#include "p9/client_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define LIST_SIZE 65536u

/* --- Listings ------------------------------------------------------------------------------------ */

/* Within what is left of the listing, as none of it is longer than a message. */
static bool next_raw(struct p9_listing *l, struct p9_dirent *d, char name[P9_NAME_SIZE], int *rc)
{
    size_t len;

    if (l->at == l->len)
        return false;
    len = p9_dirent_decode(d, l->attrs, l->bytes + l->at, l->len - l->at);
    if (len == 0 || p9_str_text(&d->name, name, P9_NAME_SIZE) < 0)
        *rc = -EIO;
    l->at += len;
    return *rc == 0;
}

bool p9_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int check_told(const struct p9_dirent *d)
{
    if (d->attr.valid == 0)
        return 0;
    return p9_qid_is(&d->attr.qid, &d->qid) ? client_check_attr(&d->attr) : -EIO;
}

/* Every entry has a name that is one, and an offset that leads on; what it is said to be can be. */
static int check_listing(struct p9_listing *l, uint64_t offset)
{
    char name[P9_NAME_SIZE];
    struct p9_dirent d;
    int rc = 0;

    for (l->at = 0; next_raw(l, &d, name, &rc);)
        if ((!p9_is_dots(name) && client_check_name(name) < 0) || d.next == offset || d.next == 0 || check_told(&d) < 0)
            return -EIO;
    l->at = 0;
    return rc;
}

static int list(struct p9_client *c, uint32_t fid, uint64_t offset, uint32_t count, struct p9_listing *l)
{
    struct p9_call call = {0};
    struct p9_msg m;
    int rc;

    l->room = LIST_SIZE < c->io_max ? LIST_SIZE : c->io_max;
    l->at = l->len = 0;
    if (!l->bytes && !(l->bytes = malloc(l->room)))
        return -ENOMEM;
    call.data = (struct iovec){l->bytes, count < l->room ? count : l->room};
    m = (struct p9_msg){.type = l->attrs ? P9_TLIST : P9_TREADDIR, .io = {fid, offset, (uint32_t)call.data.iov_len}};
    if ((rc = client_call(c, &call, &m)) < 0)
        return rc;
    l->len = call.reply.rio.count;
    rc = check_listing(l, offset);
    return rc < 0 ? rc : l->len > 0;
}

int p9_client_list(struct p9_client *c, uint32_t fid, uint64_t offset, struct p9_listing *l)
{
    l->attrs = false;
    return list(c, fid, offset, LIST_SIZE, l);
}

int p9_client_list_attrs(struct p9_client *c, uint32_t fid, uint64_t offset, uint32_t count, struct p9_listing *l)
{
    struct p9_conn *conn = client_conn(c);

    l->attrs = p9_conn_is_own(conn);
    p9_conn_put(conn);
    return list(c, fid, offset, l->attrs ? count : LIST_SIZE, l);
}

bool p9_listing_next(struct p9_listing *l, struct p9_entry *entry)
{
    static const uint8_t known[] = {DT_FIFO, DT_CHR, DT_DIR, DT_BLK, DT_REG, DT_LNK, DT_SOCK};
    struct p9_dirent d;
    int rc = 0;

    if (!next_raw(l, &d, entry->name, &rc))
        return false;
    entry->qid = d.qid;
    entry->next = d.next;
    entry->type = memchr(known, d.type, sizeof(known)) ? d.type : DT_UNKNOWN;
    entry->attr = d.attr;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/client.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "core/base/auto.h"
#include "core/base/cursor.h"
#include "core/base/err.h"
#include "p9/conn.h"

#define MSIZE_DEFAULT ((1u << 20) + 4096u)
#define IO_OVERHEAD 24u  /* as Linux reckons it: one byte more than Twrite's head */
#define WINDOW 8u        /* messages of one read or write in flight */
#define LIST_SIZE 65536u
#define NSEC 1000000000u

struct p9_client {
    struct p9_conn *conn;  /* [const] */
    uint32_t io_max;       /* [const] */
    uint32_t root;         /* [const] */
    pthread_mutex_t lock;  /* taken last: also inside the connection's */
    uint32_t *spare;       /* [lock] fids that are free again */
    size_t spares, room;   /* [lock] */
    uint32_t next;         /* [lock] the lowest never used */
};

/* --- Fids ---------------------------------------------------------------------------------------- */

static uint32_t fid_new(struct p9_client *c)
{
    uint32_t fid;

    pthread_mutex_lock(&c->lock);
    fid = c->spares > 0 ? c->spare[--c->spares] : c->next++;
    pthread_mutex_unlock(&c->lock);
    return fid;
}

/* A number that cannot be kept for lack of memory is not used again: there are 2^32 of them. */
static void fid_free(struct p9_client *c, uint32_t fid)
{
    pthread_mutex_lock(&c->lock);
    if (c->spares == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        uint32_t *spare = realloc(c->spare, room * sizeof(*spare));

        if (spare) {
            c->spare = spare;
            c->room = room;
        }
    }
    if (c->spares < c->room)
        c->spare[c->spares++] = fid;
    pthread_mutex_unlock(&c->lock);
}

/* The call that was to make the fid failed.  A call given up may make it yet: the number is lost. */
static void fid_failed(struct p9_client *c, uint32_t fid, int rc)
{
    if (rc != -ETIMEDOUT && rc != -EINTR)
        fid_free(c, fid);
}

struct clunk {
    struct p9_call call;
    struct p9_client *client;
    uint32_t fid;
};

static void on_clunked(struct p9_call *call, int result)
{
    struct clunk *k = call->ctx;

    (void)result; /* Rlerror or not, the fid is gone (clunk(5)). */
    fid_free(k->client, k->fid);
    free(k);
}

void p9_client_clunk(struct p9_client *c, uint32_t fid)
{
    struct p9_msg m = {.type = P9_TCLUNK, .fid = fid};
    struct clunk *k = calloc(1, sizeof(*k));

    if (!k)
        return; /* the server keeps it until the end of the connection */
    *k = (struct clunk){.call = {.done = on_clunked, .ctx = k}, .client = c, .fid = fid};
    p9_conn_post(c->conn, &k->call, &m);
}

/* For the fid whose Tclunk says how it went. */
static int clunk_now(struct p9_client *c, uint32_t fid)
{
    struct p9_msg m = {.type = P9_TCLUNK, .fid = fid};
    struct p9_call call = {0};
    int rc = p9_conn_call(c->conn, &call, &m);

    fid_failed(c, fid, rc);
    return rc;
}

/* --- Checks -------------------------------------------------------------------------------------- */

static int check_name(const char *name)
{
    struct p9_str s = p9_str_of(name);
    char text[P9_NAME_SIZE];

    return p9_name_check(&s, text);
}

static uint8_t qid_type_of(uint32_t mode)
{
    return S_ISDIR(mode) ? P9_QID_DIR : S_ISLNK(mode) ? P9_QID_LINK : P9_QID_FILE;
}

static bool is_file_type(uint32_t mode)
{
    return S_ISDIR(mode) || S_ISREG(mode) || S_ISLNK(mode) || S_ISCHR(mode) || S_ISBLK(mode) ||
           S_ISFIFO(mode) || S_ISSOCK(mode);
}

static bool is_time(const struct p9_time *t)
{
    return t->nsec < NSEC;
}

static int check_attr(const struct p9_attr *a)
{
    bool right = (a->valid & P9_GETATTR_BASIC) == P9_GETATTR_BASIC && is_file_type(a->mode) &&
                 (a->qid.type & (P9_QID_DIR | P9_QID_LINK)) == qid_type_of(a->mode) &&
                 a->mode <= UINT16_MAX && a->size <= INT64_MAX && a->blocks <= INT64_MAX &&
                 is_time(&a->atime) && is_time(&a->mtime) && is_time(&a->ctime);

    return right ? 0 : -EIO;
}

/* --- Walking ------------------------------------------------------------------------------------- */

static struct p9_msg walk_message(uint32_t dir, const char *name, uint32_t fid)
{
    struct p9_msg m = {.type = P9_TWALK, .twalk = {.fid = dir, .newfid = fid, .n = name ? 1 : 0}};

    if (name)
        m.twalk.name[0] = p9_str_of(name);
    return m;
}

static struct p9_msg getattr_message(uint32_t fid)
{
    return (struct p9_msg){.type = P9_TGETATTR, .tgetattr = {fid, P9_GETATTR_BASIC}};
}

/* More steps than were asked for cannot be; fewer are a name that is not there. */
static int walk_result(int rc, const struct p9_call *call, unsigned asked)
{
    if (rc < 0)
        return rc;
    return call->reply.rwalk.n > asked ? -EIO : call->reply.rwalk.n < asked ? -ENOENT : 0;
}

int p9_client_clone(struct p9_client *c, uint32_t fid, uint32_t *clone)
{
    struct p9_call call = {0};
    struct p9_msg m = walk_message(fid, NULL, *clone = fid_new(c));
    int rc = walk_result(p9_conn_call(c->conn, &call, &m), &call, 0);

    if (rc < 0)
        fid_failed(c, *clone, rc);
    return rc;
}

int p9_client_getattr(struct p9_client *c, uint32_t fid, struct p9_attr *attr)
{
    struct p9_msg m = getattr_message(fid);
    struct p9_call call = {0};
    int rc = p9_conn_call(c->conn, &call, &m);

    if (rc < 0)
        return rc;
    *attr = call.reply.rgetattr;
    return check_attr(attr);
}

/* The kind of file a walk came to and the one it says to be afterwards are one. */
static int walked_attr(const struct p9_call *walk, const struct p9_attr *a)
{
    const struct p9_qid *qid = &walk->reply.rwalk.qid[0];

    if (walk->reply.rwalk.n == 1 && (qid->path != a->qid.path || qid->type != a->qid.type))
        return -EIO;
    return 0;
}

int p9_client_lookup(struct p9_client *c, uint32_t dir, const char *name, uint32_t *fid,
                     struct p9_attr *attr)
{
    int rc;

    p9_client_lookup_many(c, dir, &name, 1, fid, attr, &rc);
    return rc;
}

/* Sends `n` requests, of which those with rc[i] < 0 are left out; the rest are waited for. */
static void exchange(struct p9_client *c, struct p9_call *call, const struct p9_msg *m, unsigned n,
                     int *rc)
{
    for (unsigned i = 0; i < n; i++)
        if (rc[i] == 0 && (rc[i] = p9_conn_send(c->conn, &call[i], &m[i], NULL)) == 0)
            rc[i] = 1;
    for (unsigned i = 0; i < n; i++)
        if (rc[i] == 1)
            rc[i] = p9_conn_wait(c->conn, &call[i]);
}

void p9_client_lookup_many(struct p9_client *c, uint32_t dir, const char *const *name, unsigned n,
                           uint32_t *fid, struct p9_attr *attr, int *rc)
{
    struct p9_call walk[P9_CLIENT_BATCH], get[P9_CLIENT_BATCH];
    struct p9_msg m[P9_CLIENT_BATCH];

    memset(m, 0, n * sizeof(m[0]));
    memset(walk, 0, n * sizeof(walk[0]));
    memset(get, 0, n * sizeof(get[0]));
    for (unsigned i = 0; i < n; i++) {
        m[i] = walk_message(dir, name[i], fid[i] = fid_new(c));
        rc[i] = name[i] ? check_name(name[i]) : 0;
    }
    exchange(c, walk, m, n, rc);
    for (unsigned i = 0; i < n; i++) {
        if ((rc[i] = walk_result(rc[i], &walk[i], name[i] ? 1 : 0)) < 0)
            fid_failed(c, fid[i], rc[i]);
        m[i] = getattr_message(fid[i]);
        attr[i].valid = rc[i] == 0;
    }
    exchange(c, get, m, n, rc);
    for (unsigned i = 0; i < n; i++) {
        bool walked = attr[i].valid;

        if (rc[i] == 0)
            rc[i] = check_attr(&get[i].reply.rgetattr);
        if (rc[i] == 0)
            rc[i] = walked_attr(&walk[i], &get[i].reply.rgetattr);
        attr[i] = get[i].reply.rgetattr;
        if (walked && rc[i] < 0)
            p9_client_clunk(c, fid[i]);
    }
}

/* --- Files --------------------------------------------------------------------------------------- */

/* A request whose reply says nothing but that it went well. */
static int simple(struct p9_client *c, const struct p9_msg *m)
{
    struct p9_call call = {0};

    return p9_conn_call(c->conn, &call, m);
}

int p9_client_setattr(struct p9_client *c, const struct p9_setattr *set)
{
    return simple(c, &(struct p9_msg){.type = P9_TSETATTR, .tsetattr = *set});
}

int p9_client_statfs(struct p9_client *c, uint32_t fid, struct p9_statfs *st)
{
    struct p9_msg m = {.type = P9_TSTATFS, .fid = fid};
    struct p9_call call = {0};
    int rc = p9_conn_call(c->conn, &call, &m);

    *st = call.reply.rstatfs;
    return rc;
}

int p9_client_open(struct p9_client *c, uint32_t fid, uint32_t flags)
{
    return simple(c, &(struct p9_msg){.type = P9_TLOPEN, .tlopen = {fid, flags}});
}

int p9_client_create(struct p9_client *c, uint32_t dir, const char *name, uint32_t flags,
                     uint32_t mode, uint32_t gid, uint32_t *fid)
{
    int rc = check_name(name);

    if (rc < 0 || (rc = p9_client_clone(c, dir, fid)) < 0)
        return rc;
    rc = simple(c, &(struct p9_msg){.type = P9_TLCREATE,
                                    .tlcreate = {*fid, p9_str_of(name), flags, mode, gid}});
    if (rc < 0)
        p9_client_clunk(c, *fid);
    return rc;
}

int p9_client_fsync(struct p9_client *c, uint32_t fid, bool data_only)
{
    return simple(c, &(struct p9_msg){.type = P9_TFSYNC, .tfsync = {fid, data_only}});
}

/* One window of a read or write: the pieces of `len` bytes, each with a call of its own. */
struct window {
    struct p9_call call[WINDOW];
    uint32_t asked[WINDOW];
    unsigned n;
    int rc; /* of a piece that was not sent */
};

static void send_window(struct p9_client *c, struct window *w, uint8_t type, uint32_t fid,
                        uint8_t *bytes, size_t len, uint64_t offset)
{
    size_t at = 0;

    w->rc = 0;
    for (w->n = 0; w->n < WINDOW && at < len; w->n++) {
        uint32_t count = len - at < c->io_max ? (uint32_t)(len - at) : c->io_max;
        struct p9_msg m = {.type = type, .io = {fid, offset + at, count}};
        struct iovec piece = {bytes + at, count};

        w->call[w->n] = (struct p9_call){.data = type == P9_TREAD ? piece : (struct iovec){0}};
        w->asked[w->n] = count;
        w->rc = p9_conn_send(c->conn, &w->call[w->n], &m, type == P9_TWRITE ? &piece : NULL);
        if (w->rc < 0)
            return;
        at += count;
    }
}

/* The bytes moved up to the first piece that is short, or that piece's error when it is the first. */
static ssize_t end_window(struct p9_client *c, struct window *w, bool *whole)
{
    ssize_t moved = 0;
    int rc = 0;

    *whole = true;
    for (unsigned i = 0; i < w->n; i++) {
        int one = p9_conn_wait(c->conn, &w->call[i]);
        uint32_t count = w->call[i].reply.rio.count;

        if (one == 0 && count > w->asked[i])
            one = -EIO;
        if (!*whole)
            continue;
        rc = one;
        moved += one == 0 ? count : 0;
        *whole = one == 0 && count == w->asked[i];
    }
    if (rc == 0 && *whole)
        rc = w->rc;
    *whole &= rc == 0;
    return moved > 0 || rc == 0 ? moved : rc;
}

static ssize_t move(struct p9_client *c, uint8_t type, uint32_t fid, uint8_t *bytes, size_t len,
                    uint64_t offset)
{
    struct window w;
    size_t done = 0;
    bool whole = true;

    while (whole && done < len) {
        ssize_t n;

        send_window(c, &w, type, fid, bytes + done, len - done, offset + done);
        n = end_window(c, &w, &whole);
        if (n < 0)
            return done > 0 ? (ssize_t)done : n;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t p9_client_read(struct p9_client *c, uint32_t fid, void *bytes, size_t len, uint64_t offset)
{
    return move(c, P9_TREAD, fid, bytes, len, offset);
}

ssize_t p9_client_write(struct p9_client *c, uint32_t fid, const void *bytes, size_t len,
                        uint64_t offset)
{
    ssize_t n = move(c, P9_TWRITE, fid, (uint8_t *)bytes, len, offset);

    return n == 0 && len > 0 ? -EIO : n; /* A server that takes nothing would be asked for ever. */
}

/* --- Folders ------------------------------------------------------------------------------------- */

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
        if ((!p9_is_dots(entry.name) && check_name(entry.name) < 0) || entry.next == offset ||
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
    if ((rc = p9_conn_call(c->conn, &call, &m)) < 0)
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
    int rc = check_name(name);

    return rc < 0 ? rc
                  : simple(c, &(struct p9_msg){.type = P9_TMKDIR,
                                               .tmkdir = {dir, p9_str_of(name), mode, gid}});
}

int p9_client_mknod(struct p9_client *c, uint32_t dir, const char *name, uint32_t mode, dev_t rdev,
                    uint32_t gid)
{
    struct p9_msg m = {.type = P9_TMKNOD,
                       .tmknod = {dir, p9_str_of(name), mode, major(rdev), minor(rdev), gid}};
    int rc = check_name(name);

    return rc < 0 ? rc : simple(c, &m);
}

int p9_client_symlink(struct p9_client *c, uint32_t dir, const char *name, const char *target,
                      uint32_t gid)
{
    struct p9_msg m = {.type = P9_TSYMLINK,
                       .tsymlink = {dir, p9_str_of(name), p9_str_of(target), gid}};
    int rc = check_name(name);

    if (rc == 0 && strlen(target) >= P9_CLIENT_TEXT)
        rc = -ENAMETOOLONG;
    return rc < 0 ? rc : simple(c, &m);
}

int p9_client_link(struct p9_client *c, uint32_t dir, const char *name, uint32_t fid)
{
    int rc = check_name(name);

    return rc < 0 ? rc
                  : simple(c, &(struct p9_msg){.type = P9_TLINK,
                                               .tlink = {dir, fid, p9_str_of(name)}});
}

int p9_client_rename(struct p9_client *c, uint32_t from, const char *old, uint32_t to,
                     const char *name)
{
    struct p9_msg m = {.type = P9_TRENAMEAT,
                       .trenameat = {from, p9_str_of(old), to, p9_str_of(name)}};
    int rc = check_name(old);

    if (rc == 0)
        rc = check_name(name);
    return rc < 0 ? rc : simple(c, &m);
}

int p9_client_unlink(struct p9_client *c, uint32_t dir, const char *name, bool is_dir)
{
    struct p9_msg m = {.type = P9_TUNLINKAT,
                       .tunlinkat = {dir, p9_str_of(name), is_dir ? P9_UNLINK_DIR : 0}};
    int rc = check_name(name);

    return rc < 0 ? rc : simple(c, &m);
}

int p9_client_readlink(struct p9_client *c, uint32_t fid, char target[P9_CLIENT_TEXT])
{
    struct p9_msg m = {.type = P9_TREADLINK, .fid = fid};
    char text[P9_CLIENT_TEXT];
    struct p9_call call = {.text = {text, sizeof(text) - 1}};
    int rc = p9_conn_call(c->conn, &call, &m);

    if (rc == 0 && (call.reply.rreadlink.target.len == 0 ||
                    p9_str_text(&call.reply.rreadlink.target, target, P9_CLIENT_TEXT) < 0))
        rc = -EIO;
    return rc;
}

/* --- Attributes ---------------------------------------------------------------------------------- */

/* The list holds whole names, none empty, none too long. */
static int check_names(const char *list, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t n = strnlen(list + at, len - at);

        if (n == 0 || n > XATTR_NAME_MAX || at + n == len)
            return -EIO;
        at += n + 1;
    }
    return 0;
}

static ssize_t xattr_read(struct p9_client *c, uint32_t fid, const char *name, void *value,
                          size_t size, size_t cap)
{
    ssize_t got = (ssize_t)size;

    if (size > P9_CLIENT_XATTR)
        return -E2BIG;
    if (cap == 0)
        return got;
    if (size > cap)
        return -ERANGE;
    got = p9_client_read(c, fid, value, size, 0);
    if (got >= 0 && (size_t)got != size)
        return -EIO;
    if (got > 0 && !*name && check_names(value, size) < 0)
        return -EIO;
    return got;
}

ssize_t p9_client_xattr_get(struct p9_client *c, uint32_t fid, const char *name, void *value,
                            size_t cap)
{
    uint32_t attribute = fid_new(c);
    struct p9_msg m = {.type = P9_TXATTRWALK, .txattrwalk = {fid, attribute, p9_str_of(name)}};
    struct p9_call call = {0};
    ssize_t rc = p9_conn_call(c->conn, &call, &m);

    if (rc < 0) {
        fid_failed(c, attribute, (int)rc);
        return rc;
    }
    rc = xattr_read(c, attribute, name, value,
                    call.reply.rxattrwalk.size > SIZE_MAX ? SIZE_MAX : (size_t)call.reply.rxattrwalk.size,
                    cap);
    p9_client_clunk(c, attribute);
    return rc;
}

/* The value takes effect with the clunk, which says how it went. */
static int xattr_write(struct p9_client *c, uint32_t fid, const void *value, size_t len)
{
    ssize_t n = len > 0 ? p9_client_write(c, fid, value, len, 0) : 0;
    int rc;

    if (n < 0 || (size_t)n < len) {
        p9_client_clunk(c, fid);
        return n < 0 ? (int)n : -EIO;
    }
    rc = clunk_now(c, fid);
    return rc;
}

/* Removal is what Linux's client sends for it: no bytes and XATTR_REPLACE. */
int p9_client_xattr_set(struct p9_client *c, uint32_t fid, const char *name, const void *value,
                        size_t len, uint32_t flags)
{
    struct p9_msg m = {.type = P9_TXATTRCREATE,
                       .txattrcreate = {0, p9_str_of(name), len, value ? flags : XATTR_REPLACE}};
    int rc = len > P9_CLIENT_XATTR ? -E2BIG : p9_client_clone(c, fid, &m.txattrcreate.fid);

    if (rc < 0)
        return rc;
    if ((rc = simple(c, &m)) == 0)
        return xattr_write(c, m.txattrcreate.fid, value, value ? len : 0);
    p9_client_clunk(c, m.txattrcreate.fid);
    return rc;
}

/* --- Locks --------------------------------------------------------------------------------------- */

int p9_client_lock(struct p9_client *c, const struct p9_lock *lock)
{
    static const int results[] = {
        [P9_LOCK_OK] = 0, [P9_LOCK_BLOCKED] = -EAGAIN, [P9_LOCK_ERROR] = -ENOLCK, [P9_LOCK_GRACE] = -ENOLCK,
    };
    struct p9_msg m = {.type = P9_TLOCK, .tlock = *lock};
    struct p9_call call = {0};
    int rc = p9_conn_call(c->conn, &call, &m);

    if (rc < 0)
        return rc;
    return call.reply.rlock.status < ARRAY_SIZE(results) ? results[call.reply.rlock.status] : -EIO;
}

int p9_client_getlock(struct p9_client *c, struct p9_lock *lock)
{
    struct p9_msg m = {.type = P9_TGETLOCK, .tlock = *lock};
    char text[256];
    struct p9_call call = {.text = {text, sizeof(text)}};
    int rc = p9_conn_call(c->conn, &call, &m);

    if (rc < 0)
        return rc;
    *lock = call.reply.tlock;
    lock->client_id = (struct p9_str){"", 0};
    return lock->kind > P9_LOCK_NONE || lock->start > INT64_MAX || lock->length > INT64_MAX ? -EIO : 0;
}

/* --- Life ---------------------------------------------------------------------------------------- */

static int attach(struct p9_client *c, const struct p9_client_config *config, struct err *e)
{
    struct p9_msg m = {.type = P9_TATTACH,
                       .tattach = {c->root, P9_NOFID, p9_str_of(""),
                                   p9_str_of(config->aname ? config->aname : ""), config->uid}};
    struct p9_call call = {0};
    int rc = p9_conn_call(c->conn, &call, &m);

    if (rc == 0 && !(call.reply.rqid.qid.type & P9_QID_DIR))
        rc = -ENOTDIR;
    return rc < 0 ? err_sys(e, -rc, "attach to the 9P server") : 0;
}

struct p9_client *p9_client_new(int fd, const struct p9_client_config *config, struct err *e)
{
    struct p9_conn_config conn = {config->msize ? config->msize : MSIZE_DEFAULT, config->timeout_ms,
                                  config->grace_ms};
    struct p9_client *c = calloc(1, sizeof(*c));

    if (!c) {
        close(fd);
        err_sys(e, ENOMEM, "9P client");
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    c->root = fid_new(c);
    c->conn = p9_conn_new(fd, &conn, e);
    if (c->conn) {
        c->io_max = p9_conn_msize(c->conn) - IO_OVERHEAD;
        if (attach(c, config, e) == 0)
            return c;
    }
    p9_client_free(c);
    return NULL;
}

void p9_client_free(struct p9_client *c)
{
    if (!c)
        return;
    p9_conn_free(c->conn);
    pthread_mutex_destroy(&c->lock);
    free(c->spare);
    free(c);
}

uint32_t p9_client_root(const struct p9_client *c)
{
    return c->root;
}

uint32_t p9_client_io_max(const struct p9_client *c)
{
    return c->io_max;
}

void p9_client_break(struct p9_client *c)
{
    p9_conn_break(c->conn, "cancelled");
}

const char *p9_client_lost(struct p9_client *c)
{
    return p9_conn_lost(c->conn);
}

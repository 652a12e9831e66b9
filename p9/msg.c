/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/msg.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "core/base/cursor.h"

/* OLD32: a last field that older clients leave out. */
enum kind { U8 = 1, U16, U32, U64, STR, QID, TIME, NAMES, QIDS, PAYLOAD, OLD32 };

/* Fields of a message in the order of the wire; the rest of the row is 0. */
#define FIELDS_MAX 16
struct field {
    uint8_t kind;
    uint16_t at; /* offset in struct p9_msg */
};
struct row {
    const char *name;
    struct field field[FIELDS_MAX];
};

#define F(k, member) {k, offsetof(struct p9_msg, member)}
#define LOCK_FIELDS                                                                                \
    F(U64, tlock.start), F(U64, tlock.length), F(U32, tlock.proc_id), F(STR, tlock.client_id)

#define ATTR_FIELDS                                                                                \
    F(U64, rgetattr.valid), F(QID, rgetattr.qid), F(U32, rgetattr.mode), F(U32, rgetattr.uid),     \
        F(U32, rgetattr.gid), F(U64, rgetattr.nlink), F(U64, rgetattr.rdev),                       \
        F(U64, rgetattr.size), F(U64, rgetattr.blksize), F(U64, rgetattr.blocks),                  \
        F(TIME, rgetattr.atime), F(TIME, rgetattr.mtime), F(TIME, rgetattr.ctime),                 \
        F(TIME, rgetattr.btime), F(U64, rgetattr.gen), F(U64, rgetattr.data_version)

static const struct row rows[P9_TYPES] = {
    [P9_RLERROR] = {"Rlerror", {F(U32, rlerror.ecode)}},
    [P9_TSTATFS] = {"Tstatfs", {F(U32, fid)}},
    [P9_RSTATFS] = {"Rstatfs",
                    {F(U32, rstatfs.type), F(U32, rstatfs.bsize), F(U64, rstatfs.blocks),
                     F(U64, rstatfs.bfree), F(U64, rstatfs.bavail), F(U64, rstatfs.files),
                     F(U64, rstatfs.ffree), F(U64, rstatfs.fsid), F(U32, rstatfs.namelen)}},
    [P9_TLOPEN] = {"Tlopen", {F(U32, fid), F(U32, tlopen.flags)}},
    [P9_RLOPEN] = {"Rlopen", {F(QID, ropen.qid), F(U32, ropen.iounit)}},
    [P9_TLCREATE] = {"Tlcreate",
                     {F(U32, fid), F(STR, tlcreate.name), F(U32, tlcreate.flags),
                      F(U32, tlcreate.mode), F(U32, tlcreate.gid)}},
    [P9_RLCREATE] = {"Rlcreate", {F(QID, ropen.qid), F(U32, ropen.iounit)}},
    [P9_TSYMLINK] = {"Tsymlink",
                     {F(U32, fid), F(STR, tsymlink.name), F(STR, tsymlink.target),
                      F(U32, tsymlink.gid)}},
    [P9_RSYMLINK] = {"Rsymlink", {F(QID, rqid.qid)}},
    [P9_TMKNOD] = {"Tmknod",
                   {F(U32, fid), F(STR, tmknod.name), F(U32, tmknod.mode), F(U32, tmknod.major),
                    F(U32, tmknod.minor), F(U32, tmknod.gid)}},
    [P9_RMKNOD] = {"Rmknod", {F(QID, rqid.qid)}},
    [P9_TRENAME] = {"Trename", {F(U32, fid), F(U32, trename.dfid), F(STR, trename.name)}},
    [P9_RRENAME] = {"Rrename", {{0}}},
    [P9_TREADLINK] = {"Treadlink", {F(U32, fid)}},
    [P9_RREADLINK] = {"Rreadlink", {F(STR, rreadlink.target)}},
    [P9_TGETATTR] = {"Tgetattr", {F(U32, fid), F(U64, tgetattr.mask)}},
    [P9_RGETATTR] = {"Rgetattr", {ATTR_FIELDS}},
    [P9_TSETATTR] = {"Tsetattr",
                     {F(U32, fid), F(U32, tsetattr.valid), F(U32, tsetattr.mode),
                      F(U32, tsetattr.uid), F(U32, tsetattr.gid), F(U64, tsetattr.size),
                      F(TIME, tsetattr.atime), F(TIME, tsetattr.mtime)}},
    [P9_RSETATTR] = {"Rsetattr", {{0}}},
    [P9_TXATTRWALK] = {"Txattrwalk",
                       {F(U32, fid), F(U32, txattrwalk.newfid), F(STR, txattrwalk.name)}},
    [P9_RXATTRWALK] = {"Rxattrwalk", {F(U64, rxattrwalk.size)}},
    [P9_TXATTRCREATE] = {"Txattrcreate",
                         {F(U32, fid), F(STR, txattrcreate.name), F(U64, txattrcreate.size),
                          F(U32, txattrcreate.flags)}},
    [P9_RXATTRCREATE] = {"Rxattrcreate", {{0}}},
    [P9_TREADDIR] = {"Treaddir", {F(U32, fid), F(U64, io.offset), F(U32, io.count)}},
    [P9_RREADDIR] = {"Rreaddir", {F(PAYLOAD, rio.count)}},
    [P9_TFSYNC] = {"Tfsync", {F(U32, fid), F(OLD32, tfsync.datasync)}},
    [P9_RFSYNC] = {"Rfsync", {{0}}},
    [P9_TLOCK] = {"Tlock", {F(U32, fid), F(U8, tlock.kind), F(U32, tlock.flags), LOCK_FIELDS}},
    [P9_RLOCK] = {"Rlock", {F(U8, rlock.status)}},
    [P9_TGETLOCK] = {"Tgetlock", {F(U32, fid), F(U8, tlock.kind), LOCK_FIELDS}},
    [P9_RGETLOCK] = {"Rgetlock", {F(U8, tlock.kind), LOCK_FIELDS}},
    [P9_TLINK] = {"Tlink", {F(U32, tlink.dfid), F(U32, tlink.fid), F(STR, tlink.name)}},
    [P9_RLINK] = {"Rlink", {{0}}},
    [P9_TMKDIR] = {"Tmkdir",
                   {F(U32, fid), F(STR, tmkdir.name), F(U32, tmkdir.mode), F(U32, tmkdir.gid)}},
    [P9_RMKDIR] = {"Rmkdir", {F(QID, rqid.qid)}},
    [P9_TRENAMEAT] = {"Trenameat",
                      {F(U32, trenameat.dfid), F(STR, trenameat.old), F(U32, trenameat.newdfid),
                       F(STR, trenameat.name)}},
    [P9_RRENAMEAT] = {"Rrenameat", {{0}}},
    [P9_TUNLINKAT] = {"Tunlinkat",
                      {F(U32, tunlinkat.dfid), F(STR, tunlinkat.name), F(U32, tunlinkat.flags)}},
    [P9_RUNLINKAT] = {"Runlinkat", {{0}}},
    [P9_TVERSION] = {"Tversion", {F(U32, version.msize), F(STR, version.version)}},
    [P9_RVERSION] = {"Rversion", {F(U32, version.msize), F(STR, version.version)}},
    [P9_TAUTH] = {"Tauth",
                  {F(U32, tauth.afid), F(STR, tauth.uname), F(STR, tauth.aname),
                   F(U32, tauth.n_uname)}},
    [P9_RAUTH] = {"Rauth", {F(QID, rqid.qid)}},
    [P9_TATTACH] = {"Tattach",
                    {F(U32, fid), F(U32, tattach.afid), F(STR, tattach.uname),
                     F(STR, tattach.aname), F(U32, tattach.n_uname)}},
    [P9_RATTACH] = {"Rattach", {F(QID, rqid.qid)}},
    [P9_TFLUSH] = {"Tflush", {F(U16, tflush.oldtag)}},
    [P9_RFLUSH] = {"Rflush", {{0}}},
    [P9_TWALK] = {"Twalk", {F(U32, fid), F(U32, twalk.newfid), F(NAMES, twalk)}},
    [P9_RWALK] = {"Rwalk", {F(QIDS, rwalk)}},
    [P9_TREAD] = {"Tread", {F(U32, fid), F(U64, io.offset), F(U32, io.count)}},
    [P9_RREAD] = {"Rread", {F(PAYLOAD, rio.count)}},
    [P9_TWRITE] = {"Twrite", {F(U32, fid), F(U64, io.offset), F(PAYLOAD, io.count)}},
    [P9_RWRITE] = {"Rwrite", {F(U32, rio.count)}},
    [P9_TCLUNK] = {"Tclunk", {F(U32, fid)}},
    [P9_RCLUNK] = {"Rclunk", {{0}}},
    [P9_TREMOVE] = {"Tremove", {F(U32, fid)}},
    [P9_RREMOVE] = {"Rremove", {{0}}},
    [P9_TLOOKUP] = {"Tlookup", {F(U32, fid), F(U32, tlookup.newfid), F(STR, tlookup.name)}},
    [P9_RLOOKUP] = {"Rlookup", {ATTR_FIELDS}},
    [P9_TREOPEN] = {"Treopen", {F(U32, fid), F(U32, treopen.newfid), F(U32, treopen.flags)}},
    [P9_RREOPEN] = {"Rreopen", {F(QID, ropen.qid), F(U32, ropen.iounit)}},
    [P9_TMAKE] = {"Tmake",
                  {F(U32, fid), F(U32, tmake.newfid), F(U32, tmake.open), F(STR, tmake.name),
                   F(U32, tmake.flags), F(U32, tmake.mode), F(U32, tmake.gid)}},
    [P9_RMAKE] = {"Rmake", {ATTR_FIELDS}},
    [P9_TLIST] = {"Tlist", {F(U32, fid), F(U64, io.offset), F(U32, io.count)}},
    [P9_RLIST] = {"Rlist", {F(PAYLOAD, rio.count)}},
    [P9_TOPEN] = {"Topen",
                  {F(U32, fid), F(U32, tmake.newfid), F(U32, tmake.open), F(STR, tmake.name), F(U32, tmake.flags)}},
    [P9_ROPEN] = {"Ropen", {ATTR_FIELDS}},
};

static const struct row *row_of(uint8_t type)
{
    return type < P9_TYPES && rows[type].name ? &rows[type] : NULL;
}

/* Behind its last. */
static const struct field *end_of(const struct row *r)
{
    const struct field *f = r->field;

    while (f < r->field + FIELDS_MAX && f->kind)
        f++;
    return f;
}

static const struct field *payload_field(const struct row *r)
{
    const struct field *end = end_of(r);

    return end > r->field && end[-1].kind == PAYLOAD ? end - 1 : NULL;
}

const char *p9_msg_name(uint8_t type)
{
    const struct row *r = row_of(type);

    return r ? r->name : NULL;
}

bool p9_msg_has_payload(uint8_t type)
{
    const struct row *r = row_of(type);

    return r && payload_field(r);
}

/* --- Decode ------------------------------------------------------------------------------------ */

static struct p9_str get_str(struct cursor *c)
{
    uint16_t len = cursor_le16(c);
    const uint8_t *at = cursor_bytes(c, len);

    return at ? (struct p9_str){(const char *)at, len} : (struct p9_str){"", 0};
}

static struct p9_qid get_qid(struct cursor *c)
{
    struct p9_qid q = {.type = cursor_u8(c)};

    q.version = cursor_le32(c);
    q.path = cursor_le64(c);
    return q;
}

static struct p9_time get_time(struct cursor *c)
{
    struct p9_time t = {.sec = cursor_le64(c)};

    t.nsec = cursor_le64(c);
    return t;
}

static uint16_t get_count(struct cursor *c)
{
    uint16_t n = cursor_le16(c);

    c->bad |= n > P9_WALK_MAX;
    return c->bad ? 0 : n;
}

static void get_names(struct cursor *c, struct p9_msg *m)
{
    m->twalk.n = get_count(c);
    for (unsigned i = 0; i < m->twalk.n; i++)
        m->twalk.name[i] = get_str(c);
}

static void get_qids(struct cursor *c, struct p9_msg *m)
{
    m->rwalk.n = get_count(c);
    for (unsigned i = 0; i < m->rwalk.n; i++)
        m->rwalk.qid[i] = get_qid(c);
}

static void get_field(struct cursor *c, struct p9_msg *m, const struct field *f)
{
    void *at = (uint8_t *)m + f->at;

    switch (f->kind) {
    case U8: *(uint8_t *)at = cursor_u8(c); break;
    case U16: *(uint16_t *)at = cursor_le16(c); break;
    case U32: case OLD32: case PAYLOAD: *(uint32_t *)at = cursor_le32(c); break;
    case U64: *(uint64_t *)at = cursor_le64(c); break;
    case STR: *(struct p9_str *)at = get_str(c); break;
    case QID: *(struct p9_qid *)at = get_qid(c); break;
    case TIME: *(struct p9_time *)at = get_time(c); break;
    case NAMES: get_names(c, m); break;
    case QIDS: get_qids(c, m); break;
    }
}

/* What must follow the head for the message to be as long as it says. */
static size_t payload_of(const struct p9_msg *m, const struct row *r)
{
    const struct field *f = payload_field(r);

    return f ? *(const uint32_t *)((const uint8_t *)m + f->at) : 0;
}

static void get_fields(struct cursor *c, struct p9_msg *m, const struct row *r)
{
    const struct field *end = end_of(r);

    for (const struct field *f = r->field; f < end; f++)
        if (f->kind != OLD32 || cursor_left(c) > 0)
            get_field(c, m, f);
}

int p9_msg_decode(struct p9_msg *m, const void *bytes, size_t len, size_t total)
{
    struct cursor c = cursor_over(bytes, len);
    uint32_t size = cursor_le32(&c);
    const struct row *r;
    size_t head;

    memset(m, 0, sizeof(*m));
    m->type = cursor_u8(&c);
    m->tag = cursor_le16(&c);
    if (c.bad || size != total || len > total)
        return -EBADMSG;
    if (!(r = row_of(m->type)))
        return -EOPNOTSUPP;
    get_fields(&c, m, r);
    head = (size_t)(c.p - (const uint8_t *)bytes);
    if (c.bad || head + payload_of(m, r) != total)
        return -EBADMSG;
    return (int)head;
}

/* --- Encode ------------------------------------------------------------------------------------ */

/* The writing twin of struct cursor: what does not fit sets `bad`. */
struct pen {
    uint8_t *p, *end;
    bool bad;
};

/* Inline as put_le is: of a fixed length it is one store. */
static inline __attribute__((always_inline)) void put_bytes(struct pen *w, const void *bytes, size_t len)
{
    if (w->bad || len > (size_t)(w->end - w->p)) {
        w->bad = true;
        return;
    }
    if (len > 0)
        memcpy(w->p, bytes, len);
    w->p += len;
}

static inline __attribute__((always_inline)) void put_le(struct pen *w, uint64_t value, size_t width)
{
    value = htole64(value);
    put_bytes(w, &value, width);
}

static void put_str(struct pen *w, const struct p9_str *s)
{
    put_le(w, s->len, 2);
    put_bytes(w, s->s, s->len);
}

static void put_qid(struct pen *w, const struct p9_qid *q)
{
    put_le(w, q->type, 1);
    put_le(w, q->version, 4);
    put_le(w, q->path, 8);
}

static void put_time(struct pen *w, const struct p9_time *t)
{
    put_le(w, t->sec, 8);
    put_le(w, t->nsec, 8);
}

static void put_names(struct pen *w, const struct p9_msg *m)
{
    put_le(w, m->twalk.n, 2);
    for (unsigned i = 0; i < m->twalk.n && i < P9_WALK_MAX; i++)
        put_str(w, &m->twalk.name[i]);
}

static void put_qids(struct pen *w, const struct p9_msg *m)
{
    put_le(w, m->rwalk.n, 2);
    for (unsigned i = 0; i < m->rwalk.n && i < P9_WALK_MAX; i++)
        put_qid(w, &m->rwalk.qid[i]);
}

static void put_field(struct pen *w, const struct p9_msg *m, const struct field *f)
{
    const void *at = (const uint8_t *)m + f->at;

    switch (f->kind) {
    case U8: put_le(w, *(const uint8_t *)at, 1); break;
    case U16: put_le(w, *(const uint16_t *)at, 2); break;
    case U32: case OLD32: case PAYLOAD: put_le(w, *(const uint32_t *)at, 4); break;
    case U64: put_le(w, *(const uint64_t *)at, 8); break;
    case STR: put_str(w, at); break;
    case QID: put_qid(w, at); break;
    case TIME: put_time(w, at); break;
    case NAMES: put_names(w, m); break;
    case QIDS: put_qids(w, m); break;
    }
}

static bool too_many(const struct p9_msg *m)
{
    return (m->type == P9_TWALK && m->twalk.n > P9_WALK_MAX) ||
           (m->type == P9_RWALK && m->rwalk.n > P9_WALK_MAX);
}

int p9_msg_encode(const struct p9_msg *m, void *bytes, size_t cap)
{
    struct pen w = {.p = bytes, .end = (uint8_t *)bytes + cap};
    const struct row *r = row_of(m->type);
    const struct field *end;
    size_t head;

    if (!r || too_many(m))
        return -EINVAL;
    put_le(&w, 0, 4);
    put_le(&w, m->type, 1);
    put_le(&w, m->tag, 2);
    end = end_of(r);
    for (const struct field *f = r->field; f < end; f++)
        put_field(&w, m, f);
    if (w.bad)
        return -EMSGSIZE;
    head = (size_t)(w.p - (uint8_t *)bytes);
    w.p = bytes;
    put_le(&w, head + payload_of(m, r), 4);
    return (int)head;
}

/* --- Strings and directory entries --------------------------------------------------------------- */

int p9_str_text(const struct p9_str *s, char *to, size_t cap)
{
    if (memchr(s->s, '\0', s->len))
        return -EINVAL;
    if (s->len >= cap)
        return -ENAMETOOLONG;
    memcpy(to, s->s, s->len);
    to[s->len] = '\0';
    return 0;
}

struct p9_str p9_str_of(const char *text)
{
    size_t len = strlen(text);

    return (struct p9_str){text, (uint16_t)(len > UINT16_MAX ? UINT16_MAX : len)};
}

static void put_attr(struct pen *w, const struct p9_attr *a)
{
    const struct p9_msg m = {.rgetattr = *a};
    const struct row *r = &rows[P9_RGETATTR];

    for (const struct field *f = r->field, *end = end_of(r); f < end; f++)
        put_field(w, &m, f);
}

static void get_attr(struct cursor *c, struct p9_attr *a)
{
    struct p9_msg m;

    get_fields(c, &m, &rows[P9_RGETATTR]);
    *a = m.rgetattr;
}

size_t p9_dirent_encode(const struct p9_dirent *d, bool attrs, void *bytes, size_t cap)
{
    struct pen w = {.p = bytes, .end = (uint8_t *)bytes + cap};

    put_qid(&w, &d->qid);
    put_le(&w, d->next, 8);
    put_le(&w, d->type, 1);
    put_str(&w, &d->name);
    if (attrs)
        put_attr(&w, &d->attr);
    return w.bad ? 0 : (size_t)(w.p - (uint8_t *)bytes);
}

size_t p9_dirent_decode(struct p9_dirent *d, bool attrs, const void *bytes, size_t len)
{
    struct cursor c = cursor_over(bytes, len);

    d->qid = get_qid(&c);
    d->next = cursor_le64(&c);
    d->type = cursor_u8(&c);
    d->name = get_str(&c);
    d->attr.valid = 0;
    if (attrs)
        get_attr(&c, &d->attr);
    return c.bad ? 0 : len - cursor_left(&c);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P client against a server that lies: one answer of each session is a row of a table.
 */
#include "tests/unit/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/tree.h"
#include "p9/client.h"
#include "p9/conn.h"

#define QID_OF(t) {.type = (t), .version = 1, .path = 7}
#define TEXT(literal) {(literal), sizeof(literal) - 1}
#define DIR_ATTR .valid = P9_GETATTR_BASIC, .qid = QID_OF(P9_QID_DIR), .mode = S_IFDIR | 0755

/* What the server answers to messages of `type`; raw bytes where `raw` is given. */
struct lie {
    uint8_t type;
    struct p9_msg m;        /* tag is set; type 0: silence */
    const void *payload;
    size_t payload_len;
    int tag_off;            /* added to the tag */
    uint32_t size;          /* of the header instead of the true one; 0: true */
};

struct liar {
    int fd;
    const struct lie *lie;
    pthread_t thread;
    bool hang_up;           /* instead of lying */
    const char *version;    /* the only one it knows; NULL: 9P2000.L */
    atomic_uint asked[P9_TYPES];
    bool endless;           /* every part of a listing leads on */
    uint8_t listing[8192];
};

static bool take_bytes(int fd, void *bytes, size_t len)
{
    return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

static void answer(struct liar *l, struct p9_msg *m, const void *payload, size_t len, uint32_t size)
{
    uint8_t out[8192];
    int head = p9_msg_encode(m, out, sizeof(out));

    if (head < 0 || (size_t)head + len > sizeof(out))
        abort();
    if (len > 0)
        memcpy(out + head, payload, len);
    if (size)
        memcpy(out, &size, 4);
    if (send(l->fd, out, (size_t)head + len, MSG_NOSIGNAL) < 0)
        return;
}

/* The honest answers, as short as they can be. */
static struct p9_msg honest(const struct p9_msg *t)
{
    struct p9_msg r = {.type = (uint8_t)(t->type + 1), .tag = t->tag};

    if (t->type == P9_TATTACH)
        r.rqid.qid = (struct p9_qid)QID_OF(P9_QID_DIR);
    else if (t->type == P9_TWALK && (r.rwalk.n = t->twalk.n) > 0)
        r.rwalk.qid[0] = (struct p9_qid)QID_OF(P9_QID_DIR);
    else if (t->type == P9_TGETATTR || t->type == P9_TLOOKUP)
        r.rgetattr = (struct p9_attr){DIR_ATTR};
    else if (t->type == P9_TXATTRWALK)
        r.rxattrwalk.size = 4;
    else if (t->type == P9_TWRITE)
        r.rio.count = t->io.count;
    return r;
}

/* "a" as often as it goes into a message; the offsets only grow. */
static size_t list_on(struct liar *l, uint64_t offset)
{
    struct p9_dirent d = {.qid = QID_OF(P9_QID_FILE), .next = offset + 1, .type = 8, .name = p9_str_of("a")};
    size_t len = 0, n;

    for (; len < 4000 && (n = p9_dirent_encode(&d, false, l->listing + len, 4000 - len)) > 0; d.next++)
        len += n;
    return len;
}

/* A strict server's answer: as diod's, which takes no version but the one it knows. */
static struct p9_str known(const struct liar *l, const struct p9_str *asked)
{
    struct p9_str v = p9_str_of(l->version ? l->version : P9_VERSION);
    bool same = asked->len == v.len && memcmp(asked->s, v.s, v.len) == 0;

    return same ? v : p9_str_of("unknown");
}

static void serve_one(struct liar *l, const struct p9_msg *t)
{
    struct p9_msg r = honest(t);

    atomic_fetch_add(&l->asked[t->type], 1);
    if (t->type == P9_TVERSION)
        r.version.msize = P9_MSIZE_MIN, r.version.version = known(l, &t->version.version);
    if (l->endless && t->type == P9_TREADDIR) {
        r.rio.count = (uint32_t)list_on(l, t->io.offset);
        answer(l, &r, l->listing, r.rio.count, 0);
        return;
    }
    if (t->type != l->lie->type) {
        answer(l, &r, NULL, 0, 0);
        return;
    }
    r = l->lie->m;
    r.tag = (uint16_t)(t->tag + l->lie->tag_off);
    if (l->hang_up)
        shutdown(l->fd, SHUT_RDWR);
    else if (r.type)
        answer(l, &r, l->lie->payload, l->lie->payload_len, l->lie->size);
}

static void *lie_on(void *arg)
{
    struct liar *l = arg;
    uint8_t in[8192];
    struct p9_msg t;
    uint32_t size;

    while (take_bytes(l->fd, in, 4)) {
        memcpy(&size, in, 4);
        if (size > sizeof(in) || !take_bytes(l->fd, in + 4, size - 4) || p9_msg_decode(&t, in, size, size) < 0)
            break;
        serve_one(l, &t);
    }
    return NULL;
}

static struct p9_client *meet(struct liar *l, const struct lie *lie, struct err *e)
{
    struct p9_client_config config = {.msize = P9_MSIZE_MIN, .timeout_ms = 2000, .grace_ms = 300};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    l->fd = pair[1];
    l->lie = lie;
    assert_int_equal(pthread_create(&l->thread, NULL, lie_on, l), 0);
    return p9_client_new(pair[0], &config, e);
}

static void part(struct liar *l, struct p9_client *c)
{
    p9_client_free(c);
    pthread_join(l->thread, NULL);
    close(l->fd);
}

/* --- One call after a lie -------------------------------------------------------------------------- */

static int do_lookup(struct p9_client *c)
{
    struct p9_attr attr;
    uint32_t fid;

    return p9_client_lookup(c, 0, "x", &fid, &attr);
}

static int do_getattr(struct p9_client *c)
{
    struct p9_attr attr;

    return p9_client_getattr(c, 0, &attr);
}

static int do_read(struct p9_client *c)
{
    char bytes[16];

    return (int)p9_client_read(c, 0, bytes, sizeof(bytes), 0);
}

static int do_write(struct p9_client *c)
{
    return (int)p9_client_write(c, 0, "sixteen bytes...", 16, 0);
}

static int do_readlink(struct p9_client *c)
{
    char target[P9_CLIENT_TEXT];

    return p9_client_readlink(c, 0, target);
}

static int do_list(struct p9_client *c)
{
    struct p9_listing l = {0};
    int rc = p9_client_list(c, 0, 5, &l);

    p9_listing_release(&l);
    return rc;
}

static int do_xattr(struct p9_client *c)
{
    char value[8];

    return (int)p9_client_xattr_get(c, 0, "user.a", value, sizeof(value));
}

static int do_lock(struct p9_client *c)
{
    return p9_client_lock(c, &(struct p9_lock){.client_id = TEXT("x")});
}

static int do_getlock(struct p9_client *c)
{
    return p9_client_getlock(c, &(struct p9_lock){.client_id = TEXT("x")});
}

static int do_fsync(struct p9_client *c)
{
    return p9_client_fsync(c, 0, false);
}

/* qid[13] offset[8] type[1] len[2] name */
#define ENTRY(offset, len, name) "\0\1\0\0\0\7\0\0\0\0\0\0\0" offset "\0\0\0\0\0\0\0" "\10" len "\0" name
#define LISTING(bytes) {P9_TREADDIR, {.type = P9_RREADDIR, .rio = {sizeof(bytes) - 1}}, bytes, sizeof(bytes) - 1, 0, 0}
#define ATTR(...) {P9_TGETATTR, {.type = P9_RGETATTR, .rgetattr = {DIR_ATTR, __VA_ARGS__}}, NULL, 0, 0, 0}

static const struct row {
    const char *name;
    int (*call)(struct p9_client *c);
    int rc;
    bool lost; /* the connection, too */
    struct lie lie;
} rows[] = {
    {"tag that nobody has", do_getattr, -ENOTCONN, true, {P9_TGETATTR, {.type = P9_RGETATTR}, NULL, 0, 1, 0}},
    {"tag out of bounds", do_getattr, -ENOTCONN, true, {P9_TGETATTR, {.type = P9_RGETATTR}, NULL, 0, 4096, 0}},
    {"NOTAG", do_fsync, -ENOTCONN, true, {P9_TFSYNC, {.type = P9_RFSYNC}, NULL, 0, -3, 0}},
    {"another type", do_getattr, -ENOTCONN, true, {P9_TGETATTR, {.type = P9_RSTATFS}, NULL, 0, 0, 0}},
    {"a request", do_getattr, -ENOTCONN, true, {P9_TGETATTR, {.type = P9_TGETATTR}, NULL, 0, 0, 0}},
    {"size 0", do_fsync, -ENOTCONN, true, {P9_TFSYNC, {.type = P9_RFSYNC}, "", 1, 0, 6}},
    {"size over msize", do_fsync, -ENOTCONN, true, {P9_TFSYNC, {.type = P9_RFSYNC}, NULL, 0, 0, P9_MSIZE_MIN + 1}},
    {"size huge", do_fsync, -ENOTCONN, true, {P9_TFSYNC, {.type = P9_RFSYNC}, NULL, 0, 0, UINT32_MAX}},
    {"bytes left over", do_fsync, -ENOTCONN, true, {P9_TFSYNC, {.type = P9_RFSYNC}, "xx", 2, 0, 9}},
    {"size never filled", do_fsync, -ENOTCONN, true, {P9_TFSYNC, {.type = P9_RFSYNC}, NULL, 0, 0, 100}},
    {"silence", do_fsync, -ETIMEDOUT, false, {P9_TFSYNC, {.type = 0}, NULL, 0, 0, 0}},
    {"error 0", do_fsync, -EIO, false, {P9_TFSYNC, {.type = P9_RLERROR, .rlerror = {0}}, NULL, 0, 0, 0}},
    {"error huge", do_fsync, -EIO, false, {P9_TFSYNC, {.type = P9_RLERROR, .rlerror = {0x80000001}}, NULL, 0, 0, 0}},
    {"error", do_fsync, -ENOSPC, false, {P9_TFSYNC, {.type = P9_RLERROR, .rlerror = {ENOSPC}}, NULL, 0, 0, 0}},
    {"read too much", do_read, -EIO, false, {P9_TREAD, {.type = P9_RREAD, .rio = {17}}, "0123456789abcdefg", 17, 0, 0}},
    {"read count without bytes", do_read, -ENOTCONN, true, {P9_TREAD, {.type = P9_RREAD, .rio = {9}}, "1", 1, 0, 12}},
    {"written too much", do_write, -EIO, false, {P9_TWRITE, {.type = P9_RWRITE, .rio = {17}}, NULL, 0, 0, 0}},
    {"written nothing", do_write, -EIO, false, {P9_TWRITE, {.type = P9_RWRITE, .rio = {0}}, NULL, 0, 0, 0}},
    {"walk too far", do_lookup, -EIO, false, {P9_TWALK, {.type = P9_RWALK, .rwalk = {.n = 2}}, NULL, 0, 0, 0}},
    {"walk nowhere", do_lookup, -ENOENT, false, {P9_TWALK, {.type = P9_RWALK, .rwalk = {.n = 0}}, NULL, 0, 0, 0}},
    {"walk to another file", do_lookup, -EIO, false,
     {P9_TWALK, {.type = P9_RWALK, .rwalk = {1, {{P9_QID_DIR, 1, 8}}}}, NULL, 0, 0, 0}},
    {"walk to another type", do_lookup, -EIO, false,
     {P9_TWALK, {.type = P9_RWALK, .rwalk = {1, {{P9_QID_LINK, 1, 7}}}}, NULL, 0, 0, 0}},
    {"attributes left out", do_getattr, -EIO, false,
     {P9_TGETATTR, {.type = P9_RGETATTR, .rgetattr = {.valid = 1, .qid = QID_OF(P9_QID_DIR), .mode = S_IFDIR}}, NULL, 0, 0, 0}},
    {"folder that is a file", do_getattr, -EIO, false,
     {P9_TGETATTR, {.type = P9_RGETATTR, .rgetattr = {.valid = 0x7ff, .qid = QID_OF(0), .mode = S_IFDIR}}, NULL, 0, 0, 0}},
    {"file that is a link", do_getattr, -EIO, false,
     {P9_TGETATTR, {.type = P9_RGETATTR, .rgetattr = {.valid = 0x7ff, .qid = QID_OF(0), .mode = S_IFLNK}}, NULL, 0, 0, 0}},
    {"no type at all", do_getattr, -EIO, false,
     {P9_TGETATTR, {.type = P9_RGETATTR, .rgetattr = {.valid = 0x7ff, .qid = QID_OF(0), .mode = 0644}}, NULL, 0, 0, 0}},
    {"size negative", do_getattr, -EIO, false, ATTR(.size = 1ull << 63)},
    {"nanoseconds", do_getattr, -EIO, false, ATTR(.mtime = {1, 1000000000})},
    {"true attributes", do_getattr, 0, false, ATTR(.mtime = {1, 999999999})},
    {"target with a NUL", do_readlink, -EIO, false, {P9_TREADLINK, {.type = P9_RREADLINK, .rreadlink = {TEXT("a\0b")}}, NULL, 0, 0, 0}},
    {"target empty", do_readlink, -EIO, false, {P9_TREADLINK, {.type = P9_RREADLINK, .rreadlink = {TEXT("")}}, NULL, 0, 0, 0}},
    {"xattr huge", do_xattr, -E2BIG, false, {P9_TXATTRWALK, {.type = P9_RXATTRWALK, .rxattrwalk = {UINT64_MAX}}, NULL, 0, 0, 0}},
    {"xattr short", do_xattr, -EIO, false, {P9_TREAD, {.type = P9_RREAD, .rio = {2}}, "ab", 2, 0, 0}},
    {"lock status", do_lock, -EIO, false, {P9_TLOCK, {.type = P9_RLOCK, .rlock = {9}}, NULL, 0, 0, 0}},
    {"lock kind", do_getlock, -EIO, false, {P9_TGETLOCK, {.type = P9_RGETLOCK, .tlock = {.kind = 3}}, NULL, 0, 0, 0}},
    {"lock start", do_getlock, -EIO, false,
     {P9_TGETLOCK, {.type = P9_RGETLOCK, .tlock = {.kind = 1, .start = UINT64_MAX}}, NULL, 0, 0, 0}},
    {"name", do_list, 1, false, LISTING(ENTRY("\6", "\1", "a"))},
    {"name with a slash", do_list, -EIO, false, LISTING(ENTRY("\6", "\3", "a/b"))},
    {"name absolute", do_list, -EIO, false, LISTING(ENTRY("\6", "\2", "/a"))},
    {"name with a NUL", do_list, -EIO, false, LISTING(ENTRY("\6", "\3", "a\0b"))},
    {"name empty", do_list, -EIO, false, LISTING(ENTRY("\6", "\0", ""))},
    {"name cut off", do_list, -EIO, false, LISTING(ENTRY("\6", "\7", "abc"))},
    {"entry cut off", do_list, -EIO, false, LISTING(ENTRY("\6", "\1", "a") "\0\0\0")},
    {"offset that does not move", do_list, -EIO, false, LISTING(ENTRY("\5", "\1", "a"))},
    {"offset back to the start", do_list, -EIO, false, LISTING(ENTRY("\0", "\1", "a"))},
};

static void test_hostile__every_lie_is_an_error_and_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct liar l = {0};
        struct lie once = rows[i].lie;
        struct lie none = {.type = 0};
        struct err e = {0};
        struct p9_client *c = meet(&l, &none, &e);
        int rc;

        assert_string_equal(e.msg, "");
        l.lie = &once;
        rc = rows[i].call(c);
        if (rc != rows[i].rc)
            fail_msg("%s: %d, not %d", rows[i].name, rc, rows[i].rc);
        if ((p9_client_lost(c) != NULL) != rows[i].lost)
            fail_msg("%s: %s", rows[i].name, rows[i].lost ? "the connection lives" : p9_client_lost(c));
        if (rows[i].lost && do_fsync(c) != -ENOTCONN)
            fail_msg("%s: not -ENOTCONN afterwards", rows[i].name);
        part(&l, c);
    }
}

static void test_hostile__a_greeting_that_is_wrong(void **state)
{
    static const struct lie lies[] = {
        {P9_TVERSION, {.type = P9_RVERSION, .version = {P9_MSIZE_MIN, TEXT("unknown")}}, NULL, 0, 0, 0},
        {P9_TVERSION, {.type = P9_RVERSION, .version = {P9_MSIZE_MIN, TEXT("9P2000.L and more")}}, NULL, 0, 0, 0},
        {P9_TVERSION, {.type = P9_RVERSION, .version = {P9_MSIZE_MIN - 1, TEXT(P9_VERSION)}}, NULL, 0, 0, 0},
        {P9_TVERSION, {.type = P9_RVERSION, .version = {P9_MSIZE_MIN + 1, TEXT(P9_VERSION)}}, NULL, 0, 0, 0},
        {P9_TVERSION, {.type = P9_RVERSION, .version = {P9_MSIZE_MIN, TEXT(P9_VERSION)}}, NULL, 0, 1, 0},
        {P9_TVERSION, {.type = 0}, NULL, 0, 0, 0},
        {P9_TATTACH, {.type = P9_RATTACH, .rqid = {QID_OF(P9_QID_FILE)}}, NULL, 0, 0, 0},
        {P9_TATTACH, {.type = P9_RLERROR, .rlerror = {EACCES}}, NULL, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        struct liar l = {0};
        struct err e = {0};

        assert_null(meet(&l, &lies[i], &e));
        assert_true(e.code > 0 && e.msg[0]);
        part(&l, NULL);
    }
}

static int do_make(struct p9_client *c)
{
    struct p9_new_file new = {0, 0600, 0};
    struct p9_attr attr;
    uint32_t open, fid;

    return p9_client_make(c, 0, "x", &new, &open, &fid, &attr);
}

static int do_reopen(struct p9_client *c)
{
    uint32_t fid;

    return p9_client_reopen(c, 0, 0, &fid);
}

static int do_open_name(struct p9_client *c)
{
    struct p9_attr attr;
    uint32_t open, fid;

    return p9_client_open_name(c, 0, "x", 0, &open, &fid, &attr);
}

static int do_list_attrs(struct p9_client *c)
{
    struct p9_listing l = {0};
    int rc = p9_client_list_attrs(c, 0, 5, 4096, &l);

    p9_listing_release(&l);
    return rc;
}

/* A folder's attributes behind the entry of a file with another number, and other things that cannot be. */
static void test_hostile__listings_whose_attributes_are_lies(void **state)
{
    static const struct {
        struct p9_dirent d;
        size_t cut;
        int rc;
    } lies[] = {
        {{.qid = QID_OF(P9_QID_DIR), .next = 6, .name = TEXT("a"), .attr = {DIR_ATTR}}, 0, 1},
        {{.qid = QID_OF(P9_QID_DIR), .next = 6, .name = TEXT("a")}, 0, 1}, /* not told */
        {{.qid = QID_OF(P9_QID_DIR), .next = 6, .name = TEXT("a"), .attr = {DIR_ATTR}}, 1, -EIO},
        {{.qid = QID_OF(P9_QID_DIR), .next = 6, .name = TEXT("a/b"), .attr = {DIR_ATTR}}, 0, -EIO},
        {{.qid = QID_OF(P9_QID_DIR), .next = 5, .name = TEXT("a"), .attr = {DIR_ATTR}}, 0, -EIO},
        {{.qid = {P9_QID_DIR, 1, 8}, .next = 6, .name = TEXT("a"), .attr = {DIR_ATTR}}, 0, -EIO},
        {{.qid = QID_OF(P9_QID_FILE), .next = 6, .name = TEXT("a"), .attr = {DIR_ATTR}}, 0, -EIO},
        {{.qid = QID_OF(P9_QID_DIR), .next = 6, .name = TEXT("a"), .attr = {.valid = 1, .qid = QID_OF(P9_QID_DIR)}}, 0, -EIO},
        {{.qid = QID_OF(P9_QID_DIR), .next = 6, .name = TEXT("a"), .attr = {DIR_ATTR, .size = 1ull << 63}}, 0, -EIO},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        uint8_t bytes[300];
        size_t len = p9_dirent_encode(&lies[i].d, true, bytes, sizeof(bytes)) - lies[i].cut;
        struct lie lie = {P9_TLIST, {.type = P9_RLIST, .rio = {(uint32_t)len}}, bytes, len, 0, 0};
        struct liar l = {.version = P9_VERSION_OWN};
        struct err e = {0};
        struct p9_client *c = meet(&l, &lie, &e);

        assert_non_null(c);
        assert_int_equal(do_list_attrs(c), lies[i].rc);
        assert_null(p9_client_lost(c));
        part(&l, c);
    }
}

/* The fid of an answer that makes no sense is given up, and the connection goes on. */
static void test_hostile__lies_in_our_own_dialect(void **state)
{
    static const struct {
        struct lie lie;
        int (*call)(struct p9_client *c);
        int rc;
        bool lost;
    } own[] = {
        {{P9_TLOOKUP, {.type = P9_RLOOKUP, .rgetattr = {DIR_ATTR}}, NULL, 0, 0, 0}, do_lookup, 0, false},
        {{P9_TLOOKUP, {.type = P9_RLOOKUP, .rgetattr = {.qid = QID_OF(P9_QID_FILE)}}, NULL, 0, 0, 0},
         do_lookup, -EIO, false},
        {{P9_TLOOKUP, {.type = P9_RLOOKUP, .rgetattr = {.valid = P9_GETATTR_BASIC, .mode = S_IFDIR}}, NULL, 0, 0, 0},
         do_lookup, -EIO, false},
        {{P9_TLOOKUP, {.type = P9_RLERROR, .rlerror = {ENOENT}}, NULL, 0, 0, 0}, do_lookup, -ENOENT, false},
        {{P9_TLOOKUP, {.type = P9_RLERROR, .rlerror = {0}}, NULL, 0, 0, 0}, do_lookup, -EIO, false},
        {{P9_TLOOKUP, {.type = P9_RGETATTR, .rgetattr = {DIR_ATTR}}, NULL, 0, 0, 0}, do_lookup, -ENOTCONN, true},
        {{P9_TMAKE, {.type = P9_RMAKE, .rgetattr = {DIR_ATTR}}, NULL, 0, 0, 0}, do_make, 0, false},
        {{P9_TMAKE, {.type = P9_RMAKE}, NULL, 0, 0, 0}, do_make, -EIO, false},
        {{P9_TMAKE, {.type = P9_RLERROR, .rlerror = {EEXIST}}, NULL, 0, 0, 0}, do_make, -EEXIST, false},
        {{P9_TOPEN, {.type = P9_ROPEN, .rgetattr = {DIR_ATTR}}, NULL, 0, 0, 0}, do_open_name, 0, false},
        {{P9_TOPEN, {.type = P9_ROPEN}, NULL, 0, 0, 0}, do_open_name, -EIO, false},
        {{P9_TOPEN, {.type = P9_RLERROR, .rlerror = {ENOENT}}, NULL, 0, 0, 0}, do_open_name, -ENOENT, false},
        {{P9_TOPEN, {.type = P9_RMAKE, .rgetattr = {DIR_ATTR}}, NULL, 0, 0, 0}, do_open_name, -ENOTCONN, true},
        {{P9_TREOPEN, {.type = P9_RREOPEN}, NULL, 0, 0, 0}, do_reopen, 0, false},
        {{P9_TREOPEN, {.type = P9_RLERROR, .rlerror = {EACCES}}, NULL, 0, 0, 0}, do_reopen, -EACCES, false},
        {{P9_TREOPEN, {.type = P9_RLOPEN}, NULL, 0, 0, 0}, do_reopen, -ENOTCONN, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        struct liar l = {.version = P9_VERSION_OWN};
        struct err e = {0};
        struct p9_client *c = meet(&l, &own[i].lie, &e);
        int rc;

        assert_non_null(c);
        rc = own[i].call(c);
        if (rc != own[i].rc || (p9_client_lost(c) != NULL) != own[i].lost)
            fail_msg("row %zu: %d, %s", i, rc, p9_client_lost(c) ? p9_client_lost(c) : "alive");
        part(&l, c);
    }
}

/* What our own dialect does at once is done in steps, and a step that fails is the answer. */
static void test_hostile__a_server_of_9p2000_l_alone(void **state)
{
    static const struct {
        struct lie lie;
        int make, reopen, open;
    } plain[] = {
        {{P9_TFSYNC, {.type = P9_RFSYNC}, NULL, 0, 0, 0}, 0, 0, 0},
        {{P9_TLCREATE, {.type = P9_RLERROR, .rlerror = {EACCES}}, NULL, 0, 0, 0}, -EACCES, 0, 0},
        {{P9_TLOPEN, {.type = P9_RLERROR, .rlerror = {EACCES}}, NULL, 0, 0, 0}, 0, -EACCES, -EACCES},
        {{P9_TGETATTR, {.type = P9_RLERROR, .rlerror = {EIO}}, NULL, 0, 0, 0}, -EIO, 0, -EIO},
        {{P9_TWALK, {.type = P9_RLERROR, .rlerror = {ENOENT}}, NULL, 0, 0, 0}, -ENOENT, -ENOENT, -ENOENT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
        struct liar l = {0};
        struct err e = {0};
        struct p9_client *c = meet(&l, &plain[i].lie, &e);

        assert_non_null(c);
        assert_int_equal(do_make(c), plain[i].make);
        assert_int_equal(do_reopen(c), plain[i].reopen);
        assert_int_equal(do_open_name(c), plain[i].open);
        assert_null(p9_client_lost(c));
        part(&l, c);
    }
}

static int count_name(void *ctx, const char *name)
{
    (void)name;
    ++*(unsigned *)ctx;
    return 0;
}

/* What a listing is kept for is memory of this machine. */
static void test_hostile__a_listing_without_end_is_an_error(void **state)
{
    struct lie none = {.type = P9_RLERROR};
    struct liar l = {.endless = true};
    struct err e = {0};
    struct p9_client *c = meet(&l, &none, &e);
    struct tree t = tree_guest(c, "liar");
    unsigned names = 0;

    (void)state;
    assert_int_equal(t.ops->list(&t, p9_client_root(c), count_name, &names), -EOVERFLOW);
    assert_int_equal(names, 1u << 22);
    assert_null(p9_client_lost(c));
    part(&l, c);
}

/* What is not waited for has a tag as well: once all are taken for good, nothing is ever answered again. */
static void test_hostile__a_server_that_answers_no_clunk_is_given_up(void **state)
{
    struct lie silence = {.type = P9_TCLUNK};
    struct liar l = {0};
    struct err e = {0};
    struct p9_client *c = meet(&l, &silence, &e);

    (void)state;
    for (uint32_t i = 0; i < P9_CONN_TAGS; i++)
        p9_client_clunk(c, 1000 + i);
    assert_null(p9_client_lost(c));
    assert_int_equal(do_lookup(c), -ENOTCONN);
    assert_string_equal(p9_client_lost(c), "the server does not answer");
    part(&l, c);
}

/* One that knows neither Trenameat nor Tunlinkat is asked as it was before there were those. */
static void test_client__goes_by_fids_where_there_are_no_names(void **state)
{
    struct lie no_rename = {P9_TRENAMEAT, {.type = P9_RLERROR, .rlerror = {EOPNOTSUPP}}, NULL, 0, 0, 0};
    struct lie no_unlink = {P9_TUNLINKAT, {.type = P9_RLERROR, .rlerror = {EOPNOTSUPP}}, NULL, 0, 0, 0};
    struct liar l = {0};
    struct err e = {0};
    struct p9_client *c = meet(&l, &no_rename, &e);
    uint32_t root = p9_client_root(c);

    (void)state;
    assert_int_equal(p9_client_rename(c, root, "old", root, "new"), 0);
    assert_int_equal(l.asked[P9_TRENAME], 1);
    l.lie = &no_unlink;
    assert_int_equal(p9_client_unlink(c, root, "folder", true), 0);
    assert_int_equal(l.asked[P9_TREMOVE], 1);
    assert_int_equal(p9_client_unlink(c, root, "folder", false), -EISDIR);
    assert_int_equal(l.asked[P9_TREMOVE], 1);
    part(&l, c);
    assert_int_equal(l.asked[P9_TWALK], 3);
    assert_int_equal(l.asked[P9_TCLUNK] + l.asked[P9_TREMOVE], 3);
}


/* Nothing at all comes any more: the call in flight and all behind it end. */
static void test_hostile__a_server_that_falls_silent_is_given_up(void **state)
{
    static const struct lie none = {.type = 0};
    struct liar l = {0};
    struct err e = {0};
    struct p9_client *c;
    int dead[2];

    (void)state;
    c = meet(&l, &none, &e);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, dead), 0);
    shutdown(l.fd, SHUT_RDWR);
    assert_int_equal(do_fsync(c), -ENOTCONN);
    part(&l, c);
    assert_null(p9_client_new(dead[0], &(struct p9_client_config){.timeout_ms = 100, .grace_ms = 100}, &e));
    assert_int_equal(e.code, ENOTCONN);
    close(dead[1]);
}

static void *wait_for_fsync(void *arg)
{
    return (void *)(intptr_t)do_fsync(arg);
}

/* A call that is not answered holds up nobody, and its late answer is swallowed. */
static void test_hostile__others_go_on_beside_a_call_without_answer(void **state)
{
    static const struct lie silence = {P9_TFSYNC, {.type = 0}, NULL, 0, 0, 0};
    struct liar l = {0};
    struct err e = {0};
    struct p9_client *c = meet(&l, &silence, &e);
    pthread_t thread;
    void *rc;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_fsync, c), 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(do_getattr(c), 0);
    pthread_join(thread, &rc);
    assert_int_equal((intptr_t)rc, -ETIMEDOUT);
    assert_int_equal(do_getattr(c), 0);
    part(&l, c);
}

static void *cancel_it(void *arg)
{
    void **both = arg;
    struct p9_call *call = both[1];

    p9_conn_cancel(both[0], call);
    return NULL;
}

static void test_conn__a_cancelled_call_ends(void **state)
{
    static const struct lie silence = {P9_TFSYNC, {.type = 0}, NULL, 0, 0, 0};
    struct p9_msg m = {.type = P9_TFSYNC};
    struct p9_call call = {0};
    struct liar l = {.lie = &silence};
    struct err e = {0};
    struct p9_conn *c;
    pthread_t thread;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    l.fd = pair[1];
    assert_int_equal(pthread_create(&l.thread, NULL, lie_on, &l), 0);
    c = p9_conn_new(pair[0], &(struct p9_conn_config){.msize = P9_MSIZE_MIN}, &e);
    assert_non_null(c);
    assert_int_equal(p9_conn_send(c, &call, &m, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_it, (void *[]){c, &call}), 0);
    assert_int_equal(p9_conn_wait(c, &call), -EINTR);
    pthread_join(thread, NULL);
    assert_null(p9_conn_lost(c));
    p9_conn_put(c);
    pthread_join(l.thread, NULL);
    close(l.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile__every_lie_is_an_error_and_no_more),
        cmocka_unit_test(test_hostile__a_greeting_that_is_wrong),
        cmocka_unit_test(test_hostile__lies_in_our_own_dialect),
        cmocka_unit_test(test_hostile__listings_whose_attributes_are_lies),
        cmocka_unit_test(test_hostile__a_server_of_9p2000_l_alone),
        cmocka_unit_test(test_client__goes_by_fids_where_there_are_no_names),
        cmocka_unit_test(test_hostile__a_server_that_answers_no_clunk_is_given_up),
        cmocka_unit_test(test_hostile__a_listing_without_end_is_an_error),
        cmocka_unit_test(test_hostile__a_server_that_falls_silent_is_given_up),
        cmocka_unit_test(test_hostile__others_go_on_beside_a_call_without_answer),
        cmocka_unit_test(test_conn__a_cancelled_call_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

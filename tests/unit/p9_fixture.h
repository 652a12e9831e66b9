/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small 9P client over a socket pair, and the server at its other end, for tests.
 *
 * Calls return 0 or a count, or -errno as the server's Rlerror says; what cannot happen fails the test.
 */
#ifndef TESTS_UNIT_P9_FIXTURE_H
#define TESTS_UNIT_P9_FIXTURE_H

#include "tests/unit/fixture.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "p9/localfs.h"
#include "p9/transport_stream.h"

#define MSIZE 65536u
#define ROOT 0u

struct client {
    char *folder;           /* holds "share", which is served, and what must not be reached */
    struct p9_fs *fs;
    struct p9_export export;
    struct p9_stream *server;
    int fd;
    uint16_t tag;
    struct p9_msg reply;    /* the last; borrows from `in` */
    uint8_t in[MSIZE], out[MSIZE];
    size_t payload;         /* offset of the last reply's data in `in` */
};

/* --- Messages ------------------------------------------------------------------------------------ */

static inline void send_bytes(struct client *c, const void *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = send(c->fd, (const char *)bytes + at, len - at, MSG_NOSIGNAL);

        assert_true(n > 0);
        at += (size_t)n;
    }
}

static inline bool receive_bytes(struct client *c, void *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = recv(c->fd, (char *)bytes + at, len - at, 0);

        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

/* Sends a request with its data, if it has some (m's own count says how much). */
static inline void send_request(struct client *c, const struct p9_msg *m, const void *data,
                                size_t len)
{
    int head = p9_msg_encode(m, c->out, sizeof(c->out));

    assert_true(head > 0 && (size_t)head + len <= sizeof(c->out));
    if (len > 0)
        memcpy(c->out + head, data, len);
    send_bytes(c, c->out, (size_t)head + len);
}

/* The next reply, whatever its tag, in c->reply; false: the server hung up. */
static inline bool receive_reply(struct client *c)
{
    uint32_t size;
    int head;

    if (!receive_bytes(c, &size, 4))
        return false;
    assert_in_range(size, 7, sizeof(c->in));
    memcpy(c->in, &size, 4);
    if (!receive_bytes(c, c->in + 4, size - 4))
        return false;
    head = p9_msg_decode(&c->reply, c->in, size, size);
    assert_true(head > 0);
    c->payload = (size_t)head;
    return true;
}

static inline int rpc_data(struct client *c, struct p9_msg *m, const void *data, size_t len)
{
    m->tag = m->type == P9_TVERSION ? P9_NOTAG : c->tag++ & 0xfff;
    send_request(c, m, data, len);
    assert_true(receive_reply(c));
    assert_int_equal(c->reply.tag, m->tag);
    if (c->reply.type == P9_RLERROR) {
        assert_in_range(c->reply.rlerror.ecode, 1, 4095);
        return -(int)c->reply.rlerror.ecode;
    }
    assert_int_equal(c->reply.type, m->type + 1);
    return 0;
}

static inline int rpc(struct client *c, struct p9_msg m)
{
    return rpc_data(c, &m, NULL, 0);
}

#define RPC(c, ...) rpc(c, (struct p9_msg){__VA_ARGS__})
/* A name that may hold anything: a NUL inside a literal counts. */
#define NAME(literal) {(literal), sizeof(literal) - 1}

/* --- Calls --------------------------------------------------------------------------------------- */

static inline int c_version(struct client *c)
{
    return RPC(c, .type = P9_TVERSION, .version = {MSIZE, NAME(P9_VERSION)});
}

static inline int c_attach(struct client *c, uint32_t fid, uint32_t uid, const char *aname)
{
    return RPC(c, .type = P9_TATTACH,
               .tattach = {fid, P9_NOFID, NAME("tester"), p9_str_of(aname), uid});
}

/* "a/b" is two names, "" none. */
static inline int c_walk(struct client *c, uint32_t fid, uint32_t newfid, const char *path)
{
    struct p9_msg m = {.type = P9_TWALK, .twalk = {.fid = fid, .newfid = newfid}};
    int rc;

    while (*path) {
        size_t len = strcspn(path, "/");

        m.twalk.name[m.twalk.n++] = (struct p9_str){path, (uint16_t)len};
        path += len + (path[len] == '/');
    }
    rc = rpc(c, m);
    return rc == 0 && c->reply.rwalk.n < m.twalk.n ? -ENOENT : rc;
}

static inline int c_clunk(struct client *c, uint32_t fid)
{
    return RPC(c, .type = P9_TCLUNK, .fid = fid);
}

static inline int c_open(struct client *c, uint32_t fid, uint32_t flags)
{
    return RPC(c, .type = P9_TLOPEN, .tlopen = {fid, flags});
}

/* Walks and opens. */
static inline int c_open_path(struct client *c, uint32_t newfid, const char *path, uint32_t flags)
{
    int rc = c_walk(c, ROOT, newfid, path);

    return rc < 0 ? rc : c_open(c, newfid, flags);
}

/* A clone of `dir` becomes the new file, open. */
static inline int c_create(struct client *c, uint32_t dir, uint32_t newfid, const char *name,
                           uint32_t flags, uint32_t mode)
{
    assert_int_equal(c_walk(c, dir, newfid, ""), 0);
    return RPC(c, .type = P9_TLCREATE, .tlcreate = {newfid, p9_str_of(name), flags, mode, 0});
}

static inline int c_write(struct client *c, uint32_t fid, uint64_t offset, const void *data,
                          uint32_t len)
{
    struct p9_msg m = {.type = P9_TWRITE, .io = {fid, offset, len}};
    int rc = rpc_data(c, &m, data, len);

    return rc < 0 ? rc : (int)c->reply.rio.count;
}

/* The data is at c->in + c->payload. */
static inline int c_read(struct client *c, uint32_t fid, uint64_t offset, uint32_t count)
{
    int rc = RPC(c, .type = P9_TREAD, .io = {fid, offset, count});

    return rc < 0 ? rc : (int)c->reply.rio.count;
}

static inline int c_getattr(struct client *c, uint32_t fid, struct p9_attr *a)
{
    int rc = RPC(c, .type = P9_TGETATTR, .tgetattr = {fid, P9_GETATTR_BASIC});

    *a = c->reply.rgetattr;
    return rc;
}

static inline int c_setattr(struct client *c, struct p9_setattr set)
{
    return RPC(c, .type = P9_TSETATTR, .tsetattr = set);
}

static inline int c_mkdir(struct client *c, uint32_t dir, const char *name, uint32_t mode)
{
    return RPC(c, .type = P9_TMKDIR, .tmkdir = {dir, p9_str_of(name), mode, 0});
}

static inline int c_lock(struct client *c, uint32_t fid, uint8_t kind, uint64_t start,
                         uint64_t length, uint32_t pid, uint32_t flags)
{
    int rc = RPC(c, .type = P9_TLOCK,
                 .tlock = {fid, kind, flags, start, length, pid, NAME("guest")});

    return rc < 0 ? rc : c->reply.rlock.status;
}

static inline int c_readdir(struct client *c, uint32_t fid, uint64_t offset, uint32_t count)
{
    int rc = RPC(c, .type = P9_TREADDIR, .io = {fid, offset, count});

    return rc < 0 ? rc : (int)c->reply.rio.count;
}

/* What an open folder's listing says of a name; the whole listing must fit one reply. */
static inline struct p9_qid c_listed(struct client *c, uint32_t fid, const char *name)
{
    struct p9_qid qid = {0};

    assert_true(c_readdir(c, fid, 0, MSIZE - 100) > 0);
    for (const uint8_t *p = c->in + c->payload, *end = p + c->reply.rio.count; p < end;
         p += 24 + p[22])
        if (p[22] == strlen(name) && memcmp(p + 24, name, p[22]) == 0) {
            qid.type = p[0];
            memcpy(&qid.version, p + 1, 4);
            memcpy(&qid.path, p + 5, 8);
            return qid;
        }
    fail_msg("%s is not listed", name);
    return qid;
}

/* --- The server ---------------------------------------------------------------------------------- */

/* One more server of the share: the client's end of its connection. */
static inline int share_serve(struct client *c, struct p9_stream **server)
{
    struct err e = {0};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    *server = p9_stream_start(pair[1], &c->export, 0, &e);
    assert_string_equal(e.msg, "");
    assert_non_null(*server);
    return pair[0];
}

/* A second client of the same share; only `fd` and the server are its own. */
static inline void client_connect(struct client *c)
{
    c->fd = share_serve(c, &c->server);
}

static inline void client_disconnect(struct client *c)
{
    close(c->fd);
    p9_stream_join(c->server);
}

static inline struct client *client_new(struct p9_localfs_config config)
{
    struct client *c = calloc(1, sizeof(*c));
    struct err e = {0};
    char *root;

    c->folder = fixture_folder();
    root = file_path("%s/share", c->folder);
    assert_int_equal(mkdir(root, 0755), 0);
    assert_int_equal(shell("echo secret > %s/outside", c->folder), 0);
    config.root = root;
    c->fs = p9_localfs_new(&config, &e);
    assert_string_equal(e.msg, "");
    free(root);
    c->export = (struct p9_export){.fs = c->fs, .limits = p9_limits_default()};
    c->export.limits.msize = MSIZE;
    client_connect(c);
    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_attach(c, ROOT, 1000, ""), 0);
    return c;
}

static inline void client_free(struct client *c)
{
    close(c->fd);
    p9_stream_stop(c->server);
    p9_localfs_free(c->fs);
    fixture_remove(c->folder);
    free(c);
}

static inline int set_up_plain(void **state)
{
    *state = client_new((struct p9_localfs_config){.owners = {.uid = 1000, .gid = 1000}});
    return 0;
}

static inline int tear_down_client(void **state)
{
    client_free(*state);
    return 0;
}

/* A command with the share as its folder. */
#define in_share(c, command) shell("cd %s/share && " command, (c)->folder)

#endif

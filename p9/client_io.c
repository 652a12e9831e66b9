/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: opening, reading, writing, with several messages in flight. */
#include "p9/client_state.h"

#include <errno.h>

#define WINDOW 8u /* messages of one read or write in flight */

int p9_client_setattr(struct p9_client *c, const struct p9_setattr *set)
{
    return client_simple(c, &(struct p9_msg){.type = P9_TSETATTR, .tsetattr = *set});
}

int p9_client_statfs(struct p9_client *c, uint32_t fid, struct p9_statfs *st)
{
    struct p9_msg m = {.type = P9_TSTATFS, .fid = fid};
    struct p9_call call = {0};
    int rc = client_call(c, &call, &m);

    *st = call.reply.rstatfs;
    return rc;
}

int p9_client_open(struct p9_client *c, uint32_t fid, uint32_t flags)
{
    return client_simple(c, &(struct p9_msg){.type = P9_TLOPEN, .tlopen = {fid, flags}});
}

static int clone_and_open(struct p9_client *c, uint32_t fid, uint32_t flags, uint32_t *open)
{
    int rc = p9_client_clone(c, fid, open);

    if (rc < 0)
        return rc;
    if ((rc = p9_client_open(c, *open, flags)) < 0)
        p9_client_clunk(c, *open);
    return rc;
}

int p9_client_reopen(struct p9_client *c, uint32_t fid, uint32_t flags, uint32_t *open)
{
    struct p9_conn *conn = client_conn(c);
    struct p9_call call = {0};
    struct p9_msg m = {.type = P9_TREOPEN};
    int rc;

    if (p9_conn_is_own(conn)) {
        m.treopen.fid = fid;
        m.treopen.newfid = *open = client_fid_new(c);
        m.treopen.flags = flags;
        if ((rc = p9_conn_call(conn, &call, &m)) < 0)
            client_fid_failed(c, *open, rc);
    } else {
        rc = clone_and_open(c, fid, flags, open);
    }
    p9_conn_put(conn);
    return rc;
}

int p9_client_create(struct p9_client *c, uint32_t dir, const char *name, uint32_t flags,
                     uint32_t mode, uint32_t gid, uint32_t *fid)
{
    int rc = client_check_name(name);

    if (rc < 0 || (rc = p9_client_clone(c, dir, fid)) < 0)
        return rc;
    rc = client_simple(c, &(struct p9_msg){.type = P9_TLCREATE,
                                           .tlcreate = {*fid, p9_str_of(name), flags, mode, gid}});
    if (rc < 0)
        p9_client_clunk(c, *fid);
    return rc;
}

static int by_own(struct p9_client *c, struct p9_conn *conn, struct p9_msg *m, struct p9_attr *attr)
{
    struct p9_call call = {0};
    int rc;

    m->tmake.newfid = client_fid_new(c);
    m->tmake.open = client_fid_new(c);
    if ((rc = p9_conn_call(conn, &call, m)) < 0) {
        client_fid_failed(c, m->tmake.newfid, rc);
        client_fid_failed(c, m->tmake.open, rc);
        return rc;
    }
    *attr = call.reply.rgetattr;
    if ((rc = client_check_attr(attr)) < 0) {
        p9_client_clunk(c, m->tmake.newfid);
        p9_client_clunk(c, m->tmake.open);
    }
    return rc;
}

/* A file of `name`, open, and a second fid of it: by one message of our own dialect or by steps. */
static int both(struct p9_client *c, struct p9_msg *m, const char *name,
                int (*by_steps)(struct p9_client *c, struct p9_msg *m, const char *name, struct p9_attr *attr),
                uint32_t *open, uint32_t *fid, struct p9_attr *attr)
{
    struct p9_conn *conn;
    int rc = client_check_name(name);

    if (rc < 0)
        return rc;
    conn = client_conn(c);
    rc = p9_conn_is_own(conn) ? by_own(c, conn, m, attr) : by_steps(c, m, name, attr);
    p9_conn_put(conn);
    *open = m->tmake.open;
    *fid = m->tmake.newfid;
    return rc;
}

static int make_by_steps(struct p9_client *c, struct p9_msg *m, const char *name, struct p9_attr *attr)
{
    int rc = p9_client_create(c, m->fid, name, m->tmake.flags, m->tmake.mode, m->tmake.gid, &m->tmake.open);

    if (rc < 0)
        return rc;
    if ((rc = p9_client_lookup(c, m->fid, name, &m->tmake.newfid, attr)) < 0)
        p9_client_clunk(c, m->tmake.open);
    return rc;
}

int p9_client_make(struct p9_client *c, uint32_t dir, const char *name, const struct p9_new_file *file,
                   uint32_t *open, uint32_t *fid, struct p9_attr *attr)
{
    struct p9_msg m = {.type = P9_TMAKE, .tmake = {dir, 0, 0, p9_str_of(name), file->flags, file->mode, file->gid}};

    return both(c, &m, name, make_by_steps, open, fid, attr);
}

static int open_by_steps(struct p9_client *c, struct p9_msg *m, const char *name, struct p9_attr *attr)
{
    int rc = p9_client_lookup(c, m->fid, name, &m->tmake.newfid, attr);

    if (rc < 0)
        return rc;
    if ((rc = p9_client_reopen(c, m->tmake.newfid, m->tmake.flags, &m->tmake.open)) < 0)
        p9_client_clunk(c, m->tmake.newfid);
    return rc;
}

int p9_client_open_name(struct p9_client *c, uint32_t dir, const char *name, uint32_t flags, uint32_t *open,
                        uint32_t *fid, struct p9_attr *attr)
{
    struct p9_msg m = {.type = P9_TOPEN, .tmake = {dir, 0, 0, p9_str_of(name), flags, 0, 0}};

    return both(c, &m, name, open_by_steps, open, fid, attr);
}

int p9_client_fsync(struct p9_client *c, uint32_t fid, bool data_only)
{
    return client_simple(c, &(struct p9_msg){.type = P9_TFSYNC, .tfsync = {fid, data_only}});
}

/* One window of a read or write: the pieces of `len` bytes, each with a call of its own. */
struct window {
    struct p9_conn *conn;
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
    w->conn = client_conn(c);
    for (w->n = 0; w->n < WINDOW && at < len; w->n++) {
        uint32_t count = len - at < c->io_max ? (uint32_t)(len - at) : c->io_max;
        struct p9_msg m = {.type = type, .io = {fid, offset + at, count}};
        struct iovec piece = {bytes + at, count};

        w->call[w->n] = (struct p9_call){.data = type == P9_TREAD ? piece : (struct iovec){0}};
        w->asked[w->n] = count;
        w->rc = p9_conn_send(w->conn, &w->call[w->n], &m, type == P9_TWRITE ? &piece : NULL);
        if (w->rc < 0)
            return;
        at += count;
    }
}

/* The bytes moved up to the first piece that is short, or that piece's error when it is the first. */
static ssize_t end_window(struct window *w, bool *whole)
{
    ssize_t moved = 0;
    int rc = 0;

    *whole = true;
    for (unsigned i = 0; i < w->n; i++) {
        int one = p9_conn_wait(w->conn, &w->call[i]);
        uint32_t count = w->call[i].reply.rio.count;

        if (one == 0 && count > w->asked[i])
            one = -EIO;
        if (!*whole)
            continue;
        rc = one;
        moved += one == 0 ? count : 0;
        *whole = one == 0 && count == w->asked[i];
    }
    p9_conn_put(w->conn);
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
        n = end_window(&w, &whole);
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

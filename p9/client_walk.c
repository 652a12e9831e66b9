/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walking: fids by name, and what each file says it is. */
#include "p9/client_state.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NSEC 1000000000u

/* --- Checks -------------------------------------------------------------------------------------- */

int client_check_name(const char *name)
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

int client_check_attr(const struct p9_attr *a)
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
    struct p9_msg m = walk_message(fid, NULL, *clone = client_fid_new(c));
    int rc = walk_result(client_call(c, &call, &m), &call, 0);

    if (rc < 0)
        client_fid_failed(c, *clone, rc);
    return rc;
}

int p9_client_getattr(struct p9_client *c, uint32_t fid, struct p9_attr *attr)
{
    struct p9_msg m = getattr_message(fid);
    struct p9_call call = {0};
    int rc = client_call(c, &call, &m);

    if (rc < 0)
        return rc;
    *attr = call.reply.rgetattr;
    return client_check_attr(attr);
}

int p9_client_lookup(struct p9_client *c, uint32_t dir, const char *name, uint32_t *fid,
                     struct p9_attr *attr)
{
    int rc;

    p9_client_lookup_many(c, dir, &name, 1, fid, attr, &rc);
    return rc;
}

/* Sends `n` requests, of which those with rc[i] < 0 are left out; the rest are waited for. */
static void exchange(struct p9_conn *conn, struct p9_call *call, const struct p9_msg *m, unsigned n,
                     int *rc)
{
    bool left_out[P9_CLIENT_BATCH];

    p9_conn_send_many(conn, call, m, n, rc);
    for (unsigned i = 0; i < n; i++)
        left_out[i] = rc[i] < 0;
    for (unsigned i = 0; i < n; i++)
        if (!left_out[i])
            rc[i] = p9_conn_wait(conn, &call[i]);
}

/* What is looked up together. */
struct lookups {
    struct p9_client *client;
    struct p9_conn *conn;
    uint32_t dir;
    const char *const *name;
    unsigned n;
    uint32_t *fid;
    struct p9_attr *attr;
    int *rc;
    struct p9_call call[P9_CLIENT_BATCH];
    struct p9_msg m[P9_CLIENT_BATCH];
};

/* There is a fid, but what it is makes no sense. */
static void check_found(struct lookups *l, unsigned i)
{
    if (l->rc[i] == 0 && (l->rc[i] = client_check_attr(&l->attr[i])) < 0)
        p9_client_clunk(l->client, l->fid[i]);
}

/* By our own dialect: one round trip. */
static void look_up(struct lookups *l)
{
    for (unsigned i = 0; i < l->n; i++)
        l->m[i] = (struct p9_msg){.type = P9_TLOOKUP,
                                  .tlookup = {l->dir, l->fid[i], p9_str_of(l->name[i] ? l->name[i] : "")}};
    exchange(l->conn, l->call, l->m, l->n, l->rc);
    for (unsigned i = 0; i < l->n; i++) {
        if (l->rc[i] < 0)
            client_fid_failed(l->client, l->fid[i], l->rc[i]);
        l->attr[i] = l->call[i].reply.rgetattr;
        check_found(l, i);
    }
}

static void walk_all(struct lookups *l, struct p9_qid *qid)
{
    for (unsigned i = 0; i < l->n; i++)
        l->m[i] = walk_message(l->dir, l->name[i], l->fid[i]);
    exchange(l->conn, l->call, l->m, l->n, l->rc);
    for (unsigned i = 0; i < l->n; i++) {
        l->rc[i] = walk_result(l->rc[i], &l->call[i], l->name[i] ? 1 : 0);
        qid[i] = l->call[i].reply.rwalk.qid[0];
        if (l->rc[i] < 0)
            client_fid_failed(l->client, l->fid[i], l->rc[i]);
    }
}

/* The kind of file a walk came to and the one it says to be afterwards are one. */
static bool is_same(const struct p9_qid *walked, const struct p9_qid *said)
{
    return walked->path == said->path && walked->type == said->type;
}

static void walk_and_ask(struct lookups *l)
{
    struct p9_qid qid[P9_CLIENT_BATCH] = {0};
    bool walked[P9_CLIENT_BATCH] = {false};

    walk_all(l, qid);
    memset(l->call, 0, l->n * sizeof(l->call[0]));
    for (unsigned i = 0; i < l->n; i++) {
        walked[i] = l->rc[i] == 0;
        l->m[i] = getattr_message(l->fid[i]);
    }
    exchange(l->conn, l->call, l->m, l->n, l->rc);
    for (unsigned i = 0; i < l->n; i++) {
        l->attr[i] = l->call[i].reply.rgetattr;
        if (l->rc[i] == 0 && l->name[i] && !is_same(&qid[i], &l->attr[i].qid))
            l->rc[i] = -EIO;
        if (l->rc[i] == 0)
            check_found(l, i);
        else if (walked[i])
            p9_client_clunk(l->client, l->fid[i]);
    }
}

void p9_client_lookup_many(struct p9_client *c, uint32_t dir, const char *const *name, unsigned n,
                           uint32_t *fid, struct p9_attr *attr, int *rc)
{
    struct lookups l; /* 25 KiB, of which one name needs little */

    l.client = c;
    l.conn = client_conn(c);
    l.dir = dir;
    l.name = name;
    l.n = n;
    l.fid = fid;
    l.attr = attr;
    l.rc = rc;
    memset(l.call, 0, n * sizeof(l.call[0]));
    for (unsigned i = 0; i < n; i++) {
        fid[i] = client_fid_new(c);
        rc[i] = name[i] ? client_check_name(name[i]) : 0;
    }
    if (p9_conn_is_own(l.conn))
        look_up(&l);
    else
        walk_and_ask(&l);
    p9_conn_put(l.conn);
}

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
    struct p9_conn *conn = client_conn(c);

    for (unsigned i = 0; i < n; i++)
        if (rc[i] == 0 && (rc[i] = p9_conn_send(conn, &call[i], &m[i], NULL)) == 0)
            rc[i] = 1;
    for (unsigned i = 0; i < n; i++)
        if (rc[i] == 1)
            rc[i] = p9_conn_wait(conn, &call[i]);
    p9_conn_put(conn);
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
        m[i] = walk_message(dir, name[i], fid[i] = client_fid_new(c));
        rc[i] = name[i] ? client_check_name(name[i]) : 0;
    }
    exchange(c, walk, m, n, rc);
    for (unsigned i = 0; i < n; i++) {
        if ((rc[i] = walk_result(rc[i], &walk[i], name[i] ? 1 : 0)) < 0)
            client_fid_failed(c, fid[i], rc[i]);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/client_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"

#define MSIZE_DEFAULT ((1u << 20) + 4096u)
#define IO_OVERHEAD 24u  /* as Linux reckons it: one byte more than Twrite's head */

/* A fid is a number in its connection's generation; the root's alone, 0, is the same in all. */
#define GENERATION_SHIFT 22u
#define GENERATIONS (1u << (32 - GENERATION_SHIFT))

/* --- Fids ---------------------------------------------------------------------------------------- */

static bool is_good(const struct p9_client *c, uint32_t fid)
{
    return fid == c->root || fid >> GENERATION_SHIFT == c->generation;
}

uint32_t client_fid_new(struct p9_client *c)
{
    uint32_t fid;

    pthread_mutex_lock(&c->lock);
    fid = c->spares > 0 ? c->spare[--c->spares] : c->next++ | c->generation << GENERATION_SHIFT;
    pthread_mutex_unlock(&c->lock);
    return fid;
}

bool p9_client_fid_is_good(struct p9_client *c, uint32_t fid)
{
    bool good;

    pthread_mutex_lock(&c->lock);
    good = is_good(c, fid);
    pthread_mutex_unlock(&c->lock);
    return good;
}

static void make_room(struct p9_client *c)
{
    size_t room = c->room ? 2 * c->room : 64;
    uint32_t *spare = realloc(c->spare, room * sizeof(*spare));

    if (spare) {
        c->spare = spare;
        c->room = room;
    }
}

/* A number that cannot be kept for lack of memory is not used again: there are millions of them. */
static void fid_free(struct p9_client *c, uint32_t fid)
{
    pthread_mutex_lock(&c->lock);
    if (c->spares == c->room)
        make_room(c);
    if (c->spares < c->room && is_good(c, fid))
        c->spare[c->spares++] = fid;
    pthread_mutex_unlock(&c->lock);
}

void client_fid_failed(struct p9_client *c, uint32_t fid, int rc)
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
    struct p9_conn *conn;

    if (!k)
        return; /* the server keeps it until the end of the connection */
    *k = (struct clunk){.call = {.done = on_clunked, .ctx = k}, .client = c, .fid = fid};
    conn = client_conn(c);
    p9_conn_post(conn, &k->call, &m);
    p9_conn_put(conn);
}

int client_clunk_now(struct p9_client *c, uint32_t fid)
{
    struct p9_msg m = {.type = P9_TCLUNK, .fid = fid};
    struct p9_call call = {0};
    int rc = client_call(c, &call, &m);

    client_fid_failed(c, fid, rc);
    return rc;
}

/* --- The connection ------------------------------------------------------------------------------ */

struct p9_conn *client_conn(struct p9_client *c)
{
    struct p9_conn *conn;

    pthread_mutex_lock(&c->lock);
    conn = p9_conn_get(c->conn);
    pthread_mutex_unlock(&c->lock);
    return conn;
}

int client_call(struct p9_client *c, struct p9_call *call, const struct p9_msg *m)
{
    struct p9_conn *conn = client_conn(c);
    int rc = p9_conn_call(conn, call, m);

    p9_conn_put(conn);
    return rc;
}

int client_simple(struct p9_client *c, const struct p9_msg *m)
{
    struct p9_call call = {0};

    return client_call(c, &call, m);
}

static int attach(struct p9_client *c, struct p9_conn *conn, struct err *e)
{
    struct p9_msg m = {.type = P9_TATTACH,
                       .tattach = {c->root, P9_NOFID, p9_str_of(""), p9_str_of(c->aname), c->uid}};
    struct p9_call call = {0};
    int rc = p9_conn_call(conn, &call, &m);

    if (rc == 0 && !(call.reply.rqid.qid.type & P9_QID_DIR))
        rc = -ENOTDIR;
    return rc < 0 ? err_sys(e, -rc, "attach to the 9P server") : 0;
}

/* Takes `fd`: a connection that is attached, or NULL. */
static struct p9_conn *connect_by(struct p9_client *c, int fd, struct err *e)
{
    struct p9_conn *conn = p9_conn_new(fd, &c->config, e);

    if (!conn || attach(c, conn, e) == 0)
        return conn;
    p9_conn_put(conn);
    return NULL;
}

int p9_client_reconnect(struct p9_client *c, int fd, struct err *e)
{
    struct p9_conn *conn = connect_by(c, fd, e), *old;

    if (!conn)
        return -ENOTCONN;
    if (p9_conn_msize(conn) - IO_OVERHEAD < c->io_max) {
        p9_conn_put(conn);
        return err_set(e, EPROTO, "the server takes smaller messages than before");
    }
    pthread_mutex_lock(&c->lock);
    old = c->conn;
    c->conn = conn;
    c->generation = (c->generation + 1) % GENERATIONS;
    c->spares = 0;
    c->next = c->root + 1;
    pthread_mutex_unlock(&c->lock);
    p9_conn_break(old, "replaced by another connection");
    p9_conn_put(old);
    return 0;
}

/* --- Life ---------------------------------------------------------------------------------------- */

static int set_up(struct p9_client *c, int fd, const struct p9_client_config *config, struct err *e)
{
    c->config = (struct p9_conn_config){config->msize ? config->msize : MSIZE_DEFAULT,
                                        config->timeout_ms, config->grace_ms};
    c->uid = config->uid;
    c->root = client_fid_new(c);
    if (!(c->aname = strdup(config->aname ? config->aname : ""))) {
        close(fd);
        return err_sys(e, ENOMEM, "9P client");
    }
    if (!(c->conn = connect_by(c, fd, e)))
        return -ENOTCONN;
    c->io_max = p9_conn_msize(c->conn) - IO_OVERHEAD;
    return 0;
}

struct p9_client *p9_client_new(int fd, const struct p9_client_config *config, struct err *e)
{
    struct p9_client *c = calloc(1, sizeof(*c));

    if (!c) {
        close(fd);
        err_sys(e, ENOMEM, "9P client");
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    if (set_up(c, fd, config, e) == 0)
        return c;
    p9_client_free(c);
    return NULL;
}

void p9_client_free(struct p9_client *c)
{
    if (!c)
        return;
    p9_conn_put(c->conn);
    pthread_mutex_destroy(&c->lock);
    free(c->aname);
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
    struct p9_conn *conn = client_conn(c);

    p9_conn_break(conn, "cancelled");
    p9_conn_put(conn);
}

const char *p9_client_lost(struct p9_client *c)
{
    struct p9_conn *conn = client_conn(c);
    const char *why = p9_conn_look(conn);

    p9_conn_put(conn);
    return why;
}

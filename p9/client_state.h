/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the 9P client share; for nobody else.
 */
#ifndef P9_CLIENT_STATE_H
#define P9_CLIENT_STATE_H

#include <pthread.h>

#include "p9/client.h"
#include "p9/conn.h"

struct p9_client {
    struct p9_conn_config config; /* [const] of every connection, as uid and aname */
    uint32_t uid;          /* [const] */
    char *aname;           /* [const] */
    uint32_t io_max;       /* [const] */
    uint32_t root;         /* [const] */
    pthread_mutex_t lock;  /* taken last: also inside the connection's */
    struct p9_conn *conn;  /* [lock] */
    uint32_t generation;   /* [lock] how often it was replaced, in a circle */
    uint32_t *spare;       /* [lock] fids of this generation that are free again */
    size_t spares, room;   /* [lock] */
    uint32_t next;         /* [lock] the lowest number never used in it */
};

uint32_t client_fid_new(struct p9_client *c);
/* The call that was to make the fid failed.  A call given up may make it yet: the number is lost. */
void client_fid_failed(struct p9_client *c, uint32_t fid, int rc);
/* For the fid whose Tclunk says how it went. */
int client_clunk_now(struct p9_client *c, uint32_t fid);
/* 0 for what may be asked for as a name, else -EINVAL or -ENAMETOOLONG. */
int client_check_name(const char *name);
/* 0, or -EIO for what no file can be. */
int client_check_attr(const struct p9_attr *a);
/* The connection as it is now, with a reference: p9_conn_put. */
struct p9_conn *client_conn(struct p9_client *c);
/* A request and its reply, on the connection of the moment. */
int client_call(struct p9_client *c, struct p9_call *call, const struct p9_msg *m);
/* A request whose reply says nothing but that it went well. */
int client_simple(struct p9_client *c, const struct p9_msg *m);

#endif

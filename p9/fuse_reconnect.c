/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mount whose connection was lost: another one is tried for when somebody wants something. */
#include "p9/fuse_mount.h"

#include <errno.h>

#include "core/base/clock.h"
#include "core/base/err.h"

#define AGAIN_MS 1000

/* A try that took long is not made again for as long: half of the time everybody is answered at once. */
static void try_once(struct p9_mount *m)
{
    int64_t began = clock_ms(), ended;
    struct err e = {0};
    int fd = m->connect(m->ctx, &e);

    if (fd >= 0 && p9_client_reconnect(m->client, fd, &e) == 0) {
        nodes_drop_fids(&m->nodes);
        fuse_changed(m);
    }
    ended = clock_ms();
    m->next_try = ended + AGAIN_MS + (ended - began);
}

/* Whoever comes meanwhile waits for the one that tries. */
static void reconnect(struct p9_mount *m)
{
    if (!m->connect || !p9_client_lost(m->client))
        return;
    pthread_mutex_lock(&m->reconnecting);
    if (p9_client_lost(m->client) && clock_ms() >= m->next_try)
        try_once(m);
    pthread_mutex_unlock(&m->reconnecting);
}

int fuse_hold(struct p9_mount *m, struct node *n, uint32_t *fid)
{
    reconnect(m);
    return nodes_hold(&m->nodes, n, fid);
}

int fuse_open_fid(struct p9_mount *m, struct node *n, uint32_t flags, uint32_t *open)
{
    reconnect(m);
    return nodes_open(&m->nodes, n, flags, open);
}

int fuse_handle_fid(struct p9_mount *m, const struct handle *h, uint32_t *fid)
{
    *fid = h->fid;
    return p9_client_fid_is_good(m->client, h->fid) ? 0 : -EIO;
}

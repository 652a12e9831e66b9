/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/disk/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/disk/chain_parts.h"

#define MASK ((uint64_t)QCOW2_CLUSTER - 1)

static int open_one(struct chain_one *o, const struct chain_layer *l, struct err *e)
{
    struct stat st;

    o->fd = open(l->path, O_RDONLY | O_CLOEXEC);
    if (o->fd < 0 || fstat(o->fd, &st) < 0)
        return err_sys(e, errno, "open %s", l->path);
    o->size = (uint64_t)st.st_size;
    if (!l->qcow2)
        return 0;
    o->q = qcow2_open(o->fd, false, l->path, e);
    if (!o->q)
        return -EINVAL;
    if (qcow2_cluster_size(o->q) != QCOW2_CLUSTER) /* what follows goes by clusters of one size */
        return err_set(e, EINVAL, "%s: a layer with clusters of %u bytes is not one of lxtop's", l->path,
                       qcow2_cluster_size(o->q));
    o->size = qcow2_disk_size(o->q);
    return 0;
}

struct chain *chain_open(const struct chain_layer *layers, unsigned n, struct err *e)
{
    struct chain *c = calloc(1, sizeof(*c));

    if (!c || !(c->layer = calloc(n, sizeof(*c->layer)))) {
        free(c);
        err_sys(e, ENOMEM, "disk");
        return NULL;
    }
    for (unsigned i = 0; i < n; i++) {
        c->layer[c->n++].fd = -1;
        if (open_one(&c->layer[i], &layers[i], e) < 0) {
            chain_close(c);
            return NULL;
        }
    }
    return c;
}

void chain_close(struct chain *c)
{
    for (unsigned i = 0; c && i < c->n; i++) {
        qcow2_close(c->layer[i].q);
        if (c->layer[i].fd >= 0)
            close(c->layer[i].fd);
    }
    if (c)
        free(c->layer);
    free(c);
}

uint64_t chain_size(const struct chain *c)
{
    return c->layer[0].size;
}

int chain_read_at(int fd, void *to, size_t len, uint64_t at)
{
    char *p = to;

    while (len) {
        ssize_t n = pread(fd, p, len, (off_t)at);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0) {
            memset(p, 0, len); /* behind the end of the file */
            return 0;
        }
        if (n > 0) {
            p += n;
            at += (uint64_t)n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* --- what is where --- */

/* A hole of a raw file, up to the cluster in which data begins. */
static int map_raw(const struct chain_one *o, uint64_t offset, uint64_t len, struct qcow2_run *run)
{
    off_t data = lseek(o->fd, (off_t)offset, SEEK_DATA), hole;

    *run = (struct qcow2_run){.kind = QCOW2_ZERO, .len = len, .at = offset};
    if (data < 0)
        return errno == ENXIO ? 0 : -errno;
    if (((uint64_t)data & ~MASK) > offset) {
        run->len = ((uint64_t)data & ~MASK) - offset < len ? ((uint64_t)data & ~MASK) - offset : len;
        return 0;
    }
    run->kind = QCOW2_DATA;
    hole = lseek(o->fd, data, SEEK_HOLE);
    if (hole > 0 && (((uint64_t)hole + MASK) & ~MASK) - offset < len)
        run->len = (((uint64_t)hole + MASK) & ~MASK) - offset;
    return 0;
}

static int map_one(const struct chain_one *o, uint64_t offset, uint64_t len, struct qcow2_run *run)
{
    if (offset >= o->size) {
        *run = (struct qcow2_run){.kind = QCOW2_ZERO, .len = len};
        return 0;
    }
    if (len > o->size - offset)
        len = o->size - offset;
    return o->q ? qcow2_map(o->q, offset, len, run) : map_raw(o, offset, len, run);
}

int chain_map(struct chain *c, uint64_t offset, uint64_t len, struct chain_run *run)
{
    struct qcow2_run r;

    *run = (struct chain_run){.kind = QCOW2_BELOW, .len = len};
    for (unsigned i = 0; i < c->n && run->kind == QCOW2_BELOW; i++) {
        int result = map_one(&c->layer[i], offset, run->len, &r);

        if (result < 0)
            return result;
        if (r.kind == QCOW2_COMPRESSED)
            return -EOPNOTSUPP; /* lxtop makes none */
        *run = (struct chain_run){.kind = r.kind, .len = r.len, .at = r.at, .fd = c->layer[i].fd,
                                  .hole = r.kind == QCOW2_ZERO && !c->layer[i].q};
    }
    return 0;
}

int chain_read(struct chain *c, void *to, size_t len, uint64_t offset)
{
    char *p = to;

    if (offset > chain_size(c) || len > chain_size(c) - offset)
        return -EINVAL;
    while (len) {
        struct chain_run run;
        int r = chain_map(c, offset, len, &run);

        if (r == 0 && run.kind == QCOW2_DATA)
            r = chain_read_at(run.fd, p, run.len, run.at);
        else if (r == 0)
            memset(p, 0, run.len);
        if (r < 0)
            return r;
        p += run.len;
        offset += run.len;
        len -= run.len;
    }
    return 0;
}

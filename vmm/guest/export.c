/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/export.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/guest_ports.h"
#include "p9/localfs.h"
#include "p9/transport_stream.h"
#include "vmm/guest/service.h"
#include "vmm/guest/users.h"

#define MSIZE (1U << 20)
#define FILES 65536

struct export {
    int fd;
    struct p9_fs *fs;
    struct users users;
    struct p9_stream *client[EXPORT_CLIENTS];
};

/* The server acts as the user who asks; root may do what the distro's root may. */
static struct p9_fs *open_root(struct users *users, struct err *e)
{
    const struct p9_localfs_config c = {
        .root = "/", .devices = true, .refuse_9p = true,
        .owners = {.kind = P9_OWNER_PASS, .identify = users_identify, .ctx = users}};

    return p9_localfs_new(&c, e);
}

/* A place for one more; those whose client is gone give theirs up. */
static struct p9_stream **find_place(struct export *x)
{
    struct p9_stream **place = NULL;

    for (size_t i = 0; i < EXPORT_CLIENTS; i++) {
        if (x->client[i] && p9_stream_ended(x->client[i])) {
            p9_stream_stop(x->client[i]);
            x->client[i] = NULL;
        }
        if (!x->client[i])
            place = &x->client[i];
    }
    return place;
}

static void serve(struct export *x, int taken)
{
    struct p9_export config = {.fs = x->fs, .limits = p9_limits_default()};
    struct p9_stream **place = find_place(x);
    auto_close int fd = taken;
    struct err e;

    config.limits.msize = MSIZE;
    if (place && !(*place = p9_stream_start(steal_fd(&fd), &config, 0, &e)))
        fprintf(stderr, "lxtop-guest: %s\n", e.msg);
}

static void raise_file_limit(void)
{
    struct rlimit l = {FILES, FILES};

    setrlimit(RLIMIT_NOFILE, &l);
}

static void run(int fd)
{
    struct export x = {.fd = fd};
    struct err e;

    raise_file_limit();
    pthread_mutex_init(&x.users.lock, NULL);
    x.fs = open_root(&x.users, &e);
    if (!x.fs) {
        fprintf(stderr, "lxtop-guest: the distro's files are not served: %s\n", e.msg);
        return;
    }
    if (!service_ready())
        return;
    for (;;)
        serve(&x, service_accept(x.fd));
}

const struct service export_service = {"lxtop-export", GUEST_FILES_PORT,
                                       "the distro's files are not served", run};

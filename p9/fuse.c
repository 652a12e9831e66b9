/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "p9/fuse.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "p9/fuse_ahead.h"
#include "p9/fuse_lock.h"
#include "p9/fuse_ops.h"

#define FIDS_MAX 8192
#define THREADS 16
#define BACKGROUND 64  /* read-aheads and the like under way */

/* One write of the kernel is one message: the parts of an append could change places. */
static void op_init(void *userdata, struct fuse_conn_info *conn)
{
    struct p9_mount *m = userdata;
    uint32_t most = p9_client_io_max(m->client) & ~4095u;

    if (conn->max_write > most)
        conn->max_write = most;
    conn->max_background = BACKGROUND;
}

static const struct fuse_lowlevel_ops operations = {
    .init = op_init,                      .lookup = fuse_op_lookup,
    .forget = fuse_op_forget,             .forget_multi = fuse_op_forget_multi,
    .getattr = fuse_op_getattr,           .setattr = fuse_op_setattr,
    .readlink = fuse_op_readlink,         .statfs = fuse_op_statfs,
    .mkdir = fuse_op_mkdir,               .mknod = fuse_op_mknod,
    .symlink = fuse_op_symlink,           .link = fuse_op_link,
    .unlink = fuse_op_unlink,             .rmdir = fuse_op_rmdir,
    .rename = fuse_op_rename,             .open = fuse_op_open,
    .create = fuse_op_create,             .read = fuse_op_read,
    .write = fuse_op_write,               .flush = fuse_op_flush,
    .release = fuse_op_release,           .fsync = fuse_op_fsync,
    .opendir = fuse_op_opendir,           .readdir = fuse_op_readdir,
    .readdirplus = fuse_op_readdirplus,   .releasedir = fuse_op_release,
    .fsyncdir = fuse_op_fsync,            .setxattr = fuse_op_setxattr,
    .getxattr = fuse_op_getxattr,         .listxattr = fuse_op_listxattr,
    .removexattr = fuse_op_removexattr,   .getlk = fuse_op_getlk,
    .setlk = fuse_op_setlk,               .flock = fuse_op_flock,
};

static int start_session(struct p9_mount *m, const char *source, const char *folder, struct err *e)
{
    auto_free char *options = file_path("fsname=%s,subtype=lxtop,nosuid,nodev%s", source,
                                        m->everyone ? ",allow_other,default_permissions" : "");
    char *argv[] = {(char *)"lxtop", (char *)"-o", options, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, argv);

    if (!options)
        return err_sys(e, ENOMEM, "mount");
    m->session = fuse_session_new(&args, &operations, sizeof(operations), m);
    if (!m->session)
        return err_set(e, EINVAL, "start FUSE");
    if (fuse_session_mount(m->session, folder) < 0)
        return err_set(e, EIO, "mount on %s: FUSE refuses it; is /dev/fuse there, and fusermount3, "
                       "and %s an empty folder of yours?", folder, folder);
    m->mounted = true;
    m->handlers = fuse_set_signal_handlers(m->session) == 0;
    return 0;
}

struct p9_mount *p9_mount_new(const struct p9_mount_config *config, const char *folder, struct err *e)
{
    struct p9_mount *m = calloc(1, sizeof(*m));
    int rc;

    if (!m) {
        err_sys(e, ENOMEM, "mount");
        return NULL;
    }
    *m = (struct p9_mount){.client = config->client, .uid = config->uid, .gid = config->gid,
                           .own_uid = getuid(), .own_gid = getgid(), .everyone = config->everyone,
                           .connect = config->connect, .ctx = config->ctx};
    pthread_mutex_init(&m->reconnecting, NULL);
    rc = nodes_init(&m->nodes, m->client, config->fids_max ? config->fids_max : FIDS_MAX);
    if (rc < 0)
        err_sys(e, -rc, "look at the root");
    else if (!(m->locks = fuse_locks_new(m->client, e)))
        rc = -ENOMEM;
    else if (!(m->ahead = fuse_ahead_new()))
        rc = err_sys(e, ENOMEM, "mount");
    if (rc == 0 && start_session(m, config->source, folder, e) == 0)
        return m;
    p9_mount_free(m);
    return NULL;
}

int p9_mount_run(struct p9_mount *m)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    int rc = -ENOMEM;

    if (config) {
        fuse_loop_cfg_set_clone_fd(config, 1);
        fuse_loop_cfg_set_max_threads(config, THREADS);
        rc = fuse_session_loop_mt(m->session, config);
        fuse_loop_cfg_destroy(config);
    }
    return rc > 0 ? 0 : rc; /* positive: the signal that ended it */
}

void p9_mount_free(struct p9_mount *m)
{
    if (!m)
        return;
    fuse_locks_free(m->locks);
    fuse_ahead_free(m->ahead);
    if (m->handlers)
        fuse_remove_signal_handlers(m->session);
    if (m->mounted)
        fuse_session_unmount(m->session);
    if (m->session)
        fuse_session_destroy(m->session);
    nodes_release(&m->nodes);
    pthread_mutex_destroy(&m->reconnecting);
    free(m);
}

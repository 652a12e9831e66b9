/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/export.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "p9/localfs.h"
#include "p9/transport_stream.h"
#include "vmm/agent.h"
#include "vmm/guest/users.h"

#define BACKLOG 64
#define MSIZE (1U << 20)
#define FILES 65536

struct export {
    int fd;
    struct p9_fs *fs;
    struct users users;
    struct p9_stream *client[EXPORT_CLIENTS];
};

static int listen_at(uint32_t port, struct err *e)
{
    struct sockaddr_vm at = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port};
    auto_close int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0)
        return err_sys(e, errno, "vsock port %u", port);
    return steal_fd(&fd);
}

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

/* Programs of the guest, which may be anybody's, could otherwise act as its root. */
static bool is_host(const struct sockaddr_vm *peer)
{
    return peer->svm_family == AF_VSOCK && peer->svm_cid == VMADDR_CID_HOST;
}

static _Noreturn void accept_for_ever(struct export *x)
{
    for (;;) {
        struct sockaddr_vm peer = {0};
        socklen_t len = sizeof(peer);
        int fd = accept4(x->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

        if (fd >= 0 && is_host(&peer))
            serve(x, fd);
        else if (fd >= 0)
            close(fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            poll(NULL, 0, 100); /* the client stays in the backlog; others may end meanwhile */
    }
}

static void raise_file_limit(void)
{
    struct rlimit l = {FILES, FILES};

    setrlimit(RLIMIT_NOFILE, &l);
}

#define READY_FD 3

/* Nothing of the agent's: neither its files and signals, nor the '@' that would spare this process. */
static void leave_agent(char *argv0, int ready)
{
    sigset_t none;

    if (ready != READY_FD)
        dup2(ready, READY_FD);
    close_range(READY_FD + 1, ~0U, 0);
    argv0[0] = '/';
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "lxtop-export");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(0);
}

static _Noreturn void run(char *argv0, int ready)
{
    struct export x;
    struct err e;

    leave_agent(argv0, ready);
    raise_file_limit();
    x = (struct export){.fd = listen_at(AGENT_EXPORT_PORT, &e)};
    pthread_mutex_init(&x.users.lock, NULL);
    x.fs = x.fd >= 0 ? open_root(&x.users, &e) : NULL;
    if (!x.fs) {
        fprintf(stderr, "lxtop-guest: the distro's files are not served: %s\n", e.msg);
        _exit(1);
    }
    if (write(READY_FD, "", 1) == 1)
        accept_for_ever(&x);
    _exit(1);
}

pid_t export_start(char *argv0, int *ready)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        run(argv0, fds[1]);
    close(fds[1]);
    if (pid < 0)
        close(fds[0]);
    else
        *ready = fds[0];
    return pid;
}

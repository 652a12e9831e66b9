/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FUSE bridge for all users, or the kernel's own client, where file system tests can use them.
 *
 *   bridge [-f FIDS] [-p PORT] [-a NAME] SOURCE MOUNTPOINT
 *   bridge --v9fs FOLDER MOUNTPOINT
 *
 * SOURCE: a folder, served by our own server in a process of its own, or the vsock.sock of a running
 * machine, where PORT (901, lxtop-guest's) has any 9P2000.L server, which exports NAME.  FIDS: how many files
 * the server keeps for the mount at most; few, and each is walked to again all the time.  It serves until it
 * is unmounted.  With --v9fs the kernel mounts the folder over a socket, as a guest does over virtio
 * (map=trust, cache=none).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "p9/client.h"
#include "p9/fuse.h"
#include "p9/localfs.h"
#include "p9/transport_stream.h"

static _Noreturn void serve(int fd, const char *root, enum p9_owner_kind kind)
{
    struct p9_localfs_config config = {.root = root, .owners = {.kind = kind}, .devices = true};
    struct err e = {0};
    struct p9_fs *fs = p9_localfs_new(&config, &e);
    struct p9_export x = {.fs = fs, .limits = p9_limits_default()};
    struct p9_stream *s = fs ? p9_stream_start(fd, &x, 0, &e) : NULL;

    if (!s) {
        fprintf(stderr, "bridge: %s\n", e.msg);
        _exit(1);
    }
    p9_stream_join(s);
    p9_localfs_free(fs);
    _exit(0);
}

static int serve_folder(const char *root, enum p9_owner_kind kind)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    if (fork() == 0) {
        close(pair[0]);
        serve(pair[1], root, kind);
    }
    close(pair[1]);
    return pair[0];
}

static int connect_machine(const char *path, const char *port)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char c = 0;

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || dprintf(fd, "CONNECT %s\n", port) < 0)
        return -1;
    while (c != '\n') /* "OK" and a port */
        if (read(fd, &c, 1) != 1)
            return -1;
    return fd;
}

static int connect_to(const char *source, const char *port)
{
    struct stat st;

    if (stat(source, &st) < 0)
        return -1;
    return S_ISDIR(st.st_mode) ? serve_folder(source, P9_OWNER_PASS) : connect_machine(source, port);
}

static int mount_on(const char *folder, struct p9_client *c, unsigned fids_max, struct err *e)
{
    struct p9_mount_config config = {.client = c, .source = "lxtop:bridge", .everyone = true,
                                     .fids_max = fids_max};
    struct p9_mount *m = p9_mount_new(&config, folder, e);
    int rc = m ? p9_mount_run(m) : -1;

    p9_mount_free(m);
    return rc;
}

/* The kernel keeps the socket; the server's process ends with the mount. */
static int mount_v9fs(const char *folder, const char *mountpoint)
{
    int fd = serve_folder(folder, P9_OWNER_TRUST);
    char options[128];

    snprintf(options, sizeof(options),
             "trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L,msize=512000,access=client,cache=none", fd, fd);
    if (mount("share", mountpoint, "9p", 0, options) == 0)
        return 0;
    perror("bridge: mount");
    return 1;
}

int main(int argc, char **argv)
{
    struct p9_client_config config = {.uid = 0};
    struct rlimit files = {16384, 16384};
    struct err e = {.msg = "no connection"};
    const char *port = "901";
    unsigned fids_max = 0;
    int rc = -1, fd, option;

    if (argc == 4 && strcmp(argv[1], "--v9fs") == 0)
        return mount_v9fs(argv[2], argv[3]);
    while ((option = getopt(argc, argv, "f:p:a:")) != -1)
        switch (option) {
        case 'f': fids_max = (unsigned)atoi(optarg); break;
        case 'p': port = optarg; break;
        case 'a': config.aname = optarg; break;
        default: return 2;
        }
    if (argc - optind != 2)
        return 2;
    setrlimit(RLIMIT_NOFILE, &files);
    fd = connect_to(argv[optind], port);
    struct p9_client *c = fd < 0 ? NULL : p9_client_new(fd, &config, &e);

    if (c)
        rc = mount_on(argv[optind + 1], c, fids_max, &e);
    if (rc != 0)
        fprintf(stderr, "bridge: %s\n", e.msg);
    p9_client_free(c);
    while (wait(NULL) > 0)
        ;
    return rc == 0 ? 0 : 1;
}

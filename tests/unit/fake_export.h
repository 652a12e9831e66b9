/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder that looks like a guest's files: a process that listens on a vsock.sock, answers CONNECT as
 * a machine does and serves 9P, each connection in a process of its own.
 */
#ifndef TESTS_UNIT_FAKE_EXPORT_H
#define TESTS_UNIT_FAKE_EXPORT_H

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "p9/localfs.h"
#include "p9/transport_stream.h"
#include "tests/unit/fixture.h"

/* Serves 9P until the client is gone. */
static inline void export_serve_as(int fd, const char *root, enum p9_owner_kind kind)
{
    struct p9_localfs_config config = {.root = root, .owners = {.kind = kind}};
    struct err e = {0};
    struct p9_fs *fs = p9_localfs_new(&config, &e);
    struct p9_export x = {.fs = fs, .limits = p9_limits_default()};
    struct p9_stream *s = fs ? p9_stream_start(fd, &x, 0, &e) : NULL;

    if (!s)
        _exit(1);
    p9_stream_join(s);
    p9_localfs_free(fs);
}

static inline void export_serve(int fd, const char *root)
{
    export_serve_as(fd, root, P9_OWNER_SQUASH);
}

static inline void export_answer(int fd, const char *root)
{
    char line[64];
    size_t len = 0;

    while (len < sizeof(line) - 1 && read(fd, line + len, 1) == 1 && line[len++] != '\n')
        ;
    line[len] = '\0';
    if (strcmp(line, "CONNECT 901\n") == 0 && write(fd, "OK 1024\n", 8) == 8)
        export_serve(fd, root);
    _exit(0);
}

/* A process group: kill(-pid) ends every connection, as a guest that is killed. */
static inline pid_t export_start(const char *path, const char *root)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
    pid_t pid;

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(s, 8), 0);
    if ((pid = fork()) == 0) {
        setpgid(0, 0);
        signal(SIGCHLD, SIG_IGN);
        while ((fd = accept4(s, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
            if (fork() == 0)
                export_answer(fd, root);
            close(fd);
        }
        _exit(1);
    }
    setpgid(pid, pid);
    close(s);
    return pid;
}

static inline void export_kill(pid_t pid)
{
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#endif

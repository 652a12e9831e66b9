/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/vsock_host.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "core/base/err.h"

#define HELLO "CONNECT "
#define BACKLOG 128

static int unix_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return fd < 0 ? -errno : fd;
}

int vsock_host_listen(const char *path, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    auto_close int fd = -1;

    if (strlen(path) >= sizeof(at.sun_path))
        return err_set(e, ENAMETOOLONG, "vsock socket %s: a socket's path has at most %zu bytes; "
                       "set XDG_RUNTIME_DIR to a shorter one", path, sizeof(at.sun_path) - 1);
    memcpy(at.sun_path, path, strlen(path));
    fd = unix_socket();
    if (fd < 0)
        return err_sys(e, -fd, "vsock socket");
    unlink(path); /* who holds the machine's lock owns the name */
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || chmod(path, 0600) < 0 ||
        listen(fd, BACKLOG) < 0)
        return err_sys(e, errno, "vsock socket %s", path);
    return steal_fd(&fd);
}

int vsock_host_connect(const char *path, uint32_t port)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    auto_close int fd = -1;

    if (snprintf(at.sun_path, sizeof(at.sun_path), "%s_%u", path, port) >= (int)sizeof(at.sun_path))
        return -ENAMETOOLONG;
    fd = unix_socket();
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return -errno;
    return steal_fd(&fd);
}

static int parse(char *line, uint32_t *port)
{
    unsigned long number;
    char *end;

    if (strncmp(line, HELLO, strlen(HELLO)) != 0)
        return -EPROTO;
    line += strlen(HELLO);
    number = strtoul(line, &end, 10);
    /* strtoul would take blanks and a sign, too */
    if (*line < '0' || *line > '9' || *end || number >= UINT32_MAX)
        return -EPROTO;
    *port = (uint32_t)number;
    return 1;
}

/* Bytes of a line without its end do not show that no more will come. */
static bool has_left(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) != 0;
}

int vsock_host_hello(int fd, uint32_t *port)
{
    char line[VSOCK_HELLO_MAX + 1];
    ssize_t n = recv(fd, line, VSOCK_HELLO_MAX, MSG_PEEK | MSG_DONTWAIT);
    char *end;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    end = memchr(line, '\n', (size_t)n);
    if (!end)
        return n == VSOCK_HELLO_MAX || has_left(fd) ? -EPROTO : 0;
    if (recv(fd, line, (size_t)(end - line) + 1, MSG_DONTWAIT) != end - line + 1)
        return -EPROTO;
    *end = '\0';
    return parse(line, port);
}

int vsock_host_answer(int fd, uint32_t host_port)
{
    char line[VSOCK_HELLO_MAX];
    int len = snprintf(line, sizeof(line), "OK %u\n", host_port);

    /* A socket to which nothing was sent yet has room for a line. */
    return send(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == len ? 0 : -EPIPE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Request lines at the control socket.  The server and its client run in one loop; a reply is a
 * JSON object on a line, and there are no more replies than lines.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/fake_vm.h"
#include "vmm/ctl_server.h"
#include "vmm/loop.h"

#define INPUT_MAX 60000 /* fits a socket's buffer: nothing here may block */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct client {
    struct loop *loop;
    struct loop_watch watch;
    const struct vm *vm;
    size_t lines;
    char last; /* byte */
};

static void take(struct client *c, const char *bytes, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++) {
        if (c->last == '\n' && bytes[i] != '{')
            abort();
        c->lines += bytes[i] == '\n';
        c->last = bytes[i];
    }
}

/* All that is there: a viewer has the replies to the lines before its own, and then no end comes. */
static void on_reply(void *ctx, uint32_t events)
{
    struct client *c = ctx;
    char bytes[4096];
    ssize_t n;

    (void)events;
    while ((n = recv(c->watch.fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        take(c, bytes, n);
    if (n == 0 || c->vm->viewer >= 0)
        loop_quit(c->loop);
}

static int connect_to(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(at.sun_path, path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        abort();
    return fd;
}

static size_t count_lines(const uint8_t *data, size_t size)
{
    size_t lines = 0;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vm vm = {.viewer = -1};
    struct loop *loop = loop_new(NULL);
    struct client c = {.loop = loop, .vm = &vm, .last = '\n'};
    struct ctl_server *s;
    char path[64];
    int fd;

    size = size < INPUT_MAX ? size : INPUT_MAX;
    snprintf(path, sizeof(path), "/tmp/lxtop-fuzz-ctl-%d.sock", (int)getpid());
    s = ctl_server_new(loop, &vm, path, NULL);
    if (!loop || !s)
        abort();
    fd = connect_to(path);
    if (send(fd, data, size, MSG_NOSIGNAL) != (ssize_t)size || shutdown(fd, SHUT_WR) < 0 ||
        loop_add(loop, &c.watch, fd, EPOLLIN, on_reply, &c, NULL) < 0)
        abort();
    loop_run(loop);
    if (c.lines > count_lines(data, size) || c.last != '\n')
        abort();
    loop_remove(loop, &c.watch);
    close(fd);
    if (vm.viewer >= 0)
        close(vm.viewer);
    ctl_server_free(s);
    loop_free(loop);
    return 0;
}
